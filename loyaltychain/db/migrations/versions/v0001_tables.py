"""The first tables: members, events, ledger, outcomes, chain, settlement, cursors.

Spelt out, not read from the packages' ``tables.py``: those change with the next release, this never does.
"""

import sqlalchemy as sa
from alembic import op

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


def _number(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=null, autoincrement=False)


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=null)


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=f"uq_{table}_{columns[0]}")


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=f"ck_{table}_{name}")


def _refers(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=f"fk_{table}_{column}_{target.partition('.')[0]}")


def _index(table: str, column: str) -> None:
    op.create_index(f"ix_{table}_{column}", table, [column])


def _create_events() -> None:
    op.create_table(
        "members",
        _number("number"), _text("member_id"), _number("joined_at"),
        _key("members", "number"), _unique("members", "member_id"),
        _check("members", "number", "number BETWEEN 1 AND 134217727"),
    )  # fmt: skip
    op.create_table(
        "events",
        _text("source"), _text("id"), _text("type"), _number("member"), _number("occurred_at"),
        _number("received_at"), _text("payload"), _text("digest"),
        _key("events", "source", "id"), _refers("events", "member", "members.number"),
    )  # fmt: skip
    op.create_table(
        "event_positions",
        _number("position"), _text("source"), _text("id"),
        _key("event_positions", "position"), _unique("event_positions", "source", "id"),
        sa.ForeignKeyConstraint(
            ["source", "id"], ["events.source", "events.id"], name="fk_event_positions_source_events"
        ),
        _check("event_positions", "position", "position >= 1"),
    )  # fmt: skip


def _create_ledger() -> None:
    op.create_table(
        "volumes",
        _text("account"), _text("unit"), _number("total_in"), _number("total_out"), _number("may_overdraw"),
        _key("volumes", "account", "unit"),
        _check("volumes", "monotone", "total_in >= 0 AND total_out >= 0"),
        _check("volumes", "may_overdraw", "may_overdraw IN (0, 1)"),
        _check("volumes", "no_overdraft", "may_overdraw = 1 OR total_in >= total_out"),
    )  # fmt: skip
    op.create_table(
        "entries",
        _text("id"), _text("kind"), _number("member", null=True), _text("cause"), _text("rule", null=True),
        _text("program", null=True), _number("occurred_at"), _number("recorded_at"), _text("digest"),
        _key("entries", "id"),
    )  # fmt: skip
    op.create_table(
        "postings",
        _text("entry_id"), _number("line"), _text("source"), _text("destination"), _text("unit"), _number("amount"),
        _key("postings", "entry_id", "line"), _refers("postings", "entry_id", "entries.id"),
        _check("postings", "amount", "amount > 0"), _check("postings", "moves", "source <> destination"),
    )  # fmt: skip
    _index("postings", "source")
    _index("postings", "destination")
    op.create_table(
        "entry_positions",
        _number("position"), _text("entry_id"), _text("head"),
        _key("entry_positions", "position"), _unique("entry_positions", "entry_id"),
        _refers("entry_positions", "entry_id", "entries.id"),
        _check("entry_positions", "position", "position >= 1"),
    )  # fmt: skip


def _create_outcomes() -> None:
    op.create_table(
        "outcomes",
        _number("position"), _text("outcome"), _text("entry_id", null=True), _text("explanation"),
        _key("outcomes", "position"), _refers("outcomes", "position", "event_positions.position"),
        _refers("outcomes", "entry_id", "entries.id"),
        _check("outcomes", "outcome", "outcome IN ('posted', 'nothing', 'refused')"),
    )  # fmt: skip


def _create_chain() -> None:
    op.create_table(
        "intents",
        _text("id"), _number("chain_id"), _text("signer"), _text("target", null=True), _text("calldata"),
        _text("digest"), _number("nonce", null=True), _text("state"), _text("reason", null=True),
        _text("tx_hash", null=True), _number("block_number", null=True), _text("block_hash", null=True),
        _number("gas_used", null=True), _text("contract_address", null=True), _number("created_at"),
        _key("intents", "id"),
        _check(
            "intents", "state", "state IN ('pending','signed','broadcast','mined','final','parked','reverted')"
        ),
    )  # fmt: skip
    op.create_index("uq_intents_nonce", "intents", ["chain_id", "signer", "nonce"], unique=True)
    op.create_table(
        "attempts",
        _text("tx_hash"), _text("intent_id"), _text("raw"), _number("gas"), _number("max_fee"), _number("tip"),
        _number("signed_at"),
        _key("attempts", "tx_hash"), _refers("attempts", "intent_id", "intents.id"),
    )  # fmt: skip
    _index("attempts", "intent_id")
    op.create_table(
        "deployments",
        _text("network"), _number("chain_id"), _text("genesis_hash"), _text("instance_id"), _text("manifest"),
        _key("deployments", "network"),
    )  # fmt: skip
    op.create_table(
        "publications",
        _text("network"), _number("number"), _number("from_position"), _text("digest"), _text("document"),
        _number("block_number"), _key("publications", "network", "number"),
        _refers("publications", "network", "deployments.network"),
    )  # fmt: skip


def _create_settlement() -> None:
    op.create_table(
        "batches",
        _number("id"), _number("from_position"), _number("to_position"), _text("prev_hash"), _text("balance_root"),
        _text("receipt_root"), _text("ledger_head"), _text("program_hash"), _text("data"), _text("data_hash"),
        _number("time"), _number("updates"), _number("issued"), _number("burned"), _text("batch_hash"), _text("state"),
        _key("batches", "id"), _unique("batches", "batch_hash"), _check("batches", "id", "id >= 1"),
        _check("batches", "state", "state IN ('sealed','submitted','final','halted')"),
        _check("batches", "positions", "from_position <= to_position"),
    )  # fmt: skip
    op.create_table(
        "batch_updates",
        _number("batch"), _number("member"), _number("delta"),
        _key("batch_updates", "batch", "member"), _refers("batch_updates", "batch", "batches.id"),
        _refers("batch_updates", "member", "members.number"), _check("batch_updates", "delta", "delta <> 0"),
    )  # fmt: skip
    op.create_table(
        "receipts",
        _number("batch"), _number("index"), _number("member"), _text("unit"), _number("amount"), _text("entry_id"),
        _text("entry_digest"), _text("salt"), _text("leaf"),
        _key("receipts", "batch", "index"), _unique("receipts", "entry_id", "member", "unit"),
        _refers("receipts", "batch", "batches.id"), _refers("receipts", "member", "members.number"),
        _refers("receipts", "entry_id", "entries.id"),
    )  # fmt: skip
    _index("receipts", "member")
    op.create_table(
        "receipt_keys",
        _number("member"), _text("key"),
        _key("receipt_keys", "member"), _refers("receipt_keys", "member", "members.number"),
    )  # fmt: skip


def _create_cursors() -> None:
    op.create_table(
        "cursors",
        _text("step"), _number("position"), _key("cursors", "step"),
        _check("cursors", "position", "position >= 0"),
    )  # fmt: skip
