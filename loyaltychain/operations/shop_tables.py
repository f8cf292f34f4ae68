"""What the API's shop side keeps: which events told of an order as a whole, and which event corrects which.
Append-only."""

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Table, UniqueConstraint

from loyaltychain.db.tables import Number, String, metadata

order_revisions = Table(
    "order_revisions",
    metadata,
    Column("order_id", String, primary_key=True),
    Column("revision", Number, CheckConstraint("revision >= 1", name="revision"), primary_key=True,
           autoincrement=False),
    Column("source", String, nullable=False),
    Column("event_id", String, nullable=False),
    UniqueConstraint("source", "event_id"),
    ForeignKeyConstraint(["source", "event_id"], ["events.source", "events.id"]),
)  # fmt: skip

corrections = Table(
    "corrections",
    metadata,
    # The key is the event that is corrected: no event has two corrections, so that chains of them cannot fork.
    Column("of_source", String, primary_key=True),
    Column("of_id", String, primary_key=True),
    Column("source", String, nullable=False),
    Column("event_id", String, nullable=False),
    UniqueConstraint("source", "event_id"),
    ForeignKeyConstraint(["of_source", "of_id"], ["events.source", "events.id"]),
    ForeignKeyConstraint(["source", "event_id"], ["events.source", "events.id"]),
)
