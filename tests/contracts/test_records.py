"""
settle, by its data
├── given data that the protocol calls malformed, it refuses and says where
├── given a well-formed record at each edge of its range, it applies it
├── given a wide record that looks like a full word, it is not taken for one
├── given more calldata behind the data, it does not read it
├── given random deltas over two batches, balances, totals and supply are the model's
├── given full words of credits near the top of a lane, it does what the model does
└── given any bytes, it does what the model does
readData and the plain decoder (DataReference)
└── given any bytes behind the version of records, they read what the model reads
"""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contracts import evm
from tests.contracts.builders import World, make_batch, read, settle, settle_data
from tests.contracts.readers import Readers, expected_of, start_readers
from tests.contracts.records import (
    LANE_MAX,
    MEMBER_MAX,
    Applied,
    Fault,
    apply_records,
    encode_record,
    encode_records,
    erc7201,
    narrow,
    read_records,
    wide,
)

WORDS = erc7201("loyaltychain.storage.PointsLedger.words")
NEAR_TOP = LANE_MAX - 20
START = {8: 3, 9: 40_000, 16: LANE_MAX, 17: NEAR_TOP, 23: 1, 24: 100, 31: NEAR_TOP, 32: 5, MEMBER_MAX: 7}

MALFORMED = {
    "nothing at all": (b"", 0),
    "version 0": (b"\x00", 0),
    "version 2": (b"\x02" + narrow(1, 1), 0),
    "no version": (narrow(3, 1), 0),
    "one byte of a record": (b"\x01\x01", 1),
    "two bytes of a record": (b"\x01\x01\x00", 1),
    "a cut second record": (b"\x01" + narrow(1, 1) + b"\x01\x00", 4),
    "a wide record of one byte": (b"\x01\x00", 1),
    "a cut wide record": (b"\x01" + wide(256, 1)[:-1], 1),
    "a cut wide record whose rest is a delta": (b"\x01" + wide(256, 256)[:-1], 1),
    "a wide record cut to a narrow one's length": (b"\x01" + wide(256, 1)[:3], 1),
    "a trailing zero": (b"\x01" + narrow(1, 1) + b"\x00", 4),
    "delta 0": (b"\x01" + narrow(1, 0), 1),
    "a later delta 0": (b"\x01" + narrow(1, 1) + narrow(1, 0), 4),
    "delta 0 in a full word": (b"\x01" + narrow(8, 1) + narrow(1, 0) + narrow(1, 1) * 6, 4),
    "wide delta 0": (b"\x01" + wide(256, 0), 1),
    "wide gap 0": (b"\x01" + wide(0, 40_000), 1),
    "wide where narrow would do": (b"\x01" + wide(255, 1), 1),
    "wide where narrow would do, at its top": (b"\x01" + wide(1, 32_767), 1),
    "wide where narrow would do, at its bottom": (b"\x01" + wide(1, -32_768), 1),
    "delta above": (b"\x01" + wide(1, LANE_MAX + 1), 1),
    "delta below": (b"\x01" + wide(1, -LANE_MAX - 1), 1),
    "delta at the bottom of an int40": (b"\x01" + wide(1, -(2**39)), 1),
    "a member above the last": (b"\x01" + wide(MEMBER_MAX + 1, 1), 1),
    "a narrow gap above the last": (b"\x01" + wide(MEMBER_MAX, 1) + narrow(1, 1), 11),
    "the largest gap": (b"\x01" + wide(2**32 - 1, 1), 1),
}
# A wide record of lane 0 whose bytes, read three by three, look like narrow credits with gaps of 1 (but the first gap).
DISGUISED = wide(0x01000108, 0x0001000101)


@pytest.mark.parametrize(("data", "offset"), MALFORMED.values(), ids=MALFORMED)
def test_settle__given_malformed_data__says_where(world: World, data: bytes, offset: int) -> None:
    assert apply_records({}, data) == Fault("MalformedData", (offset,))

    with evm.refused("MalformedData", offset):
        settle_data(world, data)


@pytest.mark.parametrize(
    ("gap", "delta"),
    [(1, 1), (255, 32_767), (1, 32_768), (256, 1), (255, LANE_MAX), (256, LANE_MAX), (MEMBER_MAX, 1)],
)
def test_settle__given_a_record_at_its_edge__applies_it(world: World, gap: int, delta: int) -> None:
    settle(world, {gap: delta})
    settle(world, {gap: -1} if delta == 1 else {gap: 1 - delta})

    assert read(world, "balanceOfMember", gap) == (0 if delta == 1 else 1)


def test_settle__given_a_wide_record_like_a_full_word__is_not_taken_for_one(world: World) -> None:
    data = b"\x01" + DISGUISED + narrow(1, 1) * 8

    expect_the_model(world, {}, data)


@pytest.mark.parametrize("records", range(8))
def test_settle__given_more_calldata_behind_the_data__does_not_read_it(world: World, records: int) -> None:
    batch, data = make_batch(world, dict.fromkeys(range(8, 16), 5), updates=records, issued=5 * records)
    whole = bytes.fromhex(evm.encode("PointsLedger", "settle", tuple(batch.values()), data)[2:])
    length_at = 4 + 32 * 11  # after the selector, the ten fields of the batch and the offset of the data
    shorter = whole[:length_at] + (1 + 3 * records).to_bytes(32, "big") + whole[length_at + 32 :]

    evm.send(world.chain, world.ledger, shorter, sender=world.people["settler"])

    assert read(world, "wordAt", 1) == sum(5 << (32 * lane) for lane in range(records))


