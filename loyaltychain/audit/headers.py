"""A batch's header and its hash (PROTOCOL §2), encoded by hand: fifteen words of 32 bytes."""

from dataclasses import dataclass
from typing import Final

from loyaltychain.core.hashing import ZERO_HASH, keccak256

HEADER_TYPEHASH: Final = keccak256(
    b"BatchHeader(uint256 chainId,address ledger,uint32 batchId,bytes32 prevHash,bytes32 balanceRoot,"
    b"bytes32 receiptRoot,bytes32 ledgerHead,bytes32 programHash,bytes32 dataHash,uint64 time,uint32 updates,"
    b"uint64 issued,uint64 burned,uint64 supply)"
)
#: The contract keeps the time of the block in the last four bytes of a hash.
HASH_BYTES: Final = 28


@dataclass(frozen=True, slots=True)
class Header:
    """What a batch commits to. Amounts in whole points, ``time`` in unix seconds."""

    batch_id: int
    prev_hash: bytes
    balance_root: bytes
    receipt_root: bytes
    ledger_head: bytes
    program_hash: bytes
    data_hash: bytes
    time: int
    updates: int
    issued: int
    burned: int
    supply: int  # points that exist after it


GENESIS: Final = Header(0, ZERO_HASH, ZERO_HASH, ZERO_HASH, ZERO_HASH, ZERO_HASH, ZERO_HASH, 0, 0, 0, 0, 0)


def hash_header(header: Header, *, chain_id: int, ledger: str) -> bytes:
    """The ``batchHash`` (32 bytes, the last four zero) of a header on this chain in this ledger contract."""
    words = (
        HEADER_TYPEHASH,
        _word(chain_id),
        _word(int(ledger, 16)),
        _word(header.batch_id),
        header.prev_hash,
        header.balance_root,
        header.receipt_root,
        header.ledger_head,
        header.program_hash,
        header.data_hash,
        _word(header.time),
        _word(header.updates),
        _word(header.issued),
        _word(header.burned),
        _word(header.supply),
    )
    assert all(len(word) == 32 for word in words), header
    return keccak256(b"".join(words))[:HASH_BYTES].ljust(32, b"\x00")


def _word(number: int) -> bytes:
    return (number % 2**256).to_bytes(32)  # a number out of range gives a wrong hash, no crash
