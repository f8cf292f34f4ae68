"""
challenge and retrace, over random histories in every version of the data
├── given a true batch, no word and no cut of a retracing voids it
├── given totals that are not the data's, both void it
├── given a delta that leaves its lane, its word and a retracing void it
├── given the root of other balances, each wrong word and a retracing void it
├── given a root of no tree, of nothing, of the batch before, a retracing voids it, in one call or in many
└── given a retracing in any cuts, every step logs the root so far
"""

import random

import pytest
from eth_utils.crypto import keccak
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from tests.contracts.builders import World, read
from tests.contracts.evm import refused, rolled_back
from tests.contracts.rooted import CODECS, FRAUDS, Book, void_in
from tests.contracts.tree import LANE_MAX, LAST, apply_deltas, lane_of, root_of, with_lane

# First and last words, whole ones and neighbours.
WORDS = (0, 1, 2, 3, 4095, 4096, 2**23, LAST - 1, LAST)
MEMBERS = st.builds(lambda word, lane: 8 * word + lane or 1, st.sampled_from(WORDS), st.integers(0, 7))
FEW = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much, HealthCheck.too_slow],
)


def fit(codec: str, words: dict[int, int], wanted: dict[int, int]) -> dict[int, int]:
    """The wanted deltas as the codec can carry them and the lanes can take them; at least one."""
    if codec == "dense":  # its words lie together: the first ones, or the last
        wanted = {m: d for m, d in wanted.items() if m // 8 <= 3} or {
            m: d for m, d in wanted.items() if m // 8 >= LAST - 1
        }
    deltas = {}
    for member, delta in wanted.items():
        balance = lane_of(words.get(member // 8, 0), member)
        lowest, highest = (-(2**15), 2**15 - 1) if codec == "dense" else (-LANE_MAX, LANE_MAX)
        fitting = max(-balance, lowest, min(LANE_MAX - balance, highest, delta))
        if fitting:
            deltas[member] = fitting
    return deltas or {1: 1 if lane_of(words.get(0, 0), 1) < LANE_MAX else -1}


@st.composite
def histories(draw: st.DrawFn) -> tuple[str, dict[int, int], dict[int, int]]:
    """(codec, deltas of a first batch, deltas of the disputed one): new, emptied, full and untouched words."""
    codec = draw(st.sampled_from(sorted(CODECS)))
    amounts = st.one_of(st.integers(1, 40_000), st.just(LANE_MAX))
    held = draw(st.dictionaries(MEMBERS, amounts, max_size=12))
    held |= {8 * word + lane or 1: LANE_MAX for word in draw(st.sets(st.sampled_from(WORDS), max_size=1))
             for lane in range(8)}  # fmt: skip
    wanted = draw(st.dictionaries(MEMBERS, st.integers(-LANE_MAX, LANE_MAX), max_size=12))
    emptied = draw(st.sets(st.sampled_from(WORDS), max_size=2))
    wanted |= {member: -balance for member, balance in held.items() if member // 8 in emptied}
    return codec, held, fit(codec, apply_deltas({}, held), wanted)


def open_book(world: World, held: dict[int, int]) -> Book:
    book = Book(world)
    book.settle(held)
    return book


def cuts_of(generator: random.Random) -> list[int]:
    """Where the calls of a retracing end; the last one ends it."""
    return [*sorted(generator.sample(range(LAST), 3) + generator.sample(WORDS[:-1], 2)), LAST]


def retrace_by(book: Book, deltas: dict[int, int], cuts: list[int]) -> dict:
    """Retrace in several calls; the last one's receipt. Each step's root must be that of the words so far."""
    first = 0
    for last in dict.fromkeys(cuts[:-1]):
        receipt = book.retrace(deltas, last, first=first)
        done = {member: delta for member, delta in deltas.items() if member // 8 <= last}
        so_far = (last + 1, root_of(apply_deltas(book.entries[-2].words, done)))
        place = (book.last.header.batch_id, book.world.people["stranger"])
        assert read(book.world, "retracing", *place, types=("uint32", "bytes32")) == so_far
        assert len(receipt["logs"]) == 1
        first = last + 1
    return book.retrace(deltas, cuts[-1], first=first)


@FEW
@given(history=histories(), seed=st.integers(0, 2**32))
@example(history=("records", {}, {1: LANE_MAX, 8 * LAST + 7: LANE_MAX}), seed=0)
@example(history=("rice", {1: 1, 8: 2}, {1: -1, 8: -2}), seed=0)
def test_true_batch__given_any_challenge__survives(
    rooted: World, history: tuple[str, dict[int, int], dict[int, int]], seed: int
) -> None:
    codec, held, deltas = history
    with rolled_back(rooted.chain):
        book = open_book(rooted, held)
        book.settle(deltas, data=CODECS[codec](deltas))

        for index in {*random.Random(seed).sample(WORDS, 3), next(iter(deltas)) // 8, 77}:
            with refused("NoFraud"):
                book.challenge(index)
        with refused("NoFraud"):
            book.retrace(deltas, person="config")
        with refused("NoFraud"):
            retrace_by(book, deltas, cuts_of(random.Random(seed)))
        book.check()


@pytest.mark.parametrize("field", ["updates", "issued", "burned"])
@pytest.mark.parametrize("codec", CODECS)
def test_false_totals__given_each_field__fall(rooted: World, codec: str, field: str) -> None:
    deltas = {1: 5, 9: -3, 17: 7}
    for by in (-1, 1):
        for fraud_proof in ("challenge", "retrace"):
            with rolled_back(rooted.chain):
                book = open_book(rooted, {9: 4, 100: 50})
                true = {"updates": 3, "issued": 12, "burned": 3}[field]
                book.settle(deltas, data=CODECS[codec](deltas), **{field: true + by})
                nothing = {"old_siblings": [], "new_siblings": [], "old_word": 1}
                receipt = book.challenge(0, **nothing) if fraud_proof == "challenge" else book.retrace(
                    {}, old_words=[], siblings=[])  # fmt: skip
                assert void_in(receipt)[3] == FRAUDS["totals"]


def last_lane_left(words: dict[int, int], member: int, *, below: bool) -> int:
    """The smallest delta that takes the member out of her lane."""
    balance = lane_of(words.get(member // 8, 0), member)
    return -balance - 1 if below else LANE_MAX - balance + 1


@FEW
@given(history=histories(), member=MEMBERS, below=st.booleans(), seed=st.integers(0, 2**32))
def test_lane_left__given_any_member__falls(
    rooted: World, history: tuple[str, dict[int, int], dict[int, int]], member: int, below: bool, seed: int
) -> None:
    codec, held, true = history
    words = apply_deltas({}, held)
    out = last_lane_left(words, member, below=below)
    deltas = true | {member: out}
    assume(abs(out) <= LANE_MAX)
    burned = -sum(delta for delta in deltas.values() if delta < 0)
    assume(burned <= sum(held.values()) + 2**31)
    if codec == "dense":
        assume(-(2**15) <= out < 2**15 and max(deltas) - min(deltas) < 8 * 2000)
    for fraud_proof in ("challenge", "one call", "many calls"):
        with rolled_back(rooted.chain):
            book = open_book(rooted, {**held, 5000: 2**31})
            data = CODECS[codec](deltas)
            book.settle(deltas, data=data, words=apply_deltas(book.last.words, true))
            receipt = prove_lane(book, deltas, member, fraud_proof, random.Random(seed))
            assert void_in(receipt)[3] == FRAUDS["lane"]


def prove_lane(book: Book, deltas: dict[int, int], member: int, how: str, generator: random.Random) -> dict:
    if how == "challenge":
        return book.challenge(member // 8, new_siblings=[])
    before = {m: d for m, d in deltas.items() if m // 8 < member // 8}
    if how == "one call" or member // 8 == 0:
        return book.retrace(deltas)
    cut = generator.randrange(member // 8)
    book.retrace(before, cut)
    return book.retrace(deltas, max(member // 8, generator.randrange(LAST)), first=cut + 1)


@FEW
@given(history=histories(), liar=MEMBERS, balance=st.sampled_from([0, 1, 7, LANE_MAX]), seed=st.integers(0, 2**32))
def test_false_root__given_one_lane_of_another_tree__falls(
    rooted: World, history: tuple[str, dict[int, int], dict[int, int]], liar: int, balance: int, seed: int
) -> None:
    codec, held, deltas = history
    true = apply_deltas(apply_deltas({}, held), deltas)
    index = liar // 8
    false = true | {index: with_lane(true.get(index, 0), liar, balance)}
    false = {place: word for place, word in false.items() if word}
    assume(false != true)
    for fraud_proof in ("challenge", "one call", "many calls"):
        with rolled_back(rooted.chain):
            book = open_book(rooted, held)
            book.settle(deltas, data=CODECS[codec](deltas), words=false)
            for other in {0, 2, 4096, LAST} - {index}:
                with refused("NoFraud"):
                    book.challenge(other)
            if fraud_proof == "challenge":
                receipt = book.challenge(index)
            else:
                cuts = [LAST] if fraud_proof == "one call" else cuts_of(random.Random(seed))
                receipt = retrace_by(book, deltas, cuts)
            assert void_in(receipt) == (2, 2, book.world.people["stranger"].lower(), FRAUDS["root"])
            book.forget()
            book.check()


LIES = {
    "no tree": lambda book, after: keccak(text="no tree"),
    "nothing": lambda book, after: bytes(32),
    "the batch before": lambda book, after: book.last.header.balance_root,
    "a later one": lambda book, after: root_of(apply_deltas(after, {77: 1})),
}


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("lie", LIES)
def test_false_root__given_one_that_nobody_can_open__falls_to_a_retracing(rooted: World, lie: str, codec: str) -> None:
    far = 500 if codec == "dense" else 4095
    held, deltas = {1: 5, 9: 3, 8 * 4096: 4}, {1: -5, 9: 2, 24: 9, 8 * far + 7: 1}
    for cuts in ([LAST], [0, 1, 4095, 4096, LAST], [2, 1000, LAST - 1, LAST]):
        with rolled_back(rooted.chain):
            book = open_book(rooted, held)
            root = LIES[lie](book, apply_deltas(book.last.words, deltas))
            book.settle(deltas, data=CODECS[codec](deltas), balanceRoot=root)
            book.settle({})  # more on top of it
            book.entries.pop()
            receipt = retrace_by(book, deltas, cuts)
            assert void_in(receipt)[0] == 2
            assert void_in(receipt)[3] == FRAUDS["root"]
            book.forget()
            book.check()
