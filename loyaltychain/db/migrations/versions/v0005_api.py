"""The API's keys and the answers it gave; and indexes for what it looks up by member and by cause."""

from alembic import op

from loyaltychain.db.migrations.guard import guard
from loyaltychain.db.migrations.parts import check, index, key, number, refers, text

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables in the order of their references, and refuse changes to what is a fact."""
    op.create_table(
        "api_keys",
        text("id"), text("name"), text("secret_hash"), text("sources"), number("manages"), number("created_at"),
        number("revoked_at", null=True),
        key("api_keys", "id"), check("api_keys", "manages", "manages IN (0, 1)"),
    )  # fmt: skip
    op.create_table(
        "idempotency_records",
        text("key_id"), text("route"), text("key"), text("fingerprint"), number("status"), text("body"),
        number("created_at"),
        key("idempotency_records", "key_id", "route", "key"), refers("idempotency_records", "key_id", "api_keys.id"),
    )  # fmt: skip
    index("idempotency_records", "created_at")
    guard("api_keys", "id", "name", "secret_hash", "sources", "manages", "created_at")
    op.create_index("ix_entries_member", "entries", ["member", "recorded_at", "id"])
    index("entries", "cause")
