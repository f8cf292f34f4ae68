"""``bench rules``: SIMULATED acts folded by the engine, with achievements, streaks and tiers on, on one core.

Beside a plain loop and DuckDB's window functions, both for points alone; all come to the same points, or it fails. And
one late act of a member with many: folded again from a checkpoint, and in full. And the same by the step that reads
acts from the database and posts what they give (``rules_step.py``). Times are those of the processor.
"""

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median
from typing import Final

from loyaltychain.bench.conduct_log import PROGRAM, START, Acts, facts_of, make_acts
from loyaltychain.bench.report import Result, cheaper, compared
from loyaltychain.bench.rules_baselines import Counted, count_by_windows, count_plainly
from loyaltychain.bench.rules_step import measure_step
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.program.load import parse_program
from loyaltychain.rules.engine.engine import Engine, compile_engine
from loyaltychain.rules.engine.fold import CHECKPOINT_EVERY, fold
from loyaltychain.rules.engine.state import State
from loyaltychain.rules.engine.types import Fact, Grant

N: Final = 1_000_000
MEMBERS_PER: Final = 10  # acts for each member
STEP_PER: Final = 20  # of so many acts, one goes through the step, too: a database takes longer than memory
LONG: Final = 10_000  # acts of the member whose late act is folded
_TIMES: Final = 3  # each refold; the median counts
_LATE: Final = CHECKPOINT_EVERY // 2  # acts that are newer than the late one

OnStep = Callable[[int, int | None], None]


class Alone:
    """Nothing is shared by members in this programme."""

    def take(self, resource: str, key: str, wanted: int, *, most: int, at: UnixSeconds) -> int:
        """Never asked."""
        raise errors.InvariantError("Nothing is shared here.", resource=resource)


@dataclass(frozen=True, slots=True)
class Run:
    """What the engine came to: points of behaviours, badges, and the seconds of the fold alone."""

    points: int
    badges: int
    seconds: float


def run_rules(n: int, on_step: OnStep) -> tuple[list[Result], bool]:
    """The figures, and whether DuckDB was there to be compared with.

    Raises InvariantError when two ways do not come to the same points.
    """
    engine = compile_engine(parse_program(PROGRAM))
    stages = 6
    acts = make_acts(max(n // MEMBERS_PER, 1), n)
    on_step(1, stages)
    gc.freeze()  # the input of all members would not be in one process's memory elsewhere
    ours = fold_acts(engine, acts)
    on_step(2, stages)
    plain = count_plainly(acts)
    on_step(3, stages)
    windows = count_by_windows(acts)
    on_step(4, stages)
    for other in (plain, windows):
        if other is not None and other.points != ours.points:
            raise errors.InvariantError("Two ways come to other points.", ours=ours.points, other=other.points)
    results = _beside(n, ours, plain, windows) + refolds(engine)
    gc.unfreeze()
    on_step(5, stages)
    told = max(n // STEP_PER, 1000)
    results += measure_step(told, max(told // MEMBERS_PER, 1), n / ours.seconds)
    on_step(6, stages)
    return results, windows is not None


def fold_acts(engine: Engine, acts: Acts) -> Run:
    """Every member's acts, folded from nothing; making the facts is not counted."""
    points = badges = 0
    seconds = 0.0
    engines, alone = {engine.version: engine}, Alone()
    for member, (times, types) in enumerate(zip(acts.times, acts.types, strict=True), 1):
        facts = facts_of(member, times, types, engine.version)
        started = time.process_time()
        folded = fold(engines, facts, engine.new_state(), alone)
        seconds += time.process_time() - started
        for _, grant in folded.emitted:
            if grant.unit == "badge":
                badges += grant.awarded
            else:
                points += grant.awarded
    return Run(points, badges, seconds)


def _beside(n: int, ours: Run, plain: Counted, windows: Counted | None) -> list[Result]:
    speed = n / ours.seconds
    loop = "a plain loop, points with caps only"
    results = [
        compared("engine.per_core", speed, "events/s", n, baseline=loop, baseline_value=n / plain.seconds),
        Result("engine.points", ours.points, "points", n),
        Result("engine.badges", ours.badges, "badges", n),
    ]
    if windows is not None:
        said = "DuckDB's window functions on one thread over a loaded table, points with caps only"
        results.append(
            compared("engine.per_core.duckdb", speed, "events/s", n, baseline=said, baseline_value=n / windows.seconds)
        )
    return results


def refolds(engine: Engine) -> list[Result]:
    """A late act of a member with many: from the checkpoint before it, in full, and at the worst place."""
    history = _history(engine)
    full_value = median(_refold(engine, history, place=0) for _ in range(_TIMES))
    near = median(_refold(engine, history, place=LONG - _LATE) for _ in range(_TIMES))
    middle = median(_refold(engine, history, place=LONG // 2) for _ in range(_TIMES))
    anew = "all of the member's acts anew, in this run"
    return [
        cheaper("refold.10k.checkpoint", near, "ms", LONG, baseline=anew, baseline_value=full_value),
        cheaper("refold.10k.middle", middle, "ms", LONG, baseline=anew, baseline_value=full_value),
        Result("refold.10k.full", round(full_value, 2), "ms", LONG),
        Result("refold.10k.late_by", _LATE, "acts", LONG),
        Result("refold.10k.checkpoint_every", CHECKPOINT_EVERY, "acts", LONG),
    ]


@dataclass(frozen=True, slots=True)
class _History:
    """A member's acts, the checkpoints on their way as documents, and what stands at the end."""

    facts: list[Fact]
    checkpoints: list[dict[str, object]]
    grants: dict[tuple[str, str, str], Grant]


def _history(engine: Engine) -> _History:
    """Acts every half hour or so for half a year."""
    acts = make_acts(1, LONG, seed=11)
    facts = facts_of(1, acts.times[0], acts.types[0], engine.version)
    folded = fold({engine.version: engine}, facts, engine.new_state(), Alone())
    return _History(facts, [each.to_document() for each in folded.checkpoints], folded.grants)


def _refold(engine: Engine, history: _History, *, place: int) -> float:
    """Milliseconds from a late act before the one at ``place`` to the grants that differ.

    That is: read the newest checkpoint before it, fold what comes after with new checkpoints, compare the grants.
    """
    facts = history.facts
    at = UnixSeconds(facts[place - 1].at if place else START - 1)
    late = replace(facts[0], at=at, source="late", id="0")
    following = [late, *facts[place:]]
    kept = [each for each in history.checkpoints if tuple(each["last"]) < late.key]  # type: ignore[arg-type]
    done = len(kept) * CHECKPOINT_EVERY
    following = [*facts[done:place], *following]
    started = time.process_time()
    state = State.from_document(kept[-1]).copy() if kept else engine.new_state()
    folded = fold({engine.version: engine}, following, state, Alone())
    known = history.grants
    changed = [grant for key, grant in folded.grants.items() if known.get(key) != grant]
    seconds = time.process_time() - started
    if not changed or len(folded.grants) < len(following):
        raise errors.InvariantError("The late act changed nothing.", changed=len(changed))
    return seconds * 1000
