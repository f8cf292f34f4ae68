"""The parts of an ingest map, each checked by itself. Opens no file and knows no rows."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from loyaltychain.core.money import EXPONENTS, Rounding
from loyaltychain.core.times import check_pattern, parse_zone
from loyaltychain.events.types import PLAIN_NAME


def _known_currency(code: str) -> str:
    if code not in EXPONENTS:
        raise ValueError(f"{code!r} is not a known ISO 4217 code; known: {', '.join(sorted(EXPONENTS))}")
    return code


def _known_zone(name: str) -> str:
    parse_zone(name)
    return name


def word_line(content: object) -> object:
    """The bare word ``line`` as the part that it stands for."""
    return {"line": True} if content == "line" else content


Name = Annotated[str, Field(min_length=1, pattern=rf"^{PLAIN_NAME}$")]
Column = Annotated[str, Field(min_length=1, max_length=200)]
Currency = Annotated[str, AfterValidator(_known_currency)]
Zone = Annotated[str, AfterValidator(_known_zone)]


class Part(BaseModel):
    """What all parts have in common: nothing unknown, nothing converted, nothing changed later."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def exactly_one(part: Part, *names: str) -> None:
    """Raise ValueError unless just one of these fields is given."""
    given = [name for name in names if getattr(part, name) not in (None, False)]
    if len(given) != 1:
        raise ValueError(f"give exactly one of {', '.join(names)}; given: {', '.join(given) or 'none'}")


class IdPart(Part):
    """Where the event's id comes from: a column, several columns, or the line's number in this very file."""

    line: bool = False
    column: Column | None = None
    columns: Annotated[list[Column], Field(min_length=2)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        exactly_one(self, "line", "column", "columns")
        return self


class ColumnPart(Part):
    """One column, as it is written."""

    column: Column


class TypePart(Part):
    """The event's type: always the same one, or by a column's words, or by what a column's text begins with."""

    constant: Name | None = None
    column: Column | None = None
    values: Annotated[dict[str, Name], Field(min_length=1)] | None = None
    prefixes: Annotated[dict[Annotated[str, Field(min_length=1)], Name], Field(min_length=1)] | None = None
    otherwise: Name | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        exactly_one(self, "constant", "column")
        if self.column is None and (self.values or self.prefixes):
            raise ValueError("values and prefixes go with a column")
        if self.values is not None and self.prefixes is not None:
            raise ValueError("give values or prefixes, not both")
        if (self.prefixes is None) != (self.otherwise is None):
            raise ValueError("prefixes and otherwise go together: say which type the other texts are")
        return self


class TimePart(Part):
    """The column that holds the time, and how it is written.

    ``moment``: ``end_of_day`` for sources that write down days alone, so that what happened some time on a day comes
    after what is known to have happened on it.
    """

    column: Column
    format: str = "iso"
    zone: Zone | None = None
    moment: Literal["end_of_day"] | None = None

    @model_validator(mode="after")
    def _pattern_and_zone(self) -> Self:
        if self.format == "unix":
            if self.zone is not None:
                raise ValueError("unix seconds have no zone")
        elif self.format != "iso":
            check_pattern(self.format)
            if self.zone is None and "%z" not in self.format:
                raise ValueError("times of this format have no offset: name the zone they were written in")
        if self.moment is not None and self.zone is None:
            raise ValueError("end_of_day goes with a zone: name the one whose days they are")
        return self


class OneAmount(Part):
    """A column or the product of several, in a currency (or a column of codes) or in points."""

    column: Column | None = None
    product: Annotated[list[Column], Field(min_length=2, max_length=4)] | None = None
    currency: Currency | None = None
    currency_column: Column | None = None
    unit: Literal["points"] | None = None
    rounding: Rounding | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        self._check()
        return self

    def _check(self) -> None:
        exactly_one(self, "column", "product")
        exactly_one(self, "currency", "currency_column", "unit")


class AmountPart(OneAmount):
    """One amount for all events, or one for each type of event."""

    by_type: Annotated[dict[Name, OneAmount], Field(min_length=1)] | None = None

    def _check(self) -> None:
        if self.by_type is None:
            OneAmount._check(self)
        elif self.model_fields_set != {"by_type"}:
            raise ValueError("by_type stands alone: move the other fields into its types")


class SkipPart(Part):
    """Rows to leave out on purpose; they are counted, not rejected."""

    column: Column
    empty: Literal[True] | None = None
    equals: str | None = None
    one_of: Annotated[list[str], Field(min_length=1)] | None = None
    none_of: Annotated[list[str], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        exactly_one(self, "empty", "equals", "one_of", "none_of")
        return self

    def holds(self, text: str) -> bool:
        """Whether a row with this text in the column is left out."""
        if self.none_of is not None:
            return text not in self.none_of
        return text in (self.one_of or [self.equals or ""])


class LineAmount(OneAmount):
    """What all pieces of a line cost together; always money."""

    def _check(self) -> None:
        if self.unit is not None:
            raise ValueError("the amount of a line is money: name its currency")
        OneAmount._check(self)


class NamesPart(Part):
    """Where a return's row names the order, and the line of it, that comes back."""

    order: ColumnPart
    line: ColumnPart


class LinesPart(Part):
    """How a row is one line of an order or of a return."""

    id: Annotated[IdPart, BeforeValidator(word_line)]
    item: ColumnPart
    quantity: ColumnPart
    amount: LineAmount
    returns: list[Name] = ["return"]
    names: NamesPart | None = None

    @model_validator(mode="after")
    def _one_column(self) -> Self:
        if self.id.columns is not None:
            raise ValueError("the id of a line is one column, or the word line")
        return self
