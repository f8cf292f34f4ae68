"""Members and events. Both append-only; an event is a fact for ever."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Table, UniqueConstraint

from loyaltychain.core.amounts import MEMBER_MAX
from loyaltychain.db.tables import Number, Position, String, metadata

members = Table(
    "members",
    metadata,
    Column("number", Position, CheckConstraint(f"number BETWEEN 1 AND {MEMBER_MAX}", name="number"), primary_key=True,
           autoincrement=False),
    Column("member_id", String, nullable=False, unique=True),  # the programme's own opaque id
    Column("joined_at", Number, nullable=False),
)  # fmt: skip

events = Table(
    "events",
    metadata,
    Column("position", Position, CheckConstraint("position >= 1", name="position"), primary_key=True,
           autoincrement=False),  # gapless: what every later step counts by
    Column("source", String, nullable=False),
    Column("id", String, nullable=False),
    Column("type", String, nullable=False),
    Column("member", Number, nullable=False),  # a member's number; a reference would cost half of taking an event in
    Column("occurred_at", Number, nullable=False),  # claimed by the source
    Column("received_at", Number, nullable=False),  # ours
    Column("payload", String, nullable=False),  # canonical JSON: amount, currency and what else the map names
    Column("digest", String, nullable=False),  # of what the source said; equal ids must have equal digests
    UniqueConstraint("source", "id"),
)  # fmt: skip

member_aliases = Table(
    "member_aliases",
    metadata,
    Column("member_id", String, primary_key=True),  # another id of the same member, or of one that went over into her
    Column("number", Number, ForeignKey("members.number"), nullable=False, index=True),
    Column("since", Number, nullable=False),
)

member_closures = Table(
    "member_closures",
    metadata,
    Column("number", Number, ForeignKey("members.number"), primary_key=True, autoincrement=False),
    Column("closed_at", Number, nullable=False),
    Column("reason", String, nullable=False),
)

intake_refusals = Table(
    "intake_refusals",
    metadata,
    Column("id", String, primary_key=True),  # SHA-256 of source, id, reason and time, so that a retry is one row
    Column("source", String, nullable=False),
    Column("event_id", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("received_at", Number, nullable=False),
    Column("document", String, nullable=False),  # the event as it came, canonical JSON
)
