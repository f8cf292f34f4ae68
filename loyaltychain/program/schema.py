"""What a programme file may say. Shapes and bounds only; turning it into a Program is ``load.py``'s."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from loyaltychain.core import errors
from loyaltychain.core.amounts import LANE_MAX
from loyaltychain.core.money import EXPONENTS, Rounding, make_minor_units, parse_decimal
from loyaltychain.core.times import parse_zone
from loyaltychain.events.types import PLAIN_NAME

POINTS_MAX = 1_000_000  # for one ``per``: more is a typing error


def _known_currency(code: str) -> str:
    if code not in EXPONENTS:
        raise ValueError(f"{code!r} is not a known ISO 4217 code; known: {', '.join(sorted(EXPONENTS))}")
    return code


def _known_zone(name: str) -> str:
    parse_zone(name)
    return name


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("use printable characters only")
    return text


def _whole_number_as_text(content: object) -> object:
    return str(content) if type(content) is int else content


EventType = Annotated[str, Field(pattern=rf"^{PLAIN_NAME}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class RulePart(_Part):
    """One earning rule."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
    kind: Literal["points_per_currency_unit"]
    event: EventType = "purchase"
    points: Annotated[int, Field(ge=1, le=POINTS_MAX)]
    per: Annotated[str, BeforeValidator(_whole_number_as_text)]
    rounding: Rounding = "down"
    max_points: Annotated[int, Field(ge=1, le=LANE_MAX)] | None = None


class RedemptionPart(_Part):
    """Which events take points."""

    event: EventType = "redemption"


class ProgramFile(_Part):
    """A whole programme file."""

    name: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_printable)]
    version: Annotated[int, Field(ge=1, le=2**31)]
    timezone: Annotated[str, AfterValidator(_known_zone)]
    currency: Annotated[str, AfterValidator(_known_currency)]
    rules: Annotated[list[RulePart], Field(min_length=1, max_length=100)]
    redemption: RedemptionPart | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        ids = [rule.id for rule in self.rules]
        if repeated := sorted({each for each in ids if ids.count(each) > 1}):
            raise ValueError(f"rules: each needs an id of its own; repeated: {', '.join(repeated)}")
        for place, rule in enumerate(self.rules):
            if self.redemption is not None and rule.event == self.redemption.event:
                raise ValueError(f"rules[{place}].event: {rule.event!r} is the event that takes points")
            try:
                self.minor_units(rule.per)
            except errors.InvalidEvent as problem:
                raise ValueError(f"rules[{place}].per: {problem.message} Found {rule.per!r}.") from problem
        return self

    def minor_units(self, per: str) -> int:
        """``per`` in minor units of the programme's currency. Raises InvalidEvent unless exact and above 0."""
        units = make_minor_units(parse_decimal(per), exponent=EXPONENTS[self.currency], rounding=None)
        if units < 1:
            raise errors.InvalidEvent("This must be more than 0.")
        return units
