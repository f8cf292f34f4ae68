"""Codes in batches, links of members, and what became of each proof that an event brought. All append-only."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, ForeignKeyConstraint, Index, Table

from loyaltychain.db.tables import Number, Position, String, metadata

code_batches = Table(
    "code_batches",
    metadata,
    Column("id", String, primary_key=True),
    Column("behaviour", String, nullable=False),
    Column(
        "uses", Number, CheckConstraint("uses >= 1", name="uses"), nullable=False
    ),  # of each code, by so many members
    Column("until", Number),  # exclusive; by when it came, not by when its source says that it happened
    Column("actor", String, nullable=False),
    Column("made_at", Number, nullable=False),
)

code_batch_ends = Table(
    "code_batch_ends",
    metadata,
    Column("batch", String, ForeignKey("code_batches.id"), primary_key=True),
    Column("reason", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("ended_at", Number, nullable=False),
)

codes = Table(
    "codes",
    metadata,
    Column("digest", String, primary_key=True),  # SHA-256: the code itself is kept nowhere
    Column("batch", String, ForeignKey("code_batches.id"), nullable=False, index=True),
)

share_links = Table(
    "share_links",
    metadata,
    Column("token", String, primary_key=True),
    Column("member", Number, ForeignKey("members.number"), nullable=False, index=True),
    Column("behaviour", String, nullable=False),
    Column("utm", String, nullable=False),  # JSON object of texts
    Column("actor", String, nullable=False),
    Column("made_at", Number, nullable=False),
)

share_link_ends = Table(
    "share_link_ends",
    metadata,
    Column("token", String, ForeignKey("share_links.token"), primary_key=True),
    Column("reason", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("ended_at", Number, nullable=False),
)

proof_decisions = Table(
    "proof_decisions",
    metadata,
    Column("position", Position, primary_key=True, autoincrement=False),  # the event's
    Column("source", String, nullable=False),
    Column("event_id", String, nullable=False),
    Column("member", Number, nullable=False),
    Column("kind", String, nullable=False),  # as the event says, "code", "link" or "attested"; else ""
    Column("refused", String),  # why; none: it is good
    Column("behaviour", String),  # for which it was given out; none: for any
    Column("handle", String),  # the code's digest or the link's token, where it is known
    Column("attested_by", String),  # the moderator's id
    ForeignKeyConstraint(["source", "event_id"], ["events.source", "events.id"]),
    Index("ix_proof_decisions_source", "source", "event_id", unique=True),
    Index("ix_proof_decisions_handle", "handle", "member"),
)
