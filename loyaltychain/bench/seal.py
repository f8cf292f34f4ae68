"""``bench seal``: the trees of a seal over n SIMULATED members and n receipts, and a whole seal in their books.

Beside OpenZeppelin's JavaScript library and trees written plainly, both smaller and so compared by the leaf. Receipts
are made twice, by the seal's own one process and by two; one seal is too small to be worth a second.
"""

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Final

from loyaltychain.audit.memory import peak_mb
from loyaltychain.bench.report import Result, cheaper
from loyaltychain.bench.seal_baselines import PLACE, PerLeaf, ask_openzeppelin, make_plainly
from loyaltychain.bench.seal_load import BATCH, DEPLOYMENT, START, choose, earn, fill, make_balances
from loyaltychain.bench.servers import temporary_sqlite
from loyaltychain.core import errors
from loyaltychain.core.amounts import POINTS
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading
from loyaltychain.db.migrate import open_migrated
from loyaltychain.settlement import store
from loyaltychain.settlement.balance_tree import root, roots_through
from loyaltychain.settlement.kept import BalanceKeeper, Balances
from loyaltychain.settlement.receipt_tree import hash_leaves, make_root
from loyaltychain.settlement.salts import receipt_salts
from loyaltychain.settlement.seal import seal_step
from loyaltychain.settlement.words import pack

N: Final = 1_000_000
COMPARED: Final = 20_000  # leaves of the two other libraries
_SHARE: Final = 100  # every so many members' balance changes

OnStep = Callable[[int, int | None], None]


def run_seal(n: int, on_step: OnStep) -> list[Result]:
    """Figures of full tree, changed tree, receipts, and a seal on SQLite, durable and read back.

    Raises InvariantError when two ways do not come to the same root.
    """
    stages = 6
    idle = peak_mb()
    compared = min(n, COMPARED)
    openzeppelin = ask_openzeppelin(compared)
    on_step(1, stages)
    plain = make_plainly(list(make_receipts(compared).values()), list(make_balances(compared).items()))
    on_step(2, stages)
    full, results = _trees(n, idle)
    on_step(3, stages)
    results += _sealing(n)
    on_step(4, stages)
    made, figures = _making(n, idle)
    results += figures
    on_step(5, stages)
    results += _spread(n)
    on_step(6, stages)
    ours = PerLeaf(receipt=made / n * 1e6, balance=full / n * 1e6)
    return results + _beside(ours, n, compared, openzeppelin=openzeppelin, plain=plain)


