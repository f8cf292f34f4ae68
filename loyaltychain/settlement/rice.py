"""A batch's data, version 2: gaps, amounts and signs in Golomb-Rice codes.

Knows members and deltas only. The three parameters follow from the deltas, so that these have one encoding.

Source: docs/PROTOCOL.md, section 3.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from loyaltychain.core.amounts import LANE_MAX, MEMBER_MAX
from loyaltychain.core.errors import InvariantError

VERSION = 2
COUNT_MAX = 10_000

_PREFIX = struct.Struct(">BBBBHH")  # version, the three parameters, count, debits
_ONES_MAX = 24  # this many one bits begin a long code
_LONG_BITS = 32
_PARAMETER_MAX = 31  # no sum of members or amounts asks for more


@dataclass(frozen=True, slots=True)
class _Parts:
    """What is coded, by kind, in the order of reading: a debit's run is the number of credits right before it."""

    gaps: list[int]
    amounts: list[int]
    runs: list[int]

    @property
    def parameters(self) -> tuple[int, int, int]:
        return _parameter(self.gaps), _parameter(self.amounts), _parameter(self.runs)


def encode(deltas: Mapping[int, int]) -> bytes:
    """The canonical bytes of ``deltas`` (member number to signed whole points), whatever their order.

    Raises InvariantError for a member or a delta out of range, a delta of 0, and more than 10,000 members.
    """
    pairs = sorted(deltas.items())
    for member, delta in pairs:
        if not 1 <= member <= MEMBER_MAX or delta == 0 or abs(delta) > LANE_MAX:
            raise InvariantError("This change of a balance does not fit a code.", member=member, delta=delta)
    if len(pairs) > COUNT_MAX:
        raise InvariantError("These are more changes than one batch may hold.", updates=len(pairs))
    parts = _split(pairs)
    prefix = _PREFIX.pack(VERSION, *parts.parameters, len(pairs), len(parts.runs))
    bits = "".join(_codes(pairs, parts))
    bits += "0" * (-len(bits) % 8)
    return prefix + int(bits or "0", 2).to_bytes(len(bits) // 8, "big")


def decode(data: bytes) -> tuple[tuple[int, int], ...]:
    """The (member, delta) pairs that ``data`` holds, by ascending member.

    Raises InvariantError, with the offset of the offending byte and the reason, for malformed bytes: every byte string
    that ``encode`` does not produce.
    """
    if data[:1] != bytes((VERSION,)):
        raise InvariantError("Malformed batch data: unknown version.", version=data[:1].hex())
    if len(data) < _PREFIX.size:
        raise _malformed("the prefix is cut", 0)
    _, *parameters, count, debits = _PREFIX.unpack_from(data)
    if max(parameters) > _PARAMETER_MAX or count > COUNT_MAX or debits > count:
        raise _malformed("the prefix is out of range", 1)
    bits = _Bits(data)
    pairs = _read_pairs(bits, parameters, count=count, debits=debits)
    bits.end()
    if _split(pairs).parameters != tuple(parameters):
        raise _malformed("a parameter is not the one that the deltas ask for", 1)
    return tuple(pairs)


def _parameter(values: Sequence[int]) -> int:
    mean = sum(values) // len(values) if values else 0
    return max(mean.bit_length() - 1, 0)


def _split(pairs: Sequence[tuple[int, int]]) -> _Parts:
    runs: list[int] = []
    run = 0
    for _, delta in pairs:
        if delta > 0:
            run += 1
        else:
            runs.append(run)
            run = 0
    befores = [0, *(member for member, _ in pairs)]
    gaps = [member - before - 1 for (member, _), before in zip(pairs, befores, strict=False)]
    return _Parts(gaps=gaps, amounts=[abs(delta) - 1 for _, delta in pairs], runs=runs)


def _codes(pairs: Sequence[tuple[int, int]], parts: _Parts) -> Iterable[str]:
    of_gap, of_amount, of_run = parts.parameters
    runs = iter([_code(run, of_run) for run in parts.runs])
    yield next(runs, "")
    for (_, delta), gap, amount in zip(pairs, parts.gaps, parts.amounts, strict=True):
        yield _code(gap, of_gap)
        yield _code(amount, of_amount)
        if delta < 0:
            yield next(runs, "")


def _code(value: int, parameter: int) -> str:
    ones = value >> parameter
    if ones >= _ONES_MAX:
        return "1" * _ONES_MAX + format(value, f"0{_LONG_BITS}b")
    # A leading one keeps the zeros of the low bits, and is cut off.
    low = format(value & ((1 << parameter) - 1) | 1 << parameter, "b")[1:]
    return "1" * ones + "0" + low


class _Bits:
    """The bits behind the prefix, read once from left to right."""

    def __init__(self, data: bytes) -> None:
        body = data[_PREFIX.size :]
        self._bits = format(int.from_bytes(body, "big"), f"0{8 * len(body)}b") if body else ""
        self._at = 0

    def read(self, parameter: int) -> int:
        """The number of one code."""
        begin = self._at
        end = self._bits.find("0", begin, begin + _ONES_MAX)
        if end < 0:
            return self._read_long(begin, parameter)
        low = self._bits[end + 1 : end + 1 + parameter]
        if len(low) < parameter:
            raise self._malformed("a code is cut")
        self._at = end + 1 + parameter
        return end - begin << parameter | int(low or "0", 2)

    def end(self) -> None:
        """Nothing follows but less than a byte of zero bits."""
        rest = self._bits[self._at :]
        if len(rest) >= 8 or "1" in rest:
            raise self._malformed("there is more than what was announced")

    def _read_long(self, begin: int, parameter: int) -> int:
        self._at = begin + _ONES_MAX + _LONG_BITS
        if self._at > len(self._bits):
            raise self._malformed("a code is cut")
        value = int(self._bits[begin + _ONES_MAX : self._at], 2)
        if value >> parameter < _ONES_MAX:
            raise self._malformed("a code is long where a short one would do")
        return value

    def _malformed(self, reason: str) -> InvariantError:
        return _malformed(reason, _PREFIX.size + min(self._at, len(self._bits)) // 8)


def _read_pairs(bits: _Bits, parameters: Sequence[int], *, count: int, debits: int) -> list[tuple[int, int]]:
    of_gap, of_amount, of_run = parameters
    run = bits.read(of_run) if debits else -1  # credits before the next debit; -1 when there is none
    member = 0
    pairs: list[tuple[int, int]] = []
    for _ in range(count):
        member += bits.read(of_gap) + 1
        amount = bits.read(of_amount) + 1
        if member > MEMBER_MAX or amount > LANE_MAX:
            raise _malformed("a member or a delta is out of range", _PREFIX.size)
        if run == 0:
            pairs.append((member, -amount))
            debits -= 1
            run = bits.read(of_run) if debits else -1
        else:
            pairs.append((member, amount))
            run -= 1 if debits else 0
    if debits:
        raise _malformed("a debit that was announced does not come", _PREFIX.size)
    return pairs


def _malformed(reason: str, offset: int) -> InvariantError:
    return InvariantError(f"Malformed batch data: {reason}.", offset=offset)
