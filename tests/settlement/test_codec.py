"""encode and decode of each version: records, rice, dense
├── given a set of deltas from the golden vectors: encode gives exactly these bytes, decode gives the deltas back
├── given malformed bytes from the golden vectors: decode raises InvariantError (for records, with the vectors' reason)
├── given the same deltas in another order: encode gives the same bytes
├── given any deltas: decode gives them back, by ascending member
├── given a member or delta that the version cannot hold: encode raises InvariantError
├── given canonical bytes with any one byte changed, or cut anywhere: decode refuses them, or they are the one encoding
│   of other deltas
└── given any bytes at all: likewise
rice
├── given 10,000 updates: decode gives them back; one more is refused
└── given numbers around the edge of a long code: decode gives them back
codec
├── given push mode: dense words where they are shorter than records, else records; never Rice
├── given root mode: Rice from so many updates on where it is shorter than records, else records; never dense words
├── given deltas that dense words cannot hold: records
└── given data of any version, or of none: decode reads the first, and refuses the last
"""

from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.core.amounts import LANE_MAX, MEMBER_MAX
from loyaltychain.core.errors import InvariantError
from loyaltychain.settlement import codec, dense, records, rice
from loyaltychain.settlement.types import Mode
from tests.settlement.builders import bare, read_vectors

GOLDEN = {module: read_vectors(f"batch_data_v{module.VERSION}.json") for module in (records, rice, dense)}

Deltas = dict[int, int]

members = st.one_of(st.integers(1, 600), st.integers(1, MEMBER_MAX), st.sampled_from([255, 256, 257, MEMBER_MAX]))
edges = [1, -1, 32767, 32768, -32768, -32769, LANE_MAX, -LANE_MAX]
changes = st.one_of(st.sampled_from(edges), st.integers(-LANE_MAX, LANE_MAX).filter(bool), st.integers(1, 50))
far_and_wide = st.dictionaries(members, changes, max_size=20)
small = st.one_of(st.sampled_from([1, -1, 32767, -32768]), st.integers(-60, 60).filter(bool))


@st.composite
def close_together(draw: st.DrawFn) -> Deltas:
    first = draw(st.one_of(st.just(1), st.integers(1, MEMBER_MAX - 60)))
    return draw(st.dictionaries(st.integers(first, first + 60), small, min_size=1, max_size=20))


DELTAS: dict[ModuleType, st.SearchStrategy[Deltas]] = {
    records: far_and_wide,
    rice: st.one_of(far_and_wide, close_together()),
    dense: close_together(),
}
VERSIONS = pytest.mark.parametrize("version", DELTAS, ids=lambda module: module.__name__.rsplit(".", 1)[1])


def cases(kind: str) -> Any:
    rows = [(module, case) for module, golden in GOLDEN.items() for case in golden[kind]]
    return pytest.mark.parametrize(("version", "case"), rows, ids=lambda value: str(getattr(value, "VERSION", "")))


def is_refused_or_canonical(version: ModuleType, data: bytes) -> bool:
    try:
        pairs = version.decode(data)
    except InvariantError as error:
        return str(error).startswith("Malformed batch data: ")
    return bool(version.encode(dict(pairs)) == data)


@cases("canonical")
def test_encode__golden_deltas__golden_bytes(version: ModuleType, case: dict[str, Any]) -> None:
    deltas = dict(case["deltas"])

    assert version.encode(deltas) == bare(case["data"])
    assert version.decode(bare(case["data"])) == tuple(deltas.items())


@cases("malformed")
def test_decode__golden_malformed__refused(version: ModuleType, case: dict[str, Any]) -> None:
    reason = case["reason"] if version is records else ""

    with pytest.raises(InvariantError, match=f"Malformed batch data: {reason}"):
        version.decode(bare(case["data"]))


@VERSIONS
def test_encode__another_order__same_bytes(version: ModuleType) -> None:
    deltas = {7: 1, 3: -2, 900: 4_000}

    assert version.encode(dict(sorted(deltas.items(), reverse=True))) == version.encode(dict(sorted(deltas.items())))


@VERSIONS
@settings(deadline=None, max_examples=200)
@given(st.data())
def test_encode__any_deltas__decode_gives_them_back(version: ModuleType, data: st.DataObject) -> None:
    deltas = data.draw(DELTAS[version])

    assert version.decode(version.encode(deltas)) == tuple(sorted(deltas.items()))