def _trees(n: int, idle: float) -> tuple[float, list[Result]]:
    """The seconds of the full tree, and its figures with those of the changed one."""
    balances = make_balances(n)
    started = time.monotonic()
    full = root(pack(balances))
    full_seconds = time.monotonic() - started
    kept = Balances(balances)
    _agree(kept.root, full)
    kept_peak = peak_mb()
    chosen = choose(n, n // _SHARE, seed=11)
    started = time.monotonic()
    step = kept.step({member: 1 + member % 90 for member in chosen})
    stepped = time.monotonic()
    through = roots_through(step.words, step.after, step.proof)
    proved = time.monotonic()
    kept.take(step)
    taken = time.monotonic()
    balances.update((member, balances[member] + 1 + member % 90) for member in chosen)
    _agree(root(pack(balances)), step.root)
    if through != (full, step.root):
        raise errors.InvariantError("The read-back comes to another root.")
    name, changed = say(n), f"{say(n // _SHARE)}_of_{say(n)}"
    own = taken - proved + stepped - started
    anew = "the tree of all members anew, in this run"
    return full_seconds, [
        Result(f"full.{name}", round(full_seconds, 3), "s", n),
        cheaper(f"incremental.{changed}", own, "s", n // _SHARE, baseline=anew, baseline_value=full_seconds),
        cheaper(f"incremental.{changed}.read_back", own + proved - stepped, "s", n // _SHARE, baseline=anew,
                baseline_value=full_seconds),
        Result(f"kept.{name}.peak", kept_peak, "MB", n, "before the first member", idle),
    ]  # fmt: skip


def _spread(n: int) -> list[Result]:
    """The worst that numbers can do: each member in a word of her own."""
    words = pack(make_balances(n, apart=8))
    started = time.monotonic()
    root(words)
    return [Result(f"full.{say(n)}.a_word_each", round(time.monotonic() - started, 3), "s", n)]


def _sealing(n: int) -> list[Result]:
    """One seal in the books of ``n`` members, with what a process that has just begun has to make first."""
    with temporary_sqlite() as url:
        engine = open_migrated(url)
        for _ in fill(engine, make_balances(n)):
            pass
        count = min(n // _SHARE, BATCH)
        earn(engine, choose(n, count, seed=13))
        keeper = BalanceKeeper()
        started = time.monotonic()
        with reading(engine) as tx:
            keeper.after(tx, store.last_batch(tx))
        known = time.monotonic()
        sealed = seal_step(engine, DEPLOYMENT, now=UnixSeconds(START + 1), keeper=keeper)
        ended = time.monotonic()
        engine.dispose()
    if sealed is None or sealed.receipts != count:
        raise errors.InvariantError("The seal took other entries.", receipts=sealed.receipts if sealed else 0)
    name = f"step.{say(count)}_of_{say(n)}"
    first = "the same as the first seal of a process: all balances made of all batches' rows"
    return [
        cheaper(name, ended - known, "s", count, baseline=first, baseline_value=ended - started),
        Result(f"{name}.receipt", round((ended - known) / count * 1e6, 1), "µs/receipt", count),
    ]


def _making(n: int, idle: float) -> tuple[float, list[Result]]:
    """The seconds of one process, and the figures."""
    receipts = make_receipts(n)
    started = time.monotonic()
    alone = make_root(receipts.hash())
    one = time.monotonic() - started
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        _make_in_two(receipts.part(0, 2), pool)  # it has begun
        started = time.monotonic()
        together, helper_mb = _make_in_two(receipts, pool)
        two = time.monotonic() - started
    _agree(alone, together)
    name = say(n)
    return one, [
        cheaper(f"receipts.{name}", two, "s", n, baseline="one process, as in a seal", baseline_value=one),
        Result(f"receipts.{name}.processes", 2, "processes", n),
        Result(f"receipts.{name}.one_process", round(one, 3), "s", n),
        Result(f"receipts.{name}.peak", round(peak_mb() + helper_mb, 1), "MB", n, "before the first member", idle),
    ]


def _beside(ours: PerLeaf, n: int, compared: int, *, openzeppelin: PerLeaf | None, plain: PerLeaf) -> list[Result]:
    """By the leaf, what the others need."""
    beside: list[tuple[str, str, PerLeaf]] = [
        ("plain", f"eth_abi, eth_hash, pycryptodome and lists, {compared:,} leaves, one a member", plain)
    ]
    if openzeppelin is not None:
        said = f"@openzeppelin/merkle-tree on node, {compared:,} leaves, one a member; salts are given to it"
        beside.append(("openzeppelin", said, openzeppelin))
    return [
        figure
        for name, baseline, theirs in beside
        for figure in (
            cheaper(f"full.{say(n)}.member.{name}", ours.balance, "µs/member", n, baseline=baseline,
                    baseline_value=theirs.balance),
            cheaper(f"receipts.{say(n)}.receipt.{name}", ours.receipt, "µs/receipt", n, baseline=baseline,
                    baseline_value=theirs.receipt),
        )
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Receipts:
    """Receipts with neighbouring indexes, of as many members; 32 bytes each of the entries' digests and the keys."""

    first: int
    n: int
    digests: bytes
    keys: bytes

    def part(self, start: int, end: int) -> "Receipts":
        """Those from ``start`` up to ``end``."""
        cut = slice(start * 32, end * 32)
        return Receipts(self.first + start, end - start, self.digests[cut], self.keys[cut])

    def values(self) -> Iterator[tuple[int, int, int, bytes, bytes]]:
        """Index, member, amount, entry digest and the member's key of each."""
        for index, digest, key in zip(range(self.first, self.first + self.n), *self._rows(), strict=True):
            yield index, index + 1, 1 + index % 400, digest, key

    def hash(self) -> list[bytes]:
        """Their leaves, with salts, as the seal makes them."""
        digests, keys = self._rows()
        salts = receipt_salts(zip(keys, digests, strict=True), unit=POINTS)
        values = (
            (index, index + 1, 1 + index % 400, digest, salt)
            for index, (digest, salt) in enumerate(zip(digests, salts, strict=True), self.first)
        )
        return hash_leaves(PLACE, values, unit=POINTS)

    def _rows(self) -> tuple[list[bytes], list[bytes]]:
        digests, keys = (_rows(content) for content in (self.digests, self.keys))
        return digests, keys


def make_receipts(n: int) -> Receipts:
    """SIMULATED receipts, the same in every run."""
    dice = random.Random(17)  # noqa: S311 - a simulation
    return Receipts(0, n, dice.randbytes(32 * n), dice.randbytes(32 * n))


def _make_in_two(receipts: Receipts, pool: Executor) -> tuple[bytes, float]:
    """The root, half of the leaves by ``pool``; and the most memory that its process held."""
    half = receipts.n // 2
    theirs = pool.submit(_hash_sorted, receipts.part(half, receipts.n))
    own = sorted(receipts.part(0, half).hash(), reverse=True)
    other, helper_mb = theirs.result()
    return make_root(own + _rows(other)), helper_mb


def _hash_sorted(receipts: Receipts) -> tuple[bytes, float]:
    """Their leaves, sorted, so that the other process has to merge only; and this process's peak of memory."""
    return b"".join(sorted(receipts.hash(), reverse=True)), peak_mb()


def _rows(content: bytes) -> list[bytes]:
    return [content[at : at + 32] for at in range(0, len(content), 32)]


def _agree(one: bytes, other: bytes) -> None:
    if one != other:
        raise errors.InvariantError("Two ways come to different roots.", one=one, other=other)


def say(n: int) -> str:
    """A number as in a figure's name."""
    return next(
        (f"{n // unit}{sign}" for unit, sign in ((1_000_000, "m"), (1_000, "k")) if n % unit == 0 and n), str(n)
    )
