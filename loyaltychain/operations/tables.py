"""What became of each event, zero awards and refusals included. Append-only."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Table

from loyaltychain.db.tables import Number, String, metadata

outcomes = Table(
    "outcomes",
    metadata,
    Column("position", Number, ForeignKey("event_positions.position"), primary_key=True, autoincrement=False),
    Column("outcome", String, CheckConstraint("outcome IN ('posted', 'nothing', 'refused')", name="outcome"),
           nullable=False),
    Column("entry_id", String, ForeignKey("entries.id")),
    Column("explanation", String, nullable=False),  # canonical JSON
)  # fmt: skip
