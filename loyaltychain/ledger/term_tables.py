"""The tables of what a lot waits for and of what ends it besides its own dates: conditions and lapses. Facts."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table

from loyaltychain.db.tables import Number, Position, String, metadata

lot_conditions = Table(
    "lot_conditions",
    metadata,
    Column("lot", Position, primary_key=True, autoincrement=False),  # the position of the entry that made it
    Column("until", String, nullable=False),  # the type of event that gives the points
    Column("reject", String),  # the type that takes them back
    Column("otherwise", String, CheckConstraint("otherwise IN ('give', 'cancel')", name="otherwise"), nullable=False),
    Column("qualifying", Number, nullable=False),
)

lapses = Table(
    "lapses",
    metadata,
    Column("id", String, primary_key=True),  # the notice's that she was sent
    Column("member", Number, ForeignKey("members.number"), nullable=False, index=True),
    Column("since", Number, nullable=False),  # when she was last active
    Column("at", Number, nullable=False),  # exclusive: what has no expiry of its own runs out at this instant
    Column("undone_by", String, ForeignKey("entries.id")),  # the act of hers that came in time
    Column("is_booked", Number, CheckConstraint("is_booked IN (0, 1)", name="is_booked"), nullable=False),
    Index("ix_lapses_at", "at"),
)
