"""What a programme file may say of acts: objects, measures, behaviours, boosts and referrals. Shapes only."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, PlainValidator, model_validator

from loyaltychain.core.money import Rounding
from loyaltychain.core.words import nearest
from loyaltychain.program.behaviours import Per, Proof, To
from loyaltychain.program.lifetime import Otherwise
from loyaltychain.program.schema_parts import Days, EventType, OwnExpiry, Part, exactly_one
from loyaltychain.program.schema_words import (
    BudgetPart,
    CapPart,
    CooldownPart,
    Count,
    DatedPart,
    Events,
    FieldName,
    FieldNames,
    Id,
    Ids,
    Label,
    PointsText,
    Ratio,
    Sentence,
    VelocityPart,
    Where,
)

GIVE_MAX = 1_000_000  # for one ``per``: more is a typing error
_SIGNALLERS = ("anyone", "peer")
Signaller = tuple[Literal["anyone", "peer", "role"], str | None]
Points = Annotated[int, Field(ge=-GIVE_MAX, le=GIVE_MAX)]


class ObjectPart(Part):
    """A kind of thing that members make."""

    made_by: EventType = Field(description="Events of this type make one: payload `object` is its id.")
    parent: Id | None = Field(None, description="The kind of what it belongs to: payload `parent` is that one's id.")


class MeasurePart(Part):
    """A number that the events about an object make up: exactly one of count, sum and latest."""

    model_config = exactly_one("count", "sum", "latest")

    count: Events | None = Field(None, description="The number of events of these types that name the object.")
    sum: FieldName | None = Field(None, description="The integer field of their payload that is added up.")
    latest: FieldName | None = Field(None, description="The integer field whose latest value counts: a total.")
    of: Events | None = Field(None, description="The types of event, for sum and latest.")

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if sum_of(self.count, self.sum, self.latest) != 1:
            raise ValueError("say exactly one of count, sum and latest")
        if (self.count is None) != (self.of is not None):
            raise ValueError("sum and latest need `of`, the types of event; count names them itself")
        return self


def sum_of(*said: object) -> int:
    """How many of these are said."""
    return sum(each is not None for each in said)


class PointsPart(Part):
    """What one act gives."""

    give: Points = Field(description="Points; below zero: taken.")
    per: Count | None = Field(None, description="For every so many of the field `of`.")
    of: FieldName | None = Field(None, description="An integer field of the payload.")
    each: FieldName | None = Field(None, description="A list in the payload: each item is worked out by itself.")
    rounding: Rounding = Field("down", description="How a part of a point is rounded.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.give == 0:
            raise ValueError("it gives nothing: leave points out where an act only counts")
        if (self.per is None) != (self.of is None):
            raise ValueError("`per` and `of` go together: {give: 2, per: 100, of: amount}")
        return self


def _points(content: object) -> object:
    if type(content) is int:
        return {"give": content}
    if content is None or isinstance(content, dict):
        return content
    raise ValueError("write a whole number, or {give: 2, per: 100, of: amount}")


def _signal(content: object) -> object:
    return {"event": content} if isinstance(content, str) else content


def _signals(content: object) -> object:
    return [content] if isinstance(content, str | dict) else content


def _signaller(content: object) -> Signaller:
    match content:
        case "anyone":
            return "anyone", None
        case "peer":
            return "peer", None
        case {"role": str(role), **rest} if role and not rest:
            return "role", role
        case str(word):
            raise ValueError(f"write anyone, peer or {{role: moderator}}{nearest(word, _SIGNALLERS)}")
        case _:
            raise ValueError("write anyone, peer or {role: moderator}")


class RolePart(Part):
    """Whoever holds a role."""

    role: Label = Field(description="A role, that an achievement grants or the app names.", examples=["moderator"])


class SignalPart(Part):
    """Events that speak for an act."""

    event: EventType = Field(description="The type of event; it names the act's object, or the act: payload `event`.")
    times: Annotated[int, Field(ge=1, le=10_000)] = Field(1, description="By so many different members.")
    by: Annotated[
        Signaller, PlainValidator(_signaller, json_schema_input_type=Literal["anyone", "peer"] | RolePart)
    ] = Field(("anyone", None), description="Who counts: anyone; peer, another than who acted; {role: moderator}.")


Signal = Annotated[SignalPart, BeforeValidator(_signal, json_schema_input_type=EventType | SignalPart)]


class GatePart(Part):
    """Points wait until somebody else finds the act good."""

    until: Annotated[
        list[Signal],
        Field(min_length=1, max_length=20),
        BeforeValidator(_signals, json_schema_input_type=EventType | SignalPart | list[EventType | SignalPart]),
    ] = Field(description="Any one of these gives the points.")
    reject: Events | None = Field(None, description="Events of these types take them.")
    days: Days = Field(description="For so long they wait.")
    otherwise: Otherwise = Field(description="What becomes of them after that.")


class AfterPart(Part):
    """A time after another act."""

    behaviour: Id = Field(description="A behaviour; an act of it by the member begins the time.")
    days: Days = Field(description="For so long after that, it counts.")
    act: Literal["first", "latest"] = Field("first", description="Which act of it: the first, or the latest before.")
    each: Literal["object"] | None = Field(None, description="object: an act about the same object begins the time.")


class PairsPart(Part):
    """What further acts between the same two members are worth."""

    weights: Annotated[list[Annotated[int, Field(ge=0, le=100)]], Field(min_length=1, max_length=100)] = Field(
        description="In percent, the first, the second, …; the last one holds for all that follow."
    )
    per: Per = Field(description="The period after which it begins anew.")
    reciprocal_days: Days | None = Field(
        None, description="An act for somebody who did the same for this member so many days before gives nothing."
    )


def _proofs(content: object) -> object:
    return [content] if isinstance(content, str) else content


class BehaviourPart(DatedPart):
    """A kind of act, and what it gives to whom."""

    event: Events = Field(description="The type of event, or a list of them.")
    title: Sentence = Field(description="One sentence that says what to do.", examples=["Answer a question."])
    member: To = Field(
        "actor", alias="for", description="Whose act it is: who is given the points, and whose badges it counts for."
    )
    where: Where | None = Field(None, description="Conditions that must all hold, by field of the payload.")
    points: Annotated[
        PointsPart | None, BeforeValidator(_points, json_schema_input_type=Points | PointsPart | None)
    ] = Field(None, description="What one act gives. Left out: it only counts.", examples=[20])
    qualifying: bool = Field(False, description="The same number counts towards tiers.")
    once: Literal["ever", "object", "counterpart"] | None = Field(
        None, description="Only the first act gives anything: of all, on each object, with each other member."
    )
    every: Annotated[int, Field(ge=1, le=1_000_000)] = Field(1, description="Only each so-manieth act gives.")
    after: AfterPart | None = Field(None, description="Counts only so long after another behaviour.")
    caps: list[CapPart] | None = Field(None, max_length=20, description="Limits, applied in this order.")
    cooldown: CooldownPart | None = Field(None, description="After an act that gave, the next gives only after this.")
    budget: BudgetPart | None = Field(None, description="What all members together can be given.")
    pending: GatePart | None = Field(None, description="Points wait until others find the act good.")
    pairs: PairsPart | None = Field(None, description="What further acts between the same two members are worth.")
    proof: Annotated[
        list[Proof] | None, BeforeValidator(_proofs, json_schema_input_type=Proof | list[Proof] | None)
    ] = Field(None, description="Counts only with one of these proofs.")
    self_dealing: Literal["refuse", "allow"] = Field("refuse", description="Acts on one's own objects.")
    tiers: Ids | None = Field(None, description="Only for members in one of these tiers.")
    segments: Ids | None = Field(None, description="Only for members in one of these segments.")
    expiry: OwnExpiry | None = Field(None, description="Instead of the programme's.")
    retracted_by: Events | None = Field(None, description="Events that name the act, or its object, and take it back.")


class BoostPart(DatedPart):
    """A time in which acts give more."""

    times: Ratio = Field(description="So many times as much, as text.", examples=["1.5"])
    rounding: Rounding = Field(description="How a part of a point is rounded.")
    behaviours: Ids | None = Field(None, description="Which. Left out: all.")
    tiers: Ids | None = Field(None, description="Only for members in one of these tiers.")
    segments: Ids | None = Field(None, description="Only for members in one of these segments.")


class ReferralPart(Part):
    """Members who send others."""

    event: EventType = Field(description="Its member was sent by another: payload `referrer`, a member's id.")
    qualified_by: EventType = Field(description="The first event of this type that fits pays both.")
    title: Sentence = Field(description="One sentence that says what to do.")
    days: Days = Field(description="It must come so many days after the referral at the latest.")
    referrer: PointsText = Field(description="Points for who sent.")
    referee: PointsText = Field(description="Points for who was sent.")
    where: Where | None = Field(None, description="Conditions of the qualifying event.")
    caps: list[CapPart] | None = Field(None, max_length=20, description="Limits of the referrer.")
    hold_on: FieldNames | None = Field(None, description="Payload fields: what both have in common makes it wait.")
    signal_on: FieldNames | None = Field(None, description="The same, only noted.")
    velocity: VelocityPart | None = Field(None, description="More referrals than that wait, too.")
    approved_by: EventType = Field("referral_approved", description="A person's word that gives what waits.")
    rejected_by: EventType = Field("referral_rejected", description="A person's word that refuses it.")
    retracted_by: Events | None = Field(None, description="Events that take the qualifying one back, within days.")


Objects = Annotated[dict[Id, ObjectPart], Field(max_length=100)]
Measures = Annotated[dict[Id, MeasurePart], Field(max_length=100)]
Behaviours = Annotated[dict[Id, BehaviourPart], Field(max_length=500)]
Boosts = Annotated[dict[Id, BoostPart], Field(max_length=100)]
Referrals = Annotated[dict[Id, ReferralPart], Field(max_length=20)]
