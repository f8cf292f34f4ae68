"""What a programme file may say of points and time: how long they are good for, and what they wait for. Shapes only."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    JsonValue,
    model_validator,
)
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_after_validator_function

from loyaltychain.core.model_checks import Misplaced
from loyaltychain.core.words import counted
from loyaltychain.events.types import PLAIN_NAME
from loyaltychain.program.lifetime import EndOf, Otherwise
from loyaltychain.program.types import GRACE_DAYS

OWN_EVENTS = "loyaltychain."
DAYS_MAX = 36_500
MONTHS_MAX = 1_200
_LEAP_YEAR = 2000
_YEAR = 366
_DAYS_OF: dict[EndOf, int] = {"day": 1, "month": 31, "quarter": 92, "half_year": 184, "year": _YEAR}  # at most


def _every_year(text: str) -> str:
    try:
        month, day = (int(part) for part in text.split("-"))
        date(_LEAP_YEAR, month, day)
    except ValueError as problem:
        raise ValueError(f"{text!r} is no day of the year such as '12-31' (month, then day)") from problem
    if (month, day) == (2, 29):
        raise ValueError("'02-29' is not in every year (say '02-28' or '03-01')")
    return f"{month:02d}-{day:02d}"


def _first_day(month: int) -> date:
    """The first day of the so-manieth month after January of a leap year."""
    return date(_LEAP_YEAR + month // 12, month % 12 + 1, 1)


def _longest(months: int | None, days: int | None) -> int:
    """Days that a period has at most."""
    if months is None:
        return days or 0
    return max((_first_day(start + months) - _first_day(start)).days for start in range(48))


def _check_notice(notice_days: int, longest: int, what: str) -> None:
    if notice_days >= longest:
        raise Misplaced(
            "notice_days",
            says=f"{what} for {counted(longest, 'day')} at most, and the notice would be due "
            f"{counted(notice_days, 'day')} before that ends: say fewer",
        )


def _is_section(how: str) -> BeforeValidator:
    """Refuses what is no section, saying how it is written."""

    def check(content: object) -> object:
        if content is None or isinstance(content, dict | BaseModel):
            return content
        raise ValueError(how)

    return BeforeValidator(check)


def _never(content: object) -> object:
    return NEVER if content == "never" else content


@dataclass(frozen=True, slots=True)
class Matches:
    """A text that matches ``pattern`` as a whole; ``says`` tells people what that means."""

    pattern: str
    says: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(schema), "pattern": f"^{self.pattern}$"}

    def _check(self, text: str) -> str:
        if not re.fullmatch(self.pattern, text):
            raise ValueError(self.says)
        return text


def _not_own(text: str) -> str:
    if text.startswith(OWN_EVENTS):
        raise ValueError(f"types that begin with {OWN_EVENTS} have meanings of their own (name another)")
    return text


EventType = Annotated[
    str,
    Matches(PLAIN_NAME, "a type of event has letters, digits, dots, dashes and underscores, 64 at most"),
    AfterValidator(_not_own),
]
Days = Annotated[int, Field(ge=1, le=DAYS_MAX)]
Months = Annotated[int, Field(ge=1, le=MONTHS_MAX)]
DayOfYear = Annotated[
    str,
    Matches("[0-9]{2}-[0-9]{2}", "write a day of the year such as '12-31' (month, then day)"),
    AfterValidator(_every_year),
]


class Part(BaseModel):
    """What all sections have in common: no unknown fields, no conversions."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def exactly_one(*fields: str) -> ConfigDict:
    """A model's configuration that tells its JSON Schema that one of these fields is said, and no other of them."""
    said: list[JsonValue] = [{"required": [each], "properties": {each: {"not": {"type": "null"}}}} for each in fields]
    return ConfigDict(json_schema_extra={"oneOf": said})


