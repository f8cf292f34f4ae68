"""Batches with their updates and receipts, and which of them are void. A sealed batch's content never changes."""

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
    Column("state", String, CheckConstraint("state IN ('sealed','submitted','final','halted','void')", name="state"),
           nullable=False, index=True),
    Column("supply", Number, nullable=False),  # points that exist after it
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
    UniqueConstraint("entry_id", "member", "unit", "batch"),  # one that is not void; what was voided is settled anew
)

receipt_keys = Table(
    "receipt_keys",
    metadata,
    Column("member", Number, ForeignKey("members.number"), primary_key=True, autoincrement=False),
    Column("key", String, nullable=False),  # 32 random bytes; destroying it makes her leaves meaningless
)

batch_voids = Table(
    "batch_voids",
    metadata,
    Column("first_id", Number, primary_key=True, autoincrement=False),  # the chain's batches first_id to last_id
    Column("last_id", Number, nullable=False),
    Column("fraud", Number, nullable=False),  # the contract's Fraud
    Column("challenger", String, nullable=False),  # who showed it, lower-case
    Column("block_number", Number, nullable=False),
    Column("is_own", Number, CheckConstraint("is_own IN (0, 1)", name="is_own"), nullable=False),  # a batch of ours
    Column("resumed_at", Number),  # when an engineer let the settlement go on after one of ours
    CheckConstraint("1 <= first_id AND first_id <= last_id", name="range"),
)
