"""Voiding a false batch: by one word (``challenge``), and by working its root out anew (``retrace``).

The programme is five times as large as the batch, and every member has a balance. The lie is one point of one member;
its maker's tree, which a challenge by one word needs, is known here because the benchmark told the lie.
"""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from itertools import pairwise

from loyaltychain.bench.gas_batches import Codec
from loyaltychain.bench.gas_ledger import Ledger, Settled
from loyaltychain.bench.population import draw_credits
from loyaltychain.bench.report import Result
from loyaltychain.settlement.balance_tree import WORDS, BalanceTree
from loyaltychain.settlement.words import LANES, pack

RETRACE_GAS = 10_000_000  # what one call of a retracing may take here; a larger batch takes several
_PERCENT = 20


@dataclass(frozen=True, slots=True)
class _Lie:
    """A false batch on chain, the batch before it, and the balances before and after as they should be."""

    previous: Settled
    disputed: Settled
    before: Mapping[int, int]  # words
    after: Mapping[int, int]  # words
    robbed: int

    @property
    def touched(self) -> list[int]:
        """The words that the data change, ascending."""
        return [index for index in sorted(self.after) if self.after[index] != self.before.get(index, 0)]


def measure_frauds(ledger: Ledger, how: Codec, *, size: int) -> list[Result]:
    """Both proofs against a batch of ``size`` updates, in whole transactions that void it."""
    deltas = draw_credits(size, percent=_PERCENT)
    with ledger.rolled_back():
        previous = ledger.stand(draw_credits(size * 100 // _PERCENT, percent=100, seed=2))
        robbed = sorted(deltas)[size // 2]
        before = dict(ledger.balances)
        disputed = ledger.forge(deltas, how.encode(deltas), robbed=robbed)
        after = {member: balance + deltas.get(member, 0) for member, balance in before.items()}
        lie = _Lie(previous, disputed, pack(before), pack(after), robbed)
        word = _challenge(ledger, lie)
        calls = _retrace(ledger, lie)
    name = f"{how.name}.{size}"
    return [
        Result(f"challenge.{name}", word, "gas", size),
        Result(f"retrace.{name}", sum(calls), "gas", size),
        Result(f"retrace.{name}.calls", len(calls), "calls", size),
        Result(f"retrace.{name}.largest", max(calls), "gas", size),
    ]


def _challenge(ledger: Ledger, lie: _Lie) -> int:
    index = lie.robbed // LANES
    told = lie.after[index] - (1 << 32 * (lie.robbed % LANES))
    proof = (
        index,
        lie.before[index],
        lie.previous.tree.prove(index),
        told,
        lie.disputed.tree.prove(index),
    )
    with ledger.rolled_back():
        sent = ledger.call("challenge", *_batches(lie), proof)
        _check_void(ledger)
    return sent.gas


def _retrace(ledger: Ledger, lie: _Lie) -> list[int]:
    """Gas of each call, of the fewest of equal length that all stay below the bound."""
    calls = 1
    while True:
        with ledger.rolled_back():
            gas = _retrace_in(ledger, lie, calls)
            _check_void(ledger)
        if max(gas) <= RETRACE_GAS:
            return gas
        # Each call reads all the data again: more calls never take less in all.
        calls = max(calls + 1, -(-sum(gas) // RETRACE_GAS))


def _retrace_in(ledger: Ledger, lie: _Lie, calls: int) -> list[int]:
    words, gas = dict(lie.before), []
    for part in _cut(lie.touched, calls):
        last_word = WORDS - 1 if part[-1] == lie.touched[-1] else part[-1]
        siblings = BalanceTree(words).prove_many(part)
        old = [words.get(index, 0) for index in part]
        gas.append(ledger.call("retrace", *_batches(lie), last_word, old, siblings).gas)
        words |= {index: lie.after[index] for index in part}
    return gas


def _cut(indexes: Sequence[int], parts: int) -> list[Sequence[int]]:
    """``parts`` pieces of about one length, in order."""
    ends = [len(indexes) * part // parts for part in range(parts + 1)]
    return [indexes[start:end] for start, end in pairwise(ends)]


def _batches(lie: _Lie) -> tuple[object, ...]:
    return astuple(lie.previous.header), astuple(lie.disputed.header), lie.disputed.data


def _check_void(ledger: Ledger) -> None:
    """The figures would be nothing if the batch still stood."""
    assert ledger.ask("paused") is True, "the false batch was not voided"
    assert ledger.ask("totalSupply") < ledger.last.supply, "the supply did not go back"
