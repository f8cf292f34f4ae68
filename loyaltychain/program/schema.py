"""What a programme file may say. Shapes and bounds only; turning it into a Program is ``load.py``'s."""

from typing import Annotated, Literal, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from loyaltychain.core import errors
from loyaltychain.core.amounts import LANE_MAX
from loyaltychain.core.model_checks import Misplaced
from loyaltychain.core.money import EXPONENTS, Rounding, make_minor_units, parse_decimal
from loyaltychain.core.times import parse_zone
from loyaltychain.core.words import nearest
from loyaltychain.events.types import TEXT_MAX
from loyaltychain.program.schema_achievements import Achievements
from loyaltychain.program.schema_behaviours import Behaviours, Boosts, Measures, Objects, Referrals
from loyaltychain.program.schema_parts import Days, EventType, Expiry, Matches, OwnExpiry, Part, PendingPart
from loyaltychain.program.schema_standing import (
    Jurisdiction,
    NudgesPart,
    Rewards,
    Seasons,
    Segments,
    Streaks,
    TiersPart,
    Units,
)
from loyaltychain.program.schema_words import CapPart
from loyaltychain.program.types import Match

POINTS_MAX = 1_000_000  # for one ``per``: more is a typing error


def _known_currency(code: str) -> str:
    if code not in EXPONENTS:
        known = f"; known: {', '.join(sorted(EXPONENTS))}"
        raise ValueError(f"{code!r} is not a known ISO 4217 code{nearest(code, EXPONENTS) or known}")
    return code


def _known_zone(name: str) -> str:
    try:
        parse_zone(name)
    except ValueError as problem:
        raise ValueError(f"{problem}{nearest(name, sorted(available_timezones()))}") from problem
    return name


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("use printable characters only")
    return text


def _whole_number_as_text(content: object) -> object:
    return str(content) if type(content) is int else content


Money = Annotated[  # in the programme's currency
    str, BeforeValidator(_whole_number_as_text, json_schema_input_type=str | int)
]


_RULE_ID = Matches(
    "[a-z][a-z0-9-]{0,39}", "an id begins with a small letter and has small letters, digits and dashes, 40 at most"
)


class RulePart(Part):
    """One earning rule. Each kind takes a field of its own, and refuses those of the other."""

    id: Annotated[str, _RULE_ID] = Field(description="Its id: entries name it.")
    kind: Literal["points_per_currency_unit", "bonus_from_amount"] = Field(
        description="Points for every so much money, or once from an amount on."
    )
    event: EventType = Field("purchase", description="The type of event that earns.")
    points: Annotated[int, Field(ge=1, le=POINTS_MAX)] = Field(description="So many points.")
    per: Money | None = Field(None, description="For every so much money, in quotes.", examples=["1.00"])
    rounding: Rounding = Field("down", description="How a part of a point is rounded.")
    max_points: Annotated[int, Field(ge=1, le=LANE_MAX)] | None = Field(
        None, description="The most that one event earns."
    )
    threshold: Money | None = Field(None, alias="from", description="From this amount on.", examples=["50.00"])
    pending_days: Days | None = Field(None, description="Points wait so many days.")
    qualifying: bool = Field(False, description="The same number counts towards tiers.")
    pending: PendingPart | None = Field(None, description="Points wait for an event.")
    expiry: OwnExpiry | None = Field(None, description="Instead of the programme's.")

    @property
    def money(self) -> tuple[str, str | None]:
        """The field that holds this kind's amount of money, and what stands in it."""
        return ("per", self.per) if self.kind == "points_per_currency_unit" else ("from", self.threshold)


class RedemptionPart(Part):
    """Which events take points."""

    event: EventType = Field("redemption", description="The type of event that takes points.")


