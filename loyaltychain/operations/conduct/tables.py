"""What the conduct step keeps: facts (versions, grants, decisions: append-only), and caches that it works out anew
whenever somebody asks (objects, routes, states)."""

from sqlalchemy import CheckConstraint, Column, Index, Table, text

from loyaltychain.db.tables import Number, Position, String, metadata

program_versions = Table(
    "program_versions",
    metadata,
    Column("number", Position, primary_key=True, autoincrement=False),  # 1, 2, 3, …
    Column("from_position", Number, nullable=False),  # of events; of two with the same one the later counts
    Column("digest", String, nullable=False),  # 0x hex; empty: before anybody wrote it down
    Column("document", String, nullable=False),  # the programme with its defaults, canonical JSON
)

grants = Table(
    "grants",
    metadata,
    Column("number", Position, primary_key=True, autoincrement=False),  # 1, 2, 3, …
    Column("cause", String, nullable=False),
    Column("rule", String, nullable=False),
    Column("occurrence", String, nullable=False),
    Column("member", Number, nullable=False),  # whose act or object it was, also where she went over into another one
    Column("revision", Number, nullable=False),  # 1, 2, 3, … of these four
    Column("unit", String, nullable=False),
    Column("at", Number, nullable=False),
    Column("desired", Number, nullable=False),
    Column("awarded", Number, nullable=False),
    Column("state", String, nullable=False),
    Column("reason", String),
    Column("qualifying", Number, nullable=False),
    Column("due_at", Number),
    Column("expiry", String),  # its own lifetime, canonical JSON; none: the programme's
    Column("role", String),
    Column("inputs", String, nullable=False),  # canonical JSON
    Column("version", String, nullable=False),  # digest of the programme that decided
    Column("posted", Number, nullable=False),  # what stands in the ledger for it since; other than awarded: ``problem``
    Column("counted", Number, nullable=False),  # the same of qualifying points
    Column("problem", String),  # why not all of it was posted: over-cap, balance-too-large, member-closed
    Column("position", Number, nullable=False),  # the event that brought this revision about; 0: time, or a version
    Column("recorded_at", Number, nullable=False),
    Column("is_latest", Number, CheckConstraint("is_latest IN (0, 1)", name="is_latest"), nullable=False),
    Column("first_at", Number, nullable=False),  # when it was first granted, and when it became what it is: of the
    Column("last_at", Number, nullable=False),  # facts that did it
    CheckConstraint("unit IN ('points', 'badge')", name="unit"),
    CheckConstraint("state IN ('given', 'pending', 'held', 'gone')", name="state"),
    Index("uq_grants_cause", "cause", "rule", "occurrence", "member", "revision", unique=True),
    Index("ix_grants_member", "member", "last_at", sqlite_where=text("is_latest = 1"),
          postgresql_where=text("is_latest = 1")),
    Index("ix_grants_position", "position"),
)  # fmt: skip

grant_entries = Table(
    "grant_entries",
    metadata,
    Column("entry_id", String, primary_key=True),
    Column("grant_number", Number, nullable=False, index=True),  # the revision that posted it
)

decisions = Table(
    "decisions",
    metadata,
    Column("number", Position, primary_key=True, autoincrement=False),  # 1, 2, 3, …: the order of decisions
    Column("resource", String, nullable=False),
    Column("key", String, nullable=False),
    Column("revision", Number, nullable=False),  # 1, 2, 3, … of the two; the latest is in force
    Column("first", Number, nullable=False),  # the number of its first revision: its place in the line
    Column("wanted", Number, nullable=False),
    Column("granted", Number, nullable=False),
    Column("most", Number, nullable=False),
    Column("member", Number, nullable=False),  # whose fact asked
    Column("at", Number, nullable=False),  # when that fact was
    Column("recorded_at", Number, nullable=False),
    Column("is_latest", Number, CheckConstraint("is_latest IN (0, 1)", name="is_latest"), nullable=False),
    CheckConstraint("granted >= 0 AND granted <= wanted", name="granted"),
    Index("uq_decisions_resource", "resource", "key", "revision", unique=True),
    Index("ix_decisions_member", "member", "at", sqlite_where=text("is_latest = 1"),
          postgresql_where=text("is_latest = 1")),
    Index("ix_decisions_short", "resource", "first", sqlite_where=text("is_latest = 1 AND granted < wanted"),
          postgresql_where=text("is_latest = 1 AND granted < wanted")),
)  # fmt: skip

