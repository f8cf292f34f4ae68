"""keccak256
├── it is Ethereum's, not SHA-3, on published values
└── for any bytes: the two backends agree

to_hex, from_hex
├── they are each other's inverse
└── when a text is not 0x and hex digits: from_hex refuses
"""

import pytest
from eth_hash.auto import keccak as any_backend
from eth_hash.backends.pycryptodome import backend as pycryptodome
from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.core.hashing import ZERO_HASH, from_hex, keccak256, to_hex


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (b"", "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
        (b"abc", "0x4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
        (b"transfer(address,uint256)", "0xa9059cbb2ab09eb219583f4a59a5d0623ade346d962bcd4e46b11da047c9049b"),
    ],
)
def test_keccak256__published_values__agrees(message, expected) -> None:
    assert to_hex(keccak256(message)) == expected


@settings(deadline=None)
@given(st.binary(max_size=500))
def test_keccak256__any_bytes__backends_agree(message) -> None:
    assert keccak256(message) == pycryptodome.keccak256(message) == any_backend(message)


@given(st.binary(max_size=64))
def test_to_hex__any_bytes__reads_back(value) -> None:
    assert from_hex(to_hex(value)) == value
    assert to_hex(value) == to_hex(value).lower()


@pytest.mark.parametrize("text", ["", "00", "0X00", "0x0", "0xzz", "none", " 0x00"])
def test_from_hex__not_hex__refuses(text) -> None:
    with pytest.raises(ValueError):
        from_hex(text)


def test_zero_hash__is_32_zero_bytes() -> None:
    assert to_hex(ZERO_HASH) == "0x" + 64 * "0"
