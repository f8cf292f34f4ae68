"""fjord
├── fastlz_length
│   ├── given the vectors of the rollup's own client, answers as it does
│   └── never exceeds the bytes as they are with a control byte for every 32
└── billed_bytes: the fitted line above 100 bytes, else 100
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyaltychain.bench.fjord import billed_bytes, fastlz_length

EMPTY_TX = "dd80808094095e7baea6a6c7c4c2dfeb977efac326af552d878080808080"
CONTRACT_CALL_TX = (
    "02f901550a758302df1483be21b88304743f94f80e51afb613d764fa61751affd3313c190a86bb870151bd62fd12adb8e41ef24f"
    "3f000000000000000000000000000000000000000000000000000000000000006e000000000000000000000000af88d065e77c8c"
    "c2239327c5edb3a432268e5831000000000000000000000000000000000000000000000000000000000003c1e500000000000000"
    "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "00000000a000000000000000000000000000000000000000000000000000000000000000148c89ed219d02f1a5be012c689b4f5b"
    "731827bebe000000000000000000000000c001a033fd89cb37c31b2cba46b6466e040c61fc9b2a3675a7f5f493ebd5ad77c497f8"
    "a07cdf65680e238392693019b4092f610222e71b7cec06449cb922b93b6a12744e"
)


@pytest.mark.parametrize(
    ("content", "length"),
    [
        pytest.param(b"", 0, id="nothing"),
        pytest.param(b"\x01" * 1000, 21, id="ones"),
        pytest.param(bytes(1000), 21, id="zeros"),
        pytest.param(bytes.fromhex(EMPTY_TX), 31, id="an empty transaction"),
        pytest.param(bytes.fromhex(CONTRACT_CALL_TX), 202, id="a contract call"),
    ],
)
def test_fastlz_length__given_the_clients_vectors__answers_the_same(content: bytes, length: int) -> None:
    assert fastlz_length(content) == length


@given(st.lists(st.sampled_from([b"\x00", b"\x01\x02\x03", b"member", bytes(range(40))]), max_size=60).map(b"".join))
def test_fastlz_length__any_bytes__never_above_plain_literals(content: bytes) -> None:
    assert 0 <= fastlz_length(content) <= len(content) + -(-len(content) // 32)


def test_billed_bytes__line_and_floor() -> None:
    call = bytes.fromhex(CONTRACT_CALL_TX)

    assert billed_bytes(bytes.fromhex(EMPTY_TX)) == 100
    assert billed_bytes(call) == (202 * 836_500 - 42_585_600) / 1_000_000
