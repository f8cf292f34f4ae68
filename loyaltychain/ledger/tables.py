"""The ledger's tables. All are append-only facts, but for three caches of them: ``volumes``, what remains of a lot, and
what was refunded of a redemption."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, UniqueConstraint, text

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
    Column("cause", String, nullable=False, index=True),
    Column("rule", String),
    Column("program", String),
    Column("occurred_at", Number, nullable=False),
    Column("recorded_at", Number, nullable=False),
    Column("digest", String, nullable=False),
    Column("details", String),  # canonical JSON: what else the entry's document says (reason, actor, …)
    Index("ix_entries_member", "member", "recorded_at", "id"),
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

lots = Table(
    "lots",
    metadata,
    Column("id", String, ForeignKey("entries.id"), primary_key=True),  # the entry that made it
    Column("member", Number, nullable=False, index=True),
    Column("award", String, nullable=False, index=True),  # the cause whose points these are; or an adjustment
    Column("earned_at", Number, nullable=False),
    Column("expires_at", Number),  # exclusive; none: never
    Column("due_at", Number),  # pending until then; none: available
    Column("in_grace", Number, CheckConstraint("in_grace IN (0, 1)", name="in_grace"), nullable=False),
    Column("amount", Number, CheckConstraint("amount > 0", name="amount"), nullable=False),
    Column("remaining", Number, nullable=False),  # the sum of its moves
    Column("expired", Number, nullable=False),  # what ran out of it and was not counted towards a return since
    Column("returned_by", String, ForeignKey("entries.id")),  # the last entry that gave points back to it
    CheckConstraint("remaining >= 0 AND expired >= 0 AND remaining + expired <= amount", name="remaining"),
    *(  # spent lots are left out: looking for what is due must not pass them
        Index(f"ix_lots_{column}", column, sqlite_where=text("remaining > 0"), postgresql_where=text("remaining > 0"))
        for column in ("expires_at", "due_at")
    ),
)

lot_moves = Table(
    "lot_moves",
    metadata,
    Column("entry_id", String, ForeignKey("entries.id"), primary_key=True),
    Column("lot_id", String, ForeignKey("lots.id"), primary_key=True, index=True),
    Column("amount", Number, CheckConstraint("amount <> 0", name="amount"), nullable=False),  # signed
)

holds = Table(
    "holds",
    metadata,
    Column("id", String, primary_key=True),  # the caller's
    Column("entry_id", String, ForeignKey("entries.id"), nullable=False, unique=True),
    Column("member", Number, nullable=False, index=True),
    Column("amount", Number, CheckConstraint("amount > 0", name="amount"), nullable=False),
    Column("created_at", Number, nullable=False),
    Column("until", Number, nullable=False, index=True),  # exclusive: it times out at this instant
    Column("reference", String),  # what it is for: an order
    Column("items", String),  # canonical JSON: [{"reward", "quantity", "cost"}]; cost is of one
)

hold_ends = Table(
    "hold_ends",
    metadata,
    Column("hold", String, ForeignKey("holds.id"), primary_key=True),
    Column("kind", String, CheckConstraint("kind IN ('commit', 'release', 'time-out')", name="kind"), nullable=False),
    Column("entry_id", String, ForeignKey("entries.id"), nullable=False, unique=True),
    Column("ended_at", Number, nullable=False),
)

redemptions = Table(
    "redemptions",
    metadata,
    Column("entry_id", String, ForeignKey("entries.id"), primary_key=True),  # of kind redeem or commit
    Column("member", Number, nullable=False, index=True),
    Column("drawn_by", String, ForeignKey("entries.id"), nullable=False),  # the entry whose moves drew the lots
    Column("amount", Number, CheckConstraint("amount > 0", name="amount"), nullable=False),
    Column("refunded", Number, nullable=False),
    Column("reference", String, index=True),  # what it paid for: an order
    CheckConstraint("refunded >= 0 AND refunded <= amount", name="refunded"),
)
