"""The tests' own reading of docs/PROTOCOL.md, 1 and 3: encoder, model of `settle`.

Shares no code with the package: a mistake made once must not cancel itself out.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from eth_abi.abi import encode
from eth_utils.crypto import keccak

MEMBER_MAX = 2**27 - 1
LANE_MAX = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Fault:
    """The custom error that the data deserve, and its facts."""

    name: str
    facts: tuple


@dataclass(frozen=True, slots=True)
class Applied:
    """What the data do: how many updates, and the sums."""

    balances: dict[int, int]
    updates: int
    issued: int
    burned: int


def encode_record(gap: int, delta: int) -> bytes:
    """One record, in the only form that this gap and delta have."""
    if gap <= 255 and -(2**15) <= delta < 2**15:
        return narrow(gap, delta)
    return wide(gap, delta)


def narrow(gap: int, delta: int) -> bytes:
    return gap.to_bytes(1, "big") + delta.to_bytes(2, "big", signed=True)


def wide(gap: int, delta: int) -> bytes:
    return b"\0" + gap.to_bytes(4, "big") + delta.to_bytes(5, "big", signed=True)


def encode_records(deltas: Mapping[int, int]) -> bytes:
    """The data of a batch with these deltas by member."""
    records, before = [], 0
    for member in sorted(deltas):
        records.append(encode_record(member - before, deltas[member]))
        before = member
    return b"\x01" + b"".join(records)


def read_records(data: bytes) -> dict[int, int] | None:
    """The deltas by member, or None for malformed data."""
    if data[:1] != b"\x01":
        return None
    deltas, member, position = {}, 0, 1
    while position < len(data):
        record = _read_record(data[position:])
        if record is None or member + record[0] > MEMBER_MAX:
            return None
        member += record[0]
        deltas[member] = record[1]
        position += record[2]
    return deltas


def apply_records(balances: Mapping[int, int], data: bytes) -> Applied | Fault:
    """What `settle` must make of any bytes: the new balances, or the first fault in reading order."""
    if data[:1] != b"\x01":
        return Fault("MalformedData", (0,))
    after, member, position, updates, issued, burned = dict(balances), 0, 1, 0, 0, 0
    while position < len(data):
        record = _read_record(data[position:])
        if record is None or member + record[0] > MEMBER_MAX:
            return Fault("MalformedData", (position,))
        gap, delta, length = record
        member += gap
        held = after.get(member, 0)
        if not 0 <= held + delta <= LANE_MAX:
            return Fault("BalanceTooLow" if delta < 0 else "BalanceTooHigh", (member, held, delta))
        after[member] = held + delta
        updates, issued, burned = updates + 1, issued + max(delta, 0), burned + max(-delta, 0)
        position += length
    return Applied(after, updates, issued, burned)


def _read_record(rest: bytes) -> tuple[int, int, int] | None:
    """(gap, delta, length), or None where there is no well-formed record."""
    if rest[0] != 0:
        gap, delta, length = rest[0], int.from_bytes(rest[1:3], "big", signed=True), 3
    else:
        gap, delta, length = int.from_bytes(rest[1:5], "big"), int.from_bytes(rest[5:10], "big", signed=True), 10
    if len(rest) < length or gap == 0 or delta == 0 or abs(delta) > LANE_MAX:
        return None
    return (gap, delta, length) if encode_record(gap, delta) == rest[:length] else None


def erc7201(namespace: str) -> int:
    """The slot where a namespace begins, by the formula of ERC-7201."""
    return int.from_bytes(keccak(encode(["uint256"], [int.from_bytes(keccak(text=namespace)) - 1]))) & ~0xFF
