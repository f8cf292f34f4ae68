"""An EIP-1559 transaction before and after its signature: its fields, the digest that is signed, the bytes to send.

Knows no key. Sources: EIP-1559 (fields and their order), EIP-2718 (the type byte), EIP-2 (low s).
"""

from dataclasses import dataclass

from eth_utils.address import is_address, to_checksum_address

from loyaltychain.chain.rlp import Item, encode_rlp
from loyaltychain.core import errors
from loyaltychain.core.hashing import from_hex, keccak256, to_hex

_TYPE = b"\x02"


@dataclass(frozen=True, slots=True)
class UnsignedTx:
    """An EIP-1559 transaction before its signature. Amounts in wei, fees in wei a gas."""

    chain_id: int
    nonce: int
    target: str | None  # None: a contract creation
    calldata: bytes
    gas: int
    max_fee: int
    tip: int
    value: int = 0


@dataclass(frozen=True, slots=True)
class SignedTx:
    """The bytes to send and their hash, computed here."""

    raw: bytes
    tx_hash: bytes


def check_fields(tx: UnsignedTx) -> None:
    """Raise SendRefused for a field that no node would take."""
    numbers = {"nonce": tx.nonce, "gas": tx.gas, "max_fee": tx.max_fee, "tip": tx.tip, "value": tx.value}
    wrong = {name: number for name, number in numbers.items() if type(number) is not int or not 0 <= number < 2**256}
    if wrong or tx.nonce >= 2**64 - 1 or tx.gas >= 2**64 or tx.tip > tx.max_fee:
        raise errors.SendRefused("A field of this transaction is out of range.", **(wrong or numbers))
    if tx.target is not None and not is_address(tx.target):
        raise errors.SendRefused("The target is not an address.", target=tx.target)


def library_fields(tx: UnsignedTx) -> dict[str, object]:
    """The fields by the names that wallets' libraries give them."""
    fields: dict[str, object] = {
        "type": 2,
        "chainId": tx.chain_id,
        "nonce": tx.nonce,
        "data": to_hex(tx.calldata),
        "gas": tx.gas,
        "maxFeePerGas": tx.max_fee,
        "maxPriorityFeePerGas": tx.tip,
        "value": tx.value,
    }
    if tx.target is not None:
        fields["to"] = to_checksum_address(tx.target)
    return fields


def signing_digest(tx: UnsignedTx) -> bytes:
    """The 32 bytes whose signature makes ``tx`` valid."""
    return keccak256(_TYPE + encode_rlp(_items(tx)))


def signed_bytes(tx: UnsignedTx, *, parity: int, r: int, s: int) -> bytes:
    """``tx`` with its signature, as nodes take it: r and s are numbers here, without leading zeros."""
    return _TYPE + encode_rlp([*_items(tx), parity, r, s])


def _items(tx: UnsignedTx) -> list[Item]:
    target = b"" if tx.target is None else from_hex(tx.target.lower())
    access_list: list[Item] = []
    return [tx.chain_id, tx.nonce, tx.tip, tx.max_fee, tx.gas, target, tx.value, tx.calldata, access_list]
