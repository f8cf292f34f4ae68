"""What a map's parts say about a row's cells: the words, times and amounts that stand there. Pure."""

from loyaltychain.core import canonical, errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.money import EXPONENTS, Exact, make_minor_units, parse_decimal
from loyaltychain.core.times import end_of_day, format_instant, parse_instant, parse_zone
from loyaltychain.events.map import EventMap
from loyaltychain.events.map_fields import FieldPart, MemberPart, Value
from loyaltychain.events.map_parts import IdPart, OneAmount, TypePart
from loyaltychain.events.rows import Row

CLOCK_SKEW_SECONDS = 300  # how far a source's clock may run ahead of ours


def is_left_out(event_map: EventMap, row: Row) -> bool:
    """Whether one of the map's skip conditions holds for the row."""
    return any(part.holds(read_cell(row, part.column)) for part in event_map.skip)


def read_cell(row: Row, column: str) -> str:
    """The cell's text without the blanks around it; empty when there is none."""
    text = row.cells.get(column, "")
    if text is None:
        raise errors.InvalidEvent("This is a list or an object, not a plain value.", column=column)
    return text.strip()


def read_filled(row: Row, column: str) -> str:
    """The cell's text. Raises InvalidEvent when it is empty."""
    text = read_cell(row, column)
    if not text:
        raise errors.InvalidEvent("This cell is empty or missing.", column=column)
    return text


def read_id(part: IdPart, row: Row, *, prefix: str) -> str:
    """The id that the row gives; ``prefix`` goes before the row's number when that is the id."""
    if part.line:
        return f"{prefix}{row.line}"
    if part.column is not None:
        return read_filled(row, part.column)
    # Escaped, so that ("a:b", "c") and ("a", "b:c") stay two ids.
    parts = (read_filled(row, column) for column in part.columns or ())
    return ":".join(part.replace("%", "%25").replace(":", "%3A") for part in parts)


def read_member(part: MemberPart, row: Row) -> str:
    """The id of the row's member. Raises InvalidEvent when the cell is empty and the map says nobody in its place."""
    if part.column is None:
        assert part.constant is not None
        return part.constant
    if part.when_empty is None:
        return read_filled(row, part.column)
    return read_cell(row, part.column) or part.when_empty


def read_type(part: TypePart, row: Row) -> str:
    """The event's type: constant, by the cell's word, or by the longest prefix that the cell's text begins with."""
    if part.column is None:
        assert part.constant is not None
        return part.constant
    word = read_filled(row, part.column)
    if part.prefixes is not None:
        fitting = [prefix for prefix in part.prefixes if word.startswith(prefix)]
        found = part.prefixes[max(fitting, key=len)] if fitting else part.otherwise
        assert found is not None
        return found
    if part.values is None:
        return word
    if word not in part.values:
        raise errors.InvalidEvent("The map has no type for this word.", column=part.column, found=word[:60])
    return part.values[word]


def read_time(event_map: EventMap, row: Row, *, received_at: UnixSeconds) -> UnixSeconds:
    """The instant that the row names. Raises InvalidEvent, also when it lies further ahead than clocks differ."""
    part = event_map.time
    zone = parse_zone(part.zone) if part.zone is not None else None
    occurred_at = parse_instant(read_filled(row, part.column), pattern=part.format, zone=zone)
    if part.moment is not None:
        assert zone is not None
        occurred_at = end_of_day(occurred_at, zone)
    if occurred_at > received_at + CLOCK_SKEW_SECONDS:
        raise errors.InvalidEvent(
            "The time lies in the future.", time=format_instant(occurred_at), now=format_instant(received_at)
        )
    return occurred_at


def read_amount(part: OneAmount, row: Row) -> tuple[int, str]:
    """Minor units and their currency's code; whole points above 0 and an empty code when the part counts in points."""
    written = {column: read_filled(row, column) for column in part.product or [part.column or ""]}
    currency = _currency(part, row)
    try:
        exact = Exact(1, 0)
        for text in written.values():
            exact = exact.times(parse_decimal(text))
        amount = make_minor_units(exact, exponent=EXPONENTS.get(currency, 0), rounding=part.rounding)
        if not currency and amount < 1:
            raise errors.InvalidEvent
        return amount, currency
    except errors.InvalidEvent as problem:
        shown = {column: text[:60] for column, text in written.items()}
        message = problem.message if currency else "Points are a whole number above 0."
        raise errors.InvalidEvent(message, amount=shown) from problem


def read_whole(row: Row, column: str) -> int:
    """The whole number, of any sign, that the cell writes; ``6.0`` is one."""
    text = read_filled(row, column)
    try:
        return make_minor_units(parse_decimal(text), exponent=0, rounding=None)
    except errors.InvalidEvent as problem:
        raise errors.InvalidEvent("This is not a whole number.", column=column, found=text[:60]) from problem


def read_field(part: FieldPart, row: Row) -> Value | None:
    """The field's value; None where the row leaves it out. Raises InvalidEvent for a cell that is no such value."""
    if part.constant is not None:
        return part.constant
    filled = [column for column in part.sum or [part.column or ""] if read_cell(row, column)]
    if not filled:
        return None
    if part.sum is not None or part.as_ == "integer":
        total = sum(read_whole(row, column) for column in filled)
        if abs(total) > canonical.EXACT_MAX:
            raise errors.InvalidEvent("This number is too large.", column=filled[0], found=str(total)[:60])
        return total
    text = read_cell(row, filled[0])
    if part.values is None:
        return (part.prefix or "") + text
    if text not in part.values:
        raise errors.InvalidEvent("The map has no value for this word.", column=filled[0], found=text[:60])
    return part.values[text]


def _currency(part: OneAmount, row: Row) -> str:
    if part.currency_column is None:
        return part.currency or ""
    code = read_filled(row, part.currency_column)
    if code not in EXPONENTS:
        raise errors.InvalidEvent("This is not a known ISO 4217 code.", column=part.currency_column, found=code[:60])
    return code
