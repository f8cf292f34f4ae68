"""What the reconciliations of ledger, batches and chain found, and the members whose points differ."""

from alembic import op

from loyaltychain.db.migrations.guard import guard
from loyaltychain.db.migrations.parts import check, key, number, refers, text

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the two tables."""
    op.create_table(
        "reconciliations",
        number("number"), text("network"), number("at"), text("actor"), number("block_number"), text("block_hash"),
        number("batches"), number("members"), text("ledger_points"), text("batch_points"), text("chain_points"),
        number("members_off"), number("differences"), text("findings"),
        key("reconciliations", "number"),
        check("reconciliations", "number", "number >= 1"),
        check("reconciliations", "members_off", "members_off >= 0"),
        check("reconciliations", "differences", "differences >= 0"),
    )  # fmt: skip
    op.create_table(
        "reconciliation_members",
        number("reconciliation"), number("member"),
        text("ledger_points"), text("batch_points"), text("chain_points"),
        key("reconciliation_members", "reconciliation", "member"),
        refers("reconciliation_members", "reconciliation", "reconciliations.number"),
    )  # fmt: skip
    guard("reconciliations")
    guard("reconciliation_members")
