"""Orders with their lines, returns, rewards; and members' other ids, closures and refused events."""

import sqlalchemy as sa
from alembic import op

from loyaltychain.db.migrations.guard import guard
from loyaltychain.db.migrations.parts import check, index, key, number, refers, text

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables in the order of their references, and refuse changes to what is a fact."""
    _create_identities()
    _create_orders()
    _create_returns()
    op.create_table(
        "rewards",
        text("id"), text("name"), number("cost"), number("stock", null=True), number("updated_at"),
        key("rewards", "id"), check("rewards", "cost", "cost > 0"), check("rewards", "stock", "stock >= 0"),
    )  # fmt: skip


def _create_identities() -> None:
    op.create_table(
        "member_aliases",
        text("member_id"), number("number"), number("since"),
        key("member_aliases", "member_id"), refers("member_aliases", "number", "members.number"),
    )  # fmt: skip
    index("member_aliases", "number")
    op.create_table(
        "member_closures",
        number("number"), number("closed_at"), text("reason"),
        key("member_closures", "number"), refers("member_closures", "number", "members.number"),
    )  # fmt: skip
    op.create_table(
        "intake_refusals",
        text("id"), text("source"), text("event_id"), text("reason"), number("received_at"), text("document"),
        key("intake_refusals", "id"),
    )  # fmt: skip
    for table in ("member_aliases", "member_closures", "intake_refusals"):
        guard(table)


def _of_event(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["source", "event_id"], ["events.source", "events.id"], name=f"fk_{table}_source_events"
    )


def _create_orders() -> None:
    op.create_table(
        "orders",
        text("id"), number("member"), text("source"), text("event_id"), number("occurred_at"), text("currency"),
        text("program"), text("rules"), text("content"),
        key("orders", "id"), refers("orders", "member", "members.number"), _of_event("orders"),
    )  # fmt: skip
    index("orders", "member")
    op.create_table(
        "order_lines",
        text("order_id"), text("line"), number("place"), number("member"), text("item"), number("quantity"),
        number("amount"), number("award"), number("qualifying"), number("named"), number("matched"),
        key("order_lines", "order_id", "line"), refers("order_lines", "order_id", "orders.id"),
        check("order_lines", "amounts", "quantity >= 0 AND amount >= 0 AND award >= 0 AND qualifying >= 0"),
        check("order_lines", "returned", "named >= 0 AND matched >= 0 AND named + matched <= quantity"),
    )  # fmt: skip
    op.create_index("ix_order_lines_member_item", "order_lines", ["member", "item"])
    op.create_table(
        "order_bonuses",
        text("order_id"), text("rule"), number("threshold"), number("award"), number("qualifying"), number("taken"),
        key("order_bonuses", "order_id", "rule"), refers("order_bonuses", "order_id", "orders.id"),
        check("order_bonuses", "award", "award > 0"), check("order_bonuses", "taken", "taken IN (0, 1)"),
    )  # fmt: skip
    guard("orders")


def _create_returns() -> None:
    op.create_table(
        "return_lines",
        text("source"), text("event_id"), text("line"), number("member"), text("item", null=True),
        text("order_id", null=True), number("quantity"), number("matched"), number("occurred_at"),
        key("return_lines", "source", "event_id", "line"), _of_event("return_lines"),
        check("return_lines", "quantity", "quantity > 0"),
        check("return_lines", "matched", "matched >= 0 AND matched <= quantity"),
    )  # fmt: skip
    index("return_lines", "order_id")
    op.create_index("ix_return_lines_member_item", "return_lines", ["member", "item"])
    guard("return_lines", "source", "event_id", "line", "member", "item", "order_id", "quantity", "occurred_at")
