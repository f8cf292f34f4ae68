"""migrate, given a database of the release before root mode
├── batches, updates and receipts are what they were, and each batch has the supply after it
└── they are still append-only
a migrated database
├── given two receipts of one change: refused in one batch, taken in two
├── given a void batch that was never on chain: it may be deleted, with its updates and receipts
└── given a batch that is not void, or was on chain: it may not
"""

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

from loyaltychain.core import errors
from loyaltychain.db.engine import reading, transaction
from loyaltychain.db.migrate import migrate
from tests.db.builders import ONE_ROW_EACH, insert_one_row_each

ENTRY = {
    "id": "earn:1", "kind": "earn", "member": 1, "cause": "shop/1", "occurred_at": 5, "recorded_at": 6,
    "digest": "0x03",
}  # fmt: skip
POSTING = {
    "entry_id": "earn:1", "line": 0, "source": "program:issued", "destination": "member:1:available",
    "unit": "points", "amount": 7,
}  # fmt: skip
UPDATES = {"member": 1, "delta": 7}
#: Of children before parents, so that no reference is in the way.
DELETIONS = ("DELETE FROM receipts", "DELETE FROM batch_updates", "DELETE FROM batches")


def migrate_to_release_before(engine: Engine) -> None:
    with transaction(engine) as tx:
        config = Config()
        config.set_main_option("script_location", "loyaltychain.db:migrations")
        config.attributes["tx"] = tx
        command.upgrade(config, "0005")


def fill(engine: Engine) -> None:
    """Three batches, the second of which burns; the first has a receipt."""
    rows = {table.name: row for table, row in ONE_ROW_EACH}
    batch = {name: value for name, value in rows["batches"].items() if name != "supply"}
    with transaction(engine) as tx:
        _insert(tx, "members", rows["members"])
        _insert(tx, "entries", ENTRY)
        _insert(tx, "postings", POSTING)
        for number, issued, burned in ((1, 7, 0), (2, 0, 3), (3, 5, 1)):
            changes = {"id": number, "issued": issued, "burned": burned, "batch_hash": f"0x{number:02x}"}
            _insert(tx, "batches", batch | changes)
            _insert(tx, "batch_updates", UPDATES | {"batch": number})
        _insert(tx, "receipts", rows["receipts"])


def _insert(tx, table, row) -> None:
    names = ", ".join(f'"{name}"' for name in row)
    tx.execute(text(f"INSERT INTO {table} ({names}) VALUES ({', '.join(f':{name}' for name in row)})"), row)


def read_all(engine: Engine, columns: str, table: str) -> list[tuple]:
    with reading(engine) as tx:
        return [tuple(row) for row in tx.execute(text(f"SELECT {columns} FROM {table} ORDER BY 1, 2"))]


def test_migrate__batches_of_the_release_before__kept_and_given_their_supply(empty_database: Engine) -> None:
    migrate_to_release_before(empty_database)
    fill(empty_database)
    columns = {
        "batches": "id, state, batch_hash, issued, burned, data",
        "batch_updates": "batch, member, delta",
        "receipts": 'batch, "index", entry_id, leaf',
    }
    before = {table: read_all(empty_database, names, table) for table, names in columns.items()}
    migrate(empty_database)

    assert {table: read_all(empty_database, names, table) for table, names in columns.items()} == before
    assert read_all(empty_database, "id, supply", "batches") == [(1, 7), (2, 4), (3, 8)]
    for change in ("UPDATE batches SET supply = 1", "UPDATE receipts SET leaf = '0x'", *DELETIONS):
        with pytest.raises(errors.ConstraintRefused, match="is append-only"), transaction(empty_database) as tx:
            tx.execute(text(change))


def test_receipts__of_one_change__once_a_batch(database: Engine) -> None:
    receipt = {table.name: row for table, row in ONE_ROW_EACH}["receipts"]
    batch = {table.name: row for table, row in ONE_ROW_EACH}["batches"]
    with transaction(database) as tx:
        insert_one_row_each(tx)
        _insert(tx, "batches", batch | {"id": 2, "batch_hash": "0xff"})
        _insert(tx, "receipts", receipt | {"batch": 2})

    with pytest.raises(errors.ConstraintRefused), transaction(database) as tx:
        _insert(tx, "receipts", receipt | {"batch": 2, "index": 1})


@pytest.mark.parametrize(
    ("state", "first_on_chain", "may_go"),
    [("void", 2, True), ("void", 1, False), ("sealed", 2, False), ("final", 2, False)],
)
def test_deletion__of_a_batch__only_if_void_and_never_on_chain(
    database: Engine, state: str, first_on_chain: int, may_go: bool
) -> None:
    with transaction(database) as tx:
        insert_one_row_each(tx)
        for step in ("submitted", "final") if state == "final" else (state,):
            tx.execute(text("UPDATE batches SET state = :state"), {"state": step})
        _insert(tx, "batch_voids", {
            "first_id": first_on_chain + 10 * (first_on_chain == 2), "last_id": 12, "fraud": 3, "challenger": "0x01",
            "block_number": 9, "is_own": 0,
        })  # fmt: skip
    if not may_go:
        for deletion in DELETIONS:
            with pytest.raises(errors.ConstraintRefused, match="is append-only"), transaction(database) as tx:
                tx.execute(text(deletion))
        return
    with transaction(database) as tx:
        for deletion in DELETIONS:
            tx.execute(text(deletion))

    assert read_all(database, "id, state", "batches") == []
