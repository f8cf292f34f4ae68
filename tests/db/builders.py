"""Sample rows: one valid row for every table, and the schema as a comparable value."""

from typing import Any

from sqlalchemy import inspect

from loyaltychain.api.tables import api_keys, idempotency_records
from loyaltychain.chain.tables import attempts, deployments, intents, publications
from loyaltychain.db.cursors import cursors
from loyaltychain.db.engine import Tx
from loyaltychain.events.tables import (
    event_positions,
    events,
    intake_refusals,
    member_aliases,
    member_closures,
    members,
)
from loyaltychain.ledger.tables import (
    entries,
    entry_positions,
    hold_ends,
    holds,
    lot_moves,
    lots,
    postings,
    redemptions,
    volumes,
)
from loyaltychain.operations.tables import order_bonuses, order_lines, orders, outcomes, return_lines, rewards
from loyaltychain.settlement.tables import batch_updates, batch_voids, batches, receipt_keys, receipts

#: In the order of their references.
ONE_ROW_EACH = [
    (members, {"number": 1, "member_id": "ann", "joined_at": 5}),
    (events, {"source": "shop", "id": "1", "type": "purchase", "member": 1, "occurred_at": 5, "received_at": 6,
              "payload": "{}", "digest": "0x01"}),
    (event_positions, {"position": 1, "source": "shop", "id": "1"}),
    (volumes, {"account": "member:1:available", "unit": "points", "total_in": 7, "total_out": 3, "may_overdraw": 0}),
    (entries, {"id": "earn:1", "kind": "earn", "member": 1, "cause": "shop/1", "rule": "spend", "program": "0x02",
               "occurred_at": 5, "recorded_at": 6, "digest": "0x03", "details": None}),
    (postings, {"entry_id": "earn:1", "line": 0, "source": "program:issued", "destination": "member:1:available",
                "unit": "points", "amount": 7}),
    (entry_positions, {"position": 1, "entry_id": "earn:1", "head": "0x04"}),
    (outcomes, {"position": 1, "outcome": "posted", "entry_id": "earn:1", "explanation": "{}"}),
    (intents, {"id": "settle:1", "chain_id": 31337, "signer": "0x05", "target": "0x06", "calldata": "0x",
               "digest": "0x07", "nonce": 0, "state": "pending", "created_at": 8}),
    (attempts, {"tx_hash": "0x08", "intent_id": "settle:1", "raw": "0x09", "gas": 21000, "max_fee": 2, "tip": 1,
                "signed_at": 9}),
    (deployments, {"network": "local", "chain_id": 31337, "genesis_hash": "0x0a", "instance_id": "0x0b",
                   "manifest": "{}"}),
    (publications, {"network": "local", "number": 1, "from_position": 1, "digest": "0x02", "document": "{}",
                    "block_number": 4}),
    (batches, {"id": 1, "from_position": 1, "to_position": 1, "prev_hash": "0x0c", "balance_root": "0x0d",
               "receipt_root": "0x0e", "ledger_head": "0x04", "program_hash": "0x02", "data": "0x01",
               "data_hash": "0x0f", "time": 10, "updates": 1, "issued": 7, "burned": 0, "batch_hash": "0x10",
               "state": "sealed", "supply": 7}),
    (batch_updates, {"batch": 1, "member": 1, "delta": 7}),
    (receipts, {"batch": 1, "index": 0, "member": 1, "unit": "points", "amount": 7, "entry_id": "earn:1",
                "entry_digest": "0x03", "salt": "0x11", "leaf": "0x12"}),
    (batch_voids, {"first_id": 2, "last_id": 3, "fraud": 3, "challenger": "0x18", "block_number": 9, "is_own": 1,
                   "resumed_at": None}),
    (receipt_keys, {"member": 1, "key": "0x13"}),
    (cursors, {"step": "earn", "position": 1}),
    (lots, {"id": "earn:1", "member": 1, "award": "shop/1", "earned_at": 5, "expires_at": 9, "due_at": 7,
            "in_grace": 0, "amount": 7, "remaining": 6, "expired": 1, "returned_by": "earn:1"}),
    (lot_moves, {"entry_id": "earn:1", "lot_id": "earn:1", "amount": 7}),
    (holds, {"id": "h1", "entry_id": "earn:1", "member": 1, "amount": 1, "created_at": 6, "until": 8,
             "reference": "1", "items": "[]"}),
    (hold_ends, {"hold": "h1", "kind": "commit", "entry_id": "earn:1", "ended_at": 7}),
    (redemptions, {"entry_id": "earn:1", "member": 1, "drawn_by": "earn:1", "amount": 1, "refunded": 0,
                   "reference": "1"}),
    (member_aliases, {"member_id": "ann@work", "number": 1, "since": 5}),
    (member_closures, {"number": 1, "closed_at": 9, "reason": "asked for it"}),
    (intake_refusals, {"id": "0x14", "source": "shop", "event_id": "2", "reason": "too-old", "received_at": 6,
                       "document": "{}"}),
    (orders, {"id": "1", "member": 1, "source": "shop", "event_id": "1", "occurred_at": 5, "currency": "GBP",
              "program": "0x02", "rules": "[]", "content": "0x15"}),
    (order_lines, {"order_id": "1", "line": "1", "place": 0, "member": 1, "item": "cup", "quantity": 3,
                   "amount": 700, "award": 7, "qualifying": 7, "named": 1, "matched": 1}),
    (order_bonuses, {"order_id": "1", "rule": "big", "threshold": 500, "award": 5, "qualifying": 0, "taken": 1}),
    (return_lines, {"source": "shop", "event_id": "1", "line": "1", "member": 1, "item": "cup", "order_id": "1",
                    "quantity": 1, "matched": 1, "occurred_at": 6}),
    (rewards, {"id": "mug", "name": "A mug", "cost": 5, "stock": 2, "updated_at": 5}),
    (api_keys, {"id": "k1", "name": "till", "secret_hash": "0x16", "sources": '["shop"]', "manages": 0,
                "created_at": 5, "revoked_at": None}),
    (idempotency_records, {"key_id": "k1", "route": "POST /v1/events", "key": "a", "fingerprint": "0x17",
                           "status": 202, "body": "{}", "created_at": 5}),
]  # fmt: skip

