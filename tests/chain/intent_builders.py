"""Sample intents, attempts and looks at the chain. The only place here with sample numbers."""

from dataclasses import dataclass
from typing import Any

from loyaltychain.chain.fees import FeeBid
from loyaltychain.chain.intents import Attempt, Intent, NewIntent
from loyaltychain.chain.plan import Observation
from loyaltychain.chain.rpc import Receipt
from loyaltychain.core.calendar import UnixSeconds

CHAIN_ID = 7_000_000_007
SIGNER = "0x" + "a1" * 20
TARGET = "0x" + "b2" * 20
NONCE = 5
BLOCK = 100


@dataclass(frozen=True, slots=True)
class Limits:
    """Fee limits of no chain in particular."""

    min_tip: int = 1
    bump_percent: int = 10
    max_fee_multiple: int = 5
    max_wei_per_gas: int = 10_000


def make_hash(number: int) -> bytes:
    return number.to_bytes(32)


def make_new_intent(**changes: Any) -> NewIntent:
    return NewIntent(
        **{"id": "settle:1", "chain_id": CHAIN_ID, "signer": SIGNER, "target": TARGET, "calldata": b"\x01\x02\x03\x04"}
        | changes
    )


def make_intent(**changes: Any) -> Intent:
    fields: dict[str, Any] = {
        "id": "settle:1",
        "chain_id": CHAIN_ID,
        "signer": SIGNER,
        "target": TARGET,
        "calldata": b"\x01\x02\x03\x04",
        "nonce": NONCE,
        "state": "broadcast",
        "reason": None,
        "tx_hash": None,
        "block_number": None,
        "block_hash": None,
        "gas_used": None,
        "contract_address": None,
        "created_at": UnixSeconds(1_000),
    }
    return Intent(**fields | changes)


def make_attempt(number: int = 1, **changes: Any) -> Attempt:
    fields: dict[str, Any] = {
        "tx_hash": make_hash(number),
        "intent_id": "settle:1",
        "raw": b"raw" + bytes([number]),
        "gas": 50_000,
        "max_fee": 100 + number,
        "tip": 2 + number,
        "signed_at": UnixSeconds(1_000),
    }
    return Attempt(**fields | changes)


def make_receipt(number: int = 1, **changes: Any) -> Receipt:
    fields: dict[str, Any] = {
        "tx_hash": make_hash(number),
        "block_number": BLOCK,
        "block_hash": make_hash(BLOCK),
        "status": 1,
        "gas_used": 40_000,
        "contract_address": None,
    }
    return Receipt(**fields | changes)


def make_look(*receipts: Receipt, **changes: Any) -> Observation:
    """A look at a chain on which the receipts' blocks are canonical, with the nonce not used yet."""
    fields: dict[str, Any] = {
        "head": BLOCK,
        "nonce": NONCE + bool(receipts),
        "given": NONCE,
        "receipts": {receipt.tx_hash: receipt for receipt in receipts},
        "canonical": {receipt.block_number: make_hash(receipt.block_number) for receipt in receipts},
        "finality_depth": 0,
        "bid": FeeBid(max_fee=500, tip=5),
    }
    return Observation(**fields | changes)
