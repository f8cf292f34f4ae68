"""parse_transaction
├── given what cannot be true, or another transaction: it raises RpcUnavailable
└── given null, or a transaction that is in no block yet: none
"""

import pytest

from loyaltychain.chain.answers import parse_transaction
from loyaltychain.core.errors import RpcUnavailable

ADDRESS = "0x" + "b2" * 20
WORD = "0x" + "11" * 32
OTHER_WORD = "0x" + "22" * 32
TX_HASH = bytes.fromhex(WORD[2:])
TRANSACTION = {
    "hash": WORD,
    "from": ADDRESS,
    "to": None,
    "input": "0x6001",
    "nonce": "0x7",
    "blockNumber": "0x5",
    "blockHash": WORD,
}


@pytest.mark.parametrize(
    "changes",
    [
        {"hash": OTHER_WORD},
        {"hash": None},
        {"from": None},
        {"to": "0x"},
        {"to": ""},
        {"input": None},
        {"input": "6001"},
        {"nonce": None},
        {"blockNumber": "x"},
        {"blockHash": "0x11"},
    ],
)
def test_parse_transaction__given_a_broken_one__raises(changes: dict[str, object]) -> None:
    with pytest.raises(RpcUnavailable, match="makes no sense"):
        parse_transaction(TRANSACTION | changes, tx_hash=TX_HASH)


@pytest.mark.parametrize("result", [None, TRANSACTION | {"blockNumber": None}, TRANSACTION | {"blockHash": None}])
def test_parse_transaction__in_no_block_yet__is_none(result: object) -> None:
    assert parse_transaction(result, tx_hash=TX_HASH) is None
