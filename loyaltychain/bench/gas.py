"""``bench gas``: what batches, proofs and challenges cost on chain, beside the token that everybody mints.

Whole transactions on a chain in this process; the members and their points are SIMULATED. Same figures in every run.
"""

from collections.abc import Callable
from functools import partial

from loyaltychain.bench.gas_baselines import Minted, measure_loop, measure_single
from loyaltychain.bench.gas_batches import LOOP, PUSH_CODEC, ROOT_CODECS, Codec, measure_batch, measure_fixed
from loyaltychain.bench.gas_chain import Chain
from loyaltychain.bench.gas_frauds import measure_frauds
from loyaltychain.bench.gas_ledger import Ledger
from loyaltychain.bench.gas_proofs import measure_bind, measure_proofs
from loyaltychain.bench.population import draw_credits
from loyaltychain.bench.report import Result, cheaper

SIZES, QUICK_SIZES = (100, 1_000, 10_000), (100, 1_000)  # updates of a batch
PERCENTS, QUICK_PERCENTS = (5, 20, 100), (20, 100)  # of the members are active
FRAUD_SIZES = (1_000, 10_000)
#: The most gas of one transaction on chains with EIP-7825; larger ones would have to be split there.
TRANSACTION_GAS_MOST = 2**24

_AN_UPDATE = 217  # points, where one member stands for all
_GAS, _BILLED = "gas/member", "billed bytes/member"


def run_gas(*, quick: bool, on_step: Callable[[int, int], None]) -> list[Result]:
    """All figures, in the order in which they are shown.

    Args:
        quick: only batches of 100 and 1,000 updates, by 20 and 100 % of the members; the token with votes at 100.
        on_step: told how many steps are done, and of how many.
    """
    chain = Chain()
    try:
        steps = _Run(chain, quick=quick).steps()
        results: list[Result] = []
        for done, step in enumerate(steps):
            on_step(done, len(steps))
            results += step()
        return results
    finally:
        chain.close()


class _Run:
    """The steps of one run, which share a chain, two ledgers and the baseline."""

    def __init__(self, chain: Chain, *, quick: bool) -> None:
        self._chain = chain
        self._sizes: tuple[int, ...] = QUICK_SIZES if quick else SIZES
        self._percents: tuple[int, ...] = QUICK_PERCENTS if quick else PERCENTS
        self._votes_sizes = self._sizes[:1] if quick else self._sizes  # the slowest figures of all
        self._root, self._push = Ledger(chain, "root"), Ledger(chain, "push")
        self._loops: dict[int, Minted] = {}

    def steps(self) -> list[Callable[[], list[Result]]]:
        """What to do one after the other; each gives its figures."""
        batches = [
            partial(self._batch, ledger, how, percent, size)
            for ledger, how in [*((self._root, how) for how in ROOT_CODECS), (self._push, PUSH_CODEC)]
            for percent in self._percents
            for size in self._sizes
        ]
        frauds = [
            partial(measure_frauds, self._root, how, size=size)
            for how in ROOT_CODECS
            for size in FRAUD_SIZES
            if size in self._sizes
        ]
        return [
            self._single,
            *(partial(self._loop, size) for size in self._sizes),
            *(partial(self._votes, size) for size in self._votes_sizes),
            *batches,
            partial(measure_fixed, self._root, self._push),
            *frauds,
            partial(measure_proofs, self._root),
            partial(measure_bind, self._root),
        ]

    def _single(self) -> list[Result]:
        minted = measure_single(self._chain, _AN_UPDATE)
        return [Result("oz_mint.first.1", minted.first, _GAS, 1), Result("oz_mint.repeat.1", minted.repeat, _GAS, 1)]

    def _loop(self, size: int) -> list[Result]:
        minted = measure_loop(self._chain, "BenchToken", draw_credits(size, percent=20))
        self._loops[size] = minted
        return [
            Result(f"oz_loop.first.{size}", round(minted.first / size, 2), _GAS, size),
            Result(f"oz_loop.repeat.{size}", round(minted.repeat / size, 2), _GAS, size),
            Result(f"oz_loop.repeat.{size}.billed", round(minted.repeat_bytes / size, 2), _BILLED, size),
        ]

    def _votes(self, size: int) -> list[Result]:
        minted, loop = measure_loop(self._chain, "BenchVotes", draw_credits(size, percent=20)), self._loops[size]
        return [
            _per_member(f"votes_loop.first.{size}", minted.first, size, loop.first),
            _per_member(f"votes_loop.repeat.{size}", minted.repeat, size, loop.repeat),
        ]

    def _batch(self, ledger: Ledger, how: Codec, percent: int, size: int) -> list[Result]:
        return measure_batch(ledger, how, percent=percent, size=size, loop=self._loops[size])


def _per_member(name: str, gas: int, size: int, loop: int) -> Result:
    return cheaper(name, gas / size, _GAS, size, baseline=LOOP, baseline_value=loop / size)
