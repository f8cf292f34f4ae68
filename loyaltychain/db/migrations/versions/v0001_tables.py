"""The first tables: members, events, ledger, outcomes, chain, settlement, cursors.

Spelt out, not read from the packages' ``tables.py``: those change with the next release, this never does.
"""

import sqlalchemy as sa
from alembic import op

from loyaltychain.db.migrations.parts import check, index, key, number, refers, text, unique

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create all tables in the order of their references."""
    _create_events()
    _create_ledger()
    _create_outcomes()
    _create_chain()
    _create_settlement()
    _create_cursors()


def _create_events() -> None:
    op.create_table(
        "members",
        number("number"), text("member_id"), number("joined_at"),
        key("members", "number"), unique("members", "member_id"),
        check("members", "number", "number BETWEEN 1 AND 134217727"),
    )  # fmt: skip
    op.create_table(
        "events",
        text("source"), text("id"), text("type"), number("member"), number("occurred_at"),
        number("received_at"), text("payload"), text("digest"),
        key("events", "source", "id"), refers("events", "member", "members.number"),
    )  # fmt: skip
    op.create_table(
        "event_positions",
        number("position"), text("source"), text("id"),
        key("event_positions", "position"), unique("event_positions", "source", "id"),
        sa.ForeignKeyConstraint(
            ["source", "id"], ["events.source", "events.id"], name="fk_event_positions_source_events"
        ),
        check("event_positions", "position", "position >= 1"),
    )  # fmt: skip


def _create_ledger() -> None:
    op.create_table(
        "volumes",
        text("account"), text("unit"), number("total_in"), number("total_out"), number("may_overdraw"),
        key("volumes", "account", "unit"),
        check("volumes", "monotone", "total_in >= 0 AND total_out >= 0"),
        check("volumes", "may_overdraw", "may_overdraw IN (0, 1)"),
        check("volumes", "no_overdraft", "may_overdraw = 1 OR total_in >= total_out"),
    )  # fmt: skip
    op.create_table(
        "entries",
        text("id"), text("kind"), number("member", null=True), text("cause"), text("rule", null=True),
        text("program", null=True), number("occurred_at"), number("recorded_at"), text("digest"),
        key("entries", "id"),
    )  # fmt: skip
    op.create_table(
        "postings",
        text("entry_id"), number("line"), text("source"), text("destination"), text("unit"), number("amount"),
        key("postings", "entry_id", "line"), refers("postings", "entry_id", "entries.id"),
        check("postings", "amount", "amount > 0"), check("postings", "moves", "source <> destination"),
    )  # fmt: skip
    index("postings", "source")
    index("postings", "destination")
    op.create_table(
        "entry_positions",
        number("position"), text("entry_id"), text("head"),
        key("entry_positions", "position"), unique("entry_positions", "entry_id"),
        refers("entry_positions", "entry_id", "entries.id"),
        check("entry_positions", "position", "position >= 1"),
    )  # fmt: skip


def _create_outcomes() -> None:
    op.create_table(
        "outcomes",
        number("position"), text("outcome"), text("entry_id", null=True), text("explanation"),
        key("outcomes", "position"), refers("outcomes", "position", "event_positions.position"),
        refers("outcomes", "entry_id", "entries.id"),
        check("outcomes", "outcome", "outcome IN ('posted', 'nothing', 'refused')"),
    )  # fmt: skip


def _create_chain() -> None:
    op.create_table(
        "intents",
        text("id"), number("chain_id"), text("signer"), text("target", null=True), text("calldata"),
        text("digest"), number("nonce", null=True), text("state"), text("reason", null=True),
        text("tx_hash", null=True), number("block_number", null=True), text("block_hash", null=True),
        number("gas_used", null=True), text("contract_address", null=True), number("created_at"),
        key("intents", "id"),
        check(
            "intents", "state", "state IN ('pending','signed','broadcast','mined','final','parked','reverted')"
        ),
    )  # fmt: skip
    op.create_index("uq_intents_nonce", "intents", ["chain_id", "signer", "nonce"], unique=True)
    op.create_table(
        "attempts",
        text("tx_hash"), text("intent_id"), text("raw"), number("gas"), number("max_fee"), number("tip"),
        number("signed_at"),
        key("attempts", "tx_hash"), refers("attempts", "intent_id", "intents.id"),
    )  # fmt: skip
    index("attempts", "intent_id")
    op.create_table(
        "deployments",
        text("network"), number("chain_id"), text("genesis_hash"), text("instance_id"), text("manifest"),
        key("deployments", "network"),
    )  # fmt: skip
    op.create_table(
        "publications",
        text("network"), number("number"), number("from_position"), text("digest"), text("document"),
        number("block_number"), key("publications", "network", "number"),
        refers("publications", "network", "deployments.network"),
    )  # fmt: skip


def _create_settlement() -> None:
    op.create_table(
        "batches",
        number("id"), number("from_position"), number("to_position"), text("prev_hash"), text("balance_root"),
        text("receipt_root"), text("ledger_head"), text("program_hash"), text("data"), text("data_hash"),
        number("time"), number("updates"), number("issued"), number("burned"), text("batch_hash"), text("state"),
        key("batches", "id"), unique("batches", "batch_hash"), check("batches", "id", "id >= 1"),
        check("batches", "state", "state IN ('sealed','submitted','final','halted')"),
        check("batches", "positions", "from_position <= to_position"),
    )  # fmt: skip
    op.create_table(
        "batch_updates",
        number("batch"), number("member"), number("delta"),
        key("batch_updates", "batch", "member"), refers("batch_updates", "batch", "batches.id"),
        refers("batch_updates", "member", "members.number"), check("batch_updates", "delta", "delta <> 0"),
    )  # fmt: skip
    op.create_table(
        "receipts",
        number("batch"), number("index"), number("member"), text("unit"), number("amount"), text("entry_id"),
        text("entry_digest"), text("salt"), text("leaf"),
        key("receipts", "batch", "index"), unique("receipts", "entry_id", "member", "unit"),
        refers("receipts", "batch", "batches.id"), refers("receipts", "member", "members.number"),
        refers("receipts", "entry_id", "entries.id"),
    )  # fmt: skip
    index("receipts", "member")
    op.create_table(
        "receipt_keys",
        number("member"), text("key"),
        key("receipt_keys", "member"), refers("receipt_keys", "member", "members.number"),
    )  # fmt: skip


def _create_cursors() -> None:
    op.create_table(
        "cursors",
        text("step"), number("position"), key("cursors", "step"),
        check("cursors", "position", "position >= 0"),
    )  # fmt: skip
