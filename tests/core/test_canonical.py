"""encode
├── given the published vectors of RFC 8785's author: it writes their bytes
├── for any content: key order does not matter, and the bytes read back as the content
└── when an integer is beyond what JSON holds exactly: it refuses

digest
└── it is SHA-256 over these bytes
"""

import hashlib
import json
from pathlib import Path

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.core import canonical

VECTORS = Path(__file__).parents[2] / "../shared/data/vectors/jcs_rfc8785"
EXACT = 2**53 - 1

texts = st.text(st.characters(exclude_categories=["Cs"]))
contents = st.recursive(
    st.none() | st.booleans() | st.integers(-EXACT, EXACT) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("name", ["arrays", "french", "structures", "unicode", "values", "weird"])
def test_encode__published_vectors__writes_their_bytes(name) -> None:
    if not VECTORS.is_dir():
        pytest.skip("the published RFC 8785 vectors are not beside this repository")
    content = json.loads((VECTORS / "input" / f"{name}.json").read_text(encoding="utf-8"))
    expected = bytes.fromhex((VECTORS / "outhex" / f"{name}.txt").read_text(encoding="ascii"))
    assert canonical.encode(content) == expected


def test_encode__an_entry__sorts_keys_and_leaves_no_space() -> None:
    content = {"to": "member:1:available", "amount": 12, "rule": None, "€": [True, "\n"]}
    expected = '{"amount":12,"rule":null,"to":"member:1:available","€":[true,"\\n"]}'
    assert canonical.encode(content) == expected.encode()


def test_encode__keys_beyond_the_basic_plane__sorts_by_utf16() -> None:
    assert canonical.encode({"\ufb33": 1, "\U0001f602": 2}) == '{"\U0001f602":2,"\ufb33":1}'.encode()


@settings(deadline=None)
@given(st.dictionaries(texts, contents, max_size=6), st.randoms(use_true_random=False))
def test_encode__any_content__ignores_key_order_and_reads_back(content, dice) -> None:
    keys = list(content)
    dice.shuffle(keys)
    encoded = canonical.encode(content)
    assert canonical.encode({key: content[key] for key in keys}) == encoded
    assert json.loads(encoded) == content


@pytest.mark.parametrize("number", [2**53, -(2**53)])
def test_encode__integer_too_large__refuses(number) -> None:
    with pytest.raises(rfc8785.IntegerDomainError):
        canonical.encode({"amount": number})


def test_digest__content__is_sha256_of_its_bytes() -> None:
    assert canonical.digest({"b": 1, "a": 2}) == hashlib.sha256(b'{"a":2,"b":1}').digest()
