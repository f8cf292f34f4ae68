"""hash_header

given a header
├── when it is batch 0's
│   └── it is the published hash of fifteen words
├── when it is any
│   └── it is what the ABI library makes of the protocol's words
├── when one value changes
│   └── it changes
└── always
    └── its last four bytes are zero
"""

from dataclasses import fields, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.audit.headers import GENESIS, Header, hash_header
from loyaltychain.core.hashing import to_hex
from tests.audit.builders import CHAIN_ID, GENESIS_HASH, LEDGER, make_header
from tests.audit.builders import hash_header as reference

HASH = st.binary(min_size=32, max_size=32)
UINT64 = st.integers(0, 2**64 - 1)
UINT32 = st.integers(0, 2**32 - 1)
HEADERS = st.tuples(UINT32, HASH, HASH, HASH, HASH, HASH, HASH, UINT64, UINT32, UINT64, UINT64, UINT64)


def test_hash_header__batch_0__is_the_golden_hash() -> None:
    actual = to_hex(hash_header(GENESIS, chain_id=CHAIN_ID, ledger=LEDGER))

    assert actual == to_hex(GENESIS_HASH)
    assert actual == "0xbd4dfc5b408a20aa447a521c058c1ded233b549a327faf2f24893b9600000000"


def test_hash_header__a_sample__is_the_golden_hash() -> None:
    header = Header(*make_header())  # type: ignore[arg-type]  # the builder's values are mixed

    assert (
        to_hex(hash_header(header, chain_id=CHAIN_ID, ledger=LEDGER))
        == "0xab5d2324867e88f16d5ca801e650c4f1e65a09f0075fa24d44ce159e00000000"
    )


@given(HEADERS)
@settings(deadline=None, max_examples=100)
def test_hash_header__any_header__is_that_of_the_abi_library(values: tuple[object, ...]) -> None:
    header = Header(*values)  # type: ignore[arg-type]  # mixed values

    assert hash_header(header, chain_id=CHAIN_ID, ledger=LEDGER) == reference(values)
    assert reference(values)[28:] == bytes(4)


def test_hash_header__one_value_changed__changes() -> None:
    header = Header(*make_header())  # type: ignore[arg-type]  # mixed values
    hashes = {hash_header(header, chain_id=CHAIN_ID, ledger=LEDGER)}
    for field in fields(header):
        value = getattr(header, field.name)
        other = value + 1 if isinstance(value, int) else bytes(32)
        hashes.add(hash_header(replace(header, **{field.name: other}), chain_id=CHAIN_ID, ledger=LEDGER))
    hashes.add(hash_header(header, chain_id=CHAIN_ID + 1, ledger=LEDGER))
    hashes.add(hash_header(header, chain_id=CHAIN_ID, ledger="0x" + "1f" * 20))

    assert len(hashes) == 1 + 12 + 2
