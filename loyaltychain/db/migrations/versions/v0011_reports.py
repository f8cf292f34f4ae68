"""The audit log, closed periods, exports as jobs, and where a database was restored from."""

from alembic import op

from loyaltychain.db.migrations.guard import guard
from loyaltychain.db.migrations.parts import check, index, key, number, text, unique

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, and refuse changes to what is a fact."""
    op.create_table(
        "actions",
        number("position"), text("actor"), text("action"), text("subject"), text("reason"), number("at"),
        text("request_id", null=True), text("details", null=True), text("digest"), text("head"),
        key("actions", "position"), check("actions", "position", "position >= 1"),
    )  # fmt: skip
    guard("actions")
    op.create_table(
        "periods",
        number("number"), number("begins_at", null=True), number("ends_at"), number("from_position"),
        number("to_position"), text("ledger_head"), text("timezone"), text("sha256"), number("closed_at"),
        key("periods", "number"), unique("periods", "ends_at"), check("periods", "number", "number >= 1"),
        check("periods", "positions", "from_position >= 1 AND to_position >= from_position - 1"),
        check("periods", "instants", "begins_at IS NULL OR begins_at < ends_at"),
    )  # fmt: skip
    guard("periods")
    op.create_table(
        "jobs",
        text("id"), text("kind"), text("format"), text("parameters"), text("state"), number("created_at"),
        number("upto"), number("cursor"), number("written"), number("done"), number("total"),
        text("file", null=True), text("sha256", null=True), text("problem", null=True),
        number("finished_at", null=True),
        key("jobs", "id"), check("jobs", "format", "format IN ('csv', 'jsonl')"),
        check("jobs", "state", "state IN ('queued', 'running', 'done', 'failed')"),
        check("jobs", "counts", "upto >= 0 AND cursor >= 0 AND written >= 0 AND done >= 0 AND total >= 0"),
    )  # fmt: skip
    index("jobs", "state")
    guard("jobs", "id", "kind", "format", "parameters", "created_at")
    op.create_table(
        "restores",
        number("number"), text("backup"), number("taken_at"), number("restored_at"),
        number("reconciled_at", null=True),
        key("restores", "number"), check("restores", "number", "number >= 1"),
    )  # fmt: skip
    guard("restores", "number", "backup", "taken_at", "restored_at")