class OrdersPart(Part):
    """Orders with lines, and what undoes them."""

    event: EventType = Field("order", description="The type of event that is an order.")
    returns: EventType = Field("return", description="The type that brings goods back.")
    cancellations: EventType = Field("cancellation", description="The type that cancels an order.")
    edits: EventType = Field("order_edit", description="The type that changes an order.")
    match: Match = Field("none", description="How a return that names no order finds its lines.")
    return_within_days: Days | None = Field(None, description="Returns after that are not looked for.")

    @property
    def roles(self) -> dict[str, EventType]:
        """The type of event by the field that names it."""
        return {name: getattr(self, name) for name in ("event", "returns", "cancellations", "edits")}

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        taken: dict[str, str] = {}
        for role, event in self.roles.items():
            if event in taken:
                raise Misplaced(role, says=f"{event!r} is the type of {taken[event]} already (name another)")
            taken[event] = role
        return self


class CurrenciesPart(Part):
    """What becomes of purchases in other currencies."""

    accept: Literal["exchange"] = Field(description="Purchases in other currencies bring their exchange rate.")
    rounding: Rounding = Field("down", description="To minor units of the programme's currency.")


class ProgramFile(Part):
    """A whole programme file."""

    name: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_printable)] = Field(
        description="What members read.", examples=["Corner Shop Points"]
    )
    version: Annotated[int, Field(ge=1, le=2**31)] = Field(description="One more for each change that is published.")
    timezone: Annotated[str, AfterValidator(_known_zone)] = Field(
        description="An IANA time zone: its midnights end days, months and years.", examples=["Europe/London"]
    )
    currency: Annotated[str, AfterValidator(_known_currency), Field(json_schema_extra={"enum": sorted(EXPONENTS)})] = (
        Field(description="ISO 4217; of all money in this file.")
    )
    rules: Annotated[list[RulePart], Field(max_length=100)] = Field([], description="What purchases and orders earn.")
    redemption: RedemptionPart | None = Field(None, description="Which events take points. Left out: none.")
    orders: OrdersPart | None = Field(None, description="Orders with lines, and what undoes them.")
    expiry: Expiry | None = Field(None, description="When points expire. Left out: never.")
    currencies: CurrenciesPart | None = Field(None, description="What becomes of other currencies. Left out: refused.")
    units: Units | None = Field(None, description="What a point is called, by language.")
    nobody: Annotated[str, Field(min_length=1, max_length=TEXT_MAX), AfterValidator(_printable)] | None = Field(
        None, description="The member id of acts whose doer is not known; it is given nothing."
    )
    objects: Objects | None = Field(None, description="Kinds of things that members make.")
    measures: Measures | None = Field(None, description="Numbers that events about objects make up.")
    behaviours: Behaviours | None = Field(None, description="What members do, and what it gives.")
    caps: list[CapPart] | None = Field(None, max_length=20, description="Of all behaviours together, by member.")
    boosts: Boosts | None = Field(None, description="Times in which acts give more.")
    achievements: Achievements | None = Field(None, description="What members can reach: badges.")
    streaks: Streaks | None = Field(None, description="Periods one after another with acts.")
    tiers: TiersPart | None = Field(None, description="Levels on qualifying points.")
    referrals: Referrals | None = Field(None, description="Members who send others.")
    seasons: Seasons | None = Field(None, description="Named times, for achievements that repeat in each.")
    segments: Segments | None = Field(None, description="Groups of members, by conditions.")
    rewards: Rewards | None = Field(None, description="What points can be spent on.")
    nudges: NudgesPart | None = Field(None, description="What apps are told before something happens.")
    jurisdictions: list[Jurisdiction] | None = Field(None, description="Whose law on expiry the programme keeps.")

    def minor_units(self, amount: str) -> int:
        """``amount`` in minor units of the programme's currency. Raises InvalidEvent unless exact and above 0."""
        units = make_minor_units(parse_decimal(amount), exponent=EXPONENTS[self.currency], rounding=None)
        if units < 1:
            raise errors.InvalidEvent("This must be more than 0.")
        return units
