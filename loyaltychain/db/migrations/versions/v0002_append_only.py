"""Triggers that refuse to change what is a fact, on both engines. Rows can be added, nothing else.

Guards against faults of the program. Who owns the database can drop them; the hash chain shows that.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "events", "event_positions", "entries", "postings", "entry_positions", "outcomes", "attempts", "publications",
    "batch_updates", "receipts",
)  # fmt: skip

#: Tables in which only the columns that are not named here may change.
FIXED_COLUMNS = {
    "members": ("number", "member_id"),
    "batches": (
        "id", "from_position", "to_position", "prev_hash", "balance_root", "receipt_root", "ledger_head",
        "program_hash", "data", "data_hash", "time", "updates", "issued", "burned", "batch_hash",
    ),
}  # fmt: skip


def upgrade() -> None:
    """Create one trigger a table and kind of change."""
    engine = op.get_bind().dialect.name
    if engine == "postgresql":
        op.execute(
            "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; "
            "END $$"
        )
    create = _create_on_postgresql if engine == "postgresql" else _create_on_sqlite
    for table in APPEND_ONLY:
        create(table, "")
    for table, columns in FIXED_COLUMNS.items():
        create(table, f"OF {', '.join(columns)}")


def _create_on_sqlite(table: str, columns: str) -> None:
    for change, of in (("UPDATE", columns), ("DELETE", "")):
        op.execute(
            f"CREATE TRIGGER no_{change.lower()}_{table} BEFORE {change} {of} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )


def _create_on_postgresql(table: str, columns: str) -> None:
    for change, of, each in (("UPDATE", columns, "ROW"), ("DELETE", "", "ROW"), ("TRUNCATE", "", "STATEMENT")):
        op.execute(
            f"CREATE TRIGGER no_{change.lower()}_{table} BEFORE {change} {of} ON {table} "
            f"FOR EACH {each} EXECUTE FUNCTION refuse_change()"
        )
