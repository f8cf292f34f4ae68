"""decode_data

given data of any version
├── when they are the encoding of a set of deltas
│   └── it answers that set, ascending                          (hand vectors, and any set)
├── when they are the encoding with one byte changed, or cut
│   └── it answers another set, or why there is none: what it accepts has no other encoding
├── when they are anything
│   └── it answers, as a plain reading of the protocol does
└── when the ledger does not take the version
    └── they are malformed
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.audit.data import PUSH_VERSIONS, decode_data
from loyaltychain.audit.malformed import Malformed
from tests.contracts.dense import encode_dense, read_dense
from tests.contracts.records import encode_records, read_records
from tests.contracts.rice import assemble, bits_of, encode_rice, parameters, read_rice, spacing

VECTORS = Path(__file__).parents[1] / "vectors"
MEMBER_MAX = 2**27 - 1
LANE_MAX = 2**32 - 1
Deltas = Mapping[int, int]

ENCODERS: dict[int, Callable[[Deltas], bytes]] = {1: encode_records, 2: encode_rice, 3: encode_dense}
READERS: dict[int, Callable[[bytes], Deltas | None]] = {1: read_records, 2: read_rice, 3: read_dense}

ANY = st.dictionaries(
    st.integers(1, 3_000) | st.integers(1, MEMBER_MAX),
    (st.integers(-300, 5_000) | st.integers(-LANE_MAX, LANE_MAX)).filter(bool),
    max_size=60,
)
NARROW = st.dictionaries(st.integers(1, 500), st.integers(-(2**15), 2**15 - 1).filter(bool), min_size=1, max_size=60)
SETS = {1: ANY, 2: ANY, 3: NARROW}


def vectors(version: int, kind: str) -> list[dict[str, object]]:
    document = json.loads((VECTORS / f"batch_data_v{version}.json").read_text("utf-8"))
    found: list[dict[str, object]] = document[kind]
    assert found
    return found


def octets(text: object) -> bytes:
    return bytes.fromhex(str(text).removeprefix("0x"))


@pytest.mark.parametrize("version", [1, 2, 3])
def test_decode_data__vectors__answers_their_deltas(version: int) -> None:
    for vector in vectors(version, "canonical"):
        deltas = [tuple(delta) for delta in vector["deltas"]]  # type: ignore[attr-defined]  # JSON
        assert decode_data(octets(vector["data"])) == tuple(deltas), vector


@pytest.mark.parametrize("version", [1, 2, 3])
def test_decode_data__malformed_vectors__answers_why(version: int) -> None:
    for vector in vectors(version, "malformed"):
        assert isinstance(decode_data(octets(vector["data"])), Malformed), vector


@pytest.mark.parametrize("version", [1, 2, 3])
def test_decode_data__any_deltas__answers_them(version: int) -> None:
    @given(SETS[version])
    @settings(deadline=None, max_examples=100)
    def check(deltas: Deltas) -> None:
        assert decode_data(ENCODERS[version](deltas)) == tuple(sorted(deltas.items()))

    check()


@pytest.mark.parametrize("version", [1, 2, 3])
def test_decode_data__an_encoding_spoilt__is_another_set_or_none(version: int) -> None:
    @given(SETS[version], st.data())
    @settings(deadline=None, max_examples=200)
    def check(deltas: Deltas, data: st.DataObject) -> None:
        spoilt = bytearray(ENCODERS[version](deltas))
        at = data.draw(st.integers(1, max(1, len(spoilt) - 1)))
        if data.draw(st.booleans()) and at < len(spoilt):
            spoilt[at] ^= data.draw(st.integers(1, 255))
        else:
            del spoilt[at:]
        _check_one_encoding(version, bytes(spoilt))

    check()


@pytest.mark.parametrize("version", [1, 2, 3])
def test_decode_data__any_bytes__answers_as_a_plain_reading(version: int) -> None:
    @given(st.binary(max_size=64))
    @settings(deadline=None, max_examples=300)
    def check(tail: bytes) -> None:
        _check_one_encoding(version, bytes([version]) + tail)

    check()


def _check_one_encoding(version: int, content: bytes) -> None:
    changes = decode_data(content)
    if isinstance(changes, Malformed):
        assert READERS[version](content) is None
        return
    assert READERS[version](content) == dict(changes)
    assert ENCODERS[version](dict(changes)) == content if changes or version < 3 else False


@given(ANY.filter(bool), st.tuples(*[st.integers(0, 40)] * 3))
@settings(deadline=None, max_examples=100)
def test_decode_data__other_parameters__are_malformed(deltas: Deltas, given_: tuple[int, int, int]) -> None:
    content = assemble(given_, len(deltas), len(spacing(deltas)), bits_of(deltas, given_))

    assert isinstance(decode_data(content), Malformed) == (given_ != parameters(deltas))


HEAD = b"\x02\x00\x00\x00"
BROKEN = [
    (b"", "no version byte"),
    (b"\x00", "version 0 is unknown"),
    (b"\x04\x01\x00\x01", "version 4 is unknown"),
    (b"\x02\x00\x00", "the head is cut"),
    (HEAD + (10_001).to_bytes(2) + bytes(3000), "10001 updates"),
    (HEAD + b"\x00\x01\x00\x02\x00", "1 updates, 2 debits"),
    (HEAD + b"\x00\x01\x00\x00", "the bits are cut"),
    (HEAD + b"\x00\x01\x00\x00\xff\xff", "the bits are cut"),
    (HEAD + b"\x00\x01\x00\x00" + b"\xff\xff\xff\x00\x00\x00\x01\x00", "a long code where a short one would do"),
    (HEAD + b"\x00\x01\x00\x00" + b"\xff\xff\xff\xff\xff\xff\xff\x00", "out of range"),
    (HEAD + b"\x00\x01\x00\x01\xc0", "1 debits do not come"),
    (HEAD + b"\x00\x01\x00\x00\x01", "more bits than codes"),
    (HEAD + b"\x00\x01\x00\x00\x00\x00", "more bits than codes"),
    (b"\x02\x01\x00\x00" + b"\x00\x01\x00\x00\x00", "parameters (1, 0, 0) where they are (0, 0, 0)"),
    (b"\x03\x00\x00\x01", "no whole number of words"),
    (b"\x03\x00\x00\x01" + bytes(15), "no whole number of words"),
    (b"\x03\x00\x00\x01" + bytes(16), "the first or the last word changes nothing"),
    (b"\x03\x00\x00\x01" + b"\x01" * 16 + bytes(16), "the first or the last word changes nothing"),
    (b"\x03\xff\xff\xff" + b"\x01" * 32, "word 16777216 is out of range"),
    (b"\x03\x00\x00\x00" + b"\x01" * 16, "number 0 is nobody"),
]


@pytest.mark.parametrize(("content", "reason"), BROKEN)
def test_decode_data__a_broken_rule__says_which(content: bytes, reason: str) -> None:
    malformed = decode_data(content)

    assert isinstance(malformed, Malformed)
    assert reason in malformed.reason
    assert READERS.get(content[0] if content else 0, lambda _: None)(content) is None


def test_decode_data__a_version_that_the_ledger_does_not_take__is_malformed() -> None:
    content = encode_rice({1: 1})

    assert decode_data(content) == ((1, 1),)
    assert decode_data(content, versions=PUSH_VERSIONS) == Malformed("version 2 is unknown", 0)


def test_decode_data__ten_thousand_updates__are_read() -> None:
    deltas = {13 * number: number % 977 - 100 or 1 for number in range(1, 10_001)}

    assert decode_data(encode_rice(deltas)) == tuple(deltas.items())
    dense = dict.fromkeys(range(8, 10_008), 3)
    assert decode_data(encode_dense(dense)) == tuple(dense.items())
