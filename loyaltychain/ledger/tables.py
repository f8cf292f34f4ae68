"""The ledger's tables. Entries, postings and positions are append-only; ``volumes`` is their cache."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Table, UniqueConstraint

from loyaltychain.db.tables import Number, String, metadata

volumes = Table(
    "volumes",
    metadata,
    Column("account", String, primary_key=True),  # "member:<number>:available", "program:issued"
    Column("unit", String, primary_key=True),
    Column("total_in", Number, nullable=False),
    Column("total_out", Number, nullable=False),
    Column("may_overdraw", Number, nullable=False),
    CheckConstraint("total_in >= 0 AND total_out >= 0", name="monotone"),
    CheckConstraint("may_overdraw IN (0, 1)", name="may_overdraw"),
    CheckConstraint("may_overdraw = 1 OR total_in >= total_out", name="no_overdraft"),
)

entries = Table(
    "entries",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("member", Number),
    Column("cause", String, nullable=False),
    Column("rule", String),
    Column("program", String),
    Column("occurred_at", Number, nullable=False),
    Column("recorded_at", Number, nullable=False),
    Column("digest", String, nullable=False),
)

postings = Table(
    "postings",
    metadata,
    Column("entry_id", String, ForeignKey("entries.id"), primary_key=True),
    Column("line", Number, primary_key=True, autoincrement=False),
    Column("source", String, nullable=False, index=True),
    Column("destination", String, nullable=False, index=True),
    Column("unit", String, nullable=False),
    Column("amount", Number, CheckConstraint("amount > 0", name="amount"), nullable=False),
    CheckConstraint("source <> destination", name="moves"),
)

entry_positions = Table(
    "entry_positions",
    metadata,
    Column("position", Number, CheckConstraint("position >= 1", name="position"), primary_key=True,
           autoincrement=False),
    Column("entry_id", String, ForeignKey("entries.id"), nullable=False),
    Column("head", String, nullable=False),  # the hash chain up to and including this entry
    UniqueConstraint("entry_id"),
)  # fmt: skip
