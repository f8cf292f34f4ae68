"""in_words, and an error as text

given facts of every kind
    a person reads them on one line, without quotes or brackets of Python's
given text that would break the line
    it is escaped
"""

import pytest

from loyaltychain.core import errors


@pytest.mark.parametrize(
    ("fact", "words"),
    [
        ("79", "79"),
        ("", '""'),
        ("Zoë", "Zoë"),
        ("a\nb\x00\u2028", "a\\nb\\x00\\u2028"),
        (7, "7"),
        (True, "true"),
        (None, "none"),
        (b"\x01\xff", "0x01ff"),
        (["79", "80"], "79, 80"),
        ((), "none"),
        ({"total": "1.005", "pieces": 2}, "total 1.005, pieces 2"),
        ({}, "none"),
    ],
)
def test_in_words__fact__plain(fact: object, words: str) -> None:
    assert errors.in_words(fact) == words


def test_str__sentence_and_facts() -> None:
    error = errors.InvalidEvent("The rows differ.", found=["79", "80"], line=4)

    assert str(error) == "The rows differ. [found: 79, 80; line: 4]"
    assert error.message == "The rows differ."
    assert str(errors.InvalidMap("Only words.")) == "Only words."
