"""batch_hash
├── given a header: it is keccak over the fifteen words that the protocol names, with its last four bytes zero
├── given any one field, the chain or the ledger changed: it gives another hash
└── given a field beyond its type: it raises
genesis_hash
└── it is the hash of a header of zeros
"""

from dataclasses import replace
from typing import Any

import pytest
from eth_abi.exceptions import EncodingError

from loyaltychain.core.hashing import keccak256
from loyaltychain.settlement.header import GENESIS_HEADER, Header, batch_hash, genesis_hash
from tests.settlement.builders import LEDGER

TYPE = (
    b"BatchHeader(uint256 chainId,address ledger,uint32 batchId,bytes32 prevHash,bytes32 balanceRoot,bytes32 "
    b"receiptRoot,bytes32 ledgerHead,bytes32 programHash,bytes32 dataHash,uint64 time,uint32 updates,uint64 issued,"
    b"uint64 burned,uint64 supply)"
)
HEADER = Header(
    batch_id=7,
    prev_hash=b"\x11" * 32,
    balance_root=b"\x12" * 32,
    receipt_root=b"\x13" * 32,
    ledger_head=b"\x14" * 32,
    program_hash=b"\x15" * 32,
    data_hash=b"\x16" * 32,
    time=1_767_268_800,
    updates=3,
    issued=2**64 - 1,
    burned=5,
    supply=900,
)


def word(number: int) -> bytes:
    return number.to_bytes(32, "big")


def test_batch_hash__a_header__keccak_of_fifteen_words() -> None:
    words = [
        *(keccak256(TYPE), word(31337), word(int(LEDGER, 16)), word(7)),
        *(b"\x11" * 32, b"\x12" * 32, b"\x13" * 32, b"\x14" * 32, b"\x15" * 32, b"\x16" * 32),
        *(word(1_767_268_800), word(3), word(2**64 - 1), word(5), word(900)),
    ]

    assert len(b"".join(words)) == 15 * 32
    assert batch_hash(HEADER, chain_id=31337, ledger=LEDGER) == keccak256(b"".join(words))[:28] + bytes(4)


@pytest.mark.parametrize("field", Header.__dataclass_fields__)
def test_batch_hash__one_field_changed__another_hash(field: str) -> None:
    old: Any = getattr(HEADER, field)
    changed = replace(HEADER, **{field: b"\x99" * 32 if isinstance(old, bytes) else old - 1})

    assert batch_hash(changed, chain_id=31337, ledger=LEDGER) != batch_hash(HEADER, chain_id=31337, ledger=LEDGER)


def test_batch_hash__other_chain_or_ledger__another_hash() -> None:
    other = LEDGER[:-1] + "4"
    hashes = {batch_hash(HEADER, chain_id=chain, ledger=ledger) for chain in (1, 31337) for ledger in (LEDGER, other)}

    assert len(hashes) == 4


@pytest.mark.parametrize(
    ("field", "value"), [("batch_id", 2**32), ("updates", -1), ("issued", 2**64), ("prev_hash", b"\x00" * 33)]
)
def test_batch_hash__field_beyond_its_type__refused(field: str, value: Any) -> None:
    with pytest.raises(EncodingError):
        batch_hash(replace(HEADER, **{field: value}), chain_id=31337, ledger=LEDGER)


def test_genesis_hash__any_ledger__hash_of_zeros() -> None:
    content = keccak256(TYPE) + word(31337) + word(int(LEDGER, 16)) + bytes(12 * 32)

    assert genesis_hash(chain_id=31337, ledger=LEDGER) == keccak256(content)[:28] + bytes(4)
    assert GENESIS_HEADER.batch_id == 0
