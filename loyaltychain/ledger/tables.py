"""The ledger's tables. All are append-only facts, but for three caches of them: ``volumes``, what remains of a lot, and
what was refunded of a redemption."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, column, table, text

from loyaltychain.db.tables import Number, Position, String, metadata


def _partial(of: str, name: str, condition: str) -> Index:
    """An index of the rows for which the condition holds."""
    return Index(f"ix_{of}_{name}", name, sqlite_where=text(condition), postgresql_where=text(condition))


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
    Column("position", Position, CheckConstraint("position >= 1", name="position"), primary_key=True,
           autoincrement=False),
    Column("id", String, nullable=False, unique=True),
    Column("kind", String, nullable=False),
    Column("member", Number),
    Column("cause", String, nullable=False),
    Column("rule", String),
    Column("program", String),
    Column("occurred_at", Number, nullable=False),
    Column("recorded_at", Number, nullable=False),
    Column("postings", String, nullable=False),  # canonical JSON, as the entry's document has it
    Column("digest", String, nullable=False),
    Column("head", String, nullable=False),  # the hash chain up to and including this entry
    Column("details", String),  # canonical JSON: what else the entry's document says (reason, actor, …)
    Index("ix_entries_member", "member", "position"),
)  # fmt: skip

#: One row a posting, for readers to whom speed is nothing: a view of ``entries``.
postings = table(
    "postings",
    *(column(name, String) for name in ("entry_id", "source", "destination", "unit")),
    *(column(name, Number) for name in ("position", "line", "amount")),
)

#: Neither lots nor their moves refer to entries by a foreign key, which PostgreSQL would look up row by row: both are
#: written with the entry, never without it, and ``ledger/lot_checks.py`` proves it.
lots = Table(
    "lots",
    metadata,
    Column("position", Position, primary_key=True, autoincrement=False),  # of the entry that made it, whose id is its
    Column("member", Number, nullable=False),
    Column("award", String),  # the cause whose points these are, where it is not its entry's own
    Column("earned_at", Number, nullable=False),
    Column("expires_at", Number),  # exclusive; none: never
    Column("due_at", Number),  # pending until then; none: available
    Column("in_grace", Number, CheckConstraint("in_grace IN (0, 1)", name="in_grace"), nullable=False),
    Column("amount", Number, CheckConstraint("amount > 0", name="amount"), nullable=False),
    Column("remaining", Number, nullable=False),  # its amount and the sum of its moves
    Column("expired", Number, nullable=False),  # what ran out of it and was not counted towards a return since
    Column("returned_by", String),  # the last entry that gave points back to it
    CheckConstraint("remaining >= 0 AND expired >= 0 AND remaining + expired <= amount", name="remaining"),
    _partial("lots", "member", "remaining > 0"),  # spent lots are many
    _partial("lots", "award", "award IS NOT NULL"),
    _partial("lots", "expires_at", "remaining > 0 AND expires_at IS NOT NULL"),
    _partial("lots", "due_at", "remaining > 0 AND due_at IS NOT NULL"),
)

lot_moves = Table(
    "lot_moves",
    metadata,
    Column("position", Position, primary_key=True, autoincrement=False),  # of the entry
    Column("lot", Position, primary_key=True, autoincrement=False),  # another one's: what an entry makes, it fills
    Column("amount", Number, CheckConstraint("amount <> 0", name="amount"), nullable=False),  # signed
    sqlite_with_rowid=False,
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
    Column("member", Number, nullable=False),
    Column("drawn_by", String, ForeignKey("entries.id"), nullable=False),  # the entry whose moves drew the lots
    Column("amount", Number, CheckConstraint("amount > 0", name="amount"), nullable=False),
    Column("refunded", Number, nullable=False),
    Column("reference", String),  # what it paid for: an order
    CheckConstraint("refunded >= 0 AND refunded <= amount", name="refunded"),
    _partial("redemptions", "reference", "reference IS NOT NULL"),
)
