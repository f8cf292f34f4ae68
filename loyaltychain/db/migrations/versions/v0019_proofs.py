"""Codes, links, attestations and what became of the proofs that events brought; who sent whom."""

import sqlalchemy as sa
from alembic import op

from loyaltychain.db.migrations.guard import guard
from loyaltychain.db.migrations.parts import check, index, key, number, position, refers, text

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, and refuse changes to what is a fact."""
    _create_codes()
    _create_links()
    op.create_table(
        "attestations",
        text("source"), text("event_id"), text("attested_by"),
        key("attestations", "source", "event_id"), _event("attestations"),
    )  # fmt: skip
    op.create_table(
        "proof_decisions",
        position(), text("source"), text("event_id"), number("member"), text("kind"), text("refused", null=True),
        text("behaviour", null=True), text("handle", null=True), text("attested_by", null=True),
        key("proof_decisions", "position"), _event("proof_decisions"),
    )  # fmt: skip
    op.create_index("ix_proof_decisions_source", "proof_decisions", ["source", "event_id"], unique=True)
    op.create_index("ix_proof_decisions_handle", "proof_decisions", ["handle", "member"])
    for table in ("code_batches", "code_batch_ends", "codes", "share_links", "share_link_ends", "attestations",
                  "proof_decisions"):  # fmt: skip
        guard(table)
    _create_referrals()


def _create_codes() -> None:
    op.create_table(
        "code_batches",
        text("id"), text("behaviour"), number("uses"), number("until", null=True), text("actor"), number("made_at"),
        key("code_batches", "id"), check("code_batches", "uses", "uses >= 1"),
    )  # fmt: skip
    op.create_table(
        "code_batch_ends",
        text("batch"), text("reason"), text("actor"), number("ended_at"),
        key("code_batch_ends", "batch"), refers("code_batch_ends", "batch", "code_batches.id"),
    )  # fmt: skip
    op.create_table(
        "codes",
        text("digest"), text("batch"),
        key("codes", "digest"), refers("codes", "batch", "code_batches.id"),
    )  # fmt: skip
    index("codes", "batch")


def _create_links() -> None:
    op.create_table(
        "share_links",
        text("token"), number("member"), text("behaviour"), text("utm"), text("actor"), number("made_at"),
        key("share_links", "token"), refers("share_links", "member", "members.number"),
    )  # fmt: skip
    index("share_links", "member")
    op.create_table(
        "share_link_ends",
        text("token"), text("reason"), text("actor"), number("ended_at"),
        key("share_link_ends", "token"), refers("share_link_ends", "token", "share_links.token"),
    )  # fmt: skip


def _create_referrals() -> None:
    op.create_table(
        "referrals",
        position(), text("source"), text("event_id"), text("type"), number("occurred_at"), number("referee"),
        number("referrer", null=True), text("referrer_id"), text("traits"), number("is_void"),
        key("referrals", "position"), check("referrals", "is_void", "is_void IN (0, 1)"),
    )  # fmt: skip
    for column in ("referee", "referrer", "referrer_id"):
        index("referrals", column)
    op.create_index("ix_referrals_source", "referrals", ["source", "event_id"], unique=True)
    op.create_table(
        "member_traits",
        number("member"), text("field"), text("digest"), number("occurred_at"), text("source"), text("event_id"),
        key("member_traits", "member", "field", "digest"),
    )  # fmt: skip


def _event(table: str) -> sa.ForeignKeyConstraint:
    columns = ["source", "event_id"]
    return sa.ForeignKeyConstraint(columns, ["events.source", "events.id"], name=f"fk_{table}_source_events")
