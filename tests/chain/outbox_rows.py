"""Rows for the outbox's tests: an intent in any state, and how it stands."""

from typing import Any

from sqlalchemy import Engine, insert

from loyaltychain.chain import outbox
from loyaltychain.chain.intents import Intent
from loyaltychain.chain.tables import intents
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.hashing import to_hex
from loyaltychain.db.engine import reading, transaction
from tests.chain.intent_builders import make_new_intent

NOW = UnixSeconds(1_000)


def given_intent(engine: Engine, **changes: Any) -> None:
    """The intent in the outbox, with these columns as they are wanted."""
    intent = make_new_intent(id=changes.pop("id", "settle:1"), **{
        name: changes.pop(name) for name in ("chain_id", "signer") if name in changes
    })  # fmt: skip
    row = {
        "id": intent.id, "chain_id": intent.chain_id, "signer": intent.signer, "target": intent.target,
        "calldata": to_hex(intent.calldata), "digest": to_hex(intent.digest), "state": "pending", "created_at": NOW,
    }  # fmt: skip
    with transaction(engine) as tx:
        tx.execute(insert(intents), row | changes)


def read(engine: Engine, intent_id: str = "settle:1") -> Intent:
    with reading(engine) as tx:
        return outbox.read_intent(tx, intent_id)
