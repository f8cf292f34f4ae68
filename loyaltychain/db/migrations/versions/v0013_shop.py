"""What the API's shop side keeps: revisions of orders, corrections of events, and the key that signs cursors."""

import secrets

import sqlalchemy as sa
from alembic import op

from loyaltychain.db.migrations.guard import guard
from loyaltychain.db.migrations.parts import check, key, number, text, unique

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables and make this project's secret."""
    op.create_table(
        "order_revisions",
        text("order_id"), number("revision"), text("source"), text("event_id"),
        key("order_revisions", "order_id", "revision"), check("order_revisions", "revision", "revision >= 1"),
        unique("order_revisions", "source", "event_id"), _event("order_revisions", "source", "event_id"),
    )  # fmt: skip
    op.create_table(
        "corrections",
        text("of_source"), text("of_id"), text("source"), text("event_id"),
        key("corrections", "of_source", "of_id"), unique("corrections", "source", "event_id"),
        _event("corrections", "of_source", "of_id"), _event("corrections", "source", "event_id"),
    )  # fmt: skip
    guard("order_revisions")
    guard("corrections")
    kept = op.create_table("api_secrets", text("name"), text("secret"), key("api_secrets", "name"))
    op.execute(sa.insert(kept).values(name="cursors", secret="0x" + secrets.token_hex(32)))


def _event(table: str, source: str, id_: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([source, id_], ["events.source", "events.id"], name=f"fk_{table}_{source}_events")
