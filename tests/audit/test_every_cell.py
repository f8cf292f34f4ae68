"""run_audit, given a programme in whose database one value is another

given any value of any row that an audit rests on
├── when it is changed
│   └── the audit finds something
└── when it is one of those that nothing vouches for, in some row at least
    └── its column is listed here, with the reason
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tests.audit.scenario import Scenario

TABLES = (
    "members", "events", "outcomes", "entries", "volumes",
    "batches", "batch_updates", "receipts", "receipt_keys", "publications", "deployments",
)  # fmt: skip
UNVOUCHED = {
    ("members", "joined_at"),
    ("events", "received_at"),
    ("outcomes", "explanation"),  # words for the member; recomputing it takes the rules
    ("outcomes", "outcome"),  # "nothing" or "refused": telling them apart takes the rules
    ("volumes", "may_overdraw"),
    ("receipt_keys", "member"),  # as if the key was destroyed
    ("batches", "state"),
    ("publications", "block_number"),
    ("deployments", "manifest"),  # the audit is given its own
}


def other(value: object) -> object:
    if value is None:
        return 1
    if isinstance(value, int):
        return value + 1
    text = str(value)
    return text[:-1] + ("0" if text[-1] != "0" else "1")


def cells(database: Path) -> Iterator[tuple[str, str, int, object]]:
    with closing(sqlite3.connect(database)) as connection:
        connection.row_factory = sqlite3.Row
        for table in TABLES:
            for row in connection.execute(f"SELECT rowid AS place, * FROM {table}").fetchall():
                for column in row.keys()[1:]:
                    yield table, column, row["place"], row[column]


def test_run_audit__any_one_value_changed__finds_something(scenario: Scenario, exported_logs: Path) -> None:
    scenario.edit("UPDATE cursors SET position = position")  # drops the triggers
    engine = scenario.world.engine
    database = Path(engine.url.database or "")
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    intact = shutil.copy(database, database.with_suffix(".intact"))
    silent, seen = set(), set()
    for table, column, place, value in list(cells(database)):
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("PRAGMA ignore_check_constraints = ON")
            try:
                connection.execute(f'UPDATE {table} SET "{column}" = ? WHERE rowid = ?', (other(value), place))
            except sqlite3.IntegrityError:  # another row has that key
                continue
            connection.commit()
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        seen.add((table, column))
        if not scenario.codes(rpc=None, logs=exported_logs):
            silent.add((table, column))
        engine.dispose()
        shutil.copy(intact, database)

    assert silent == UNVOUCHED
    assert len(seen) > 60
