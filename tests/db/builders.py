"""Sample rows: one valid row for every table, and the schema as a comparable value."""

from typing import Any

from sqlalchemy import inspect

from loyaltychain.actions.tables import actions
from loyaltychain.api.secret_table import api_secrets
from loyaltychain.api.tables import api_keys, idempotency_records, rate_buckets
from loyaltychain.chain.tables import attempts, deployments, foreign_nonces, intents, publications, settlement_log
from loyaltychain.db.cursors import cursors
from loyaltychain.db.engine import Tx
from loyaltychain.db.leader import leadership
from loyaltychain.db.reconciliations import reconciliation_members, reconciliations
from loyaltychain.db.restores import restores
from loyaltychain.events.attest import attestations
from loyaltychain.events.links import member_link_ends, member_links
from loyaltychain.events.tables import (
    events,
    intake_refusals,
    member_aliases,
    member_closures,
    members,
)
from loyaltychain.ledger.tables import (
    entries,
    hold_ends,
    holds,
    lot_moves,
    lots,
    redemptions,
    volumes,
)
from loyaltychain.ledger.term_tables import lapses, lot_conditions
from loyaltychain.operations.conduct.tables import (
    actor_roles,
    decisions,
    fold_checkpoints,
    fold_states,
    grant_entries,
    grants,
    mentions,
    objects,
    pools,
    program_versions,
    retractions,
    stream,
)
from loyaltychain.operations.people_tables import approval_ends, approvals, merge_lots
from loyaltychain.operations.policy_tables import member_activity, notices, parked_signals
from loyaltychain.operations.proofs.tables import (
    code_batch_ends,
    code_batches,
    codes,
    proof_decisions,
    share_link_ends,
    share_links,
)
from loyaltychain.operations.referring.tables import member_traits, referrals
from loyaltychain.operations.shop_tables import corrections, order_revisions
from loyaltychain.operations.tables import order_bonuses, order_lines, orders, outcomes, return_lines, rewards
from loyaltychain.reports.tables import jobs, periods
from loyaltychain.settlement.standing import worker_state
from loyaltychain.settlement.tables import batch_updates, batch_voids, batches, receipt_keys, receipts

