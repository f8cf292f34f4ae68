"""``bench ledger``: entries posted, and events on their whole way into the ledger, durable, beside plain inserts.

The baseline is one table with a unique key, filled with rows of the same size by the same driver in the same run, a
commit every 1,000. No figure comes from a database that could lose a commit.
"""

import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Column, Engine, MetaData, Table, Text, text

from loyaltychain.bench.ledger_load import BATCH, START, Entries, Events, program
from loyaltychain.bench.report import Result, cheaper, compared
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.bulk import insert_rows
from loyaltychain.db.engine import reading, transaction
from loyaltychain.db.migrate import open_migrated
from loyaltychain.events.capture import capture
from loyaltychain.ledger.post import post
from loyaltychain.operations.earn import earn_step

N = 100_000
LONG = 10_000_000
WINDOW = 100_000
_BASELINE = "plain inserts of rows of the same size, one table with a unique key, a commit every 1,000"
_COPIED = "COPY of the same rows into the same table, a commit every 1,000"
_PEAK_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
_ROW_BYTES = {"post": 550, "way": 1_400}  # all columns of an entry; of an event with its entry, lot and outcome
_LATER = UnixSeconds(START + 2 * LONG)

OnStep = Callable[[int, int], None]


def run_ledger(url: str, *, n: int, on_step: OnStep) -> list[Result]:
    """Posting alone and the whole way in this database, which must be empty.

    Raises InvalidSettings when it would not keep a commit through a crash.
    """
    name = "postgres" if url.startswith("postgresql") else "sqlite"
    results: list[Result] = []
    with _opened(url) as engine:
        captured, earned = time_way(engine, n, on_step)
        posted = time_posts(engine, n)
        plain = {part: time_plain(engine, n, part) for part in _ROW_BYTES}
    for part, unit, seconds in (("post", "entries/s", posted), ("way", "events/s", captured + earned)):
        baseline = _BASELINE if name == "sqlite" else _COPIED
        rate, plain_rate = n / seconds, n / plain[part]
        results.append(compared(f"{part}.{name}", rate, unit, n, baseline=baseline, baseline_value=plain_rate))
    results += [
        Result(f"way.{name}.{part}", round(seconds / n * 1e6, 2), "µs/event", n)
        for part, seconds in (("capture", captured), ("earn", earned))
    ]
    if name == "postgres":
        results.append(Result("copy.postgres", round(n / plain["way"], 1), "rows/s", n))
    return results


def run_long(url: str, *, n: int, on_step: OnStep) -> list[Result]:
    """The whole way of ``n`` events in windows of 100,000: the first and the last rate, and the peak of memory."""
    size = f"{n // 1_000_000}m" if n >= 1_000_000 else f"{n // 1_000}k"
    name = f"way.{'postgres' if url.startswith('postgresql') else 'sqlite'}.{size}"
    seconds: list[float] = []
    work: list[float] = []
    with _opened(url) as engine:
        for events in _windows(n):
            started = time.process_time()
            seconds.append(sum(_walk(engine, events)))
            work.append(time.process_time() - started)
            on_step(len(seconds) * WINDOW, n)
    window = min(WINDOW, n)
    rates = [round(window / each, 1) for each in seconds]
    per_event = [round(each / window * 1e6, 2) for each in work]
    first = "the first"
    results = [
        Result(f"{name}.first100k", rates[0], "events/s", window),
        compared(f"{name}.last100k", rates[-1], "events/s", window, baseline=first, baseline_value=rates[0]),
        # beside other work a clock tells of that too; what our own process needed it does not
        Result(f"{name}.first100k.cpu", per_event[0], "µs/event", window),
        cheaper(f"{name}.last100k.cpu", per_event[-1], "µs/event", window, baseline=first, baseline_value=per_event[0]),
        Result(f"{name}.peak", _peak_mb(), "MB", n),
    ]
    return results + [
        Result(f"{name}.window{place:03}", rate, "events/s", window) for place, rate in enumerate(rates, start=1)
    ]


def check_durable(engine: Engine) -> None:
    """Raise InvalidSettings unless what the database says that it kept is kept when the power goes."""
    with reading(engine) as tx:
        if tx.dialect.name == "sqlite":
            found = {"synchronous": str(tx.execute(text("PRAGMA synchronous")).scalar_one())}
            wanted = {"synchronous": "2"}
        else:
            wanted = dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "on")
            found = {name: str(tx.execute(text(f"SHOW {name}")).scalar_one()) for name in wanted}
    if found != wanted:
        raise errors.InvalidSettings("This database may lose commits: no figure of it counts.", **found)


def time_way(engine: Engine, n: int, on_step: OnStep) -> tuple[float, float]:
    """Seconds for ``n`` events to be captured, and to be decided on."""
    captured = earned = 0.0
    for done, events in enumerate(_windows(n)):
        more = _walk(engine, events)
        captured, earned = captured + more[0], earned + more[1]
        on_step(min((done + 1) * WINDOW, n), n)
    return captured, earned


def time_posts(engine: Engine, n: int) -> float:
    """Seconds for ``n`` ready entries."""
    load, seconds = Entries(), 0.0
    for _ in range(0, n, BATCH):
        entries = load.batch()
        started = time.perf_counter()
        with transaction(engine) as tx:
            assert all(post(tx, entries))
        seconds += time.perf_counter() - started
    return seconds


def time_plain(engine: Engine, n: int, part: str) -> float:
    """Seconds to put ``n`` rows of that part's size into a table with a unique key."""
    table = Table(f"bench_{part}", MetaData(), Column("id", Text, primary_key=True), Column("body", Text))
    with transaction(engine) as tx:
        table.create(tx)
    body, seconds = "x" * (_ROW_BYTES[part] - 20), 0.0
    for first in range(0, n, BATCH):
        rows = [(f"earn:shop/S-{number:08}", body) for number in range(first, first + BATCH)]
        started = time.perf_counter()
        with transaction(engine) as tx:
            insert_rows(tx, table, rows)
        seconds += time.perf_counter() - started
    with transaction(engine) as tx:
        table.drop(tx)
    return seconds


def _walk(engine: Engine, load: Iterator[list[object]]) -> tuple[float, float]:
    captured = earned = 0.0
    rules = program()
    for events in load:
        started = time.perf_counter()
        with transaction(engine) as tx:
            taken = capture(tx, events, received_at=START)  # type: ignore[arg-type]
        between = time.perf_counter()
        step = earn_step(engine, rules, now=_LATER, limit=BATCH)
        earned += time.perf_counter() - between
        captured += between - started
        assert taken.taken == step.posted == len(events), step
    return captured, earned


def _windows(n: int) -> Iterator[Iterator[list[object]]]:
    load = Events()
    for first in range(0, n, WINDOW):
        yield (list(load.batch()) for _ in range(first, min(first + WINDOW, n), BATCH))


@contextmanager
def _opened(url: str) -> Iterator[Engine]:
    engine = open_migrated(url)
    try:
        check_durable(engine)
        yield engine
    finally:
        engine.dispose()


def _peak_mb() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _PEAK_UNIT / 2**20, 1)
