"""encode_rlp: given bytes, numbers and lists, it agrees with the library that the chain's own code uses
created_address: given a sender and its nonce, it is where the chain puts the contract
"""

import rlp
from hypothesis import given
from hypothesis import strategies as st

from loyaltychain.chain.rlp import created_address, encode_rlp
from tests.chain.conftest import Node
from tests.localchain.builders import DEV_ADDRESS

LEAVES = st.binary(max_size=80) | st.integers(0, 2**256)
ITEMS = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=6), max_leaves=20)


@given(item=ITEMS)
def test_encode_rlp__anything__as_the_library(item: object) -> None:
    assert encode_rlp(item) == rlp.encode(item)  # type: ignore[arg-type]


def test_created_address__two_creations__where_the_chain_puts_them(in_process: Node) -> None:
    for _ in range(2):
        expected = created_address(DEV_ADDRESS, in_process.rpc.nonce(DEV_ADDRESS))

        assert in_process.deploy(b"\x00") == expected
