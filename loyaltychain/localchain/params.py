"""Reading JSON-RPC parameters: hex texts to values, or "invalid params". Knows no chain."""

import re
from collections.abc import Sequence

from loyaltychain.core.hashing import from_hex
from loyaltychain.localchain.refusals import INVALID_PARAMS, RefusalError

_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,64}")

# No pool and no consensus: the head is as pending, safe and final as it gets.
HEAD_TAGS = frozenset({"latest", "pending", "safe", "finalized"})


def invalid(sentence: str) -> RefusalError:
    """The refusal for parameters that cannot be read."""
    return RefusalError(INVALID_PARAMS, f"invalid params: {sentence}")


def parse_quantity(value: object) -> int:
    """A number from ``0x`` and hex digits. (A plain JSON integer is taken too, as development nodes do.)"""
    if type(value) is int and 0 <= value < 2**256:
        return value
    if isinstance(value, str) and _QUANTITY.fullmatch(value):
        return int(value, 16)
    raise invalid(f"{str(value)[:80]!r} is not a quantity")


def parse_bytes(value: object, *, size: int | None = None) -> bytes:
    """Bytes from ``0x`` and hex digits; exactly ``size`` of them when given."""
    if not isinstance(value, str):
        raise invalid(f"{value!r} is not hex data")
    try:
        content = from_hex(value)
    except ValueError as error:
        raise invalid(f"{value[:80]!r} is not hex data") from error
    if size is not None and len(content) != size:
        raise invalid(f"expected {size} bytes, got {len(content)}")
    return content


def parse_address(value: object) -> bytes:
    """The 20 bytes of an address, in any case of its letters."""
    return parse_bytes(value, size=20)


def parse_hash(value: object) -> bytes:
    """The 32 bytes of a block or transaction hash."""
    return parse_bytes(value, size=32)


def parse_block(value: object) -> int | None:
    """A block's number; None for the head."""
    if value is None or (isinstance(value, str) and value in HEAD_TAGS):
        return None
    return 0 if value == "earliest" else parse_quantity(value)


def parse_object(value: object) -> dict[str, object]:
    """A JSON object."""
    if not isinstance(value, dict):
        raise invalid("expected an object")
    return value


def parse_addresses(value: object) -> list[bytes]:
    """The ``address`` of a log filter: none, one, or a list."""
    if value is None:
        return []
    return [parse_address(item) for item in value] if isinstance(value, list) else [parse_address(value)]


def parse_topics(value: object) -> list[list[bytes]]:
    """The ``topics`` of a log filter: for each place the words that fit, an empty list for any."""
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > 4:
        raise invalid("topics must be a list of at most four")
    return [
        []
        if place is None
        else [parse_hash(word) for word in place]
        if isinstance(place, list)
        else [parse_hash(place)]
        for place in value
    ]


def take(params: Sequence[object], *, least: int, most: int) -> list[object]:
    """The parameters filled up with None to ``most``, or "invalid params" when there are too few or too many."""
    if not least <= len(params) <= most:
        raise invalid(f"expected {least} to {most} parameters, got {len(params)}")
    return [*params, *([None] * (most - len(params)))]
