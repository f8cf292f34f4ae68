"""What a programme file may say. Shapes and bounds only; turning it into a Program is ``load.py``'s."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from loyaltychain.core import errors
from loyaltychain.core.amounts import LANE_MAX
from loyaltychain.core.money import EXPONENTS, Rounding, make_minor_units, parse_decimal
from loyaltychain.core.times import parse_zone
from loyaltychain.events.types import PLAIN_NAME
from loyaltychain.program.types import GRACE_DAYS, EndOf, Match

POINTS_MAX = 1_000_000  # for one ``per``: more is a typing error
DAYS_MAX = 36_500
MONTHS_MAX = 1_200


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
Money = Annotated[str, BeforeValidator(_whole_number_as_text)]  # in the programme's currency
Days = Annotated[int, Field(ge=1, le=DAYS_MAX)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class RulePart(_Part):
    """One earning rule. Each kind takes a field of its own, and refuses those of the other."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
    kind: Literal["points_per_currency_unit", "bonus_from_amount"]
    event: EventType = "purchase"
    points: Annotated[int, Field(ge=1, le=POINTS_MAX)]
    per: Money | None = None
    rounding: Rounding = "down"
    max_points: Annotated[int, Field(ge=1, le=LANE_MAX)] | None = None
    threshold: Annotated[Money | None, Field(alias="from")] = None
    pending_days: Days | None = None
    qualifying: bool = False

    @property
    def money(self) -> tuple[str, str]:
        """The field that holds this kind's amount of money, and what stands in it."""
        return ("per", self.per or "") if self.kind == "points_per_currency_unit" else ("from", self.threshold or "")

    def complaint(self) -> str | None:
        """The field of which this kind has too few or too many, and what to do; None when all is well."""
        said = {"from" if name == "threshold" else name for name in self.model_fields_set}
        if self.kind == "points_per_currency_unit":
            needed, foreign = "per", ["from"]
        else:
            needed, foreign = "from", ["per", "rounding", "max_points"]
        if getattr(self, "threshold" if needed == "from" else needed) is None:
            return f"{needed}: Field required (add it)"
        for name in foreign:
            if name in said:
                return f"{name}: a rule of the kind {self.kind} has no such field (remove it)"
        return None


class RedemptionPart(_Part):
    """Which events take points."""

    event: EventType = "redemption"


class OrdersPart(_Part):
    """Orders with lines, and what undoes them."""

    event: EventType = "order"
    returns: EventType = "return"
    cancellations: EventType = "cancellation"
    edits: EventType = "order_edit"
    match: Match = "none"
    return_within_days: Days | None = None

    @property
    def roles(self) -> dict[str, EventType]:
        """The type of event by the field that names it."""
        return {name: getattr(self, name) for name in ("event", "returns", "cancellations", "edits")}

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        taken: dict[str, str] = {}
        for role, event in self.roles.items():
            if event in taken:
                raise ValueError(f"{role}: {event!r} is the type of {taken[event]} already (name another)")
            taken[event] = role
        return self


class AfterPart(_Part):
    """How long points are good for: months or days."""

    months: Annotated[int, Field(ge=1, le=MONTHS_MAX)] | None = None
    days: Days | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if (self.months is None) == (self.days is None):
            raise ValueError("say either months or days")
        return self


class ExpiryPart(_Part):
    """When points expire."""

    after: AfterPart
    end_of: EndOf | None = None
    grace_days: Annotated[int, Field(ge=0, le=DAYS_MAX)] = GRACE_DAYS


class ProgramFile(_Part):
    """A whole programme file."""

    name: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_printable)]
    version: Annotated[int, Field(ge=1, le=2**31)]
    timezone: Annotated[str, AfterValidator(_known_zone)]
    currency: Annotated[str, AfterValidator(_known_currency)]
    rules: Annotated[list[RulePart], Field(min_length=1, max_length=100)]
    redemption: RedemptionPart | None = None
    orders: OrdersPart | None = None
    expiry: ExpiryPart | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        ids = [rule.id for rule in self.rules]
        if repeated := sorted({each for each in ids if ids.count(each) > 1}):
            raise ValueError(f"rules: each needs an id of its own; repeated: {', '.join(repeated)}")
        taken = self._types_that_earn_nothing()
        for place, rule in enumerate(self.rules):
            if rule.event in taken:
                raise ValueError(f"rules[{place}].event: {rule.event!r} is the event that {taken[rule.event]}")
            if complaint := rule.complaint():
                raise ValueError(f"rules[{place}].{complaint}")
            field, amount = rule.money
            try:
                self.minor_units(amount)
            except errors.InvalidEvent as problem:
                raise ValueError(f"rules[{place}].{field}: {problem.message} Found {amount!r}.") from problem
        return self

    def _types_that_earn_nothing(self) -> dict[str, str]:
        taken: dict[str, str] = {}
        if self.redemption is not None:
            taken[self.redemption.event] = "takes points"
        if self.orders is not None:
            for role, event in self.orders.roles.items():
                if event in taken:
                    raise ValueError(f"orders.{role}: {event!r} is the event that {taken[event]}")
            taken[self.orders.returns] = "brings goods back"
            taken[self.orders.cancellations] = "cancels an order"
            taken[self.orders.edits] = "changes an order"
        return taken

    def minor_units(self, amount: str) -> int:
        """``amount`` in minor units of the programme's currency. Raises InvalidEvent unless exact and above 0."""
        units = make_minor_units(parse_decimal(amount), exponent=EXPONENTS[self.currency], rounding=None)
        if units < 1:
            raise errors.InvalidEvent("This must be more than 0.")
        return units
