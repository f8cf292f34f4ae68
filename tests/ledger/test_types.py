"""Posting
├── when the amount is not a whole number between 1 and the largest exact one: it refuses
└── when it moves nothing: it refuses

Entry
├── its document is what the protocol says, whatever the clock
├── its digest is that of the document as canonical JSON
├── its details are in the document when there are any, as they were when it was made
└── when it has no postings: it refuses
"""

import hashlib

import pytest

from loyaltychain.core.amounts import POINTS
from loyaltychain.ledger.accounts import (
    ADJUSTED,
    EXPIRED,
    ISSUED,
    REDEEMED,
    REVERSED,
    available,
    debt,
    held,
    may_overdraw,
    pending,
    qualifying,
)
from loyaltychain.ledger.types import Entry, Posting
from tests.ledger.builders import make_entry

PROTOCOL_EXAMPLE = (
    b'{"cause":"shop/INV-1","id":"earn:shop/INV-1:spend","kind":"earn","member":17,"occurred_at":1767225600,'
    b'"postings":[{"amount":12,"from":"program:issued","to":"member:17:available","unit":"points"}],'
    b'"program":"0xabcd","rule":"spend"}'
)


def protocol_entry(**changes) -> Entry:
    posting = Posting(ISSUED, available(17), POINTS, 12)
    return make_entry(
        "earn:shop/INV-1:spend", posting, member=17, cause="shop/INV-1", program="0xabcd", **changes
    )  # fmt: skip


@pytest.mark.parametrize("amount", [0, -1, 2**53, True, 1.0, "1", None])
def test_posting__not_an_amount__refuses(amount) -> None:
    with pytest.raises(AssertionError):
        Posting(ISSUED, available(1), POINTS, amount)


def test_posting__largest_amount__is_accepted() -> None:
    assert Posting(ISSUED, available(1), POINTS, 2**53 - 1).amount == 2**53 - 1


def test_posting__moves_nothing__refuses() -> None:
    with pytest.raises(AssertionError, match="program:issued"):
        Posting(ISSUED, ISSUED, POINTS, 1)


def test_document__protocol_example__is_the_protocols() -> None:
    assert protocol_entry().document == {
        "cause": "shop/INV-1", "id": "earn:shop/INV-1:spend", "kind": "earn", "member": 17, "occurred_at": 1767225600,
        "postings": [{"amount": 12, "from": "program:issued", "to": "member:17:available", "unit": "points"}],
        "program": "0xabcd", "rule": "spend",
    }  # fmt: skip


@pytest.mark.parametrize("recorded_at", [0, 1_800_000_000])
def test_digest__protocol_example__is_of_its_canonical_bytes(recorded_at) -> None:
    assert protocol_entry(recorded_at=recorded_at).digest == hashlib.sha256(PROTOCOL_EXAMPLE).digest()


def test_document__details__stand_in_it_only_when_there_are_any() -> None:
    assert "details" not in protocol_entry().document
    entry = protocol_entry(details={"reason": "spilt coffee", "actor": "desk"})
    assert entry.document == protocol_entry().document | {"details": {"actor": "desk", "reason": "spilt coffee"}}
    before, after = PROTOCOL_EXAMPLE.split(b'"id":', 1)
    detailed = before + b'"details":{"actor":"desk","reason":"spilt coffee"},"id":' + after
    assert entry.digest == hashlib.sha256(detailed).digest()


def test_entry__details_changed_afterwards__keeps_its_own() -> None:
    details = {"order": {"lines": [1]}}
    entry = make_entry(details=details)
    digest = entry.digest
    details["order"]["lines"].append(2)
    assert entry.details == {"order": {"lines": [1]}}
    assert entry.digest == digest
    with pytest.raises(TypeError):
        entry.details["order"] = None
    assert entry == make_entry(details={"order": {"lines": [1]}})
    assert entry != make_entry()


@pytest.mark.parametrize("details", [{"a": 2**53}, {"a": object()}, {1: "a"}, {"a": float("nan")}])
def test_entry__details_that_json_does_not_hold__refuses(details) -> None:
    with pytest.raises((ValueError, TypeError)):
        make_entry(details=details)


def test_entry__no_postings__refuses() -> None:
    entry = make_entry()
    with pytest.raises(AssertionError, match="earn:shop/1:spend"):
        Entry(
            id=entry.id, kind="earn", member=None, cause="", rule=None, program=None, occurred_at=0, recorded_at=0,
            postings=(),
        )  # fmt: skip


def test_accounts__names__are_the_protocols() -> None:
    of_member = (available(17), held(17), pending(17), debt(17), qualifying(17))
    assert of_member == tuple(f"member:17:{name}" for name in ("available", "held", "pending", "debt", "qualifying"))
    of_program = (ISSUED, REDEEMED, EXPIRED, REVERSED, ADJUSTED)
    assert of_program == tuple(f"program:{name}" for name in ("issued", "redeemed", "expired", "reversed", "adjusted"))


def test_may_overdraw__an_account__only_three_kinds_may() -> None:
    accounts = (ISSUED, ADJUSTED, debt(17), REDEEMED, EXPIRED, REVERSED, available(17), held(17), pending(17))
    assert [may_overdraw(account) for account in accounts] == [True] * 3 + [False] * 6
