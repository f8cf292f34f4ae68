"""Version 1 of a batch's content (PROTOCOL §3): one record a changed member."""

from dataclasses import dataclass

from loyaltychain.audit.malformed import Changes, Malformed
from loyaltychain.core.amounts import LANE_MAX, MEMBER_MAX

VERSION = 0x01
NARROW_GAP_MAX = 255
NARROW_DELTA_MIN = -(2**15)
NARROW_DELTA_MAX = 2**15 - 1
NARROW_BYTES = 3
WIDE_BYTES = 10


@dataclass(frozen=True, slots=True)
class _Record:
    gap: int
    delta: int
    length: int


def decode_records(content: bytes) -> Changes | Malformed:
    """The changes in ``content``, whose first byte is 1. Never raises."""
    changes = []
    member = 0
    offset = 1
    while offset < len(content):
        record = _read_record(content, offset)
        if isinstance(record, Malformed):
            return record
        member += record.gap
        if member > MEMBER_MAX:
            return Malformed(f"member {member} is out of range", offset)
        changes.append((member, record.delta))
        offset += record.length
    return tuple(changes)


def _read_record(content: bytes, offset: int) -> _Record | Malformed:
    gap = content[offset]
    if gap == 0:
        return _read_wide(content, offset)
    if offset + NARROW_BYTES > len(content):
        return Malformed("the record is cut", offset)
    delta = int.from_bytes(content[offset + 1 : offset + NARROW_BYTES], signed=True)
    if delta == 0:
        return Malformed("a delta of 0", offset)
    return _Record(gap, delta, NARROW_BYTES)


def _read_wide(content: bytes, offset: int) -> _Record | Malformed:
    if offset + WIDE_BYTES > len(content):
        return Malformed("the record is cut", offset)
    gap = int.from_bytes(content[offset + 1 : offset + 5])
    delta = int.from_bytes(content[offset + 5 : offset + WIDE_BYTES], signed=True)
    if gap == 0:
        return Malformed("a gap of 0", offset)
    if delta == 0:
        return Malformed("a delta of 0", offset)
    if abs(delta) > LANE_MAX:
        return Malformed(f"delta {delta} is out of range", offset)
    if gap <= NARROW_GAP_MAX and NARROW_DELTA_MIN <= delta <= NARROW_DELTA_MAX:
        return Malformed("a wide record where a narrow one would do", offset)
    return _Record(gap, delta, WIDE_BYTES)
