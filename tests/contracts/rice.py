"""The tests' own reading of docs/PROTOCOL.md, 3, version 2: bits as text, one character each.

Shares no code with the package, and is written to be read, not to be fast.
"""

from collections.abc import Mapping

from tests.contracts.records import LANE_MAX, MEMBER_MAX

MOST_UPDATES = 10_000
ESCAPE = 24


def parameter(total: int, count: int) -> int:
    """The one parameter that codes of this many numbers with this sum have."""
    return 0 if total < count or count == 0 else (total // count).bit_length() - 1


def code(k: int, number: int) -> str:
    """The bits of a number's code."""
    if number >> k >= ESCAPE:
        return long_code(number)
    return "1" * (number >> k) + "0" + (format(number % 2**k, f"0{k}b") if k else "")


def long_code(number: int) -> str:
    return "1" * ESCAPE + format(number, "032b")


def spacing(deltas: Mapping[int, int]) -> list[int]:
    """How many credits stand before each debit, after the debit before."""
    found, between = [], 0
    for member in sorted(deltas):
        if deltas[member] < 0:
            found.append(between)
            between = 0
        else:
            between += 1
    return found


def parameters(deltas: Mapping[int, int]) -> tuple[int, int, int]:
    """(kGap, kAmount, kDebit) of these deltas."""
    count, between = len(deltas), spacing(deltas)
    return (
        parameter(max(deltas, default=0) - count, count),
        parameter(sum(map(abs, deltas.values())) - count, count),
        parameter(sum(between), len(between)),
    )


def bits_of(deltas: Mapping[int, int], ks: tuple[int, int, int]) -> str:
    """The bits of these deltas with these parameters, without padding."""
    between = spacing(deltas)
    bits = [code(ks[2], between.pop(0))] if between else []
    before = 0
    for member in sorted(deltas):
        bits += [code(ks[0], member - before - 1), code(ks[1], abs(deltas[member]) - 1)]
        if deltas[member] < 0 and between:
            bits.append(code(ks[2], between.pop(0)))
        before = member
    return "".join(bits)


def assemble(ks: tuple[int, int, int], count: int, debits: int, bits: str) -> bytes:
    """Data of these very parts, true or not; zero bits fill the last byte up."""
    padded = bits + "0" * (-len(bits) % 8)
    body = int(padded, 2).to_bytes(len(padded) // 8, "big") if padded else b""
    return b"\x02" + bytes(ks) + count.to_bytes(2, "big") + debits.to_bytes(2, "big") + body


def encode_rice(deltas: Mapping[int, int]) -> bytes:
    """The version 2 data of a batch with these deltas by member."""
    ks = parameters(deltas)
    return assemble(ks, len(deltas), sum(d < 0 for d in deltas.values()), bits_of(deltas, ks))


class _Cut(Exception):
    """The bits end before the numbers do, or a code is none."""


class _Bits:
    def __init__(self, data: bytes) -> None:
        self.text = format(int.from_bytes(data), f"0{8 * len(data)}b") if data else ""
        self.place = 0

    def take(self, length: int) -> str:
        taken = self.text[self.place : self.place + length]
        self.place += length
        if len(taken) < length:
            raise _Cut
        return taken

    def number(self, k: int) -> int:
        ones = 0
        while ones < ESCAPE and self.take(1) == "1":
            ones += 1
        if ones < ESCAPE:
            return ones * 2**k + (int(self.take(k), 2) if k else 0)
        number = int(self.take(32), 2)
        if number >> k < ESCAPE:
            raise _Cut
        return number


def read_rice(data: bytes) -> dict[int, int] | None:
    """The deltas by member, or None for malformed data."""
    if len(data) < 8 or data[0] != 2:
        return None
    ks, count, debits = (data[1], data[2], data[3]), int.from_bytes(data[4:6]), int.from_bytes(data[6:8])
    if count > MOST_UPDATES or debits > count:
        return None
    bits = _Bits(data[8:])
    try:
        deltas = _read_updates(bits, ks, count, debits)
    except _Cut:
        return None
    rest = bits.text[bits.place :]
    is_whole = len(rest) < 8 and "1" not in rest
    in_range = max(deltas, default=0) <= MEMBER_MAX and max(map(abs, deltas.values()), default=0) <= LANE_MAX
    all_came = sum(d < 0 for d in deltas.values()) == debits
    return deltas if is_whole and in_range and all_came and parameters(deltas) == ks else None


def _read_updates(bits: _Bits, ks: tuple[int, int, int], count: int, debits: int) -> dict[int, int]:
    deltas: dict[int, int] = {}
    member, left = 0, debits
    between = bits.number(ks[2]) if debits else -1  # before the next debit; below 0 when none comes
    for _ in range(count):
        member += bits.number(ks[0]) + 1
        amount = bits.number(ks[1]) + 1
        deltas[member] = -amount if between == 0 else amount
        between -= 1
        if deltas[member] < 0:
            left -= 1
            between = bits.number(ks[2]) if left else -1
    return deltas
