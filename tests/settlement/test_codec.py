"""encode
├── given a set of deltas from the golden vectors: it gives exactly these bytes
├── given the same deltas in another order: it gives the same bytes
├── given any deltas: decode gives them back, by ascending member
└── given a member or delta that no record holds: it raises InvariantError
decode
├── given malformed bytes from the golden vectors: it raises InvariantError with the reason
├── given canonical bytes with any one byte changed: it refuses them, or they are the one encoding of other deltas
├── given canonical bytes cut anywhere: likewise
└── given any bytes at all: likewise
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.core.amounts import LANE_MAX, MEMBER_MAX
from loyaltychain.core.errors import InvariantError
from loyaltychain.settlement.codec import decode, encode
from tests.settlement.builders import bare, read_vectors

GOLDEN = read_vectors("batch_data_v1.json")

members = st.one_of(st.integers(1, 600), st.integers(1, MEMBER_MAX), st.sampled_from([255, 256, 257, MEMBER_MAX]))
edges = [1, -1, 32767, 32768, -32768, -32769, LANE_MAX, -LANE_MAX]
changes = st.one_of(st.sampled_from(edges), st.integers(-LANE_MAX, LANE_MAX).filter(bool), st.integers(1, 50))
delta_sets = st.dictionaries(members, changes, max_size=20)


def is_refused_or_canonical(data: bytes) -> bool:
    try:
        pairs = decode(data)
    except InvariantError as error:
        return str(error).startswith("Malformed batch data: ")
    return encode(dict(pairs)) == data


@pytest.mark.parametrize("case", GOLDEN["canonical"], ids=lambda case: case["data"])
def test_encode__golden_deltas__golden_bytes(case: dict) -> None:
    deltas = dict(case["deltas"])

    assert encode(deltas) == bare(case["data"])
    assert decode(bare(case["data"])) == tuple(deltas.items())


def test_encode__another_order__same_bytes() -> None:
    deltas = {7: 1, 3: -2, 900: 40_000}

    assert encode(dict(sorted(deltas.items(), reverse=True))) == encode(dict(sorted(deltas.items())))


@settings(deadline=None, max_examples=200)
@given(delta_sets)
def test_encode__any_deltas__decode_gives_them_back(deltas: dict[int, int]) -> None:
    assert decode(encode(deltas)) == tuple(sorted(deltas.items()))


@pytest.mark.parametrize(
    ("member", "delta"), [(0, 1), (-1, 1), (MEMBER_MAX + 1, 1), (1, 0), (1, LANE_MAX + 1), (1, -LANE_MAX - 1)]
)
def test_encode__what_no_record_holds__refused(member: int, delta: int) -> None:
    with pytest.raises(InvariantError, match=f"member: {member}"):
        encode({member: delta})


@pytest.mark.parametrize("case", GOLDEN["malformed"], ids=lambda case: case["data"])
def test_decode__golden_malformed__refused_with_the_reason(case: dict) -> None:
    with pytest.raises(InvariantError, match=f"Malformed batch data: {case['reason']}"):
        decode(bare(case["data"]))


@settings(deadline=None, max_examples=60)
@given(delta_sets, st.integers(1, 255))
def test_decode__any_byte_changed__refused_or_canonical(deltas: dict[int, int], flip: int) -> None:
    data = encode(deltas)

    for place in range(len(data)):
        mutated = data[:place] + bytes([data[place] ^ flip]) + data[place + 1 :]
        assert is_refused_or_canonical(mutated), mutated.hex()


@settings(deadline=None, max_examples=60)
@given(delta_sets)
def test_decode__cut_anywhere__refused_or_canonical(deltas: dict[int, int]) -> None:
    data = encode(deltas)

    for size in range(len(data)):
        assert is_refused_or_canonical(data[:size]), data[:size].hex()


@settings(deadline=None, max_examples=300)
@given(st.one_of(st.binary(max_size=60), st.binary(max_size=60).map(lambda tail: b"\x01" + tail)))
def test_decode__any_bytes__refused_or_canonical(data: bytes) -> None:
    assert is_refused_or_canonical(data)
