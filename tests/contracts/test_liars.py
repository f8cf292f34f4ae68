"""
challenge and retrace of a true batch, by somebody who lies
├── given a wrong old word, siblings missing, added or swapped, or another word's, they refuse
├── given other headers, other data, or a previous batch that is not the previous one, they refuse
├── given a retracing that goes back, beyond the last word, or on with somebody else's, it refuses
├── given words that the data do not touch, or too few of them, a retracing refuses
├── given arrays that overlap, or that reach behind the call into what the ledger adds, they void nothing
└── given any corrupted call, they void nothing
"""

import random
from collections.abc import Callable

import pytest
from eth_utils.crypto import keccak
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contracts import evm
from tests.contracts.builders import World, read
from tests.contracts.evm import Refused, refused
from tests.contracts.headers import Header
from tests.contracts.records import encode_records
from tests.contracts.rooted import Book, change, make_root_world
from tests.contracts.tree import LAST, siblings_of

HELD = {1: 5, 8: 7, 9: 3, 800: 4, 8 * LAST + 7: 6}
DELTAS = {1: -5, 9: 2, 17: 4, 8 * LAST + 7: 1}
DATA = encode_records(DELTAS)


@pytest.fixture
def true(book: Book) -> Book:
    """A book whose last batch, the third, is true."""
    book.settle(HELD)
    book.settle({8: 1})
    book.settle(DELTAS)
    return book


def wrong_proof(call: Callable[[], object]) -> None:
    with pytest.raises(Refused) as raised:
        call()
    assert raised.value.name == "WrongProof"


def test_challenge__given_a_wrong_word__is_refused(true: Book) -> None:
    before, after = true.entries[2].words, true.last.words

    wrong_proof(lambda: true.challenge(0, old_word=before[0] + 1))
    wrong_proof(lambda: true.challenge(0, new_word=1))
    wrong_proof(lambda: true.challenge(1, old_word=after[1]))
    wrong_proof(lambda: true.challenge(1, index=2))
    wrong_proof(lambda: true.challenge(1, index=2, old_siblings=siblings_of(before, [2]), old_word=0))
    for index in (2**24, 2**32 - 1):
        with refused("WrongWords"):
            true.challenge(1, index=index)


@pytest.mark.parametrize("side", ["old_siblings", "new_siblings"])
def test_challenge__given_wrong_siblings__is_refused(true: Book, side: str) -> None:
    words = true.entries[2].words if side == "old_siblings" else true.last.words
    siblings = siblings_of(words, [0])

    for wrong in ([], siblings[:-1], [*siblings, bytes(32)]):
        with refused("WrongWords"):
            true.challenge(0, **{side: wrong})
    for wrong in (siblings[::-1], [siblings[1], siblings[0], *siblings[2:]], siblings_of(words, [1])):
        wrong_proof(lambda wrong=wrong: true.challenge(0, **{side: wrong}))


def test_both__given_other_headers_or_data__are_refused(true: Book) -> None:
    third, second, first = (true.entries[n].header for n in (3, 2, 1))
    calls = (true.challenge, lambda **changes: true.retrace(DELTAS, **changes))
    for call in calls:
        with refused("BrokenChain", 3):
            call(previous=first)
        with refused("BrokenChain", 3):
            call(previous=change(second, supply=0))
        with refused("BrokenChain", 3):
            call(previous=third)
        with pytest.raises(Refused, match="WrongData"):
            call(data=true.entries[2].data)
        with pytest.raises(Refused, match="WrongData"):
            call(data=DATA + b"\0")
        with refused("BrokenChain", 0):
            call(disputed=Header())
        # A header that is not the batch's hash is nobody's batch, however false it is.
        for lie in ({"issued": 8}, {"updates": 5}, {"burned": 0}):
            with refused("NotPending", 3):
                call(disputed=change(third, **lie))
        with refused("NotPending", 3):
            call(disputed=change(third, data_hash=keccak(b"x")), data=b"x")
        with refused("NotPending", 2):
            call(disputed=change(third, batch_id=2, issued=8))
        with refused("NotPending", 67):
            call(disputed=change(third, batch_id=67, issued=8))
    true.check()


def test_retrace__given_another_range__is_refused(true: Book) -> None:
    true.retrace(DELTAS, 1)

    for back in (0, 1, LAST + 1, 2**32 - 1):
        with refused("WrongWords"):
            true.retrace(DELTAS, back, first=2)
    wrong_proof(lambda: true.retrace(DELTAS, 2, first=2, siblings=siblings_of(true.entries[2].words, [2])))
    assert read(true.world, "retracing", 3, true.world.people["stranger"], types=("uint32", "bytes32"))[0] == 2
    with refused("NoFraud"):
        true.retrace(DELTAS, first=2)


def test_retrace__given_somebody_elses__begins_at_the_beginning(true: Book) -> None:
    true.retrace(DELTAS, 1, person="stranger")

    with refused("WrongWords"):
        true.retrace(DELTAS, first=2, person="guardian")
    with refused("NoFraud"):
        true.retrace(DELTAS, person="guardian")
    assert read(true.world, "retracing", 3, true.world.people["guardian"], types=("uint32", "bytes32")) == (
        0, bytes(32),
    )  # fmt: skip


