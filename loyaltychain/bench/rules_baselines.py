"""What ``bench rules`` is held against: a plain loop over the acts, and DuckDB's window functions. Points only."""

import csv
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from loyaltychain.bench.conduct_log import POINTS, Acts

_ZONE = ZoneInfo("Europe/London")

#: Of acts in the order of time, each is given what the day's cap still leaves.
_WINDOWS = """
SELECT sum(greatest(0, least(points, most - (running - points)))) FROM (
    SELECT points, most, sum(points) OVER (
        PARTITION BY member, type, timezone('Europe/London', to_timestamp(moment))::DATE
        ORDER BY moment, number ROWS UNBOUNDED PRECEDING
    ) AS running FROM acts JOIN rules USING (type)
)
"""


class Counted(NamedTuple):
    """What a baseline came to, and how long it took, without reading its input."""

    points: int
    seconds: float


def count_plainly(acts: Acts) -> Counted:
    """A loop with a dictionary of what each day's cap has used; a day is asked of the zone database once an hour."""
    rules = tuple(POINTS.values())
    days: dict[int, int] = {}
    total = 0
    started = time.process_time()
    for times, types in zip(acts.times, acts.types, strict=True):
        used: dict[tuple[int, int], int] = {}
        for at, kind in zip(times, types, strict=True):
            hour = at // 3600
            day = days.get(hour)
            if day is None:
                day = days[hour] = datetime.fromtimestamp(at, _ZONE).toordinal()
            points, most = rules[kind]
            before = used.get((day, kind), 0)
            given = min(points, most - before)
            if given > 0:
                used[day, kind] = before + given
                total += given
    return Counted(total, time.process_time() - started)


def count_by_windows(acts: Acts) -> Counted | None:
    """The same by one query of DuckDB on one thread, on a table that is loaded; None where DuckDB is not installed."""
    try:
        import duckdb
    except ImportError:
        return None
    with tempfile.TemporaryDirectory(prefix="loyaltychain-bench-") as directory:
        path = Path(directory) / "acts.csv"
        with path.open("w", newline="", encoding="utf-8") as out:
            csv.writer(out).writerows(acts.rows())
        with duckdb.connect(config={"threads": 1}) as connection:
            connection.execute("CREATE TABLE acts (member INTEGER, number INTEGER, moment BIGINT, type VARCHAR)")
            connection.execute("INSERT INTO acts SELECT * FROM read_csv(?, header = false)", [str(path)])
            connection.execute("CREATE TABLE rules (type VARCHAR, points INTEGER, most INTEGER)")
            connection.executemany(
                "INSERT INTO rules VALUES (?, ?, ?)", [(name, *each) for name, each in POINTS.items()]
            )
            started = time.process_time()
            row = connection.execute(_WINDOWS).fetchone()
            seconds = time.process_time() - started
    assert row is not None
    return Counted(int(row[0] or 0), seconds)
