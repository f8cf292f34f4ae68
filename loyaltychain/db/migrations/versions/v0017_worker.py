"""What the worker last knew of the chain, and how it stands. One row a network; nothing of it is a fact to be kept."""

from alembic import op

from loyaltychain.db.migrations.parts import check, key, number, text

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "worker_state",
        text("network"), text("deployment"),
        number("award", null=True), number("redemption", null=True), text("program", null=True),
        number("read_at", null=True), number("head_time", null=True),
        number("final_time", null=True),
        text("deciding"), text("deciding_code", null=True), text("deciding_reason", null=True),
        number("deciding_since"),
        text("settling"), text("settling_code", null=True), text("settling_reason", null=True),
        number("settling_since"),
        number("beat_at"),
        key("worker_state", "network"),
        check("worker_state", "deciding", "deciding IN ('on','stopped')"),
        check("worker_state", "settling", "settling IN ('on','waiting','paused','halted')"),
    )  # fmt: skip
