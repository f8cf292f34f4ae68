"""Members and events. Both append-only; an event is a fact for ever."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, ForeignKeyConstraint, Table, UniqueConstraint

from loyaltychain.core.amounts import MEMBER_MAX
from loyaltychain.db.tables import Number, String, metadata

members = Table(
    "members",
    metadata,
    Column("number", Number, CheckConstraint(f"number BETWEEN 1 AND {MEMBER_MAX}", name="number"), primary_key=True,
           autoincrement=False),
    Column("member_id", String, nullable=False, unique=True),  # the programme's own opaque id
    Column("joined_at", Number, nullable=False),
)  # fmt: skip

events = Table(
    "events",
    metadata,
    Column("source", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("type", String, nullable=False),
    Column("member", Number, ForeignKey("members.number"), nullable=False),
    Column("occurred_at", Number, nullable=False),  # claimed by the source
    Column("received_at", Number, nullable=False),  # ours
    Column("payload", String, nullable=False),  # canonical JSON: amount, currency and what else the map names
    Column("digest", String, nullable=False),  # of all but received_at; equal ids must have equal digests
)

event_positions = Table(
    "event_positions",
    metadata,
    Column("position", Number, CheckConstraint("position >= 1", name="position"), primary_key=True,
           autoincrement=False),
    Column("source", String, nullable=False),
    Column("id", String, nullable=False),
    ForeignKeyConstraint(["source", "id"], ["events.source", "events.id"]),
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
