"""Event, encode_event, known_event

given fields within their bounds
    it has a cause and a digest that covers every field
    the digest is that of the whole document, although that is put together from parts
    known_event makes the same event without looking at them again
given a source, type, id, member or time outside of them
    it raises InvalidEvent naming the field
given a payload that JSON cannot hold exactly
    when its digest is asked for
        it raises InvalidEvent
"""

import hashlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.core import canonical, errors
from loyaltychain.core.hashing import to_hex
from loyaltychain.events.types import encode_event, known_event
from tests.events.builders import NOON, make_event


def test_event__valid__cause_and_golden_digest() -> None:
    event = make_event()

    assert event.cause == "shop/INV-1"
    text = (
        '{"id":"INV-1","member_id":"ann","occurred_at":1767268800,'
        '"payload":{"amount":1530,"currency":"GBP"},"source":"shop","type":"purchase"}'
    )
    assert event.digest == hashlib.sha256(text.encode()).digest()


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(codec="utf-8"), max_size=5),
    lambda held: st.lists(held, max_size=3) | st.dictionaries(st.text("aZé\ufffd\U0001f600", max_size=3), held),
    max_leaves=8,
)
printable = st.text(st.characters(codec="utf-8"), min_size=1, max_size=9).filter(str.isprintable)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["amount", "lines", "é"]), json_values), printable, printable)
def test_encode_event__any__digest_of_the_whole_document(payload: dict[str, Any], name: str, member: str) -> None:
    event = make_event(payload=payload, id=name, member_id=member)

    text, digest = encode_event(event)

    assert digest == to_hex(event.digest) == to_hex(canonical.digest(event.document))
    assert text.encode() == canonical.encode(payload)
    assert encode_event(event, "bob") == (text, to_hex(make_event(payload=payload, id=name, member_id="bob").digest))


@given(st.dictionaries(st.sampled_from(["amount", "é"]), json_values), printable)
def test_known_event__any__is_the_event_that_was_checked(payload: dict[str, Any], name: str) -> None:
    event = make_event(payload=payload, id=name)

    known = known_event(event.source, event.id, event.type, event.member_id, event.occurred_at, event.payload)

    assert (known, repr(known), encode_event(known)) == (event, repr(event), encode_event(event))


@pytest.mark.parametrize(
    "change",
    [
        {"source": "till"},
        {"id": "INV-2"},
        {"type": "visit"},
        {"member_id": "bob"},
        {"occurred_at": NOON + 1},
        {"payload": {"amount": 1531, "currency": "GBP"}},
    ],
)
def test_digest__one_field_changed__differs(change: dict[str, object]) -> None:
    assert make_event(**change).digest != make_event().digest


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"source": "shop/uk"}, "source"),
        ({"source": ""}, "source"),
        ({"source": "shop\n"}, "source"),
        ({"type": "a b"}, "type"),
        ({"id": ""}, "id"),
        ({"id": "x" * 201}, "id"),
        ({"id": "INV\x001"}, "id"),
        ({"id": "INV\udc80"}, "id"),
        ({"member_id": ""}, "member"),
        ({"member_id": "ann\u200b"}, "member"),
        ({"occurred_at": -1}, "1970"),
        ({"occurred_at": 2**53}, "too far ahead"),
    ],
)
def test_event__out_of_bounds__refused(change: dict[str, object], field: str) -> None:
    with pytest.raises(errors.InvalidEvent, match=field):
        make_event(**change)


@pytest.mark.parametrize("amount", [2**53, float("nan"), b"1"])
def test_digest__payload_not_exact_json__refused(amount: object) -> None:
    with pytest.raises(errors.InvalidEvent, match="not exact JSON"):
        _ = make_event(payload={"amount": amount}).digest
