"""The ingest map: which column of somebody's file says what about an event.

Reads and checks the map alone; it opens no data file.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from loyaltychain.core import errors
from loyaltychain.core.money import EXPONENTS, Rounding
from loyaltychain.core.strict_yaml import check_model, parse_yaml
from loyaltychain.core.times import check_pattern, parse_zone
from loyaltychain.events.types import PLAIN_NAME

MAPS = Path(__file__).parent / "maps"


def _known_currency(code: str) -> str:
    if code not in EXPONENTS:
        raise ValueError(f"{code!r} is not a known ISO 4217 code; known: {', '.join(sorted(EXPONENTS))}")
    return code


def _known_zone(name: str) -> str:
    parse_zone(name)
    return name


def _word_line(content: object) -> object:
    return {"line": True} if content == "line" else content


Name = Annotated[str, Field(min_length=1, pattern=rf"^{PLAIN_NAME}$")]
Column = Annotated[str, Field(min_length=1, max_length=200)]
Currency = Annotated[str, AfterValidator(_known_currency)]
Zone = Annotated[str, AfterValidator(_known_zone)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _exactly_one(part: _Part, *names: str) -> None:
    given = [name for name in names if getattr(part, name) not in (None, False)]
    if len(given) != 1:
        raise ValueError(f"give exactly one of {', '.join(names)}; given: {', '.join(given) or 'none'}")


class IdPart(_Part):
    """Where the event's id comes from: a column, several columns, or the line's number in this very file."""

    line: bool = False
    column: Column | None = None
    columns: Annotated[list[Column], Field(min_length=2)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        _exactly_one(self, "line", "column", "columns")
        return self


class MemberPart(_Part):
    """The column that holds the member's id."""

    column: Column


class TypePart(_Part):
    """The event's type: always the same one, or a column with the words that stand for types."""

    constant: Name | None = None
    column: Column | None = None
    values: Annotated[dict[str, Name], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        _exactly_one(self, "constant", "column")
        if self.values is not None and self.column is None:
            raise ValueError("values go with a column")
        return self


class TimePart(_Part):
    """The column that holds the time, and how it is written."""

    column: Column
    format: str = "iso"
    zone: Zone | None = None

    @model_validator(mode="after")
    def _pattern_and_zone(self) -> Self:
        if self.format == "unix":
            if self.zone is not None:
                raise ValueError("unix seconds have no zone")
        elif self.format != "iso":
            check_pattern(self.format)
            if self.zone is None and "%z" not in self.format:
                raise ValueError("times of this format have no offset: name the zone they were written in")
        return self


class OneAmount(_Part):
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
        _exactly_one(self, "column", "product")
        _exactly_one(self, "currency", "currency_column", "unit")


class AmountPart(OneAmount):
    """One amount for all events, or one for each type of event."""

    by_type: Annotated[dict[Name, OneAmount], Field(min_length=1)] | None = None

    def _check(self) -> None:
        if self.by_type is None:
            OneAmount._check(self)
        elif self.model_fields_set != {"by_type"}:
            raise ValueError("by_type stands alone: move the other fields into its types")


class SkipPart(_Part):
    """Rows to leave out on purpose; they are counted, not rejected."""

    column: Column
    empty: Literal[True] | None = None
    equals: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        _exactly_one(self, "empty", "equals")
        return self


class EventMap(_Part):
    """A whole map. ``columns`` are all that it needs from a row."""

    source: Name
    id: Annotated[IdPart, BeforeValidator(_word_line)]
    member: MemberPart
    type: TypePart
    time: TimePart
    amount: AmountPart
    skip: list[SkipPart] = []

    @property
    def columns(self) -> dict[str, str]:
        """Column by the field of the map that names it."""
        found = {"member.column": self.member.column, "time.column": self.time.column}
        listed: list[tuple[str, str | None]] = [("id.column", self.id.column), ("type.column", self.type.column)]
        listed += [(f"id.columns[{place}]", column) for place, column in enumerate(self.id.columns or ())]
        listed += [(f"skip[{place}].column", part.column) for place, part in enumerate(self.skip)]
        amounts = {f"amount.by_type.{name}": part for name, part in (self.amount.by_type or {}).items()}
        for field, part in (amounts or {"amount": self.amount}).items():
            listed += [(f"{field}.column", part.column), (f"{field}.currency_column", part.currency_column)]
            listed += [(f"{field}.product[{place}]", column) for place, column in enumerate(part.product or ())]
        return found | {field: column for field, column in listed if column is not None}


def parse_map(text: str, *, file: str = "the map") -> EventMap:
    """The map that the YAML ``text`` holds. Raises InvalidMap naming the field and what is wrong with it."""
    content = parse_yaml(text, file=file, error=errors.InvalidMap)
    return check_model(EventMap, content, file=file, error=errors.InvalidMap)


def load_map(path: Path) -> EventMap:
    """The map in a file. Raises InvalidMap, also when the file cannot be read."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise errors.InvalidMap("The map cannot be read.", file=str(path), reason=str(problem)) from problem
    return parse_map(text, file=path.name)


def packaged_map(name: str) -> EventMap:
    """One of the maps that ship with the package. Raises InvalidMap listing them for any other name."""
    names = sorted(path.stem for path in MAPS.glob("*.yaml"))
    if name not in names:
        raise errors.InvalidMap("There is no such map.", name=name, there_are=names)
    return load_map(MAPS / f"{name}.yaml")


def check_columns(event_map: EventMap, header: list[str]) -> None:
    """Raise InvalidMap when the map names a column that a file's header does not hold exactly once."""
    for field, column in event_map.columns.items():
        if header.count(column) != 1:
            problem = "stands more than once in" if column in header else "is not in"
            raise errors.InvalidMap(
                f"{field}: the column {column!r} {problem} the file's header.", field=field, header=header
            )