pools = Table(  # what is taken of each resource: the sum of its decisions in force
    "pools",
    metadata,
    Column("resource", String, primary_key=True),
    Column("taken", Number, CheckConstraint("taken >= 0", name="taken"), nullable=False),
)

objects = Table(
    "objects",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("owner", Number, nullable=False),
    Column("made_at", Number, nullable=False),
    Column("parent", String),
    Column("position", Number, nullable=False),  # of the event that made it: the first by (occurred_at, source, id)
    Index("ix_objects_parent", "parent", "made_at", sqlite_where=text("parent IS NOT NULL"),
          postgresql_where=text("parent IS NOT NULL")),
)  # fmt: skip

mentions = Table(  # what events name: an object, an order, another event, a member whom nobody knows yet
    "mentions",
    metadata,
    Column("kind", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("position", Number, primary_key=True, autoincrement=False),
    CheckConstraint("kind IN ('object', 'order', 'event', 'member')", name="kind"),
)

stream = Table(  # whom each event concerns
    "stream",
    metadata,
    Column("member", Number, primary_key=True, autoincrement=False),  # as captured, before any merge
    Column("occurred_at", Number, primary_key=True, autoincrement=False),
    Column(
        "position", Number, primary_key=True, autoincrement=False
    ),  # the event's; below 0: a ledger entry's, negated
    Column("roles", String, nullable=False),  # "actor,owner"; empty: it only speaks of an act of hers
    Index("ix_stream_position", "position"),
)

retractions = Table(
    "retractions",
    metadata,
    Column("position", Number, primary_key=True, autoincrement=False),  # of what was taken back
    Column("by_position", Number, primary_key=True, autoincrement=False, index=True),  # of what took it back
    Column("at", Number, nullable=False),
    Column("is_fraud", Number, CheckConstraint("is_fraud IN (0, 1)", name="is_fraud"), nullable=False),
)

actor_roles = Table(  # which roles the doer of a signal held when it was decided on: a decision, of those that ask
    "actor_roles",
    metadata,
    Column("position", Position, primary_key=True, autoincrement=False),
    Column("roles", String, nullable=False),  # JSON, a list
)

fold_states = Table(
    "fold_states",
    metadata,
    Column("member", Number, primary_key=True, autoincrement=False),  # who stands for herself
    Column("numbers", String, nullable=False),  # JSON: hers, and those that went over into her
    Column("facts", Number, nullable=False),  # how many were folded
    Column("at", Number, nullable=False),  # the last one's key
    Column("source", String, nullable=False),
    Column("event_id", String, nullable=False),
    Column("document", String, nullable=False),  # the state, JSON
    Column("due_at", Number, index=True),  # when time alone does something to it next; none: never
    Column("tidied_to", Number, nullable=False),  # what time did up to here is in her grants, not in the document
    Column("is_stale", Number, CheckConstraint("is_stale IN (0, 1)", name="is_stale"), nullable=False),
    Index("ix_fold_states_is_stale", "is_stale", sqlite_where=text("is_stale = 1"),
          postgresql_where=text("is_stale = 1")),
)  # fmt: skip

fold_checkpoints = Table(
    "fold_checkpoints",
    metadata,
    Column("member", Number, primary_key=True, autoincrement=False),
    Column("at", Number, primary_key=True, autoincrement=False),  # every fact up to it, and none after it
    Column("facts", Number, nullable=False),
    Column("document", String, nullable=False),
)