@VERSIONS
@pytest.mark.parametrize(
    ("member", "delta"), [(0, 1), (-1, 1), (MEMBER_MAX + 1, 1), (1, 0), (1, LANE_MAX + 1), (1, -LANE_MAX - 1)]
)
def test_encode__what_no_version_holds__refused(version: ModuleType, member: int, delta: int) -> None:
    with pytest.raises(InvariantError, match=f"member: {member}|do not fit dense words"):
        version.encode({member: delta})


@pytest.mark.parametrize("deltas", [{}, {1: 32_768}, {1: 1, 2: -32_769}])
def test_dense_encode__nobody_or_too_much__refused(deltas: Deltas) -> None:
    assert not dense.can_hold(deltas)
    with pytest.raises(InvariantError, match="do not fit dense words"):
        dense.encode(deltas)


@VERSIONS
@settings(deadline=None, max_examples=60)
@given(st.data(), st.integers(1, 255))
def test_decode__any_byte_changed__refused_or_canonical(version: ModuleType, draws: st.DataObject, flip: int) -> None:
    data = version.encode(draws.draw(DELTAS[version]))

    for place in range(len(data)):
        mutated = data[:place] + bytes([data[place] ^ flip]) + data[place + 1 :]
        assert is_refused_or_canonical(version, mutated), mutated.hex()


@VERSIONS
@settings(deadline=None, max_examples=60)
@given(st.data())
def test_decode__cut_anywhere__refused_or_canonical(version: ModuleType, draws: st.DataObject) -> None:
    data = version.encode(draws.draw(DELTAS[version]))

    for size in range(len(data)):
        assert is_refused_or_canonical(version, data[:size]), data[:size].hex()


@VERSIONS
@settings(deadline=None, max_examples=300)
@given(tail=st.binary(max_size=60), head=st.sampled_from([b"", bytes(3), bytes(4), b"\x00\x00\x00\x00\x04\x00\x02"]))
def test_decode__any_bytes__refused_or_canonical(version: ModuleType, tail: bytes, head: bytes) -> None:
    assert is_refused_or_canonical(version, tail)
    assert is_refused_or_canonical(version, bytes([version.VERSION]) + head + tail)


def test_rice__as_many_as_a_batch_holds__read_back() -> None:
    most = {13 * member: (-1) ** (member % 3) * (member % 400 + 1) for member in range(1, rice.COUNT_MAX + 1)}

    assert rice.decode(rice.encode(most)) == tuple(most.items())
    with pytest.raises(InvariantError, match="more changes than one batch may hold"):
        rice.encode(most | {MEMBER_MAX: 1})


@pytest.mark.parametrize("ones", [22, 23, 24, 25])
def test_rice__around_the_edge_of_a_long_code__read_back(ones: int) -> None:
    # 63 members who change by 1 keep the parameter at 0, so that the last one's code has as many one bits as it says.
    deltas = dict.fromkeys(range(1, 64), 1) | {64 + ones: 1 + ones}

    assert rice.encode(deltas)[1:4] == bytes(3)
    assert rice.decode(rice.encode(deltas)) == tuple(deltas.items())


CLOSE = dict.fromkeys(range(1, 33), 5)
FAR = {1: 5, 100: 5, 5_000: 5}
MANY = dict.fromkeys(range(1, 1_001), 5)


@pytest.mark.parametrize(
    ("mode", "deltas", "version"),
    [
        ("push", CLOSE, dense),
        ("push", MANY, dense),
        ("push", FAR, records),
        ("push", {}, records),
        ("push", {1: 40_000}, records),
        ("root", CLOSE, records),
        ("root", FAR, records),
        ("root", {}, records),
        ("root", MANY, rice),
    ],
)
def test_codec__a_mode__the_shortest_version_that_it_takes(mode: Mode, deltas: Deltas, version: ModuleType) -> None:
    data = codec.encode(deltas, mode=mode)

    assert data == version.encode(deltas)
    assert len(data) <= len(records.encode(deltas))
    assert codec.decode(data) == tuple(deltas.items())


def test_codec__rice_from__is_where_rice_begins() -> None:
    assert codec.encode(CLOSE, mode="root", rice_from=len(CLOSE)) == rice.encode(CLOSE)
    assert codec.encode(CLOSE, mode="root", rice_from=len(CLOSE) + 1) == records.encode(CLOSE)


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x04\x01", b"\xff" * 9])
def test_codec_decode__no_version__refused(data: bytes) -> None:
    with pytest.raises(InvariantError, match="unknown version"):
        codec.decode(data)
