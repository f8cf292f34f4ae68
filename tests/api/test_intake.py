"""An event in a body is checked twice over: by the model, and by hand where it is plain
├── given any object that is nearly an event: what the check by hand takes, the model takes, as the same event
├── given a valid event: both take it
└── given any list of them: each has the result that it has alone
"""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from loyaltychain.api.intake import event_of, plain_event, read_events
from loyaltychain.api.keys import APP_SCOPES, ApiKey
from loyaltychain.api.problems import Problem
from loyaltychain.api.requests import NewEvent
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.events.types import Event
from loyaltychain.program.load import parse_program
from tests.api.serving import PROGRAM, event

PROGRAM_OF_TESTS = parse_program(PROGRAM)
KEY = ApiKey("k", "till", ("shop",), APP_SCOPES, UnixSeconds(0), None)
TEXTS = st.text(max_size=6) | st.sampled_from(
    ["shop", "till", "a/b", "", "x" * 64, "x" * 65, "x" * 200, "x" * 201, "\0", "é", "-a"]
)
TIMES = st.sampled_from(
    ["2026-05-28T10:00:00Z", "2026-05-28T10:00:00.5+01:00", "1969-12-31T23:59:59Z", "1970-01-01T00:30:00+01:00",
     "2026-02-30T10:00:00Z", "2026-05-28", "", "9999-12-31T23:59:59-00:01", "2026-05-28T10:00:00z"]
)  # fmt: skip
VALUES = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | TEXTS
PAYLOADS = st.dictionaries(st.sampled_from(["amount", "unit", "lines", "x"]), VALUES, max_size=3)
FIELDS = {"source": TEXTS, "id": TEXTS, "type": TEXTS | st.just("redemption"), "member": TEXTS, "occurred_at": TIMES,
          "payload": PAYLOADS}  # fmt: skip


@st.composite
def nearly_events(draw: st.DrawFn) -> Any:
    """An event with some fields replaced, removed or added."""
    content: dict[str, Any] = event(payload={}, type="hello")
    for name in draw(st.lists(st.sampled_from([*FIELDS, "fly"]), max_size=3)):
        change = draw(st.sampled_from(["of its kind", "of any kind", "none"]))
        if change == "none":
            content.pop(name, None)
        else:
            content[name] = draw(FIELDS.get(name, VALUES) if change == "of its kind" else VALUES | PAYLOADS)
    return draw(st.sampled_from([content, content, content, [content], None]))


def by_model(content: Any) -> Event | str:
    """The event by way of the model, or the code of the refusal."""
    try:
        return event_of(PROGRAM_OF_TESTS, KEY, NewEvent.model_validate(content))
    except ValidationError:
        return "invalid-request"
    except Problem as problem:
        return problem.code


@given(nearly_events())
def test_by_hand__takes_what_the_model_takes(content: Any) -> None:
    found = plain_event(content)
    try:
        asked: NewEvent | None = NewEvent.model_validate(content)
    except ValidationError:
        asked = None

    assert (found is None) == (asked is None)
    if found is not None and asked is not None:
        assert (found.source, found.id, found.type, found.member_id, found.payload) == (
            asked.source, asked.id, asked.type, asked.member, asked.payload)  # fmt: skip


@given(st.lists(nearly_events(), max_size=4), st.booleans())
def test_many__each_as_alone(contents: list[Any], is_exact: bool) -> None:
    # Integers beyond 2**53 - 1 are told by the parser; here some are, so that nothing is taken for exact.
    found = read_events(PROGRAM_OF_TESTS, KEY, contents, is_exact=is_exact and not any(map(has_large, contents)))

    assert [each.code if isinstance(each, Problem) else each for each in found] == [by_model(each) for each in contents]


def has_large(content: Any) -> bool:
    payload = content.get("payload") if isinstance(content, dict) else None
    parts = payload.values() if isinstance(payload, dict) else ()
    return any(type(part) is int and abs(part) > 2**53 - 1 for part in parts)
