"""The ingest map: which column of somebody's file says what about an event.

Reads and checks the map alone; it opens no data file.
"""

from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from loyaltychain.core import errors
from loyaltychain.core.model_checks import check_model
from loyaltychain.core.strict_yaml import parse_yaml
from loyaltychain.events.map_fields import FieldPart, MemberPart
from loyaltychain.events.map_parts import (
    AmountPart,
    IdPart,
    LinesPart,
    Name,
    OneAmount,
    Part,
    SkipPart,
    TimePart,
    TypePart,
    exactly_one,
    word_line,
)

MAPS = Path(__file__).parent / "maps"


class EventMap(Part):
    """A whole map. ``columns`` are all that it needs from a row.

    With ``amount``, ``fields`` or both a row is an event, which they make the payload of. With ``lines`` a row is a
    line, and all rows of one id are one event.
    """

    source: Name
    id: Annotated[IdPart, BeforeValidator(word_line)]
    member: MemberPart
    type: TypePart
    time: TimePart
    amount: AmountPart | None = None
    fields: dict[Name, FieldPart] | None = None
    lines: LinesPart | None = None
    skip: list[SkipPart] = Field(default_factory=list)

    @model_validator(mode="after")
    def _rows_are(self) -> Self:
        if self.fields is None:
            exactly_one(self, "amount", "lines")
        elif self.lines is not None:
            raise ValueError("fields go with rows that are events: the payload of an order is its lines")
        elif self.amount is not None and (taken := sorted({"amount", "currency", "unit"} & self.fields.keys())):
            raise ValueError(f"amount writes these fields itself: {', '.join(taken)}")
        if self.lines is not None and self.id.line:
            raise ValueError("with lines, the id must be a column: all rows of one id are one event")
        return self

    @property
    def columns(self) -> dict[str, str]:
        """Column by the field of the map that names it."""
        found = {"time.column": self.time.column}
        listed: list[tuple[str, str | None]] = [("id.column", self.id.column), ("type.column", self.type.column)]
        listed += [("member.column", self.member.column)]
        listed += [(f"id.columns[{place}]", column) for place, column in enumerate(self.id.columns or ())]
        listed += [(f"skip[{place}].column", part.column) for place, part in enumerate(self.skip)]
        if self.lines is not None:
            listed += _columns_of_lines(self.lines)
        elif self.amount is not None:
            amounts = {f"amount.by_type.{name}": part for name, part in (self.amount.by_type or {}).items()}
            for field, part in (amounts or {"amount": self.amount}).items():
                listed += _columns_of_amount(field, part)
        for name, field_part in (self.fields or {}).items():
            listed += [(f"fields.{name}.{part}", column) for part, column in field_part.columns.items()]
        return found | {field: column for field, column in listed if column is not None}


def _columns_of_lines(part: LinesPart) -> list[tuple[str, str | None]]:
    listed = [("lines.id.column", part.id.column), ("lines.item.column", part.item.column)]
    listed += [("lines.quantity.column", part.quantity.column), *_columns_of_amount("lines.amount", part.amount)]
    if part.names is not None:
        listed += [("lines.names.order.column", part.names.order.column)]
        listed += [("lines.names.line.column", part.names.line.column)]
    return listed


def _columns_of_amount(field: str, part: OneAmount) -> list[tuple[str, str | None]]:
    products = [(f"{field}.product[{place}]", column) for place, column in enumerate(part.product or ())]
    return [(f"{field}.column", part.column), (f"{field}.currency_column", part.currency_column), *products]


def parse_map(text: str, *, file: str = "the map") -> EventMap:
    """The map that the YAML ``text`` holds. Raises InvalidMap naming the field and what is wrong with it."""
    content = parse_yaml(text, file=file, error=errors.InvalidMap)
    return check_model(EventMap, content, file=file, error=errors.InvalidMap, text=text)


def load_map(path: Path) -> EventMap:
    """The map in a file. Raises InvalidMap, also when the file cannot be read."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "it is not UTF-8 text"
        raise errors.InvalidMap("The map cannot be read.", file=str(path), reason=reason) from problem
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
