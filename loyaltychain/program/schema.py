"""What a programme file may say. Shapes and bounds only; turning it into a Program is ``load.py``'s."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from loyaltychain.core import errors
from loyaltychain.core.amounts import LANE_MAX
from loyaltychain.core.money import EXPONENTS, Rounding, make_minor_units, parse_decimal
from loyaltychain.core.times import parse_zone
from loyaltychain.program.schema_parts import Days, EventType, Expiry, OwnExpiry, Part, PendingPart
from loyaltychain.program.types import Match

POINTS_MAX = 1_000_000  # for one ``per``: more is a typing error
_DECIDES = "decides about pending points"


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


Money = Annotated[str, BeforeValidator(_whole_number_as_text)]  # in the programme's currency


class RulePart(Part):
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
    pending: PendingPart | None = None
    expiry: OwnExpiry | None = None

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
        if self.pending is not None and self.pending_days is not None:
            return "pending_days: pending has days of its own (remove one of the two)"
        return None


class RedemptionPart(Part):
    """Which events take points."""

    event: EventType = "redemption"


class OrdersPart(Part):
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


class CurrenciesPart(Part):
    """What becomes of purchases in other currencies."""

    accept: Literal["exchange"]
    rounding: Rounding = "down"


class ProgramFile(Part):
    """A whole programme file."""

    name: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_printable)]
    version: Annotated[int, Field(ge=1, le=2**31)]
    timezone: Annotated[str, AfterValidator(_known_zone)]
    currency: Annotated[str, AfterValidator(_known_currency)]
    rules: Annotated[list[RulePart], Field(min_length=1, max_length=100)]
    redemption: RedemptionPart | None = None
    orders: OrdersPart | None = None
    expiry: Expiry | None = None
    currencies: CurrenciesPart | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        ids = [rule.id for rule in self.rules]
        if repeated := sorted({each for each in ids if ids.count(each) > 1}):
            raise ValueError(f"rules: each needs an id of its own; repeated: {', '.join(repeated)}")
        taken = self._types_that_earn_nothing()
        for place, rule in enumerate(self.rules):
            if rule.event in taken:
                raise ValueError(f"rules[{place}].event: {rule.event!r} is the event that {taken[rule.event]}")
            if rule.pending is not None and self.orders is not None and rule.event == self.orders.event:
                raise ValueError(
                    f"rules[{place}].pending: an order's points wait by time alone, since returns change them "
                    "(use pending_days, or another type of event)"
                )
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
            earning = {self.orders.event: "is an order"}
        else:
            earning = {}
        for place, rule in enumerate(self.rules):
            if rule.pending is None:
                continue
            for field, signal in (("until", rule.pending.until), ("reject", rule.pending.reject)):
                if signal is None:
                    continue
                does = (earning | taken).get(signal, _DECIDES)
                if does != _DECIDES:
                    raise ValueError(f"rules[{place}].pending.{field}: {signal!r} is the event that {does}")
                taken[signal] = does
        return taken

    def minor_units(self, amount: str) -> int:
        """``amount`` in minor units of the programme's currency. Raises InvalidEvent unless exact and above 0."""
        units = make_minor_units(parse_decimal(amount), exponent=EXPONENTS[self.currency], rounding=None)
        if units < 1:
            raise errors.InvalidEvent("This must be more than 0.")
        return units
