"""Lots, holds and redemptions: which points a member has, until when, and what became of them."""

import sqlalchemy as sa
from alembic import op

from loyaltychain.db.migrations.first_lots import make_first_lots
from loyaltychain.db.migrations.guard import guard
from loyaltychain.db.migrations.parts import check, index, key, number, refers, text, unique

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables in the order of their references, fill them, and refuse changes to what is a fact."""
    op.add_column("entries", sa.Column("details", sa.Text(), nullable=True))
    op.create_table(
        "lots",
        text("id"), number("member"), text("award"), number("earned_at"), number("expires_at", null=True),
        number("due_at", null=True), number("in_grace"), number("amount"), number("remaining"),
        number("expired"), text("returned_by", null=True),
        key("lots", "id"), refers("lots", "id", "entries.id"), refers("lots", "returned_by", "entries.id"),
        check("lots", "in_grace", "in_grace IN (0, 1)"), check("lots", "amount", "amount > 0"),
        check("lots", "remaining", "remaining >= 0 AND expired >= 0 AND remaining + expired <= amount"),
    )  # fmt: skip
    index("lots", "member")
    index("lots", "award")
    for column in ("expires_at", "due_at"):  # spent lots are left out: looking for what is due must not pass them
        op.create_index(
            f"ix_lots_{column}", "lots", [column],
            sqlite_where=sa.text("remaining > 0"), postgresql_where=sa.text("remaining > 0"),
        )  # fmt: skip
    op.create_table(
        "lot_moves",
        text("entry_id"), text("lot_id"), number("amount"),
        key("lot_moves", "entry_id", "lot_id"), refers("lot_moves", "entry_id", "entries.id"),
        refers("lot_moves", "lot_id", "lots.id"), check("lot_moves", "amount", "amount <> 0"),
    )  # fmt: skip
    index("lot_moves", "lot_id")
    op.create_table(
        "holds",
        text("id"), text("entry_id"), number("member"), number("amount"), number("created_at"), number("until"),
        text("reference", null=True), text("items", null=True),
        key("holds", "id"), unique("holds", "entry_id"), refers("holds", "entry_id", "entries.id"),
        check("holds", "amount", "amount > 0"),
    )  # fmt: skip
    index("holds", "member")
    index("holds", "until")
    op.create_table(
        "hold_ends",
        text("hold"), text("kind"), text("entry_id"), number("ended_at"),
        key("hold_ends", "hold"), unique("hold_ends", "entry_id"), refers("hold_ends", "hold", "holds.id"),
        refers("hold_ends", "entry_id", "entries.id"),
        check("hold_ends", "kind", "kind IN ('commit', 'release', 'time-out')"),
    )  # fmt: skip
    op.create_table(
        "redemptions",
        text("entry_id"), number("member"), text("drawn_by"), number("amount"), number("refunded"),
        text("reference", null=True),
        key("redemptions", "entry_id"), refers("redemptions", "entry_id", "entries.id"),
        refers("redemptions", "drawn_by", "entries.id"), check("redemptions", "amount", "amount > 0"),
        check("redemptions", "refunded", "refunded >= 0 AND refunded <= amount"),
    )  # fmt: skip
    index("redemptions", "member")
    index("redemptions", "reference")
    make_first_lots(op.get_bind())
    for table in ("lot_moves", "holds", "hold_ends"):
        guard(table)
    guard("lots", "id", "member", "award", "earned_at", "expires_at", "due_at", "in_grace", "amount")
    guard("redemptions", "entry_id", "member", "drawn_by", "amount", "reference")