#: In the order of their references.
ONE_ROW_EACH = [
    (members, {"number": 1, "member_id": "ann", "joined_at": 5}),
    (events, {"position": 1, "source": "shop", "id": "1", "type": "purchase", "member": 1, "occurred_at": 5,
              "received_at": 6, "payload": "{}", "digest": "0x01"}),
    (volumes, {"account": "member:1:available", "unit": "points", "total_in": 7, "total_out": 3, "may_overdraw": 0}),
    (entries, {"position": 1, "id": "earn:1", "kind": "earn", "member": 1, "cause": "shop/1", "rule": "spend",
               "program": "0x02", "occurred_at": 5, "recorded_at": 6, "digest": "0x03", "head": "0x04",
               "details": None,
               "postings": '[{"amount":7,"from":"program:issued","to":"member:1:available","unit":"points"}]'}),
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
    (lots, {"position": 1, "member": 1, "award": None, "earned_at": 5, "expires_at": 9, "due_at": 7,
            "in_grace": 0, "amount": 7, "remaining": 6, "expired": 1, "returned_by": "earn:1"}),
    (lot_moves, {"position": 2, "lot": 1, "amount": -1}),
    (holds, {"id": "h1", "entry_id": "earn:1", "member": 1, "amount": 1, "created_at": 6, "until": 8,
             "reference": "1", "items": "[]"}),
    (hold_ends, {"hold": "h1", "kind": "commit", "entry_id": "earn:1", "ended_at": 7}),
    (redemptions, {"entry_id": "earn:1", "member": 1, "drawn_by": "earn:1", "amount": 1, "refunded": 0,
                   "reference": "1"}),
    (lot_conditions, {"lot": 1, "until": "review_approved", "reject": "review_rejected",
                      "otherwise": "cancel", "qualifying": 7}),
    (lapses, {"id": "n1", "member": 1, "since": 5, "at": 9, "undone_by": None, "is_booked": 0}),
    (notices, {"id": "n1", "member": 1, "kind": "points.expiring", "because": "inactivity", "points": 7, "at": 9,
               "since": 5, "notice_days": 30, "created_at": 6, "sent_at": 7}),
    (member_activity, {"member": 1, "last_at": 5}),
    (parked_signals, {"source": "shop", "event_id": "1", "member": 1, "type": "review_approved", "of": "shop/2",
                      "occurred_at": 5, "state": "waiting"}),
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
                "created_at": 5, "revoked_at": None, "scopes": '["read"]', "expires_at": 9, "used_at": None}),
    (rate_buckets, {"name": "key:k1", "level": 5, "filled_at": 5}),
    (idempotency_records, {"key_id": "k1", "route": "POST /v1/events", "key": "a", "fingerprint": "0x17",
                           "status": 202, "body": "{}", "created_at": 5}),
    (actions, {"position": 1, "actor": "eve", "action": "reward.set", "subject": "reward:mug", "reason": "new",
               "at": 5, "request_id": "r1", "details": "{}", "digest": "0x19", "head": "0x1a"}),
    (periods, {"number": 1, "begins_at": 1, "ends_at": 9, "from_position": 1, "to_position": 1, "ledger_head": "0x04",
               "timezone": "UTC", "sha256": "0x1b", "closed_at": 10}),
    (jobs, {"id": "j1", "kind": "entries", "format": "csv", "parameters": "{}", "state": "done", "created_at": 5,
            "upto": 1, "cursor": 1, "written": 9, "done": 1, "total": 1, "file": "j1.csv", "sha256": "0x1c",
            "problem": None, "finished_at": 6}),
    (worker_state, {"network": "local", "deployment": "0x1e", "deciding": "on", "deciding_since": 7, "settling": "on",
                    "settling_since": 7, "beat_at": 7}),
    (restores, {"number": 1, "backup": "0x1d", "taken_at": 5, "restored_at": 6, "reconciled_at": None}),
    (member_links, {"id": 1, "merged": 1, "survivor": 1, "reason": "one person", "actor": "eve", "since": 6,
                    "points": 7, "pending": 0, "debt": 0, "qualifying": 0}),
    (member_link_ends, {"link": 1, "reason": "two persons", "actor": "eve", "ended_at": 7}),
    (merge_lots, {"link": 1, "place": 1, "lot": "earn:1", "entry_id": "earn:1", "points": 7}),
    (approvals, {"id": "app/a", "member": 1, "points": 5000, "reason": "goodwill", "actor": "eve", "asked_by": "key:k1",
                 "expires_at": 9, "may_owe": 0, "requested_at": 5, "until": 9}),
    (approval_ends, {"approval": "app/a", "verdict": "approved", "actor": "adam", "decided_by": "key:k2",
                     "reason": "well argued", "decided_at": 6}),
    (order_revisions, {"order_id": "1", "revision": 1, "source": "shop", "event_id": "1"}),
    (corrections, {"of_source": "shop", "of_id": "1", "source": "shop", "event_id": "1"}),
    (api_secrets, {"name": "a test", "secret": "0x1e"}),
    (foreign_nonces, {"intent_id": "settle:1", "chain_id": 31337, "signer": "0x05", "next_nonce": 3, "at": 9}),
    (settlement_log, {"kind": "batch", "id": "1", "number": 1, "at": 9, "was": "sealed", "became": "submitted",
                      "reason": "settle:1"}),
    (reconciliations, {"number": 1, "network": "local", "at": 5, "actor": "worker", "block_number": 3,
                       "block_hash": "0x1f", "batches": 1, "members": 1, "ledger_points": "7", "batch_points": "7",
                       "chain_points": "8", "members_off": 1, "differences": 1, "findings": "[]"}),
    (reconciliation_members, {"reconciliation": 1, "member": 1, "ledger_points": "7", "batch_points": "7",
                              "chain_points": "8"}),
    (leadership, {"name": "worker", "epoch": 1, "holder": "host:1", "taken_at": 5}),
    (program_versions, {"number": 1, "from_position": 1, "digest": "0x02", "document": "{}"}),
    (grants, {"number": 1, "cause": "shop/1", "rule": "behaviour:reply", "occurrence": "", "member": 1, "revision": 1,
              "unit": "points", "at": 5, "desired": 7, "awarded": 5, "state": "pending", "reason": "cap-points",
              "qualifying": 5, "due_at": 9, "expiry": "{}", "role": "mentor", "inputs": "{}", "version": "0x02",
              "posted": 5, "counted": 5, "problem": "over-cap", "position": 1, "recorded_at": 6, "is_latest": 1,
              "first_at": 5, "last_at": 5}),
    (grant_entries, {"entry_id": "earn:1", "grant_number": 1}),
    (decisions, {"number": 1, "resource": "budget:reply:month:0", "key": "behaviour:reply|shop/1|", "revision": 1,
                 "first": 1, "wanted": 7, "granted": 5, "most": 5, "member": 1, "at": 5, "recorded_at": 6,
                 "is_latest": 1}),
    (pools, {"resource": "budget:reply:month:0", "taken": 5}),
    (objects, {"id": "q1", "kind": "question", "owner": 1, "made_at": 5, "parent": "q0", "position": 1}),
    (mentions, {"kind": "object", "name": "q1", "position": 1}),
    (stream, {"member": 1, "occurred_at": 5, "position": 1, "roles": "actor"}),
    (retractions, {"position": 1, "by_position": 2, "at": 7, "is_fraud": 0}),
    (fold_states, {"member": 1, "numbers": "[1]", "facts": 1, "at": 5, "source": "shop", "event_id": "1",
                   "document": "{}", "due_at": 9, "tidied_to": 6, "is_stale": 0}),
    (actor_roles, {"position": 1, "roles": '["mentor"]'}),
    (fold_checkpoints, {"member": 1, "at": 5, "facts": 1, "document": "{}"}),
    (code_batches, {"id": "fair", "behaviour": "visit", "uses": 1, "until": 9, "actor": "eve", "made_at": 5}),
    (code_batch_ends, {"batch": "fair", "reason": "leaked", "actor": "eve", "ended_at": 7}),
    (codes, {"digest": "0x20", "batch": "fair"}),
    (share_links, {"token": "7K3M", "member": 1, "behaviour": "share", "utm": "{}", "actor": "eve", "made_at": 5}),
    (share_link_ends, {"token": "7K3M", "reason": "spam", "actor": "eve", "ended_at": 7}),
    (attestations, {"source": "shop", "event_id": "1", "attested_by": "eve"}),
    (proof_decisions, {"position": 1, "source": "shop", "event_id": "1", "member": 1, "kind": "code",
                       "refused": "used", "behaviour": "visit", "handle": "0x20", "attested_by": "eve"}),
    (referrals, {"position": 1, "source": "shop", "event_id": "1", "type": "referred", "occurred_at": 5, "referee": 1,
                 "referrer": 1, "referrer_id": "ann", "traits": "[]", "is_void": 0}),
    (member_traits, {"member": 1, "field": "device", "digest": "0x21", "occurred_at": 5, "source": "shop",
                     "event_id": "1"}),
]  # fmt: skip

