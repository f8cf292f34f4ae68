"""encode
├── given the published vectors of RFC 8785's author: it writes their bytes
├── for any content: key order does not matter, and the bytes read back as the content
├── for any content at all: it writes what the RFC's library writes, and refuses what that refuses
├── for subclasses and tuples, and nesting deeper than is written here: likewise
├── when an integer is beyond what JSON holds exactly: it refuses
└── when a text holds half a surrogate pair, in a key or a value: it refuses

encode_text
└── it is encode's text

quote
└── for any text: it is the text's canonical JSON

digest
└── it is SHA-256 over these bytes
"""

import enum
import hashlib
import itertools
import json
from collections import OrderedDict
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

#: Whatever Python can hold that looks like JSON, and some that does not.
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.integers(-EXACT - 2, -EXACT + 2) | st.integers(EXACT - 2, EXACT + 2)
    | st.floats() | st.text() | st.text(st.characters(max_codepoint=0x22)) | st.binary(max_size=2),
    lambda inner: st.lists(inner, max_size=4)
    | st.tuples(inner, inner)
    | st.dictionaries(st.text(max_size=3), inner, max_size=4)
    | st.dictionaries(st.sampled_from("a\uffff\ufb33\U00010000\U0001f602\ud800\udc00"), inner, max_size=4)
    | st.dictionaries(st.integers() | st.none() | st.booleans() | st.floats() | st.text(max_size=2), inner, max_size=2),
    max_leaves=16,
)  # fmt: skip


class Word(str):
    """A text that is more than a text."""


class Colour(enum.StrEnum):
    RED = "red"


class Size(enum.IntEnum):
    LARGE = 3


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


def by_library(content) -> bytes | None:
    """What the library of the RFC writes; None for what it refuses."""
    try:
        return rfc8785.dumps(content)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError):
        return None


def by_us(content) -> bytes | None:
    try:
        return canonical.encode(content)
    except rfc8785.CanonicalizationError:
        return None


@settings(deadline=None, max_examples=600)
@given(anything)
def test_encode__anything__writes_and_refuses_what_the_library_does(content) -> None:
    assert by_us(content) == by_library(content)


def nested(depth: int):
    content = 1
    for _ in range(depth):
        content = {"in": [content]}
    return content


@pytest.mark.parametrize(
    "content",
    [
        Word("a"), Colour.RED, Size.LARGE, {Word("b"): 1, "a": Colour.RED}, {Colour.RED: Size.LARGE}, (1, (2,), []),
        OrderedDict(b=1, a=2), -0.0, 1e21, 1e-7, float("nan"), float("inf"), {1: 2}, {None: 1}, {1, 2}, object(),
        {"a": b"b"}, nested(31), nested(32), nested(33), nested(90), {}, [], "\x7f\u2028\u2029\x00\x1f/\\\"",
    ],
    ids=itertools.count(),
)  # fmt: skip
def test_encode__odd_kinds__writes_and_refuses_what_the_library_does(content) -> None:
    assert by_us(content) == by_library(content)


@pytest.mark.parametrize("content", ["\ud800", "a\udc00", {"\ud800": 1}, {"a": 1, "\udfff": 2}, [{"b": ["\udabc"]}]])
def test_encode__half_a_surrogate_pair__refuses(content) -> None:
    with pytest.raises(rfc8785.CanonicalizationError):
        canonical.encode(content)


@given(contents)
def test_encode_text__any_content__is_the_text_of_encode(content) -> None:
    assert canonical.encode_text(content) == canonical.encode(content).decode()


@given(texts)
def test_quote__any_text__is_its_canonical_json(text) -> None:
    assert canonical.quote(text).encode() == rfc8785.dumps(text)


@pytest.mark.parametrize("number", [2**53, -(2**53)])
def test_encode__integer_too_large__refuses(number) -> None:
    with pytest.raises(rfc8785.IntegerDomainError):
        canonical.encode({"amount": number})


def test_digest__content__is_sha256_of_its_bytes() -> None:
    assert canonical.digest({"b": 1, "a": 2}) == hashlib.sha256(b'{"a":2,"b":1}').digest()
