"""A batch's data, version 1: one record a changed member.

Knows members and deltas only; where the deltas come from and whether they are right is the seal's business.

Source: docs/PROTOCOL.md, section 3.
"""

from collections.abc import Mapping

from loyaltychain.core.amounts import LANE_MAX, MEMBER_MAX
from loyaltychain.core.errors import InvariantError

VERSION = 1
RECORD_BYTES_MAX = 10  # a wide record: what one member can cost at most

_NARROW_BYTES = 3
_GAP_NARROW_MAX = 255
_DELTA_NARROW_MIN, _DELTA_NARROW_MAX = -(2**15), 2**15 - 1


def encode(deltas: Mapping[int, int]) -> bytes:
    """The canonical bytes of ``deltas`` (member number to signed whole points), whatever their order.

    Raises InvariantError for a member or a delta that no record can hold, a delta of 0 included.
    """
    encoded = bytearray((VERSION,))
    before = 0
    for member in sorted(deltas):
        delta = deltas[member]
        if not 1 <= member <= MEMBER_MAX:
            raise InvariantError("This member's number does not fit a record.", member=member)
        if delta == 0 or abs(delta) > LANE_MAX:
            raise InvariantError("This change of a balance does not fit a record.", member=member, delta=delta)
        encoded += _record(member - before, delta)
        before = member
    return bytes(encoded)


def decode(data: bytes) -> tuple[tuple[int, int], ...]:
    """The (member, delta) pairs that ``data`` holds, by ascending member.

    Raises InvariantError, with the offset of the offending record and the reason, for malformed bytes: every byte
    string that ``encode`` does not produce.
    """
    if data[:1] != bytes((VERSION,)):
        raise InvariantError("Malformed batch data: unknown version.", version=data[:1].hex())
    pairs: list[tuple[int, int]] = []
    member, offset = 0, 1
    while offset < len(data):
        gap, delta, size = _read_record(data, offset)
        member += gap
        if member > MEMBER_MAX:
            raise _malformed("a member's number is too large", offset)
        pairs.append((member, delta))
        offset += size
    return tuple(pairs)


def _is_narrow(gap: int, delta: int) -> bool:
    return gap <= _GAP_NARROW_MAX and _DELTA_NARROW_MIN <= delta <= _DELTA_NARROW_MAX


def _record(gap: int, delta: int) -> bytes:
    if _is_narrow(gap, delta):
        return gap.to_bytes(1, "big") + delta.to_bytes(2, "big", signed=True)
    return b"\x00" + gap.to_bytes(4, "big") + delta.to_bytes(5, "big", signed=True)


def _read_record(data: bytes, offset: int) -> tuple[int, int, int]:
    """Gap, delta and length of the record at ``offset``."""
    is_wide = data[offset] == 0
    size = RECORD_BYTES_MAX if is_wide else _NARROW_BYTES
    record = data[offset : offset + size]
    if len(record) < size:
        raise _malformed("a record is cut", offset)
    gap = int.from_bytes(record[1:5], "big") if is_wide else record[0]
    delta = int.from_bytes(record[5:] if is_wide else record[1:], "big", signed=True)
    if gap == 0:
        raise _malformed("a gap is 0", offset)
    if delta == 0:
        raise _malformed("a delta is 0", offset)
    if abs(delta) > LANE_MAX:
        raise _malformed("a delta is out of range", offset)
    if is_wide and _is_narrow(gap, delta):
        raise _malformed("a record is wide where a narrow one would do", offset)
    return gap, delta, size


def _malformed(reason: str, offset: int) -> InvariantError:
    return InvariantError(f"Malformed batch data: {reason}.", offset=offset)
