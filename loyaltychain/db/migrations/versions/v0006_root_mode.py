"""Batches can be void: their state, what voided them, and room for another receipt of the same change. And supply.

A void batch that was on chain stays as it was. One that never was there only stood behind it; it may be deleted, with
its updates and receipts, because the chain gives its number to the next batch.
"""

import sqlalchemy as sa
from alembic import op

from loyaltychain.db.migrations.guard import guard
from loyaltychain.db.migrations.parts import check, index, key, number, refers, text, unique

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_FIXED = (
    "id", "from_position", "to_position", "prev_hash", "balance_root", "receipt_root", "ledger_head", "program_hash",
    "data", "data_hash", "time", "updates", "issued", "burned", "batch_hash", "supply",
)  # fmt: skip
_STATES = "state IN ('sealed','submitted','final','halted','void')"
#: Where a batch's number stands in each table whose rows go with it.
_NUMBERS = {"batches": "id", "batch_updates": "batch", "receipts": "batch"}


def upgrade() -> None:
    """Create the new table, change the old ones as each engine can, and refuse changes to what is a fact."""
    op.create_table(
        "batch_voids",
        number("first_id"), number("last_id"), number("fraud"), text("challenger"), number("block_number"),
        number("is_own"), number("resumed_at", null=True),
        key("batch_voids", "first_id"), check("batch_voids", "range", "1 <= first_id AND first_id <= last_id"),
        check("batch_voids", "is_own", "is_own IN (0, 1)"),
    )  # fmt: skip
    guard("batch_voids", "first_id", "last_id", "fraud", "challenger", "block_number", "is_own")
    if op.get_bind().dialect.name == "postgresql":
        _change_on_postgresql()
    else:
        _change_on_sqlite()
    index("batches", "state")  # the rows are long, and those of most states are few


def _change_on_postgresql() -> None:
    op.drop_constraint("ck_batches_state", "batches")
    op.create_check_constraint("ck_batches_state", "batches", _STATES)
    op.add_column("batches", sa.Column("supply", sa.BigInteger(), nullable=True))
    op.execute("UPDATE batches SET supply = (SELECT SUM(b.issued - b.burned) FROM batches b WHERE b.id <= batches.id)")
    op.alter_column("batches", "supply", nullable=False)
    op.drop_constraint("uq_receipts_entry_id", "receipts")
    op.create_unique_constraint("uq_receipts_entry_id", "receipts", ["entry_id", "member", "unit", "batch"])
    op.execute("DROP TRIGGER no_update_batches ON batches")
    op.execute(
        f"CREATE TRIGGER no_update_batches BEFORE UPDATE OF {', '.join(_FIXED)} ON batches "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE FUNCTION refuse_deletion() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "DECLARE gone bigint := COALESCE((to_jsonb(OLD)->>'batch')::bigint, (to_jsonb(OLD)->>'id')::bigint); "
        f"BEGIN IF {_may_go('gone')} THEN RETURN OLD; END IF; "
        "RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; "
        "END $$"
    )
    for table in _NUMBERS:
        op.execute(f"DROP TRIGGER no_delete_{table} ON {table}")
        op.execute(
            f"CREATE TRIGGER no_delete_{table} BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_deletion()"
        )


def _change_on_sqlite() -> None:
    # The rows of other tables refer to batches; they find them again before the transaction ends.
    op.execute("PRAGMA defer_foreign_keys = ON")
    op.execute("DROP TRIGGER no_delete_batch_updates")
    _rebuild_receipts()
    _rebuild_batches()
    for table, column in _NUMBERS.items():
        op.execute(
            f"CREATE TRIGGER no_delete_{table} BEFORE DELETE ON {table} WHEN NOT ({_may_go(f'OLD.{column}')}) "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
    for table, of in (("batches", f"OF {', '.join(_FIXED)}"), ("receipts", "")):
        op.execute(
            f"CREATE TRIGGER no_update_{table} BEFORE UPDATE {of} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )


def _rebuild_receipts() -> None:
    op.execute("CREATE TABLE old_receipts AS SELECT * FROM receipts")
    op.drop_table("receipts")
    op.create_table(
        "receipts",
        number("batch"), number("index"), number("member"), text("unit"), number("amount"), text("entry_id"),
        text("entry_digest"), text("salt"), text("leaf"),
        key("receipts", "batch", "index"), unique("receipts", "entry_id", "member", "unit", "batch"),
        refers("receipts", "batch", "batches.id"), refers("receipts", "member", "members.number"),
        refers("receipts", "entry_id", "entries.id"),
    )  # fmt: skip
    op.execute("INSERT INTO receipts SELECT * FROM old_receipts")
    op.drop_table("old_receipts")
    index("receipts", "member")


def _rebuild_batches() -> None:
    op.execute("CREATE TABLE old_batches AS SELECT *, SUM(issued - burned) OVER (ORDER BY id) AS supply FROM batches")
    op.drop_table("batches")
    op.create_table(
        "batches",
        number("id"), number("from_position"), number("to_position"), text("prev_hash"), text("balance_root"),
        text("receipt_root"), text("ledger_head"), text("program_hash"), text("data"), text("data_hash"),
        number("time"), number("updates"), number("issued"), number("burned"), text("batch_hash"), text("state"),
        number("supply"),
        key("batches", "id"), unique("batches", "batch_hash"), check("batches", "id", "id >= 1"),
        check("batches", "state", _STATES), check("batches", "positions", "from_position <= to_position"),
    )  # fmt: skip
    op.execute("INSERT INTO batches SELECT * FROM old_batches")
    op.drop_table("old_batches")


def _may_go(gone: str) -> str:
    """Whether the batch with the number ``gone`` is void and was never on chain."""
    on_chain = "EXISTS (SELECT 1 FROM batch_voids WHERE $gone BETWEEN first_id AND last_id)"
    void = "EXISTS (SELECT 1 FROM batches WHERE id = $gone AND state = 'void')"
    return f"{void} AND NOT {on_chain}".replace("$gone", gone)
