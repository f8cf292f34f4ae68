"""The tests' own reading of docs/PROTOCOL.md, 3, version 3, and of what `settle` does with it in push mode.

Shares no code with the package.
"""

from collections.abc import Mapping, Sequence

from tests.contracts.records import LANE_MAX, Applied, Fault

WORD_COUNT = 2**24


def pack_deltas(lanes: Sequence[int]) -> bytes:
    """Eight deltas, the one of lane 0 first, as the 16 bytes of a word."""
    return b"".join(delta.to_bytes(2, "big", signed=True) for delta in reversed(lanes))


def assemble(first: int, words: Sequence[Sequence[int]]) -> bytes:
    """Data of these very words, true or not."""
    return b"\x03" + first.to_bytes(3, "big") + b"".join(map(pack_deltas, words))


def encode_dense(deltas: Mapping[int, int]) -> bytes:
    """The version 3 data of a batch with these deltas by member; at least one."""
    first, last = min(deltas) // 8, max(deltas) // 8
    return assemble(first, [[deltas.get(8 * i + lane, 0) for lane in range(8)] for i in range(first, last + 1)])


def read_dense(data: bytes) -> dict[int, int] | None:
    """The deltas by member, or None for malformed data."""
    return None if _misplaced(data) is not None else _deltas(data)


def _deltas(data: bytes) -> dict[int, int]:
    deltas = {}
    for place in range(4, len(data), 16):
        index = int.from_bytes(data[1:4]) + (place - 4) // 16
        for lane in range(8):
            end = place + 16 - 2 * lane
            delta = int.from_bytes(data[end - 2 : end], "big", signed=True)
            if delta:
                deltas[8 * index + lane] = delta
    return deltas


def _misplaced(data: bytes) -> int | None:
    """Where in the data a word begins that may not be so; 0 for what is wrong with all of it; None for nothing."""
    if data[:1] != b"\x03" or len(data) < 20 or len(data) % 16 != 4:
        return 0
    first, count = int.from_bytes(data[1:4]), (len(data) - 4) // 16
    if first + count > WORD_COUNT:
        return 0
    if not any(data[4:20]) or (first == 0 and any(data[18:20])):
        return 4
    return None if any(data[-16:]) else len(data) - 16


def apply_dense(balances: Mapping[int, int], data: bytes) -> Applied | Fault:
    """What `settle` must make of any bytes: the new balances, or the first fault in reading order."""
    misplaced = _misplaced(data)
    if misplaced in (0, 4):
        return Fault("MalformedData", (misplaced,))
    after, deltas = dict(balances), _deltas(data)
    for member, delta in sorted(deltas.items()):
        held = after.get(member, 0)
        if not 0 <= held + delta <= LANE_MAX:
            return Fault("BalanceTooLow" if delta < 0 else "BalanceTooHigh", (member, held, delta))
        after[member] = held + delta
    if misplaced is not None:
        return Fault("MalformedData", (misplaced,))
    values = deltas.values()
    return Applied(after, len(deltas), sum(d for d in values if d > 0), -sum(d for d in values if d < 0))
