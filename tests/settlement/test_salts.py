"""derive
├── given the test cases of RFC 5869: it gives their output
└── given any key, info, salt and size: it is the library's
receipt_salt
├── given a key, an entry and a unit: it is HKDF over the protocol's label, the digest and the unit
└── given another key, entry or unit: it is another salt
receipt_salts
└── given any keys, entries and unit: they are the library's HKDF, in their order
ensure_receipt_keys
├── given members without a key: each gets 32 bytes of her own, kept from then on
├── given some who have one: theirs stay, the others get one
└── given more members than one query can name: all get one
"""

import hashlib
import hmac

import pytest
from Crypto.Hash import SHA256
from Crypto.Protocol.KDF import HKDF
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from loyaltychain.core.hashing import from_hex
from loyaltychain.db.engine import transaction
from loyaltychain.events.store import insert_members
from loyaltychain.settlement.salts import derive, ensure_receipt_keys, receipt_salt, receipt_salts
from loyaltychain.settlement.store import read_receipt_keys
from tests.settlement.builders import NOON, read_vectors

KEY = b"\x05" * 32
DIGEST = b"\x06" * 32
thirty_two = st.binary(min_size=32, max_size=32)


def add_members(engine: Engine, count: int) -> None:
    with transaction(engine) as tx:
        insert_members(tx, {f"m{number}": number for number in range(1, count + 1)}, joined_at=NOON)


@pytest.mark.parametrize("case", read_vectors("hkdf_sha256.json")["cases"], ids=["basic", "long", "without salt"])
def test_derive__rfc_5869__its_output(case: dict[str, str]) -> None:
    expected = from_hex(case["okm"])

    derived = derive(from_hex(case["ikm"]), from_hex(case["info"]), size=len(expected), salt=from_hex(case["salt"]))

    assert derived == expected


def test_receipt_salt__an_entry__hkdf_over_label_digest_and_unit() -> None:
    extracted = hmac.digest(bytes(32), KEY, hashlib.sha256)
    expanded = hmac.digest(extracted, b"loyaltychain/receipt/v1" + DIGEST + b"points" + b"\x01", hashlib.sha256)

    assert receipt_salt(KEY, entry_digest=DIGEST, unit="points") == expanded


def test_receipt_salt__anything_else__another() -> None:
    salts = {
        receipt_salt(key, entry_digest=digest, unit=unit)
        for key in (KEY, b"\x07" * 32)
        for digest in (DIGEST, b"\x08" * 32)
        for unit in ("points", "badge:helper")
    }

    assert len(salts) == 8


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(thirty_two, thirty_two), max_size=4), st.text(st.characters(exclude_categories=["Cs"])))
def test_receipt_salts__any__the_librarys_hkdf(of: list[tuple[bytes, bytes]], unit: str) -> None:
    expected = [
        HKDF(key, 32, b"", SHA256, 1, b"loyaltychain/receipt/v1" + digest + unit.encode()) for key, digest in of
    ]

    assert receipt_salts(of, unit=unit) == expected
    assert [receipt_salt(key, entry_digest=digest, unit=unit) for key, digest in of] == expected


@settings(deadline=None, max_examples=50)
@given(st.binary(max_size=80), st.binary(max_size=80), st.binary(max_size=80), st.integers(1, 255 * 32))
def test_derive__any__the_librarys_hkdf(key: bytes, info: bytes, salt: bytes, size: int) -> None:
    assert derive(key, info, size=size, salt=salt) == HKDF(key, size, salt, SHA256, 1, info)


def test_ensure_receipt_keys__no_keys__one_each_for_good(engine: Engine) -> None:
    add_members(engine, 3)

    with transaction(engine) as tx:
        keys = ensure_receipt_keys(tx, [3, 1, 3])
    with transaction(engine) as tx:
        again = ensure_receipt_keys(tx, [1, 3])

    assert again == keys
    assert sorted(keys) == [1, 3]
    assert {len(key) for key in keys.values()} == {32}
    assert keys[1] != keys[3]


def test_ensure_receipt_keys__some_keys__only_the_others_get_one(engine: Engine) -> None:
    add_members(engine, 2)

    with transaction(engine) as tx:
        first = ensure_receipt_keys(tx, [1])
        both = ensure_receipt_keys(tx, [1, 2])
        stored = read_receipt_keys(tx, [1, 2])

    assert both == stored
    assert both[1] == first[1]


def test_ensure_receipt_keys__more_than_one_query_names__all_get_one(engine: Engine) -> None:
    add_members(engine, 2_500)

    with transaction(engine) as tx:
        keys = ensure_receipt_keys(tx, range(1, 2_501))
        stored = read_receipt_keys(tx, list(range(1, 2_501)))

    assert stored == keys
    assert len(set(keys.values())) == 2_500
