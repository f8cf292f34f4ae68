"""The step that folds acts, for ``bench rules``: SIMULATED acts from the database to grants and entries, on one core.

What the engine takes from memory is here read from events, routed, folded, posted and kept, in an SQLite database in
memory. Times are those of the processor; taking events in is not counted.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from itertools import islice
from statistics import median
from typing import Final

from sqlalchemy import Engine

from loyaltychain.bench.conduct_log import DAYS, POINTS, PROGRAM, START, Acts, make_acts
from loyaltychain.bench.report import Result, compared
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import transaction
from loyaltychain.db.migrate import open_migrated
from loyaltychain.events.capture import capture
from loyaltychain.events.types import Event
from loyaltychain.operations.conduct.step import conduct_step
from loyaltychain.operations.earn import earn_step
from loyaltychain.program.load import parse_program

LONG: Final = 10_000  # acts of the member whose late act is folded
_A_RUN: Final = 1000
_TIMES: Final = 3  # each late act; the median counts
_NOW: Final = UnixSeconds(START + (DAYS + 1) * 86_400)


def measure_step(n: int, members: int, engine_speed: float) -> list[Result]:
    """The step's figures.

    Args:
        n: Acts, told in the order in which they were done.
        engine_speed: Acts a second that the engine alone folds in this run.

    Raises InvariantError when nothing is granted.
    """
    engine = open_migrated("sqlite://")
    _take(engine, _events(make_acts(members, n)))
    seconds, grants = _fold(engine)
    engine.dispose()
    if not grants:
        raise errors.InvariantError("The step granted nothing.", acts=n)
    alone = "the engine alone, on acts in memory, in this run"
    speed = compared("step.per_core", n / seconds, "events/s", n, baseline=alone, baseline_value=engine_speed)
    return [speed, Result("step.grants", grants, "grants", n), *_measure_late()]


def _measure_late() -> list[Result]:
    """Milliseconds of the whole step for one late act of a member with many."""
    engine = open_migrated("sqlite://")
    history = list(_events(make_acts(1, LONG, seed=11)))
    _take(engine, history)
    _fold(engine)
    found = []
    for name, newer in (("checkpoint", LONG // 40), ("middle", LONG // 2), ("full", LONG - 1)):
        at = history[LONG - newer].occurred_at - 1
        times = []
        for number in range(_TIMES):
            late = Event("late", f"{name}-{number}", "reply", history[0].member_id, UnixSeconds(at), {"length": 40})
            _take(engine, [late])
            times.append(_fold(engine)[0])
        found.append(Result(f"step.late.10k.{name}", round(median(times) * 1000, 2), "ms", LONG))
    engine.dispose()
    return found


def _take(engine: Engine, told: Iterable[Event]) -> None:
    """Take these in, and decide what rules on their types say: nothing."""
    program, left = parse_program(PROGRAM), iter(told)
    while some := list(islice(left, _A_RUN)):
        with transaction(engine) as tx:
            capture(tx, some, received_at=_NOW)
        while earn_step(engine, program, now=_NOW).events:
            pass


def _fold(engine: Engine) -> tuple[float, int]:
    """Seconds of the processor, of runs that had something to do, and how many grants that made."""
    program, seconds, grants = parse_program(PROGRAM), 0.0, 0
    while True:
        started = time.process_time()
        report = conduct_step(engine, program, now=_NOW, limit=_A_RUN)
        took = time.process_time() - started
        if not report.work:
            return seconds, grants
        seconds, grants = seconds + took, grants + report.grants


def _events(acts: Acts) -> Iterator[Event]:
    """The acts of all members, in the order of time."""
    names = tuple(POINTS)
    each = (_of(member, times, types) for member, (times, types) in enumerate(zip(acts.times, acts.types, strict=True)))
    for at, member, place, kind in merge(*each):
        payload = {"length": 40 + at % 400}
        yield Event("forum", f"{member}-{place:06}", names[kind], f"member-{member}", UnixSeconds(at), payload)


def _of(member: int, times: Sequence[int], types: bytes) -> Iterator[tuple[int, int, int, int]]:
    return ((at, member, place, kind) for place, (at, kind) in enumerate(zip(times, types, strict=True)))
