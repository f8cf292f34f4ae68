"""How far each step has got: one row a step, moved in the transaction that holds the step's result."""

from sqlalchemy import CheckConstraint, Column, Table

from loyaltychain.db.tables import Number, String, metadata

cursors = Table(
    "cursors",
    metadata,
    Column("step", String, primary_key=True),
    Column("position", Number, CheckConstraint("position >= 0", name="position"), nullable=False),
)
