"""What a programme file may say of streaks, tiers, seasons, segments, rewards, nudges. Shapes only."""

import re
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, PlainValidator, model_validator

from loyaltychain.core.amounts import LANE_MAX
from loyaltychain.core.money import Rounding
from loyaltychain.program.schema_parts import Days, Matches, Months, Part
from loyaltychain.program.schema_words import Count, Day, Id, Ids, Label, PointsText, Ratio, Sentence, Where

DAY_MINUTES = 24 * 60
_LENGTH = re.compile(r"[1-9][0-9]{0,5}\Z")


def _minutes(content: object) -> int:
    hours, colon, minutes = content.partition(":") if isinstance(content, str) else ("", "", "")
    if colon and len(hours) == len(minutes) == 2 and (hours + minutes).isdecimal() and (hours + minutes).isascii():
        found = 60 * int(hours) + int(minutes)
        if int(minutes) < 60 and found < DAY_MINUTES:
            return found
    raise ValueError('write a time of day such as "03:00"')


ClockTime = Annotated[
    int,
    PlainValidator(
        _minutes, json_schema_input_type=Annotated[str, Field(pattern="^[0-2][0-9]:[0-5][0-9]$", examples=["03:00"])]
    ),
]


def _lengths(content: object) -> object:
    """JSON has no numbers as names: there a length is a text of digits."""
    if not isinstance(content, dict):
        return content
    found = {int(each) if isinstance(each, str) and _LENGTH.match(each) else each: content[each] for each in content}
    if len(found) != len(content):
        raise ValueError("a length stands twice: say each once")
    return found


Lengths = Annotated[
    dict[Annotated[int, Field(ge=1, le=100_000)], PointsText], Field(max_length=100), BeforeValidator(_lengths)
]


class FreezesPart(Part):
    """Rest tokens: each saves a streak a period without an act."""

    initial: Annotated[int, Field(ge=0, le=1_000)] = Field(0, description="So many to begin with.")
    every: Count | None = Field(None, description="One more for each so many periods of the streak.")
    most: Annotated[int, Field(ge=0, le=1_000)] = Field(0, description="Never more than so many.")


class StreakPart(Part):
    """Periods one after another in each of which a member acts."""

    title: Sentence = Field(description="One sentence that says what to do.")
    of: Ids = Field(description="A behaviour, or a list of them.")
    period: Literal["day", "week", "month"] = Field("day", description="The period.")
    match: Literal["any", "all"] = Field("any", description="Any one of the behaviours, or all of them in each period.")
    least: Annotated[int, Field(ge=1, le=10_000)] = Field(1, description="So many acts in each period.")
    day_ends: ClockTime = Field(0, description="The time of day at which a day ends.", examples=["03:00"])
    zone: Literal["member", "programme"] = Field("member", description="Whose time zone counts.")
    grace_hours: Annotated[int, Field(ge=0, le=168)] = Field(
        0, description="An act so long after a period's end counts for that one, when it has none."
    )
    late_days: Annotated[int, Field(ge=0, le=31)] = Field(
        0, description="An act that is told so late at most, and makes a lost streak whole, keeps it alive through the "
        "period after the one in which it was told.",
    )  # fmt: skip
    freezes: FreezesPart = Field(FreezesPart(), description="Periods without an act that it survives.")
    rewards: Lengths = Field({}, description="Points by length.", examples=[{7: 50, 30: 300}])


class LevelPart(Part):
    """A tier."""

    id: Id = Field(description="Its id.")
    name: Label = Field(description="What members read.")
    threshold: Annotated[int, Field(ge=0, le=LANE_MAX)] = Field(
        alias="from", description="Qualifying points from which on it is reached; the first tier's is 0."
    )
    perks: list[Label] | None = Field(None, max_length=50, description="What its members have.")
    boost: Ratio | None = Field(None, description="All points so many times, as text.", examples=["1.5"])


class TiersPart(Part):
    """Levels on qualifying points."""

    period: Literal["rolling", "calendar", "ever"] = Field(
        description="Points of the last months, of a calendar year (kept through the end of the next), or of all time."
    )
    months: Months = Field(12, description="How many months are looked at, with rolling.")
    falls: Literal["one_down", "to_earned"] = Field("one_down", description="How far a member falls at once.")
    grace_days: Annotated[int, Field(ge=0, le=3_650)] = Field(0, description="So long a tier is kept after its end.")
    notice_days: Annotated[int, Field(ge=0, le=3_650)] = Field(30, description="So long before, she is told.")
    rounding: Rounding = Field("down", description="How a part of a point is rounded, with boosts.")
    replaced: dict[Id, Id] | None = Field(
        None, max_length=100, description="Tiers that were: which one their members have now."
    )
    levels: Annotated[list[LevelPart], Field(min_length=1, max_length=50)] = Field(description="From the lowest on.")


class SeasonPart(Part):
    """A named time."""

    starts: Day = Field(alias="from", description="The first day, in the programme's time zone.")
    ends: Day = Field(alias="to", description="The last day: through its end.")


class RewardPart(Part):
    """What points can be spent on."""

    name: Label = Field(description="What members read.")
    cost: Count = Field(description="Points.")
    stock: Annotated[int, Field(ge=0, le=1_000_000_000)] | None = Field(None, description="So many there are.")


class HoursPart(Part):
    """A time ahead."""

    hours: Annotated[int, Field(ge=1, le=1_000)] = Field(description="So many hours before.")


class DaysPart(Part):
    """A time ahead."""

    days: Days = Field(description="So many days before.")


class SincePart(Part):
    """A time after."""

    days: Days = Field(description="For so many days after.")


class MissingPart(Part):
    """A distance."""

    missing: Count = Field(description="When so many acts are missing.")


class NudgesPart(Part):
    """What an app is told before something happens, or soon after."""

    streak_ends: HoursPart | None = Field(None, description="A streak would end.")
    freeze_used: SincePart | None = Field(None, description="A freeze was used up, and the streak lives on.")
    tier_ends: DaysPart | None = Field(None, description="A tier would end.")
    achievement_near: MissingPart | None = Field(None, description="An achievement is near.")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("say before what, such as streak_ends: {hours: 4} (or remove the section)")
        return self


class TermPart(Part):
    """What a point is called in a language."""

    one: Label = Field(description="One of them.", examples=["spoke"])
    other: Label = Field(description="Several.", examples=["spokes"])


Language = Annotated[str, Matches("[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}", "write a language such as en, de or pt-BR")]
Units = Annotated[dict[Language, TermPart], Field(max_length=100)]
Streaks = Annotated[dict[Id, StreakPart], Field(max_length=50)]
Seasons = Annotated[dict[Id, SeasonPart], Field(max_length=200)]
Segments = Annotated[dict[Id, Where], Field(max_length=100)]
Rewards = Annotated[dict[Id, RewardPart], Field(max_length=500)]
Jurisdiction = Literal["ontario", "quebec"]
