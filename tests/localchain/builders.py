"""Tiny hand-assembled contracts, and signed transactions of the development account. The only sample numbers here."""

from dataclasses import dataclass

from eth_account import Account
from eth_utils.address import to_checksum_address

from loyaltychain.core.hashing import keccak256
from loyaltychain.localchain.genesis import DEV_ADDRESS, DEV_KEY

CHAIN_ID = 131_277_322_940_537
MAX_FEE = 10_000_000_000  # wei a gas
TIP = 1_000_000_000
STRANGER = "0x" + "77" * 20
COUNT_TOPIC = (7).to_bytes(32)

# Adds one to slot 0 and answers the new count; logs it as data under topic 7.
COUNTER = bytes.fromhex("5f54600101805f555f52600760205fa160205ff3")
# Reverts with its own calldata.
REVERTER = bytes.fromhex("365f5f37365ffd")
# The invalid opcode.
BREAKER = bytes.fromhex("fe")
# Answers block.timestamp and block.number.
TELLER = bytes.fromhex("425f524360205260405ff3")
# Reverts with less than 1,000,000 gas left, however little it uses.
GAS_LOVER = bytes.fromhex("620f42405a10600a57005b5f5ffd")


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed transaction and its hash."""

    raw: bytes
    tx_hash: bytes


def creation_of(runtime: bytes) -> bytes:
    """Creation code that leaves ``runtime`` (at most 255 bytes) behind."""
    return bytes([0x60, len(runtime), 0x60, 10, 0x5F, 0x39, 0x60, len(runtime), 0x5F, 0xF3]) + runtime


def sign(nonce: int, target: str | None, content: bytes = b"", **changes: int) -> Signed:
    """A type 2 transaction of the development account. ``changes``: chain_id, gas, value, max_fee, tip."""
    fields = {
        "type": 2,
        "chainId": changes.get("chain_id", CHAIN_ID),
        "nonce": nonce,
        "to": b"" if target is None else to_checksum_address(target),
        "data": content,
        "value": changes.get("value", 0),
        "gas": changes.get("gas", 300_000),
        "maxFeePerGas": changes.get("max_fee", MAX_FEE),
        "maxPriorityFeePerGas": changes.get("tip", TIP),
    }
    raw = bytes(Account.from_key(DEV_KEY).sign_transaction(fields).raw_transaction)
    return Signed(raw, keccak256(raw))


def sign_legacy(nonce: int, target: str, *, chain_id: int | None) -> Signed:
    """A transaction of the first kind; without a chain id when None."""
    fields = {"nonce": nonce, "to": to_checksum_address(target), "value": 1, "gas": 21_000, "gasPrice": MAX_FEE}
    if chain_id is not None:
        fields["chainId"] = chain_id
    raw = bytes(Account.from_key(DEV_KEY).sign_transaction(fields).raw_transaction)
    return Signed(raw, keccak256(raw))


__all__ = [
    "BREAKER",
    "CHAIN_ID",
    "COUNTER",
    "COUNT_TOPIC",
    "DEV_ADDRESS",
    "DEV_KEY",
    "GAS_LOVER",
    "MAX_FEE",
    "REVERTER",
    "STRANGER",
    "TELLER",
    "TIP",
    "Signed",
    "creation_of",
    "sign",
    "sign_legacy",
]