class PeriodPart(Part):
    """Months or days."""

    model_config = exactly_one("months", "days")

    months: Months | None = Field(None, description="So many months. Either months or days.")
    days: Days | None = Field(None, description="So many days.")

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if (self.months is None) == (self.days is None):
            raise ValueError("say either months or days")
        return self


Period = Annotated[PeriodPart, _is_section("say the number with its unit, {months: 12} or {days: 365}")]


class LifetimePart(Part):
    """How long points are good for."""

    after: Period | None = Field(None, description="So long after they were earned.", examples=[{"months": 12}])
    end_of: EndOf | None = Field(None, description="At the end of such a period, after that.")
    on: DayOfYear | None = Field(
        None, description="At the end of this day of the year, after that.", examples=["12-31"]
    )

    @property
    def says_when(self) -> bool:
        """Whether it says at all when points expire."""
        return (self.after, self.end_of, self.on) != (None, None, None)

    @property
    def longest(self) -> int:
        """Days that points are good for at most."""
        started = _longest(self.after.months, self.after.days) if self.after is not None else 0
        return started + (_YEAR if self.on is not None else _DAYS_OF.get(self.end_of, 0) if self.end_of else 0)

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if self.end_of is not None and self.on is not None:
            raise Misplaced("on", says="say either end_of or on (remove one)")
        return self


class OwnExpiryPart(LifetimePart):
    """What a rule says instead of the programme; ``NEVER`` says nothing."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.says_when and self is not NEVER:
            raise ValueError("say when: after, end_of or on; or write `expiry: never`")
        return self


NEVER = OwnExpiryPart.model_construct()


class InactivityPart(PeriodPart):
    """For how long a member may neither earn nor redeem, and how long before the end she has to be told."""

    notice_days: Days = Field(30, description="She is told so many days before.")

    @model_validator(mode="after")
    def _told_in_time(self) -> Self:
        _check_notice(self.notice_days, _longest(self.months, self.days), "she may be inactive")
        return self


Inactive = Annotated[InactivityPart, _is_section("say for how long, {months: 12} or {days: 365}")]


class ExpiryPart(LifetimePart):
    """When points expire."""

    grace_days: Annotated[int, Field(ge=0, le=DAYS_MAX)] = Field(
        GRACE_DAYS, description="Points that come back after they expired are good for so long."
    )
    notice_days: Days | None = Field(None, description="Members are told so many days before points expire by age.")
    inactivity: Inactive | None = Field(None, description="Points run out when their member was inactive for so long.")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.says_when and self.inactivity is None:
            raise ValueError("say when: after, end_of, on or inactivity (or remove the section: points never expire)")
        if self.notice_days is not None and not self.says_when:
            raise Misplaced("notice_days", says="nothing expires by its age (say after, end_of or on, or remove it)")
        if self.notice_days is not None:
            _check_notice(self.notice_days, self.longest, "points are good")
        return self


class PendingPart(Part):
    """An event that points wait for."""

    until: EventType = Field(description="An event of this type, naming theirs, gives the points.")
    reject: EventType | None = Field(None, description="An event of this type takes them.")
    days: Days = Field(description="For so long they wait.")
    otherwise: Otherwise = Field(description="What becomes of them after that.")

    @property
    def types(self) -> frozenset[str]:
        """The types of events that decide."""
        return frozenset(each for each in (self.until, self.reject) if each is not None)

    @model_validator(mode="after")
    def _two_types(self) -> Self:
        if self.reject == self.until:
            raise Misplaced("reject", says="this type gives the points already (name another, or remove it)")
        return self


#: The programme's, and a rule's own.
Expiry = Annotated[
    ExpiryPart,
    _is_section("say when, {after: {months: 12}}; where points never expire there is no such section: remove it"),
]
OwnExpiry = Annotated[
    OwnExpiryPart,
    _is_section("write `never`, or say when: {after: {days: 90}}"),
    BeforeValidator(_never, json_schema_input_type=Literal["never"] | OwnExpiryPart),
]