gaps = st.one_of(st.just(1), st.integers(1, 9), st.integers(1, 300), st.integers(1, MEMBER_MAX // 8))
deltas = st.one_of(
    st.integers(1, 30), st.integers(-30, -1), st.integers(-40_000, 40_000), st.integers(-LANE_MAX, LANE_MAX)
).filter(bool)
narrow_runs = st.lists(st.integers(1, 30), min_size=7, max_size=20).map(lambda ds: b"".join(narrow(1, d) for d in ds))
records = st.one_of(
    st.builds(encode_record, gaps, deltas),
    narrow_runs,
    st.builds(narrow, st.integers(0, 255), st.integers(-(2**15), 2**15 - 1)),
    st.builds(wide, st.integers(0, 600), st.integers(-70_000, 70_000)),
    st.binary(max_size=11),
)
any_data = st.one_of(
    st.lists(records, max_size=8).map(lambda parts: b"\x01" + b"".join(parts)),
    st.binary(max_size=40),
)
member_deltas = st.lists(st.tuples(gaps, st.integers(1, LANE_MAX)), max_size=12).map(
    lambda steps: {sum(g for g, _ in steps[: i + 1]): d for i, (_, d) in enumerate(steps)}
)
full_words = st.tuples(
    st.lists(st.integers(1, 30), min_size=8, max_size=40),
    st.integers(4, 16),
    st.one_of(st.none(), st.tuples(st.integers(0, 7), st.integers(-30, 40_000).filter(bool))),
)


@pytest.fixture(scope="module")
def started(deployed: World) -> Iterator[World]:
    """A ledger that holds START."""
    with evm.rolled_back(deployed.chain):
        settle(deployed, START)
        yield deployed


def expect_the_model(world: World, balances: dict[int, int], data: bytes) -> None:
    """Settle the bytes, and compare all that can be seen with what the model says."""
    expected = apply_records(balances, data)
    if isinstance(expected, Fault):
        with evm.refused(expected.name, *expected.facts):
            settle_data(world, data)
        return
    settle_data(world, data, updates=expected.updates, issued=expected.issued, burned=expected.burned)
    assert words_of(world, expected) == pack(expected.balances)
    assert read(world, "totalSupply") == sum(expected.balances.values())


def words_of(world: World, expected: Applied) -> dict[int, int]:
    """The words that hold or adjoin a balance of the model, as the chain has them; empty ones left out."""
    touched = {m // 8 + side for m in expected.balances for side in (-1, 0, 1)}
    return {
        index: word
        for index in touched
        if 0 <= index < 2**24 and (word := evm.storage(world.chain, world.ledger, WORDS + index))
    }


def pack(balances: dict[int, int]) -> dict[int, int]:
    words: dict[int, int] = {}
    for member, points in balances.items():
        words[member // 8] = words.get(member // 8, 0) | points << (32 * (member % 8))
    return {index: word for index, word in words.items() if word}


@settings(max_examples=20, deadline=None)
@given(first=member_deltas, share=st.integers(1, LANE_MAX))
def test_settle__given_random_deltas__balances_are_the_models(
    deployed: World, first: dict[int, int], share: int
) -> None:
    reachable = {member: delta for member, delta in first.items() if member <= MEMBER_MAX}
    second = {member: -min(delta, share) for member, delta in list(reachable.items())[::2]}

    with evm.rolled_back(deployed.chain):
        settle(deployed, reachable)

        expect_the_model(deployed, reachable, encode_records(second))


@settings(max_examples=40, deadline=None)
@given(words=full_words)
def test_settle__given_full_words__does_what_the_model_does(
    started: World, words: tuple[list[int], int, tuple[int, int] | None]
) -> None:
    amounts, first, change = words
    if change:
        amounts[change[0]] = change[1]

    with evm.rolled_back(started.chain):
        expect_the_model(started, START, encode_records(dict(enumerate(amounts, start=first))))


@settings(max_examples=60, deadline=None)
@given(data=any_data)
def test_settle__given_any_bytes__does_what_the_model_does(started: World, data: bytes) -> None:
    with evm.rolled_back(started.chain):
        expect_the_model(started, START, data)


@pytest.fixture(scope="module")
def readers() -> Readers:
    return start_readers()


@settings(max_examples=100, deadline=None)
@given(data=any_data.map(lambda data: b"\x01" + data[1:]))
def test_read__given_any_bytes__reads_what_the_model_reads(readers: Readers, data: bytes) -> None:
    # no lane faults: the model starts from balances that hold any delta
    well_formed, deltas_by_member = read_only(data)
    expected = deltas_by_member if well_formed else None

    assert read_records(data) == expected
    assert readers.decode(data) == expected
    assert readers.read(data) == expected_of(expected)


def read_only(data: bytes) -> tuple[bool, dict[int, int]]:
    """The deltas in ``data`` by the model, whose lanes are kept out of the way by raising each member first."""
    raised: dict[int, int] = {}
    while True:
        outcome = apply_records(raised, data)
        if isinstance(outcome, Applied):
            return True, {
                m: after - raised.get(m, 0) for m, after in outcome.balances.items() if after != raised.get(m, 0)
            }
        if outcome.name == "MalformedData":
            return False, {}
        member, held, delta = outcome.facts
        raised[member] = held - delta if delta < 0 else 0


@settings(max_examples=100, deadline=None)
@given(data=any_data)
def test_apply_records__given_well_formed_data__encodes_back(data: bytes) -> None:
    well_formed, deltas_by_member = read_only(data)

    assert not well_formed or encode_records(deltas_by_member) == data
