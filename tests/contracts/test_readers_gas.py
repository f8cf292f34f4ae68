"""What reading costs at most, whatever the bytes: a liar must not be able to make his data too dear to judge.

readData
├── given a batch like most, it costs at most so much an update
└── given data made to be dear, of the most bytes or updates that a batch may have
    ├── it costs at most so much
    └── it reads what the tests' own reading reads
"""

import random
from collections.abc import Callable

import pytest

from tests.contracts import rice
from tests.contracts.dense import assemble, encode_dense
from tests.contracts.readers import Readers, expected_of, own_reading, start_readers
from tests.contracts.records import encode_records, narrow, wide
from tests.contracts.rice import encode_rice

MAX_DATA = 32_768
ONE_WORD = (1, 1)


@pytest.fixture(scope="module")
def readers() -> Readers:
    return start_readers()


def like_most(count: int, *, debits: float) -> dict[int, int]:
    """One member in five, 10 to 5,000 points, 220 in the mean."""
    draw = random.Random(count)
    chosen = draw.sample(range(8, 8 + 5 * count), count)
    sizes = [min(5000, max(10, int(draw.lognormvariate(4.9, 1.0)))) for _ in chosen]
    return {m: -size if draw.random() < debits else size for m, size in zip(chosen, sizes, strict=True)}


@pytest.mark.parametrize(
    ("encode", "debits", "most"),
    [
        pytest.param(encode_records, 0.1, 120, id="records"),
        pytest.param(encode_rice, 0.0, 460, id="rice"),
        pytest.param(encode_rice, 0.1, 500, id="rice with debits"),
        pytest.param(encode_dense, 0.1, 500, id="dense, which does not fit it"),
    ],
)
def test_read__given_a_batch_like_most__costs_little(
    readers: Readers, encode: Callable[[dict[int, int]], bytes], debits: float, most: int
) -> None:
    assert readers.gas_of(encode(like_most(1000, debits=debits)), ONE_WORD) <= 21_000 + 1000 * most


def five_ones(count: int, debits: int) -> bytes:
    """As many codes of five one bits as can be before they call for another parameter."""
    draw = random.Random(5)
    slow = set(draw.sample(range(2 * count), 2 * count * 2 // 5))
    pairs = ["".join("111110" if 2 * i + j in slow else "0" for j in (0, 1)) for i in range(count)]
    bits = "".join(("0" if i < debits else "") + pair for i, pair in enumerate(pairs))
    return rice.assemble((0, 0, 0), count, debits, bits)


def filled(head: bytes, part: bytes) -> bytes:
    return (head + part * MAX_DATA)[:MAX_DATA]


DEAR = {
    "wide records": filled(b"\1", wide(300, -1)),
    "a wide record in every ten": filled(b"\1", wide(1, 40_000) + narrow(1, -1) * 8),
    "small debits": filled(b"\1", narrow(1, -1)),
    "five one bits": five_ones(10_000, 0),
    "five one bits and debits": five_ones(10_000, 10_000),
    "all one bits": filled(b"\2\0\0\0\x27\x10\0\0", b"\xff"),
    "all one bits and debits": filled(b"\2\0\0\0\x27\x10\x27\x10", b"\xff"),
    "all zero bits": filled(b"\2\0\0\0\x27\x10\0\0", b"\0"),
    "all zero bits and debits": filled(b"\2\0\0\0\x27\x10\x27\x10", b"\0"),
    "dense debits": assemble(1, [[-1] * 8] * ((MAX_DATA - 4) // 16)),
}


@pytest.mark.parametrize("words", [ONE_WORD, (0, 2**24 - 1)], ids=["one word", "every word"])
@pytest.mark.parametrize("data", DEAR.values(), ids=DEAR)
def test_read__given_data_made_to_be_dear__costs_no_more(readers: Readers, data: bytes, words: tuple[int, int]) -> None:
    most = 12_000_000 if words == ONE_WORD else 13_000_000

    assert readers.gas_of(data, words) <= most


@pytest.mark.parametrize("data", DEAR.values(), ids=DEAR)
def test_read__given_data_made_to_be_dear__reads_what_they_say(readers: Readers, data: bytes) -> None:
    assert readers.read(data, ONE_WORD) == expected_of(own_reading(data), ONE_WORD)
