"""Batches with their updates and receipts. The content of a sealed batch never changes, its state does."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Table, UniqueConstraint

from loyaltychain.db.tables import Number, String, metadata

batches = Table(
    "batches",
    metadata,
    Column("id", Number, CheckConstraint("id >= 1", name="id"), primary_key=True, autoincrement=False),
    Column("from_position", Number, nullable=False),  # first ledger position in it
    Column("to_position", Number, nullable=False),  # last one
    Column("prev_hash", String, nullable=False),
    Column("balance_root", String, nullable=False),
    Column("receipt_root", String, nullable=False),
    Column("ledger_head", String, nullable=False),
    Column("program_hash", String, nullable=False),
    Column("data", String, nullable=False),
    Column("data_hash", String, nullable=False),
    Column("time", Number, nullable=False),
    Column("updates", Number, nullable=False),
    Column("issued", Number, nullable=False),
    Column("burned", Number, nullable=False),
    Column("batch_hash", String, nullable=False, unique=True),
    Column("state", String, CheckConstraint("state IN ('sealed','submitted','final','halted')", name="state"),
           nullable=False),
    CheckConstraint("from_position <= to_position", name="positions"),
)  # fmt: skip

batch_updates = Table(
    "batch_updates",
    metadata,
    Column("batch", Number, ForeignKey("batches.id"), primary_key=True, autoincrement=False),
    Column("member", Number, ForeignKey("members.number"), primary_key=True, autoincrement=False),
    Column("delta", Number, CheckConstraint("delta <> 0", name="delta"), nullable=False),
)

receipts = Table(
    "receipts",
    metadata,
    Column("batch", Number, ForeignKey("batches.id"), primary_key=True, autoincrement=False),
    Column("index", Number, primary_key=True, autoincrement=False),
    Column("member", Number, ForeignKey("members.number"), nullable=False, index=True),
    Column("unit", String, nullable=False),
    Column("amount", Number, nullable=False),  # signed
    Column("entry_id", String, ForeignKey("entries.id"), nullable=False),
    Column("entry_digest", String, nullable=False),
    Column("salt", String, nullable=False),
    Column("leaf", String, nullable=False),
    UniqueConstraint("entry_id", "member", "unit"),
)

receipt_keys = Table(
    "receipt_keys",
    metadata,
    Column("member", Number, ForeignKey("members.number"), primary_key=True, autoincrement=False),
    Column("key", String, nullable=False),  # 32 random bytes; destroying it makes her leaves meaningless
)
