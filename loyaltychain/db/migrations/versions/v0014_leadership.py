"""Who leads: the epoch of the worker that may write."""

from alembic import op

from loyaltychain.db.migrations.parts import check, key, number, text

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; its row comes with the first worker."""
    op.create_table(
        "leadership",
        text("name"), number("epoch"), text("holder"), number("taken_at"),
        key("leadership", "name"), check("leadership", "epoch", "epoch >= 1"),
    )  # fmt: skip
