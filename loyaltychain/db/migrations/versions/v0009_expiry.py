"""Conditions of pending lots, lapses by inactivity, notices, activity, and signals that came before their event."""

import sqlalchemy as sa
from alembic import op

from loyaltychain.db.migrations.guard import guard
from loyaltychain.db.migrations.parts import check, index, key, number, position, refers, text

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables in the order of their references, and refuse changes to what is a fact."""
    _create_terms()
    _create_notices()
    op.create_table(
        "parked_signals",
        text("source"), text("event_id"), number("member"), text("type"), text("of"), number("occurred_at"),
        text("state"),
        key("parked_signals", "source", "event_id"),
        sa.ForeignKeyConstraint(
            ["source", "event_id"], ["events.source", "events.id"], name="fk_parked_signals_source_events"
        ),
        check("parked_signals", "state", "state IN ('waiting', 'applied', 'refused')"),
    )  # fmt: skip
    index("parked_signals", "of")
    guard("parked_signals", "source", "event_id", "member", "type", '"of"', "occurred_at")


def _create_terms() -> None:
    op.create_table(
        "lot_conditions",
        position("lot"), text("until"), text("reject", null=True), text("otherwise"), number("qualifying"),
        key("lot_conditions", "lot"),
        check("lot_conditions", "otherwise", "otherwise IN ('give', 'cancel')"),
    )  # fmt: skip
    op.create_table(
        "lapses",
        text("id"), number("member"), number("since"), number("at"), text("undone_by", null=True), number("is_booked"),
        key("lapses", "id"), refers("lapses", "member", "members.number"), refers("lapses", "undone_by", "entries.id"),
        check("lapses", "is_booked", "is_booked IN (0, 1)"),
    )  # fmt: skip
    index("lapses", "member")
    index("lapses", "at")
    guard("lot_conditions")
    guard("lapses", "id", "member", "since", "at")


def _create_notices() -> None:
    op.create_table(
        "notices",
        text("id"), number("member"), text("kind"), text("because"), number("points"), number("at"),
        number("since", null=True), number("notice_days"), number("created_at"), number("sent_at", null=True),
        key("notices", "id"), refers("notices", "member", "members.number"),
        check("notices", "kind", "kind IN ('points.expiring')"),
        check("notices", "because", "because IN ('age', 'inactivity')"),
        check("notices", "points", "points > 0"),
        check("notices", "since", "(because = 'inactivity') = (since IS NOT NULL)"),
    )  # fmt: skip
    index("notices", "member")
    index("notices", "at")
    op.create_index("ix_notices_created_at", "notices", ["created_at", "id"])
    guard("notices", "id", "member", "kind", "because", "points", "at", "since", "notice_days", "created_at")
    op.create_table(
        "member_activity",
        number("member"), number("last_at"),
        key("member_activity", "member"), refers("member_activity", "member", "members.number"),
    )  # fmt: skip
