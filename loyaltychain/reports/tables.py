"""Closed periods (append-only), and exports with how far they have got."""

from sqlalchemy import CheckConstraint, Column, Table

from loyaltychain.db.tables import Number, String, metadata

periods = Table(
    "periods",
    metadata,
    Column("number", Number, CheckConstraint("number >= 1", name="number"), primary_key=True, autoincrement=False),
    Column("begins_at", Number),  # where the one before ended; none: the first one, from the beginning
    Column("ends_at", Number, nullable=False, unique=True),  # exclusive
    Column("from_position", Number, nullable=False),
    Column("to_position", Number, nullable=False),  # from_position - 1: nothing was recorded in it
    Column("ledger_head", String, nullable=False),  # at to_position, 0x hex
    Column("timezone", String, nullable=False),  # whose months the cohorts are
    Column("sha256", String, nullable=False),  # of the report's bytes, 0x hex
    Column("closed_at", Number, nullable=False),
    CheckConstraint("from_position >= 1 AND to_position >= from_position - 1", name="positions"),
    CheckConstraint("begins_at IS NULL OR begins_at < ends_at", name="instants"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("format", String, CheckConstraint("format IN ('csv', 'jsonl')", name="format"), nullable=False),
    Column("parameters", String, nullable=False),  # canonical JSON
    Column("state", String, CheckConstraint("state IN ('queued', 'running', 'done', 'failed')", name="state"),
           nullable=False, index=True),
    Column("created_at", Number, nullable=False),
    Column("upto", Number, nullable=False),  # what comes later is not in it
    Column("cursor", Number, nullable=False),
    Column("written", Number, nullable=False),  # bytes of the file that belong to the cursor
    Column("done", Number, nullable=False),  # positions or members passed
    Column("total", Number, nullable=False),  # and to pass in all
    Column("file", String),  # its name in the project's exports
    Column("sha256", String),
    Column("problem", String),
    Column("finished_at", Number),
    CheckConstraint("upto >= 0 AND cursor >= 0 AND written >= 0 AND done >= 0 AND total >= 0", name="counts"),
)  # fmt: skip
