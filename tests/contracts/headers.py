"""The tests' own reading of docs/PROTOCOL.md, 2: what a header holds, and its hash.

Shares no code with the package: a mistake made once must not cancel itself out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eth_abi.abi import encode
from eth_utils.crypto import keccak

HEADER = (
    "BatchHeader(uint256 chainId,address ledger,uint32 batchId,bytes32 prevHash,bytes32 balanceRoot,"
    "bytes32 receiptRoot,bytes32 ledgerHead,bytes32 programHash,bytes32 dataHash,uint64 time,uint32 updates,"
    "uint64 issued,uint64 burned,uint64 supply)"
)
HEADER_TYPES = ["uint32"] + ["bytes32"] * 6 + ["uint64", "uint32", "uint64", "uint64", "uint64"]
EMPTY = bytes(32)


@dataclass(frozen=True, slots=True)
class Header:
    """The twelve fields of a header, in the order of the protocol; those of batch 0 are the defaults."""

    batch_id: int = 0
    prev_hash: bytes = EMPTY
    balance_root: bytes = EMPTY
    receipt_root: bytes = EMPTY
    ledger_head: bytes = EMPTY
    program_hash: bytes = EMPTY
    data_hash: bytes = EMPTY
    time: int = 0
    updates: int = 0
    issued: int = 0
    burned: int = 0
    supply: int = 0

    def fields(self) -> tuple:
        """As the contracts take it."""
        return tuple(getattr(self, name) for name in self.__slots__)


def make_header(batch: Mapping[str, object], data: bytes, supply: int) -> Header:
    """The header of a batch as `settle` takes it, with what the contract adds: `supply` is that after the batch."""
    fields = list(batch.values())
    return Header(*fields[:6], keccak(data), *fields[6:], supply)


def hash_header(chain_id: int, ledger: str, fields: Sequence[object]) -> bytes:
    """The batch hash of a header given as its twelve fields: 28 bytes of keccak and four zeros."""
    types = ["bytes32", "uint256", "address", *HEADER_TYPES]
    return keccak(encode(types, [keccak(text=HEADER), chain_id, ledger, *fields]))[:28] + bytes(4)
