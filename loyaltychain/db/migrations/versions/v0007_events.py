"""An event is one row with its position, by which the table is kept; what was decided on it stands at the same number.

References of events and outcomes go: PostgreSQL asks for each row whether the other end is there, which took half of
the time. Both are written by whoever has just read the other end, of tables in which nothing is ever deleted.
"""

from alembic import op

from loyaltychain.db.migrations.guard import guard
from loyaltychain.db.migrations.parts import check, key, number, position, text, unique

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

#: Events that never got a position come after all others, in the order in which they would have got it.
_POSITIONED = """
    SELECT COALESCE(p.position, (SELECT COALESCE(MAX(position), 0) FROM event_positions) + ROW_NUMBER() OVER (
        PARTITION BY p.position ORDER BY e.received_at, e.occurred_at, e.source, e.id)) AS position,
        e.source, e.id, e.type, e.member, e.occurred_at, e.received_at, e.payload, e.digest
    FROM events e LEFT JOIN event_positions p ON p.source = e.source AND p.id = e.id
"""
_NAMED_BY = ("orders", "return_lines")  # they refer to events by source and id
_REFERENCES = (
    ("outcomes", "position_event_positions"), ("outcomes", "entry_id_entries"),
    *((table, "source_events") for table in _NAMED_BY),
)  # fmt: skip

#: SQLite makes a table of a list of three or more, for each row anew: twice the cost of the row.
_OUTCOMES = "outcome = 'posted' OR outcome = 'nothing' OR outcome = 'refused'"


def upgrade() -> None:
    """Rebuild events in the order of their positions, and free outcomes of their references.

    On SQLite members too, so that their rows are kept by number.
    """
    op.execute(f"CREATE TABLE old_events AS {_POSITIONED}")
    if op.get_bind().dialect.name == "postgresql":
        for table, name in _REFERENCES:
            op.drop_constraint(f"fk_{table}_{name}", table)
        _rebuild_events()
        op.drop_constraint("ck_outcomes_outcome", "outcomes")
        op.create_check_constraint("ck_outcomes_outcome", "outcomes", _OUTCOMES)
        for table in _NAMED_BY:
            of, to = ["source", "event_id"], ["source", "id"]
            op.create_foreign_key(f"fk_{table}_source_events", table, "events", of, to)
    else:
        # Who refers to members and events finds them again before the transaction ends. The drop of a table asks for
        # each row who refers to it: without the index it would read whole tables each time.
        op.execute("PRAGMA defer_foreign_keys = ON")
        op.create_index("passing_orders", "orders", ["source", "event_id"])
        op.create_index("passing_batch_updates", "batch_updates", ["member"])
        _rebuild_outcomes()
        _rebuild_events()
        _rebuild_members()
        op.drop_index("passing_orders")
        op.drop_index("passing_batch_updates")


def _rebuild_events() -> None:
    op.drop_table("event_positions")
    op.drop_table("events")
    op.create_table(
        "events",
        position(), text("source"), text("id"), text("type"), number("member"), number("occurred_at"),
        number("received_at"), text("payload"), text("digest"),
        key("events", "position"), unique("events", "source", "id"), check("events", "position", "position >= 1"),
    )  # fmt: skip
    op.execute("INSERT INTO events SELECT * FROM old_events ORDER BY position")
    op.drop_table("old_events")
    guard("events")


def _rebuild_outcomes() -> None:
    op.execute("CREATE TABLE old_outcomes AS SELECT position, outcome, entry_id, explanation FROM outcomes")
    op.drop_table("outcomes")
    op.create_table(
        "outcomes",
        position(), text("outcome"), text("entry_id", null=True), text("explanation"),
        key("outcomes", "position"),
        check("outcomes", "outcome", _OUTCOMES),
    )  # fmt: skip
    op.execute("INSERT INTO outcomes SELECT * FROM old_outcomes ORDER BY position")
    op.drop_table("old_outcomes")
    guard("outcomes")


def _rebuild_members() -> None:
    op.execute("CREATE TABLE old_members AS SELECT number, member_id, joined_at FROM members")
    op.drop_table("members")
    op.create_table(
        "members",
        position("number"), text("member_id"), number("joined_at"),
        key("members", "number"), unique("members", "member_id"),
        check("members", "number", "number BETWEEN 1 AND 134217727"),
    )  # fmt: skip
    op.execute("INSERT INTO members SELECT * FROM old_members ORDER BY number")
    op.drop_table("old_members")
    guard("members", "number", "member_id")
