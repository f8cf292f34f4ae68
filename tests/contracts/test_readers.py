"""
readData and the plain decoder (DataReference)
├── given the golden vectors of each version, both read what these say
├── given any deltas in any version, both read them, and the reader keeps those of the words that were asked for
├── given rows of small records around the words that were asked for, the reader keeps those and sums all
├── given good data with any one byte changed, both read what the tests' own reading reads
├── given good data cut anywhere or with bytes behind them, likewise
├── given any bytes at all behind a version or a head, likewise
├── given numbers at every edge of a code, likewise
├── given data without a version that is known, both call them malformed
├── given 10,000 updates in each version, the reader reads them
└── given more calldata behind the data, the reader does not read it
the tests' own reading
└── given any deltas, it gives back what its encoder was given
"""

import json
import random
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contracts import evm, rice
from tests.contracts.dense import encode_dense
from tests.contracts.readers import Readers, expected_of, own_reading, start_readers
from tests.contracts.records import LANE_MAX, MEMBER_MAX, encode_records
from tests.contracts.rice import encode_rice

VECTORS = Path(__file__).parent.parent / "vectors"
ENCODERS: dict[str, Callable[[Mapping[int, int]], bytes]] = {
    "records": encode_records, "rice": encode_rice, "dense": encode_dense,
}  # fmt: skip
SAMPLES = {
    "records": encode_records({3: 12, 4: -2, 259: 1, 515: 40_000, **dict.fromkeys(range(520, 532), 9), 533: -7}),
    "rice": encode_rice({5: 7, 6: -7, 7: 8, 8: -9, 20: 1, 21: 300, 22: -1, 23: 4}),
    "rice with long codes": encode_rice({**dict.fromkeys(range(1, 30), 1), 30: -40, 90: 2}),
    "rice of one large debit": encode_rice({MEMBER_MAX: -LANE_MAX}),
    "dense": encode_dense({9: -1, 10: 1, 17: 32_767, 24: -32_768}),
}


@pytest.fixture(scope="module")
def readers() -> Readers:
    return start_readers()


def expect_own_reading(readers: Readers, data: bytes) -> None:
    """Reader, plain decoder and the tests' own reading say the same."""
    deltas = own_reading(data)
    assert readers.read(data) == expected_of(deltas), data.hex()
    assert readers.decode(data) == deltas, data.hex()


def golden() -> list[tuple[bytes, dict[int, int] | None]]:
    cases: list[tuple[bytes, dict[int, int] | None]] = []
    for version in (1, 2, 3):
        document = json.loads((VECTORS / f"batch_data_v{version}.json").read_text(encoding="utf-8"))
        cases += [(bare(case["data"]), dict(map(tuple, case["deltas"]))) for case in document["canonical"]]
        # v1's file calls data of other versions malformed: it was written when there was no other
        cases += [(bare(case["data"]), None) for case in document["malformed"]]
    return cases


