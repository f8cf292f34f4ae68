"""Programmes by position, what their behaviours gave, what was decided between members; and the caches of the fold."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from loyaltychain.db.migrations.guard import guard
from loyaltychain.db.migrations.parts import check, index, key, number, position, text

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, and refuse changes to what is a fact."""
    op.create_table(
        "program_versions",
        position("number"), number("from_position"), text("digest"), text("document"),
        key("program_versions", "number"),
    )  # fmt: skip
    guard("program_versions")
    _create_grants()
    _create_decisions()
    _create_routes()
    _create_states()


def _create_grants() -> None:
    facts: list[sa.Column[Any]] = [
        text("cause"), text("rule"), text("occurrence"), number("member"), number("revision"), text("unit"),
        number("at"), number("desired"), number("awarded"), text("state"), text("reason", null=True),
        number("qualifying"), number("due_at", null=True), text("expiry", null=True), text("role", null=True),
        text("inputs"), text("version"), number("posted"), number("counted"), text("problem", null=True),
        number("position"), number("recorded_at"),
    ]  # fmt: skip
    op.create_table(
        "grants",
        position("number"), *facts, number("is_latest"), number("first_at"), number("last_at"),
        key("grants", "number"),
        check("grants", "is_latest", "is_latest IN (0, 1)"),
        check("grants", "unit", "unit IN ('points', 'badge')"),
        check("grants", "state", "state IN ('given', 'pending', 'held', 'gone')"),
    )  # fmt: skip
    op.create_index("uq_grants_cause", "grants", ["cause", "rule", "occurrence", "member", "revision"], unique=True)
    _partial("grants", "member", ["member", "last_at"], "is_latest = 1")
    index("grants", "position")
    guard("grants", "number", *(column.name for column in facts))
    op.create_table(
        "grant_entries",
        text("entry_id"), number("grant_number"),
        key("grant_entries", "entry_id"),
    )  # fmt: skip
    index("grant_entries", "grant_number")
    guard("grant_entries")


def _create_decisions() -> None:
    facts: list[sa.Column[Any]] = [
        position("number"), text("resource"), text("key"), number("revision"), number("first"), number("wanted"),
        number("granted"), number("most"), number("member"), number("at"), number("recorded_at"),
    ]  # fmt: skip
    op.create_table(
        "decisions",
        *facts, number("is_latest"),
        key("decisions", "number"),
        check("decisions", "is_latest", "is_latest IN (0, 1)"),
        check("decisions", "granted", "granted >= 0 AND granted <= wanted"),
    )  # fmt: skip
    op.create_index("uq_decisions_resource", "decisions", ["resource", "key", "revision"], unique=True)
    _partial("decisions", "member", ["member", "at"], "is_latest = 1")
    _partial("decisions", "short", ["resource", "first"], "is_latest = 1 AND granted < wanted")
    guard("decisions", *(column.name for column in facts))
    op.create_table(
        "pools", text("resource"), number("taken"), key("pools", "resource"), check("pools", "taken", "taken >= 0")
    )


def _create_routes() -> None:
    op.create_table(
        "objects",
        text("id"), text("kind"), number("owner"), number("made_at"), text("parent", null=True), number("position"),
        key("objects", "id"),
    )  # fmt: skip
    _partial("objects", "parent", ["parent", "made_at"], "parent IS NOT NULL")
    op.create_table(
        "mentions",
        text("kind"), text("name"), number("position"),
        key("mentions", "kind", "name", "position"),
        check("mentions", "kind", "kind IN ('object', 'order', 'event', 'member')"),
    )  # fmt: skip
    op.create_table(
        "stream",
        number("member"), number("occurred_at"), number("position"), text("roles"),
        key("stream", "member", "occurred_at", "position"),
    )  # fmt: skip
    index("stream", "position")
    op.create_table(
        "retractions",
        number("position"), number("by_position"), number("at"), number("is_fraud"),
        key("retractions", "position", "by_position"),
        check("retractions", "is_fraud", "is_fraud IN (0, 1)"),
    )  # fmt: skip
    index("retractions", "by_position")


def _create_states() -> None:
    op.create_table("actor_roles", position(), text("roles"), key("actor_roles", "position"))
    guard("actor_roles")
    op.create_table(
        "fold_states",
        number("member"), text("numbers"), number("facts"), number("at"), text("source"), text("event_id"),
        text("document"), number("due_at", null=True), number("tidied_to"), number("is_stale"),
        key("fold_states", "member"),
        check("fold_states", "is_stale", "is_stale IN (0, 1)"),
    )  # fmt: skip
    index("fold_states", "due_at")
    _partial("fold_states", "is_stale", ["is_stale"], "is_stale = 1")
    op.create_table(
        "fold_checkpoints",
        number("member"), number("at"), number("facts"), text("document"),
        key("fold_checkpoints", "member", "at"),
    )  # fmt: skip


def _partial(table: str, name: str, columns: list[str], condition: str) -> None:
    op.create_index(
        f"ix_{table}_{name}", table, columns, sqlite_where=sa.text(condition), postgresql_where=sa.text(condition)
    )
