"""What a programme file may say of points and time: how long they are good for, and what they wait for. Shapes only."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from loyaltychain.events.types import PLAIN_NAME
from loyaltychain.program.types import GRACE_DAYS, EndOf, Otherwise

DAYS_MAX = 36_500
MONTHS_MAX = 1_200
_LEAP_YEAR = 2000


def _every_year(text: str) -> str:
    try:
        month, day = (int(part) for part in text.split("-"))
        date(_LEAP_YEAR, month, day)
    except ValueError as problem:
        raise ValueError(f"{text!r} is no day of the year such as '12-31' (month, then day)") from problem
    if (month, day) == (2, 29):
        raise ValueError("'02-29' is not in every year (say '02-28' or '03-01')")
    return f"{month:02d}-{day:02d}"


EventType = Annotated[str, Field(pattern=rf"^{PLAIN_NAME}$")]
Days = Annotated[int, Field(ge=1, le=DAYS_MAX)]
Months = Annotated[int, Field(ge=1, le=MONTHS_MAX)]
DayOfYear = Annotated[str, Field(pattern=r"^[0-9]{2}-[0-9]{2}$"), AfterValidator(_every_year)]


class Part(BaseModel):
    """What all sections have in common: no unknown fields, no conversions."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class PeriodPart(Part):
    """Months or days."""

    months: Months | None = None
    days: Days | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if (self.months is None) == (self.days is None):
            raise ValueError("say either months or days")
        return self


class LifetimePart(Part):
    """How long points are good for."""

    after: PeriodPart | None = None
    end_of: EndOf | None = None
    on: DayOfYear | None = None

    @property
    def says_when(self) -> bool:
        """Whether it says at all when points expire."""
        return (self.after, self.end_of, self.on) != (None, None, None)

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if self.end_of is not None and self.on is not None:
            raise ValueError("on: say either end_of or on (remove one)")
        return self


class OwnExpiryPart(LifetimePart):
    """What a rule says instead of the programme."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.says_when:
            raise ValueError("say when: after, end_of or on; or write `expiry: never`")
        return self


class InactivityPart(PeriodPart):
    """For how long a member may neither earn nor redeem, and how long before the end she has to be told."""

    notice_days: Days = 30


class ExpiryPart(LifetimePart):
    """When points expire."""

    grace_days: Annotated[int, Field(ge=0, le=DAYS_MAX)] = GRACE_DAYS
    notice_days: Days | None = None
    inactivity: InactivityPart | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.says_when and self.inactivity is None:
            raise ValueError("say when: after, end_of, on or inactivity (or remove the section: points never expire)")
        if self.notice_days is not None and not self.says_when:
            raise ValueError("notice_days: nothing expires by its age (say after, end_of or on, or remove it)")
        return self


class PendingPart(Part):
    """An event that points wait for."""

    until: EventType
    reject: EventType | None = None
    days: Days
    otherwise: Otherwise

    @model_validator(mode="after")
    def _two_types(self) -> Self:
        if self.reject == self.until:
            raise ValueError("reject: this is the type that gives the points already (name another, or remove it)")
        return self


OwnExpiry = Literal["never"] | OwnExpiryPart
