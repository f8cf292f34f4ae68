"""What members are told of in advance, when they were last active, and signals that came before their event."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, ForeignKeyConstraint, Index, Table

from loyaltychain.db.tables import Number, String, metadata

notices = Table(
    "notices",
    metadata,
    Column("id", String, primary_key=True),
    Column("member", Number, ForeignKey("members.number"), nullable=False, index=True),
    Column("kind", String, CheckConstraint("kind IN ('points.expiring')", name="kind"), nullable=False),
    Column("because", String, CheckConstraint("because IN ('age', 'inactivity')", name="because"), nullable=False),
    Column("points", Number, CheckConstraint("points > 0", name="points"), nullable=False),  # when it was written
    Column("at", Number, nullable=False, index=True),  # when they run out; of inactivity: at the earliest
    Column("since", Number),  # of inactivity: when the member was last active
    Column("notice_days", Number, nullable=False),  # of inactivity: so long between the sending and the end
    Column("created_at", Number, nullable=False),
    Column("sent_at", Number),
    CheckConstraint("(because = 'inactivity') = (since IS NOT NULL)", name="since"),
    Index("ix_notices_created_at", "created_at", "id"),
)

member_activity = Table(
    "member_activity",
    metadata,
    Column("member", Number, ForeignKey("members.number"), primary_key=True, autoincrement=False),
    Column("last_at", Number, nullable=False),  # the latest earning, redemption or committed hold
)

parked_signals = Table(
    "parked_signals",
    metadata,
    Column("source", String, primary_key=True),
    Column("event_id", String, primary_key=True),
    Column("member", Number, nullable=False),
    Column("type", String, nullable=False),
    Column("of", String, nullable=False, index=True),  # "source/id" of the event that it is about
    Column("occurred_at", Number, nullable=False),
    Column("state", String, CheckConstraint("state IN ('waiting', 'applied', 'refused')", name="state"),
           nullable=False),
    ForeignKeyConstraint(["source", "event_id"], ["events.source", "events.id"]),
)  # fmt: skip
