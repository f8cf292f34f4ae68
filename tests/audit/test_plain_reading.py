"""What is read quickly by its form, against the general reading of the same

given postings as text
├── when they are canonical: they are read, whatever their characters
└── when they are not: they are refused, as the general reading refuses them
given an entry of any content
└── the document that is put together is its canonical JSON
given a payload
└── one that counts as flat is its own canonical JSON
given Rice codes without a debit
└── the quick reading comes to what the general one comes to, or does not answer
"""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from loyaltychain.audit import rice
from loyaltychain.audit.check_events import is_flat
from loyaltychain.audit.postings import Move, _read_any, read_moves
from loyaltychain.audit.store import EntryRow
from loyaltychain.audit.volumes import Totals, Volumes
from loyaltychain.audit.walk_ledger import entry_digest, write_document
from loyaltychain.core import canonical
from loyaltychain.settlement.rice import encode

TEXTS = st.sampled_from(["points", "program:issued", "member:7:available", 'a"b', "a\\b", "é", "\n", ""]) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=8
)
EXACT = st.integers(-(2**53) + 1, 2**53 - 1)
POSTINGS = st.lists(
    st.fixed_dictionaries({"amount": EXACT, "from": TEXTS, "to": TEXTS, "unit": TEXTS}), min_size=1, max_size=3
)


@given(POSTINGS)
@settings(deadline=None, max_examples=200)
def test_read_moves__canonical_postings__are_read(postings: list[dict[str, Any]]) -> None:
    kept = canonical.encode_text(postings)

    assert read_moves(kept) == [Move(each["amount"], each["from"], each["to"], each["unit"]) for each in postings]


@given(POSTINGS, st.integers(0, 60), st.sampled_from(['"', ",", "[", "]", "{", "}", "0", "-", " ", "1.0", "e", "\\"]))
@settings(deadline=None, max_examples=300)
@example([{"amount": 1, "from": "a", "to": "b", "unit": "c"}], 11, "0")
def test_read_moves__text_that_was_changed__is_read_as_the_general_reading_reads_it(
    postings: list[dict[str, Any]], at: int, put: str
) -> None:
    kept = canonical.encode_text(postings)
    changed = kept[:at] + put + kept[at + 1 :]

    assert _answer(read_moves, changed) == _answer(_read_any, changed)


def _answer(read: Any, text: str) -> object:
    try:
        return read(text)
    except ValueError:
        return "refused"


@given(
    texts=st.tuples(TEXTS, TEXTS, TEXTS), rule=st.none() | TEXTS, program=st.none() | TEXTS, postings=POSTINGS,
    member=st.none() | EXACT, occurred_at=EXACT, details=st.none() | st.dictionaries(TEXTS, TEXTS | EXACT, max_size=3),
)  # fmt: skip
@settings(deadline=None, max_examples=200)
def test_write_document__any_entry__is_its_canonical_json(
    *,
    texts: tuple[str, str, str],
    rule: str | None,
    program: str | None,
    postings: list[dict[str, Any]],
    member: int | None,
    occurred_at: int,
    details: dict[str, Any] | None,
) -> None:
    id_, kind, cause = texts
    entry = EntryRow(
        position=1, id=id_, kind=kind, member=member, cause=cause, rule=rule, program=program, occurred_at=occurred_at,
        recorded_at=0, postings=canonical.encode_text(postings), digest="", head="",
        details=None if details is None else canonical.encode_text(details),
    )  # fmt: skip
    moves = read_moves(entry.postings)

    written = hashlib.sha256(write_document(entry, moves).encode()).hexdigest()

    assert "0x" + written == entry_digest(entry, moves)


JSON_TEXTS = st.dictionaries(TEXTS, TEXTS | EXACT | st.booleans() | st.none(), max_size=4).map(
    lambda content: json.dumps(content, separators=(",", ":"), ensure_ascii=False)
)


@given(JSON_TEXTS, st.integers(0, 40), st.sampled_from(["", '"', ",", ":", "{", "}", "0", "-", " ", "a"]))
@settings(deadline=None, max_examples=500)
@example('{"k":"x,","":1}', 40, "")
@example('{"a":1,"a":1}', 40, "")
@example('{"b":1,"a":1}', 40, "")
@example('{"a":-0}', 40, "")
def test_is_flat__a_payload_that_is__is_its_own_canonical_json(text: str, at: int, put: str) -> None:
    changed = text[:at] + put + text[at + 1 :] if at < len(text) else text

    if is_flat(changed):
        assert canonical.encode_text(json.loads(changed)) == changed


def test_is_flat__ordinary_payloads__are() -> None:
    assert is_flat('{"amount":1250,"currency":"GBP","gift":false,"note":null}')
    assert is_flat("{}")
    assert not is_flat('{"lines":[{"item":"a"}]}')


@given(st.dictionaries(st.integers(1, 5_000), st.integers(1, 2**32 - 1) | st.integers(1, 300), max_size=40))
@settings(deadline=None, max_examples=200)
def test_read_plain__credits__come_to_the_same(deltas: dict[int, int]) -> None:
    content = encode(deltas)
    head = rice._Head(*content[1:4], len(deltas), 0)
    bits = rice._Bits(content[rice.HEAD_BYTES :])

    quick = rice._read_plain(head, bits)

    assert rice.decode_rice(content) == tuple(sorted(deltas.items()))
    assert quick is None or quick == tuple(sorted(deltas.items()))


def test_read_plain__ordinary_credits__are_read_quickly() -> None:
    deltas = {member: 1 + member % 90 for member in range(1, 2_000, 7)}
    content = encode(deltas)

    bits = rice._Bits(content[rice.HEAD_BYTES :])

    assert rice._read_plain(rice._Head(*content[1:4], len(deltas), 0), bits) == tuple(deltas.items())


@given(st.lists(st.tuples(st.integers(0, 9_000), st.integers(-(2**80), 2**80) | EXACT), max_size=30))
@settings(deadline=None, max_examples=100)
def test_totals__numbers_of_any_size__add_up(added: list[tuple[int, int]]) -> None:
    totals = Totals()
    due: dict[int, int] = {}
    for number, amount in added:
        totals.add(number, amount)
        due[number] = due.get(number, 0) + amount

    left = set(totals.left())
    assert {number for number, total in due.items() if total} <= left <= due.keys()
    assert {number: totals.take(number) for number in due} == due
    assert [number for number in due if totals.take(number)] == []


@pytest.mark.parametrize("account", ["member:7:available", "program:issued", "member:07:available", "member:7", ""])
def test_volumes__any_account__is_added_up_once(account: str) -> None:
    volumes = Volumes()
    volumes.add([Move(5, account, "program:redeemed", "points"), Move(2, "member:9:held", account, "points")])

    assert volumes.left() == sorted([("member:9:held", "points"), ("program:redeemed", "points"), (account, "points")])
    assert volumes.take(account, "points") == (2, 5)
    assert volumes.take(account, "points") == (0, 0)
    assert volumes.take(account, "qualifying") == (0, 0)
