"""read_document
├── given the document of any programme that is shipped: that programme, with the same digest
└── given anything else: it is refused, and never another exception
"""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import loyaltychain.program
from loyaltychain.core import errors
from loyaltychain.program.document import read_document
from loyaltychain.program.load import parse_program
from tests.operations.conduct.forum import FORUM

TEMPLATES = sorted((Path(loyaltychain.program.__file__).parent / "templates").glob("*.yaml"))
TEXTS = [FORUM, *(path.read_text(encoding="utf-8") for path in TEMPLATES)]

_VALUES = st.one_of(st.none(), st.integers(), st.text(max_size=5), st.lists(st.integers(), max_size=2),
                    st.dictionaries(st.text(max_size=4), st.integers(), max_size=2))  # fmt: skip


@pytest.mark.parametrize("text", TEXTS, ids=["forum", *(path.stem for path in TEMPLATES)])
def test_read_document__of_a_program__is_that_program(text) -> None:
    program = parse_program(text)
    found = read_document(json.loads(json.dumps(program.document)))
    assert found == program
    assert found.digest == program.digest


@given(st.data())
def test_read_document__changed_anywhere__is_read_or_refused(data) -> None:
    document = json.loads(json.dumps(parse_program(FORUM).document))
    place = document
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(_VALUES)
    with suppress(errors.InvalidProgram):
        read_document(document)


def test_read_document__unknown_field__is_refused() -> None:
    document = {**parse_program(FORUM).document, "later": 1}
    with pytest.raises(errors.InvalidProgram, match="this release knows"):
        read_document(document)
