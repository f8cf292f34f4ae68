"""Version 2 of a batch's content (PROTOCOL §3): Golomb-Rice codes of gaps, amounts and the places of debits."""

import re
from dataclasses import dataclass
from typing import Final

from loyaltychain.audit.malformed import Changes, Malformed
from loyaltychain.core.amounts import LANE_MAX, MEMBER_MAX

VERSION: Final = 0x02
HEAD_BYTES: Final = 8  # version, three parameters, count, debits
COUNT_MAX: Final = 10_000
ONES_MAX: Final = 24  # as many announce a number in full
FULL_BITS: Final = 32


@dataclass(frozen=True, slots=True)
class _Head:
    gap: int
    amount: int
    debit: int
    count: int
    debits: int


class _BitsEnd(Exception):
    """There are fewer bits than the codes need, or a code is none."""


class _Bits:
    """Bits as text: searching it is quicker than counting ones."""

    def __init__(self, content: bytes) -> None:
        self.text = "".join(f"{byte:08b}" for byte in content)
        self.at = 0

    def read_code(self, parameter: int) -> int:
        """The number that the next code holds. Raises _BitsEnd."""
        zero = self.text.find("0", self.at, self.at + ONES_MAX)
        if zero >= 0:
            ones, self.at = zero - self.at, zero + 1
            return ones << parameter | self._read_number(parameter)
        if self.at + ONES_MAX > len(self.text):
            raise _BitsEnd("the bits are cut")
        self.at += ONES_MAX
        number = self._read_number(FULL_BITS)
        if number >> parameter < ONES_MAX:
            raise _BitsEnd("a long code where a short one would do")
        return number

    def check_end(self) -> None:
        """Returns when nothing is left but the zero bits that fill the last byte. Raises _BitsEnd."""
        left = self.text[self.at :]
        if len(left) >= 8 or "1" in left:
            raise _BitsEnd("more bits than codes")

    def _read_number(self, size: int) -> int:
        digits = self.text[self.at : self.at + size]
        if len(digits) < size:
            raise _BitsEnd("the bits are cut")
        self.at += size
        return int(digits, 2) if digits else 0


def decode_rice(content: bytes) -> Changes | Malformed:
    """The changes in ``content``, whose first byte is 2. Never raises."""
    if len(content) < HEAD_BYTES:
        return Malformed("the head is cut", 0)
    gap, amount, debit = content[1:4]
    head = _Head(gap, amount, debit, int.from_bytes(content[4:6]), int.from_bytes(content[6:8]))
    if head.count > COUNT_MAX or head.debits > head.count:
        return Malformed(f"{head.count} updates, {head.debits} debits", 4)
    bits = _Bits(content[HEAD_BYTES:])
    try:
        changes = _read_plain(head, bits) or _read_changes(head, bits)
        bits.check_end()
    except _BitsEnd as error:
        return Malformed(str(error), HEAD_BYTES + bits.at // 8)
    return _check_parameters(head, changes) or changes


def _read_plain(head: _Head, bits: _Bits) -> Changes | None:
    """The same as ``_read_changes``, four times as fast, where there is no debit and no long code; else None."""
    if head.debits or head.gap > FULL_BITS or head.amount > FULL_BITS:
        return None
    gap, amount = head.gap, head.amount
    pattern = re.compile("".join(f"(1{{0,{ONES_MAX - 1}}})0([01]{{{size}}})" for size in (gap, amount)))
    changes = []
    member, at = 0, bits.at
    for _ in range(head.count):
        found = pattern.match(bits.text, at)
        if found is None:
            return None
        gap_ones, gap_bits, ones, low_bits = found.groups()
        member += 1 + (len(gap_ones) << gap | (int(gap_bits, 2) if gap else 0))
        size = 1 + (len(ones) << amount | (int(low_bits, 2) if amount else 0))
        if member > MEMBER_MAX or size > LANE_MAX:
            return None
        changes.append((member, size))
        at = found.end()
    bits.at = at
    return tuple(changes)


def _read_changes(head: _Head, bits: _Bits) -> Changes:
    """Raises _BitsEnd for what is no code, and for members, amounts and debits that cannot be."""
    changes = []
    member, debits = 0, head.debits
    credits_left = bits.read_code(head.debit) if debits else None  # before the next debit; None when none is to come
    for _ in range(head.count):
        member += 1 + bits.read_code(head.gap)
        amount = 1 + bits.read_code(head.amount)
        if member > MEMBER_MAX or amount > LANE_MAX:
            raise _BitsEnd(f"member {member} or amount {amount} is out of range")
        if credits_left == 0:
            debits -= 1
            credits_left = bits.read_code(head.debit) if debits else None
            changes.append((member, -amount))
        else:
            credits_left = None if credits_left is None else credits_left - 1
            changes.append((member, amount))
    if debits:
        raise _BitsEnd(f"{debits} debits do not come")
    return tuple(changes)


def _check_parameters(head: _Head, changes: Changes) -> Malformed | None:
    last = changes[-1][0] if changes else 0
    amounts = sum(abs(delta) for _, delta in changes)
    debits = [at for at, (_, delta) in enumerate(changes) if delta < 0]
    credits_before = debits[-1] - (len(debits) - 1) if debits else 0
    due = (
        _parameter(last - head.count, head.count),
        _parameter(amounts - head.count, head.count),
        _parameter(credits_before, head.debits),
    )
    given = (head.gap, head.amount, head.debit)
    return None if due == given else Malformed(f"parameters {given} where they are {due}", 1)


def _parameter(total: int, count: int) -> int:
    return 0 if total < count or count == 0 else (total // count).bit_length() - 1
