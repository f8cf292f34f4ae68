"""``bench way``: from a log's rows to entries with positions in the ledger, durable, beside plain inserts of the rows.

Each size runs in a process of its own, so that its peak of memory is its own.
"""

import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from sqlalchemy import Column, Engine, MetaData, Table, Text

from loyaltychain.bench.order_log import MAP, PROGRAM, write_log
from loyaltychain.bench.report import Result, compared, straightness
from loyaltychain.core import errors
from loyaltychain.core.clock import system_clock
from loyaltychain.db.engine import transaction
from loyaltychain.db.migrate import open_migrated
from loyaltychain.events.ingest import ingest_file
from loyaltychain.events.map import packaged_map
from loyaltychain.operations.earn import earn_step
from loyaltychain.program.load import parse_program, template

SIZES = (10_000, 100_000, 500_000)
_BASELINE = "plain inserts of the same rows, a commit every 1,000"
_PEAK_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes


@dataclass(frozen=True, slots=True)
class Way:
    """One size's figures. ``idle_mb`` is the peak before the first row: libraries, no data."""

    lines: int
    events: int
    points: int
    seconds: float
    plain_seconds: float
    idle_mb: float
    peak_mb: float


def measure(lines: int, database: str | None) -> Way:
    """Run one size here and now.

    Args:
        database: URL of an empty database; None: an SQLite file that is gone afterwards.
    """
    with tempfile.TemporaryDirectory(prefix="loyaltychain-bench-") as directory:
        folder = Path(directory)
        write_log(folder / "log.csv", lines=lines)
        engine = open_migrated(database or f"sqlite:///{folder / 'bench.sqlite3'}")
        idle_mb = _peak_mb()
        started = time.monotonic()
        events, points = _walk(engine, folder / "log.csv")
        seconds = time.monotonic() - started
        peak_mb = _peak_mb()
        plain_seconds = _insert_plainly(engine, folder / "log.csv")
        engine.dispose()
    return Way(lines, events, points, round(seconds, 3), round(plain_seconds, 3), idle_mb, peak_mb)


def measure_alone(lines: int, database: str | None) -> Way:
    """Run one size in a process of its own. Raises InvariantError with its output when it fails."""
    command = [sys.executable, "-m", "loyaltychain", "bench", "way", "--alone", "--lines", str(lines), "--json"]
    command += ["--database", database] if database else []
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - this very program
    if done.returncode:
        raise errors.InvariantError(
            f"The benchmark of {lines} lines failed.", output=(done.stdout + done.stderr)[-800:]
        )
    return Way(**json.loads(done.stdout))


def run_way(sizes: Sequence[int], database: str | None, on_size: Callable[[int, int], None]) -> list[Result]:
    """All sizes, each alone, and how straight a line their seconds and their memory make."""
    engine = "postgres" if database and database.startswith("postgres") else "sqlite"
    ways: list[Way] = []
    for place, lines in enumerate(sizes):
        on_size(place, len(sizes))
        ways.append(measure_alone(lines, database))
    results = [result for way in ways for result in _results(way, f"way.{engine}.{way.lines}")]
    if len(ways) >= 3:
        n = ways[-1].lines
        time_line = straightness([(way.lines, way.seconds) for way in ways])
        results.append(Result(f"way.{engine}.straightness.seconds", time_line, "R2", n))
        memory_line = straightness([(way.lines, way.peak_mb) for way in ways])
        results.append(Result(f"way.{engine}.straightness.peak", memory_line, "R2", n))
    return results


def as_document(way: Way) -> dict[str, object]:
    """One size's figures as JSON."""
    return asdict(way)


def _results(way: Way, name: str) -> list[Result]:
    lines_a_second, plain = way.lines / way.seconds, way.lines / way.plain_seconds
    return [
        compared(name, lines_a_second, "lines/s", way.lines, baseline=_BASELINE, baseline_value=plain),
        Result(f"{name}.events", round(way.events / way.seconds, 1), "events/s", way.events),
        Result(f"{name}.seconds", way.seconds, "s", way.lines),
        Result(f"{name}.peak", way.peak_mb, "MB", way.lines, "before the first row", way.idle_mb),
    ]


def _walk(engine: Engine, log: Path) -> tuple[int, int]:
    now = system_clock()
    report = ingest_file(
        engine, log, format="csv", event_map=packaged_map(MAP), received_at=now, rejects=log.with_suffix(".rejects")
    )
    assert report.rejected == 0, report
    program, points = parse_program(template(PROGRAM)), 0
    while (step := earn_step(engine, program, now=now)).events:
        points += step.issued
    return report.taken, points


def _insert_plainly(engine: Engine, log: Path) -> float:
    """Seconds to put the same rows into one table without a key, durable, by the same library."""
    with log.open(encoding="utf-8", newline="") as stream:
        rows = csv.DictReader(stream)
        assert rows.fieldnames
        table = Table("bench_plain", MetaData(), *(Column(name, Text) for name in rows.fieldnames))
        with transaction(engine) as tx:
            table.create(tx)
        started = time.monotonic()
        for some in _chunks(rows, 1_000):
            with transaction(engine) as tx:
                tx.execute(table.insert(), some)
        seconds = time.monotonic() - started
    with transaction(engine) as tx:
        table.drop(tx)
    return seconds


def _chunks(rows: Iterator[dict[str, str]], size: int) -> Iterator[list[dict[str, str]]]:
    while some := list(islice(rows, size)):
        yield some


def _peak_mb() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _PEAK_UNIT / 2**20, 1)
