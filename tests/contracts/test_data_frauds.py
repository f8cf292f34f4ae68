"""
data that are not what the header says
├── given any one byte of a batch's data changed, the contract's verdict is that of the tests' own reading
├── given no data, or an unknown version, it is malformed
├── given data cut or made longer, the verdicts agree
└── given data of another, equally large set of deltas, its root falls
"""

import os
from collections.abc import Mapping

import pytest

from tests.contracts.builders import World
from tests.contracts.dense import read_dense
from tests.contracts.evm import refused, rolled_back
from tests.contracts.records import read_records
from tests.contracts.rice import read_rice
from tests.contracts.rooted import CODECS, FRAUDS, Book, void_in
from tests.contracts.tree import LANE_MAX, apply_deltas, lane_of

HELD = {1: 5, 7: 300, 9: 3, 20: LANE_MAX}
DELTAS = {1: -5, 7: 1, 9: 200, 12: 2, 20: -7}
FLIPS = (1, 0x80, 0xFF)  # of a byte; one of them, by turns, unless LOYALTYCHAIN_TEST_LONG asks for all at each place
IS_LONG = bool(os.environ.get("LOYALTYCHAIN_TEST_LONG"))
READERS = {1: read_records, 2: read_rice, 3: read_dense}


def read_data(data: bytes) -> dict[int, int] | None:
    return READERS[data[0]](data) if data[:1] and data[0] in READERS else None


def totals_of(deltas: Mapping[int, int]) -> tuple[int, int, int]:
    values = deltas.values()
    return len(values), sum(v for v in values if v > 0), -sum(v for v in values if v < 0)


def verdict_on(book: Book, data: bytes) -> str | None:
    """What is false about a batch with these data and the header of DELTAS, on top of the book; None for nothing."""
    deltas = read_data(data)
    if deltas is None:
        return "malformed"
    if totals_of(deltas) != totals_of(DELTAS):
        return "totals"
    words = book.last.words
    if any(not 0 <= lane_of(words.get(m // 8, 0), m) + d <= LANE_MAX for m, d in deltas.items()):
        return "lane"
    return None if apply_deltas(words, deltas) == apply_deltas(words, DELTAS) else "root"


def check(world: World, data: bytes) -> str | None:
    """Settle the data under the header of DELTAS, retrace it, and compare the verdicts."""
    with rolled_back(world.chain):
        book = Book(world)
        book.settle(HELD)
        expected = verdict_on(book, data)
        book.settle(DELTAS, data=data)
        shown = (read_data(data) or {}) if expected in ("lane", "root", None) else {}
        if expected is None:
            with refused("NoFraud"):
                book.retrace(shown)
        else:
            assert void_in(book.retrace(shown))[3] == FRAUDS[expected]
    return expected


@pytest.mark.parametrize("codec", CODECS)
def test_retrace__given_any_byte_changed__judges_as_the_tests_do(rooted: World, codec: str) -> None:
    data = CODECS[codec](DELTAS)
    assert check(rooted, data) is None

    seen = {check(rooted, data[:place] + bytes([data[place] ^ flip]) + data[place + 1 :])
            for place in range(len(data)) for flip in (FLIPS if IS_LONG else FLIPS[place % 3 :][:1])}  # fmt: skip

    assert {"malformed", "totals"} <= seen
    assert None not in seen  # another form of the same deltas there is not


@pytest.mark.parametrize("codec", CODECS)
def test_retrace__given_data_cut_or_longer__judges_as_the_tests_do(rooted: World, codec: str) -> None:
    data = CODECS[codec](DELTAS)

    for changed in [data[:length] for length in range(len(data))] + [data + bytes(n) for n in (1, 3, 10, 16)]:
        assert check(rooted, changed) in ("malformed", "totals")


@pytest.mark.parametrize("data", [b"", b"\0", b"\4", b"\xff", b"\2", b"\3", bytes(32_768), b"\xff" * 32_768])
def test_challenge__given_no_data_or_an_unknown_version__voids(rooted: World, data: bytes) -> None:
    book = Book(rooted)
    book.settle({}, data=data)

    assert void_in(book.challenge(0, old_siblings=[], new_siblings=[]))[3] == FRAUDS["malformed"]


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize(
    ("others", "fraud"),
    [({1: -5, 7: 2, 9: 199, 12: 2, 20: -7}, "root"), ({1: -5, 7: 1, 10: 200, 12: 2, 20: -7}, "root"),
     ({1: -7, 7: 1, 9: 200, 12: 2, 20: -5}, "lane"), ({1: -5, 7: 1, 9: 200, 12: -7, 20: 2}, "lane")],
    ids=["other amounts", "another member", "below", "above"],
)  # fmt: skip
def test_retrace__given_equally_large_deltas__voids(
    rooted: World, codec: str, others: dict[int, int], fraud: str
) -> None:
    assert totals_of(others) == totals_of(DELTAS)

    assert check(rooted, CODECS[codec](others)) == fraud