def test_retrace__given_words_that_are_not_the_datas__is_refused(true: Book) -> None:
    words = true.entries[2].words
    touched = [0, 1, 2, LAST]
    values = [words.get(index, 0) for index in touched]

    for wrong in (values[:-1], [*values, 0], [], values * 2):
        with refused("WrongWords"):
            true.retrace(DELTAS, old_words=wrong)
    with refused("WrongWords"):
        true.retrace(DELTAS, siblings=[*siblings_of(words, touched), bytes(32)])
    with refused("WrongWords"):
        true.retrace(DELTAS, siblings=siblings_of(words, touched)[:-1])
    wrong_proof(lambda: true.retrace(DELTAS, old_words=[values[0] + 1, *values[1:]]))
    wrong_proof(lambda: true.retrace(DELTAS, siblings=siblings_of(words, touched)[::-1]))
    with refused("WrongWords"):
        true.retrace({}, 0, old_words=[words[1]], siblings=siblings_of(words, [1])[:-1])
    true.check()


# ---- raw calldata ----

WORD = 32
HEADS = {"challenge": 24 + 2, "retrace": 24 + 4}  # words before the tails: two headers, then the other arguments


def calldata_of(book: Book, function: str) -> bytearray:
    """A well-formed call about the last batch: of its first word, or of a whole retracing."""
    disputed, previous = book.last, book.entries[-2]
    before, after = previous.words, disputed.words
    headers = (previous.header.fields(), disputed.header.fields(), disputed.data)
    if function == "challenge":
        proof = (0, before.get(0, 0), siblings_of(before, [0]), after.get(0, 0), siblings_of(after, [0]))
        return bytearray.fromhex(evm.encode("PointsLedger", function, *headers, proof)[2:])
    touched = [0, 1, 2, LAST]
    words = [before.get(index, 0) for index in touched]
    call = evm.encode("PointsLedger", function, *headers, LAST, words, siblings_of(before, touched))
    return bytearray.fromhex(call[2:])


def put(call: bytearray, place: int, value: int) -> bytearray:
    """The call with another 32-byte word at ``place``, counted behind the selector."""
    changed = bytearray(call)
    changed[4 + WORD * place : 4 + WORD * place + WORD] = value.to_bytes(WORD)
    return changed


def voids_nothing(world: World, call: bytes) -> str:
    """Send it: it must not void the true batch. The name of its refusal; if it is taken, "taken"."""
    before = read(world, "lastBatchHash", types=("bytes32",))
    try:
        evm.ask(world.chain, world.ledger, bytes(call), sender=world.people["stranger"])
    except Refused as refusal:
        return refusal.name
    receipt = evm.send(world.chain, world.ledger, bytes(call), sender=world.people["stranger"])
    assert len(receipt["logs"]) == 1  # Retraced; a void would pause besides
    assert read(world, "lastBatchHash", types=("bytes32",)) == before
    assert read(world, "paused", types=("bool",)) is False
    return "taken"


def test_raw__given_the_plain_call__is_understood(true: Book) -> None:
    for function in HEADS:
        assert voids_nothing(true.world, calldata_of(true, function)) == "NoFraud"
        assert voids_nothing(true.world, calldata_of(true, function) + bytes(96)) == "NoFraud"


@pytest.mark.parametrize("argument", [24, 26, 27], ids=["data", "old words", "siblings"])
def test_raw__given_an_array_behind_the_call__is_refused(true: Book, argument: int) -> None:
    call = calldata_of(true, "retrace")
    size = len(call) - 4
    for offset in (size, size + 32, size - 32 + 64, 2**64, 2**255):  # the ledger puts 64 bytes behind the call
        assert voids_nothing(true.world, put(call, argument, offset)) != "taken"
    for tail in (bytes(32), (1).to_bytes(32)):  # its length here, its first element there
        longer = put(call, argument, size) + tail
        assert voids_nothing(true.world, longer) != "taken"


def test_raw__given_a_word_proof_behind_or_over_others__is_refused(true: Book) -> None:
    call = calldata_of(true, "challenge")
    size = len(call) - 4
    for offset in [*range(0, size + 128, 32), 2**64, 2**256 - 32]:
        if offset != int.from_bytes(call[4 + WORD * 25 : 4 + WORD * 26]):
            assert voids_nothing(true.world, put(call, 25, offset)) not in ("taken", "NoFraud")


def test_raw__given_arrays_over_each_other__are_refused(true: Book) -> None:
    call = calldata_of(true, "retrace")
    for argument in (26, 27):
        for offset in range(0, len(call) - 4, 32):
            if offset != int.from_bytes(call[4 + WORD * argument : 4 + WORD * (argument + 1)]):
                assert voids_nothing(true.world, put(call, argument, offset)) not in ("taken", "NoFraud")


@pytest.fixture(scope="module")
def lasting() -> Book:
    """A world of its own, for calls that change nothing."""
    book = Book(make_root_world())
    book.settle(HELD)
    book.settle({8: 1})
    book.settle(DELTAS)
    return book


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(function=st.sampled_from(sorted(HEADS)), seed=st.integers(0, 2**48))
def test_raw__given_any_corrupted_call__voids_nothing(lasting: Book, function: str, seed: int) -> None:
    generator = random.Random(seed)
    call = calldata_of(lasting, function)
    for _ in range(generator.choice([1, 1, 2, 3])):
        place = generator.randrange((len(call) - 4) // WORD)
        old = int.from_bytes(call[4 + WORD * place : 4 + WORD * place + WORD])
        other = generator.choice([0, 1, old ^ 1, old + 32, 2**256 - 1, old ^ 1 << generator.randrange(256)])
        call = put(call, place, other % 2**256)
    if generator.random() < 0.2:
        call = call[: generator.randrange(4, len(call))]
    with evm.rolled_back(lasting.world.chain):
        assert voids_nothing(lasting.world, call) is not None
