"""Members that went into one another; what waits for a second person.

Orders and what came back of them may change hands from now on: with a member who goes over go her orders.
"""

from alembic import op

from loyaltychain.db.migrations.guard import guard
from loyaltychain.db.migrations.parts import check, index, key, number, refers, text

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables in the order of their references, and refuse changes to what is a fact."""
    _create_links()
    _create_approvals()
    for table in ("member_links", "member_link_ends", "merge_lots", "approvals", "approval_ends"):
        guard(table)
    _free_member("orders", "id", "source", "event_id", "occurred_at", "currency", "program", "rules", "content")
    _free_member("return_lines", "source", "event_id", "line", "item", "order_id", "quantity", "occurred_at")


def _create_links() -> None:
    op.create_table(
        "member_links",
        number("id"), number("merged"), number("survivor"), text("reason"), text("actor"), number("since"),
        number("points"), number("pending"), number("debt"), number("qualifying"),
        key("member_links", "id"),
        refers("member_links", "merged", "members.number"), refers("member_links", "survivor", "members.number"),
        check("member_links", "amounts", "points >= 0 AND pending >= 0 AND debt >= 0 AND qualifying >= 0"),
    )  # fmt: skip
    index("member_links", "merged")
    index("member_links", "survivor")
    op.create_table(
        "member_link_ends",
        number("link"), text("reason"), text("actor"), number("ended_at"),
        key("member_link_ends", "link"), refers("member_link_ends", "link", "member_links.id"),
    )  # fmt: skip
    op.create_table(
        "merge_lots",
        number("link"), number("place"), text("lot"), text("entry_id"), number("points"),
        key("merge_lots", "link", "place"), refers("merge_lots", "link", "member_links.id"),
        check("merge_lots", "points", "points <> 0"),
    )  # fmt: skip


def _create_approvals() -> None:
    op.create_table(
        "approvals",
        text("id"), number("member"), number("points"), text("reason"), text("actor"), text("asked_by", null=True),
        number("expires_at", null=True), number("may_owe"), number("requested_at"), number("until"),
        key("approvals", "id"), refers("approvals", "member", "members.number"),
        check("approvals", "points", "points <> 0"), check("approvals", "may_owe", "may_owe IN (0, 1)"),
    )  # fmt: skip
    index("approvals", "member")
    op.create_table(
        "approval_ends",
        text("approval"), text("verdict"), text("actor"), text("decided_by", null=True), text("reason"),
        number("decided_at"),
        key("approval_ends", "approval"), refers("approval_ends", "approval", "approvals.id"),
        check("approval_ends", "verdict", "verdict IN ('approved', 'rejected')"),
    )  # fmt: skip


def _free_member(table: str, *guarded: str) -> None:
    """Guard these columns of a table that was guarded before, and not its member."""
    changes = ("update", "delete", "truncate") if op.get_bind().dialect.name == "postgresql" else ("update", "delete")
    for change in changes:
        on = f" ON {table}" if op.get_bind().dialect.name == "postgresql" else ""
        op.execute(f"DROP TRIGGER no_{change}_{table}{on}")
    guard(table, *guarded)
