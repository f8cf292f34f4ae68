"""What became of each event, zero awards and refusals included (append-only); orders with their lines, what came back
of them, and rewards with their stock."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, ForeignKeyConstraint, Index, Table

from loyaltychain.db.tables import Number, Position, String, metadata

outcomes = Table(
    "outcomes",
    metadata,
    Column("position", Position, primary_key=True, autoincrement=False),  # its event's
    Column("outcome", String, nullable=False),
    Column("entry_id", String),  # the first of its entries
    Column("explanation", String, nullable=False),  # canonical JSON
    # not IN: SQLite makes a table of a list of three or more, for each row anew
    CheckConstraint("outcome = 'posted' OR outcome = 'nothing' OR outcome = 'refused'", name="outcome"),
)  # fmt: skip

orders = Table(
    "orders",
    metadata,
    Column("id", String, primary_key=True),  # the shop's own, whatever source told of it first
    Column("member", Number, ForeignKey("members.number"), nullable=False, index=True),
    Column("source", String, nullable=False),
    Column("event_id", String, nullable=False),
    Column("occurred_at", Number, nullable=False),
    Column("currency", String, nullable=False),
    Column("program", String, nullable=False),  # digest of the one that awarded it, 0x hex
    Column("rules", String, nullable=False),  # canonical JSON: its rules as they were at that time
    Column("content", String, nullable=False),  # digest of member, currency and lines, 0x hex
    ForeignKeyConstraint(["source", "event_id"], ["events.source", "events.id"]),
)

order_lines = Table(
    "order_lines",
    metadata,
    Column("order_id", String, ForeignKey("orders.id"), primary_key=True),
    Column("line", String, primary_key=True),
    Column("place", Number, nullable=False),  # in its order, from 0
    Column("member", Number, nullable=False),
    Column("item", String, nullable=False),
    Column("quantity", Number, nullable=False),  # bought
    Column("amount", Number, nullable=False),  # minor units, of all that was bought
    Column("award", Number, nullable=False),  # points, of all rules
    Column("qualifying", Number, nullable=False),  # qualifying points
    Column("named", Number, nullable=False),  # came back by returns that name this line
    Column("matched", Number, nullable=False),  # came back by returns that were matched to it
    CheckConstraint("quantity >= 0 AND amount >= 0 AND award >= 0 AND qualifying >= 0", name="amounts"),
    CheckConstraint("named >= 0 AND matched >= 0 AND named + matched <= quantity", name="returned"),
    Index("ix_order_lines_member_item", "member", "item"),
)

order_bonuses = Table(
    "order_bonuses",
    metadata,
    Column("order_id", String, ForeignKey("orders.id"), primary_key=True),
    Column("rule", String, primary_key=True),
    Column("threshold", Number, nullable=False),  # minor units that have to be kept
    Column("award", Number, CheckConstraint("award > 0", name="award"), nullable=False),
    Column("qualifying", Number, nullable=False),
    Column("taken", Number, CheckConstraint("taken IN (0, 1)", name="taken"), nullable=False),  # back, now
)

return_lines = Table(
    "return_lines",
    metadata,
    Column("source", String, primary_key=True),
    Column("event_id", String, primary_key=True),
    Column("line", String, primary_key=True),
    Column("member", Number, nullable=False),
    Column("item", String),  # of a line to be matched
    Column("order_id", String, index=True),  # of a line that names an order
    Column("quantity", Number, CheckConstraint("quantity > 0", name="quantity"), nullable=False),
    Column("matched", Number, nullable=False),  # the rest is parked
    Column("occurred_at", Number, nullable=False),
    CheckConstraint("matched >= 0 AND matched <= quantity", name="matched"),
    ForeignKeyConstraint(["source", "event_id"], ["events.source", "events.id"]),
    Index("ix_return_lines_member_item", "member", "item"),
)

rewards = Table(
    "rewards",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("cost", Number, CheckConstraint("cost > 0", name="cost"), nullable=False),  # points, of one
    Column("stock", Number, CheckConstraint("stock >= 0", name="stock")),  # none: no limit
    Column("updated_at", Number, nullable=False),
)