def bare(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


@pytest.mark.parametrize(("data", "deltas"), golden(), ids=lambda part: part.hex() if isinstance(part, bytes) else "")
def test_read__given_golden_data__reads_what_these_say(
    readers: Readers, data: bytes, deltas: dict[int, int] | None
) -> None:
    assert own_reading(data) == deltas
    assert readers.read(data) == expected_of(deltas)
    assert readers.decode(data) == deltas


small = st.one_of(st.integers(1, 30), st.integers(-30, -1), st.sampled_from([32_767, -32_768]))
amounts = st.one_of(
    small, st.integers(-LANE_MAX, LANE_MAX).filter(bool), st.sampled_from([32_768, LANE_MAX, -LANE_MAX])
)
members = st.one_of(st.integers(1, 90), st.integers(1, MEMBER_MAX), st.sampled_from([1, 255, 256, MEMBER_MAX]))
sparse_sets = st.dictionaries(members, amounts, max_size=14)
near_sets = st.dictionaries(st.integers(1, 400), small, min_size=1, max_size=60)
any_sets = st.one_of(
    st.tuples(st.sampled_from([encode_records, encode_rice]), st.one_of(sparse_sets, near_sets)),
    st.tuples(st.just(encode_dense), near_sets),
)
ranges = st.one_of(
    st.tuples(st.integers(0, 55), st.integers(0, 55)),
    st.sampled_from(
        [(0, 0), (0, 2**24 - 1), (2**24 - 1, 2**24 - 1), (2**24, 2**256 - 1), (2**256 - 1, 0), (7, 2**255)]
    ),
)


@settings(max_examples=150, deadline=None)
@given(case=any_sets, words=ranges)
def test_read__given_any_deltas__reads_them(readers: Readers, case: tuple, words: tuple[int, int]) -> None:
    encode, deltas = case
    data = encode(deltas)

    assert own_reading(data) == deltas
    assert readers.read(data, words) == expected_of(deltas, words)
    assert readers.decode(data) == deltas


@settings(max_examples=60, deadline=None)
@given(
    amounts=st.lists(small, min_size=9, max_size=70),
    step=st.integers(1, 9),
    words=st.tuples(st.integers(0, 40), st.integers(0, 40)),
)
def test_read__given_rows_of_records__sums_all_of_them(
    readers: Readers, amounts: list[int], step: int, words: tuple[int, int]
) -> None:
    deltas = dict(zip(range(step, 10_000, step), amounts, strict=False))

    assert readers.read(encode_records(deltas), words) == expected_of(deltas, words)


@pytest.mark.parametrize("flip", [0x01, 0x80, 0xFF])
@pytest.mark.parametrize("data", SAMPLES.values(), ids=SAMPLES)
def test_read__given_one_byte_changed__reads_what_it_says_now(readers: Readers, data: bytes, flip: int) -> None:
    assert own_reading(data) is not None
    for place in range(len(data)):
        expect_own_reading(readers, data[:place] + bytes([data[place] ^ flip]) + data[place + 1 :])


@pytest.mark.parametrize("data", SAMPLES.values(), ids=SAMPLES)
def test_read__given_data_cut_or_longer__reads_what_it_says_now(readers: Readers, data: bytes) -> None:
    for length in range(len(data)):
        expect_own_reading(readers, data[:length])
    for more in (b"\0", b"\1", bytes(2), bytes(3), bytes(10), bytes(16), b"\1" * 16, data):
        expect_own_reading(readers, data + more)


heads = st.builds(
    lambda ks, count, debits: bytes(ks) + count.to_bytes(2, "big") + debits.to_bytes(2, "big"),
    st.tuples(*[st.one_of(st.integers(0, 3), st.integers(0, 255))] * 3),
    st.one_of(st.integers(0, 12), st.integers(0, 2**16 - 1)),
    st.one_of(st.integers(0, 3), st.integers(0, 2**16 - 1)),
)
any_bytes = st.one_of(
    st.binary(max_size=60),
    st.builds(lambda version, rest: bytes([version]) + rest, st.integers(1, 3), st.binary(max_size=60)),
    st.builds(lambda head, bits: b"\2" + head + bits, heads, st.binary(max_size=24)),
    st.builds(
        lambda first, words: b"\3" + first.to_bytes(3, "big") + words,
        st.one_of(st.integers(0, 3), st.integers(2**24 - 3, 2**24 - 1)),
        st.integers(0, 3).flatmap(lambda count: st.binary(min_size=16 * count, max_size=16 * count)),
    ),
)


@settings(max_examples=300, deadline=None)
@given(data=any_bytes)
def test_read__given_any_bytes__reads_what_they_say(readers: Readers, data: bytes) -> None:
    expect_own_reading(readers, data)


@settings(max_examples=150, deadline=None)
@given(
    deltas=st.dictionaries(st.integers(1, 60), amounts, max_size=12),
    change=st.tuples(st.integers(0, 2), st.integers(-1, 1)),
    counts=st.tuples(st.integers(-1, 1), st.integers(-1, 1)),
)
def test_read__given_another_head__reads_what_it_says(
    readers: Readers, deltas: dict[int, int], change: tuple[int, int], counts: tuple[int, int]
) -> None:
    ks = list(rice.parameters(deltas))
    ks[change[0]] = min(max(0, ks[change[0]] + change[1]), 33)
    bits = rice.bits_of(deltas, (ks[0], ks[1], ks[2]))
    debits = sum(d < 0 for d in deltas.values())
    head = (max(0, len(deltas) + counts[0]), max(0, debits + counts[1]))

    expect_own_reading(readers, rice.assemble((ks[0], ks[1], ks[2]), *head, bits))


@pytest.mark.parametrize("k", [0, 1, 7, 26, 28, 29, 30, 31])
@pytest.mark.parametrize("ones", [0, 1, 4, 5, 7, 8, 9, 15, 16, 22, 23, 24, 25])
def test_read__given_a_number_at_the_edge_of_a_code__reads_it(readers: Readers, k: int, ones: int) -> None:
    """One amount among so many of the mean that calls for this parameter."""
    for low in (0, 2**k - 1):
        amount = min((ones << k) + low, LANE_MAX) + 1
        others = dict.fromkeys(range(1, 41), 2**k + 1)
        deltas = {**others, 41: min(amount, LANE_MAX)} if k < 31 else {1: amount - (amount > LANE_MAX)}
        expect_own_reading(readers, encode_rice(deltas))
        expect_own_reading(readers, encode_rice({1: 1, 2: amount}))
        expect_own_reading(readers, encode_rice({1: 1, 2: -amount}))
        as_gap = min((ones << k) + low + 1, MEMBER_MAX + 1)
        expect_own_reading(readers, encode_rice({as_gap: 1}))


@pytest.mark.parametrize("data", [b"", b"\0", b"\4", b"\xff" * 40, bytes(40)])
def test_read__given_no_known_version__malformed(readers: Readers, data: bytes) -> None:
    assert readers.read(data) is None
    assert readers.decode(data) is None


@pytest.mark.parametrize("name", ENCODERS)
def test_read__given_10_000_updates__reads_them(readers: Readers, name: str) -> None:
    draw = random.Random(6)
    spread = 5 if name != "dense" else 1
    chosen = draw.sample(range(8, 8 + 10_000 * spread), 10_000)
    deltas = {member: draw.choice([1, 1, 1, -1]) * draw.randint(10, 5000) for member in chosen}

    got = readers.read(ENCODERS[name](deltas), (0, 300))

    assert got == expected_of(deltas, (0, 300))


@pytest.mark.parametrize("data", SAMPLES.values(), ids=SAMPLES)
def test_read__given_more_calldata_behind__does_not_read_it(readers: Readers, data: bytes) -> None:
    whole = bytes.fromhex(evm.encode("BatchProofs", "readData", data, 0, 2**24)[2:])
    length_at = 4 + 32 * 3  # after the selector, the offset of the data and the two indexes
    for length in range(len(data)):
        shorter = whole[:length_at] + length.to_bytes(32, "big") + whole[length_at + 32 :]
        plain = evm.encode("BatchProofs", "readData", data[:length], 0, 2**24)

        assert evm.ask(readers.chain, readers.proofs, shorter) == evm.ask(readers.chain, readers.proofs, plain)