MUTABLE = {
    "volumes", "deployments", "receipt_keys", "cursors", "order_lines", "order_bonuses", "rewards",
    "idempotency_records", "rate_buckets", "member_activity", "api_secrets", "worker_state",
    "leadership", "pools", "objects", "mentions", "stream", "retractions", "fold_states", "fold_checkpoints",
    "referrals", "member_traits",
}  # fmt: skip
APPEND_ONLY = {
    "events", "entries", "outcomes", "attempts", "publications",
    "batch_updates", "receipts", "lot_moves", "holds", "hold_ends", "member_aliases", "member_closures",
    "intake_refusals", "member_links", "member_link_ends", "merge_lots", "approvals", "approval_ends",
    "foreign_nonces", "settlement_log", "actions", "periods", "order_revisions", "corrections", "lot_conditions",
    "reconciliations", "reconciliation_members", "program_versions", "grant_entries",
    "actor_roles", "code_batches", "code_batch_ends", "codes", "share_links", "share_link_ends", "attestations",
    "proof_decisions",
}  # fmt: skip
FREE_COLUMNS = {
    "lapses": {"undone_by", "is_booked"}, "notices": {"sent_at"}, "parked_signals": {"state"},
    "members": {"joined_at"}, "batches": {"state"}, "lots": {"remaining", "expired", "returned_by"},
    "redemptions": {"refunded"}, "return_lines": {"matched", "member"},
    "orders": {"member"}, "api_keys": {"revoked_at", "used_at"},
    "intents": {"nonce", "state", "reason", "tx_hash", "block_number", "block_hash", "gas_used", "contract_address"},
    "grants": {"is_latest", "first_at", "last_at"}, "decisions": {"is_latest"},
    "batch_voids": {"resumed_at"}, "restores": {"reconciled_at"},
    "jobs": {"state", "upto", "cursor", "written", "done", "total", "file", "sha256", "problem", "finished_at"},
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