MUTABLE = {
    "volumes", "intents", "deployments", "receipt_keys", "cursors", "order_lines", "order_bonuses", "rewards",
    "idempotency_records",
}  # fmt: skip
APPEND_ONLY = {
    "events", "event_positions", "entries", "postings", "entry_positions", "outcomes", "attempts", "publications",
    "batch_updates", "receipts", "lot_moves", "holds", "hold_ends", "member_aliases", "member_closures",
    "intake_refusals", "orders",
}  # fmt: skip
FREE_COLUMNS = {
    "members": {"joined_at"}, "batches": {"state"}, "lots": {"remaining", "expired", "returned_by"},
    "redemptions": {"refunded"}, "return_lines": {"matched"}, "api_keys": {"revoked_at"},
    "batch_voids": {"resumed_at"},
}  # fmt: skip


def insert_one_row_each(tx: Tx) -> None:
    for table, row in ONE_ROW_EACH:
        tx.execute(table.insert(), [row])


def describe_schema(tx: Tx) -> dict[str, Any]:
    """Tables by name with all that the database enforces; Alembic's own table is left out."""
    inspector = inspect(tx)
    return {
        table: {
            "columns": [(c["name"], str(c["type"]), c["nullable"], c["default"]) for c in inspector.get_columns(table)],
            "key": inspector.get_pk_constraint(table),
            "unique": sorted(map(str, inspector.get_unique_constraints(table))),
            "references": sorted(map(str, inspector.get_foreign_keys(table))),
            "checks": sorted(map(str, inspector.get_check_constraints(table))),
            "indexes": sorted(map(_describe_index, inspector.get_indexes(table))),
        }
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


def _describe_index(index: Any) -> str:
    options = {name: str(option) for name, option in index.get("dialect_options", {}).items()}
    return str({**index, "dialect_options": options})
