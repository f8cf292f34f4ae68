"""Settling batches: gas and bytes a member's update, by codec, size, and how many of the members are active."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from loyaltychain.bench.fjord import billed_bytes
from loyaltychain.bench.gas_baselines import Minted
from loyaltychain.bench.gas_ledger import EMPTY, SEASON, Ledger
from loyaltychain.bench.population import draw_credits
from loyaltychain.bench.report import Result, cheaper
from loyaltychain.settlement import codec, records, rice

LOOP = "OpenZeppelin ERC20, minted in a loop"
REDEEMING = 10  # in a batch with debits one update of so many is a debit

Encode = Callable[[Mapping[int, int]], bytes]


@dataclass(frozen=True, slots=True)
class Codec:
    """A way to write a batch, and the mode of the ledger that takes it."""

    name: str
    encode: Encode

    def figure(self, percent: int, size: int) -> str:
        """The permanent name of its repeat figure."""
        activity = "dense" if self.name == "push" and percent == 100 else f"{percent}pct"
        return f"{self.name}.{activity}.{size}"


ROOT_CODECS = (Codec("rice", rice.encode), Codec("records", records.encode))
#: What the settler of a ledger in push mode writes: dense words where they are shorter, else records.
PUSH_CODEC = Codec("push", lambda deltas: codec.encode(deltas, mode="push"))


def measure_batch(ledger: Ledger, how: Codec, *, percent: int, size: int, loop: Minted) -> list[Result]:
    """A batch of ``size`` credits into balances that are zero, the same again, with debits, and its bytes.

    Args:
        loop: as many members by the baseline.
    """
    deltas = draw_credits(size, percent=percent)
    data = how.encode(deltas)
    with ledger.rolled_back():
        first = ledger.settle(deltas, data).sent
        repeat = ledger.settle(deltas, data).sent
        mixed = _redeem_some(deltas)
        debits = ledger.settle(mixed, how.encode(mixed)).sent
    name = how.figure(percent, size)
    gas, billed = "gas/member", "billed bytes/member"
    bytes_each = billed_bytes(repeat.raw) / size
    return [
        cheaper(name, repeat.gas / size, gas, size, baseline=LOOP, baseline_value=loop.repeat / size),
        cheaper(f"{name}.debits", debits.gas / size, gas, size, baseline=LOOP, baseline_value=loop.repeat / size),
        cheaper(f"{name}.first", first.gas / size, gas, size, baseline=LOOP, baseline_value=loop.first / size),
        Result(f"{name}.payload", round(len(data) / size, 3), "bytes/member", size),
        cheaper(f"{name}.billed", bytes_each, billed, size, baseline=LOOP, baseline_value=loop.repeat_bytes / size),
    ]


def measure_fixed(root: Ledger, push: Ledger) -> list[Result]:
    """A batch that changes nobody's balance, in both modes; and every 64th one, which leaves a checkpoint."""
    with root.rolled_back():
        fixed = root.settle({}, EMPTY).sent.gas
        while (root.last.batch_id + 1) % SEASON:
            root.settle({}, EMPTY)
        checkpoint = root.settle({}, EMPTY).sent.gas
    with push.rolled_back():
        pushed = push.settle({}, EMPTY).sent.gas
    return [
        Result("batch.fixed", fixed, "gas", 1),
        Result("batch.fixed.push", pushed, "gas", 1),
        Result("batch.fixed.checkpoint", checkpoint, "gas", 1),
    ]


def _redeem_some(deltas: Mapping[int, int]) -> dict[int, int]:
    """The same amounts, but every tenth member gives hers back."""
    return {
        member: -points if place % REDEEMING == 0 else points
        for place, (member, points) in enumerate(deltas.items(), start=1)
    }
