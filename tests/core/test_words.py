"""counted: given one, the singular; given none or many, the plural; thousands are set apart.

complaint: without pydantic's wrapping; the length of a text is counted in characters, however it is bounded.

nearest: given a word like a known one, that one in its own spelling; given another, nothing.
"""

from typing import Annotated

import pytest
from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from loyaltychain.core.words import complaint, counted, nearest


def _no_blanks(text: str) -> str:
    if " " in text:
        raise ValueError("use no blanks")
    return text


#: A bound behind a validator is one of items to pydantic, not of characters.
BOUNDED = TypeAdapter(Annotated[str, AfterValidator(_no_blanks), Field(min_length=1, max_length=3)])
LISTED = TypeAdapter(Annotated[list[int], Field(max_length=1)])


@pytest.mark.parametrize(
    ("adapter", "given", "words"),
    [
        (BOUNDED, "abcd", "String should have at most 3 characters"),
        (BOUNDED, "", "String should have at least 1 character"),
        (BOUNDED, "a b", "use no blanks"),
        (LISTED, [1, 2], "List should have at most 1 item after validation, not 2"),
    ],
)
def test_complaint__plain(adapter: TypeAdapter[object], given: object, words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        adapter.validate_python(given)
    assert [complaint(each) for each in caught.value.errors()] == [words]


def test_counted__one_none_many__singular_or_plural() -> None:
    assert [counted(number, "batch", "batches") for number in (0, 1, 2, 1234)] == [
        "0 batches",
        "1 batch",
        "2 batches",
        "1,234 batches",
    ]
    assert counted(3, "finding") == "3 findings"


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("achievments", " (did you mean 'achievements'?)"),
        ("GOLD", " (did you mean 'Gold'?)"),
        ("silver", ""),
        ("", ""),
    ],
)
def test_nearest__word__a_known_one_like_it(word: str, words: str) -> None:
    assert nearest(word, ["achievements", "Gold"]) == words


def test_nearest__prefix__stands_before_it_and_does_not_count() -> None:
    assert nearest("scor", ["score", "rank"], prefix="object.") == " (did you mean 'object.score'?)"
    assert nearest("object", ["score", "rank"], prefix="object.") == ""
