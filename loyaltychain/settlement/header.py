"""The header of a batch and its hash: what one batch commits to, and what the next one hangs on.

Source: docs/PROTOCOL.md, section 2.
"""

from dataclasses import astuple, dataclass

from eth_abi.abi import encode

from loyaltychain.core.hashing import ZERO_HASH, keccak256

_FIELD_TYPES = (
    *("uint32", "bytes32", "bytes32", "bytes32", "bytes32", "bytes32", "bytes32"),
    *("uint64", "uint32", "uint64", "uint64", "uint64"),
)
_HASH_BYTES = 28  # the contract keeps the second of the batch's block in the other four
HEADER_TYPEHASH = keccak256(
    b"BatchHeader(uint256 chainId,address ledger,uint32 batchId,bytes32 prevHash,bytes32 balanceRoot,"
    b"bytes32 receiptRoot,bytes32 ledgerHead,bytes32 programHash,bytes32 dataHash,uint64 time,uint32 updates,"
    b"uint64 issued,uint64 burned,uint64 supply)"
)


@dataclass(frozen=True, slots=True)
class Header:
    """The twelve fields in the order in which they are hashed. Hashes are 32 bytes, amounts whole points."""

    batch_id: int
    prev_hash: bytes
    balance_root: bytes
    receipt_root: bytes
    ledger_head: bytes
    program_hash: bytes
    data_hash: bytes
    time: int  # unix seconds of the seal
    updates: int
    issued: int
    burned: int
    supply: int  # points that exist after the batch


GENESIS_HEADER = Header(
    batch_id=0,
    prev_hash=ZERO_HASH,
    balance_root=ZERO_HASH,
    receipt_root=ZERO_HASH,
    ledger_head=ZERO_HASH,
    program_hash=ZERO_HASH,
    data_hash=ZERO_HASH,
    time=0,
    updates=0,
    issued=0,
    burned=0,
    supply=0,
)


def batch_hash(header: Header, *, chain_id: int, ledger: str) -> bytes:
    """The hash (32 bytes, the last four zero) by which this chain and this ledger contract alone know the batch.

    Raises eth_abi's EncodingError for a field that is out of its type's range.
    """
    encoded = encode(
        ("bytes32", "uint256", "address", *_FIELD_TYPES), (HEADER_TYPEHASH, chain_id, ledger, *astuple(header))
    )
    return keccak256(encoded)[:_HASH_BYTES] + bytes(32 - _HASH_BYTES)


def genesis_hash(*, chain_id: int, ledger: str) -> bytes:
    """The hash of batch 0: what batch 1 names as the one before it."""
    return batch_hash(GENESIS_HEADER, chain_id=chain_id, ledger=ledger)
