"""Caches of what events say about who sent whom; the events are the facts, and these can be worked out anew."""

from sqlalchemy import CheckConstraint, Column, Index, Table

from loyaltychain.db.tables import Number, Position, String, metadata

referrals = Table(
    "referrals",
    metadata,
    Column("position", Position, primary_key=True, autoincrement=False),  # the event's
    Column("source", String, nullable=False),
    Column("event_id", String, nullable=False),
    Column("type", String, nullable=False),
    Column("occurred_at", Number, nullable=False),
    Column("referee", Number, nullable=False, index=True),  # as captured
    Column("referrer", Number, index=True),  # none: nobody has that id yet
    Column("referrer_id", String, nullable=False, index=True),  # as the payload says
    Column("traits", String, nullable=False),  # JSON: [[field, SHA-256], …]
    Column("is_void", Number, CheckConstraint("is_void IN (0, 1)", name="is_void"), nullable=False),  # taken back
    Index("ix_referrals_source", "source", "event_id", unique=True),
)

member_traits = Table(  # what members' events say in the fields by which two sides of a referral are compared
    "member_traits",
    metadata,
    Column("member", Number, primary_key=True, autoincrement=False),
    Column("field", String, primary_key=True),
    Column("digest", String, primary_key=True),  # SHA-256 of the value
    Column("occurred_at", Number, nullable=False),  # the first that says so
    Column("source", String, nullable=False),
    Column("event_id", String, nullable=False),
)
