"""
challenge and retrace, at their dearest: whatever a settler can settle can be voided in one transaction
├── given the longest and the most hostile data, false or true, a challenge stays below the bound
├── given 10,000 updates, a retracing of a modest chunk stays below the bound
└── given 64 batches to void, the void itself stays below it
"""

import pytest

from tests.contracts.dense import encode_dense
from tests.contracts.records import encode_records, wide
from tests.contracts.rice import assemble, code, encode_rice
from tests.contracts.rooted import Book, void_in

BOUND = 12_000_000
LONGEST = 32_768
MANY = dict.fromkeys(range(1, 10001), 1)
APART = {13_421 * n: 1 for n in range(1, 10_001)}  # 10,000 words
GAPS = [6 if n % 5 < 2 and n > 5 else 1 for n in range(10_000)]
#: True encodings of debits alone, in which two codes of five have five one bits: the slowest that there is to read.
SLOW = {sum(GAPS[: n + 1]): -6 if n % 5 in (2, 3) and n > 5 else -1 for n in range(10_000)}
LARGE = {13_421 * n: 2**18 + n for n in range(1, 3_277)}


def filled(ks: tuple[int, int, int], bits: str, *, debits: int = 0) -> bytes:
    """Rice data of 10,000 announced updates, its bits repeated up to the bound."""
    room = 8 * (LONGEST - 8)
    return assemble(ks, 10_000, debits, (bits * (room // len(bits) + 1))[:room])


HOSTILE = {
    "zeros": bytes(LONGEST),
    "ones": b"\xff" * LONGEST,
    "records of zeros": b"\x01" + bytes(LONGEST - 1),
    "records of ones": b"\x01" + b"\xff" * (LONGEST - 1),
    "10,922 narrow records": b"\x01" + b"\x01\x00\x01" * 10_922,
    "wide records": b"\x01" + wide(256, 1) * 3_276,
    "rice of zeros": filled((0, 0, 0), "0"),
    "rice of ones": filled((0, 0, 0), "1"),
    "rice of longest short codes": filled((0, 0, 0), "1" * 23 + "0"),
    "rice of long codes": filled((0, 0, 0), code(0, 24)),
    "rice of alternating ones": filled((0, 0, 0), "10"),
    "rice of debits": filled((0, 0, 0), "0", debits=10_000),
    "rice of debits and ones": filled((0, 0, 0), "10", debits=10_000),
    "rice of debits and low bits": filled((1, 1, 1), "100", debits=10_000),
    "rice with large parameters": filled((26, 31, 13), "0", debits=5_000),
    "dense of ones": b"\x03" + bytes(3) + b"\xff" * (16 * 2_047),
    "dense of the least": b"\x03\x00\x00\x01" + b"\x00\x01" * (8 * 2_047),
    "10,000 records": encode_records(MANY),
    "10,000 words": encode_records(dict(list(APART.items())[:3_276])),
    "10,000 updates in rice": encode_rice(MANY),
    "10,000 words in rice": encode_rice(APART),
    "large amounts in rice": encode_rice(LARGE),
    "slow debits in rice": encode_rice(SLOW),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_challenge__given_hostile_data__stays_below_the_bound(book: Book, name: str) -> None:
    assert len(HOSTILE[name]) <= LONGEST
    book.settle({}, data=HOSTILE[name], updates=9_999)  # nobody's totals

    receipt = book.challenge(0, old_siblings=[], new_siblings=[])

    assert void_in(receipt)[3] in (0, 1)
    assert receipt["gasUsed"] < BOUND


@pytest.mark.slow
@pytest.mark.parametrize(
    ("deltas", "encode"),
    [(MANY, encode_records), (MANY, encode_rice), (APART, encode_rice),
     (dict.fromkeys(range(8, 8 + 8 * 1250), 1), encode_dense)],
    ids=["records", "rice", "rice apart", "dense"],
)  # fmt: skip
def test_both__given_10_000_true_updates_and_a_false_root__stay_below_the_bound(
    book: Book, deltas: dict[int, int], encode: object
) -> None:
    words: dict[int, int] = {}
    book.settle(deltas, data=encode(deltas), words=words)  # type: ignore[operator]
    first = min(deltas) // 8
    modest = sorted({member // 8 for member in deltas})[:500][-1]

    step = book.retrace({m: d for m, d in deltas.items() if m // 8 <= modest}, modest)
    receipt = book.challenge(first)

    assert void_in(receipt)[3] == 3
    assert receipt["gasUsed"] < BOUND
    assert step["gasUsed"] < BOUND


def test_challenge__given_64_batches_to_void__stays_below_the_bound(book: Book) -> None:
    book.end_window()
    book.settle({1: 1}, words={0: 9})
    for _ in range(63):
        book.settle({})

    receipt = book.challenge(0, place=1)

    assert void_in(receipt)[:2] == (1, 64)
    assert receipt["gasUsed"] < 1_000_000
