"""decide

given an event that earns
    it is posted: one movement for each award, from what is issued to what she has available
    when she owes points
        they are paid first
    when it is pending, qualifying or expiring by its rules
        its lot says so
    when her balance would not fit its lane on chain, what is held and pending counted in
        it is refused
given an event that earns nothing
    it is nothing, explained
given a redemption
    when she has enough available
        it is posted, from what she has to what is redeemed, for the order that it names
    when she has not, what is held not counted
        it is refused with both numbers
    when the ledger has it already
        it is nothing, or a conflict when it was something else
given an event whose content fits no rule, or of a closed member
    it is refused with a reason
given one entry beyond what the contract's caps let a batch settle
    it is refused, since everything behind it would wait
given a programme without redemptions
    a redemption is an event like any other
given what time does to her points meanwhile
    it stands among the movements, and is not this event's doing
"""

from typing import Any

import pytest

from loyaltychain.core.amounts import LANE_MAX, POINTS, QUALIFYING, MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.hashing import to_hex
from loyaltychain.events.types import Event, SequencedEvent
from loyaltychain.ledger.lots import Hold, Lot, LotId, Redemption
from loyaltychain.ledger.purse import Purse
from loyaltychain.ledger.types import Entry, EntryId, Posting
from loyaltychain.operations.decide import decide
from loyaltychain.operations.desk import Desk
from loyaltychain.operations.told import read_all
from loyaltychain.operations.types import Bounds, Decision
from loyaltychain.program.types import Expiry, Program
from tests.events.builders import NOON
from tests.operations.builders import NOW, purchase, redemption
from tests.program.builders import make_program, make_rule

ANN = MemberNumber(17)
HASH = to_hex(make_program().digest)


def lot(amount: int, *, expires_at: int | None = None, due_at: int | None = None) -> Lot:
    expires, due = (None if at is None else UnixSeconds(at) for at in (expires_at, due_at))
    return Lot(LotId("earn:shop/OLD:spend"), ANN, "shop/OLD", UnixSeconds(0), expires, due, False, amount, amount)


def make_desk(*lots: Lot, held: int = 0, debt: int = 0, program: Program | None = None, **changes: Any) -> Desk:
    """A desk with one member who has these lots, so much held and so much owed."""
    until = UnixSeconds(NOW + 900)
    holds = [Hold("h", EntryId("hold:h"), ANN, held, NOON, until, None, (), ())] if held else []
    purse = Purse(ANN, lots=lots, holds=holds, debt=debt)
    return Desk(program or make_program(), HASH, NOW, purses={ANN: purse}, **changes)


def decided(event: Event, desk: Desk) -> Decision:
    [told] = read_all(desk.program, [SequencedEvent(3, ANN, event)])
    return decide(desk, told)


def test_decide__purchase__entry_as_in_the_protocol() -> None:
    desk = make_desk()
    decision = decided(purchase(1), desk)

    entry = Entry(
        id=EntryId("earn:shop/INV-1:spend"),
        kind="earn",
        member=ANN,
        cause="shop/INV-1",
        rule="spend",
        program=HASH,
        occurred_at=NOON,
        recorded_at=NOW,
        postings=(Posting("program:issued", "member:17:available", POINTS, 15),),
    )
    assert [movement.entry for movement in desk.movements] == [entry]
    assert (decision.position, decision.outcome, decision.entries) == (3, "posted", (entry.id,))
    assert decision.explanation["entries"] == ["earn:shop/INV-1:spend"]
    assert decision.explanation["issued"] == 15
    assert decision.explanation["result"].startswith("15 points. ")


def test_decide__two_awards__two_entries() -> None:
    desk = make_desk(program=make_program(make_rule(), make_rule(id="bonus", points=2)))
    decided(purchase(1), desk)

    assert [(each.entry.id, each.entry.postings[0].amount) for each in desk.movements] == [
        ("earn:shop/INV-1:spend", 15),
        ("earn:shop/INV-1:bonus", 30),
    ]


def test_decide__she_owes__paid_first() -> None:
    desk = make_desk(debt=6)
    decided(purchase(1), desk)

    assert desk.movements[0].entry.postings == (
        Posting("program:issued", "member:17:debt", POINTS, 6),
        Posting("program:issued", "member:17:available", POINTS, 9),
    )


def test_decide__pending_qualifying_and_expiring__as_its_rules_say() -> None:
    rule = make_rule(pending_days=2, qualifying=True)
    desk = make_desk(program=make_program(rule, expiry=Expiry(None, 10, None, 30)))
    decided(purchase(1), desk)

    [movement] = desk.movements
    assert movement.entry.postings == (
        Posting("program:issued", "member:17:pending", POINTS, 15),
        Posting("program:issued", "member:17:qualifying", QUALIFYING, 15),
    )
    assert movement.made is not None
    assert (movement.made.due_at, movement.made.expires_at) == (NOON + 2 * 86_400, NOON + 12 * 86_400)


def test_decide__nothing_earned__nothing() -> None:
    desk = make_desk()
    decision = decided(purchase(1, payload={"amount": 1, "currency": "EUR"}), desk)

    assert (decision.outcome, decision.entries, desk.movements) == ("nothing", (), [])
    assert decision.explanation["result"] == "0 points. Paid in EUR; points are given for GBP only."


def test_decide__redemption__entry_without_a_rule_or_programme() -> None:
    desk = make_desk(lot(10))
    decision = decided(redemption(1, points=10), desk)

    entry = Entry(
        id=EntryId("redeem:shop/RED-1"),
        kind="redeem",
        member=ANN,
        cause="shop/RED-1",
        rule=None,
        program=None,
        occurred_at=NOON,
        recorded_at=NOW,
        postings=(Posting("member:17:available", "program:redeemed", POINTS, 10),),
    )
    explanation = {"result": "10 points redeemed.", "redeemed": 10, "entries": ["redeem:shop/RED-1"]}
    assert decision == Decision(3, "posted", (entry.id,), explanation)
    assert [movement.entry for movement in desk.movements] == [entry]


def test_decide__redemption_for_an_order__found_by_it() -> None:
    desk = make_desk(lot(10))
    paid = redemption(1)
    decided(Event(**{**vars_of(paid), "payload": {**paid.payload, "order": "O-1"}}), desk)

    assert [each.amount for each in desk.open_redemptions("O-1", ANN)] == [10]
    assert desk.open_redemptions("O-1", MemberNumber(18)) == []


def vars_of(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in Event.__dataclass_fields__}


def test_decide__more_than_available__refused_with_both_numbers() -> None:
    desk = make_desk(lot(9), held=100)
    explanation = {
        "result": "Refused: 10 points wanted, 9 available.",
        "reason": "insufficient-balance",
        "facts": {"wanted": 10, "available": 9},
    }
    assert decided(redemption(1, points=10), desk) == Decision(3, "refused", (), explanation)
    assert desk.movements == []


def test_decide__redeemed_before__known_or_a_conflict() -> None:
    id_ = EntryId("redeem:shop/RED-1")
    known = {id_: Redemption(id_, ANN, id_, 10, refunded=0, reference=None, draws=())}

    same = decided(redemption(1, points=10), make_desk(lot(90), known=known))
    other = decided(redemption(1, points=11), make_desk(lot(90), known=known))

    assert (same.outcome, same.explanation["known_as"]) == ("nothing", id_)
    assert (other.outcome, other.explanation["reason"]) == ("refused", "redemption-conflict")


def test_decide__lane_full__refused() -> None:
    fits = decided(purchase(1), make_desk(lot(LANE_MAX - 20), held=5))
    too_large = decided(purchase(1), make_desk(lot(LANE_MAX - 20), held=6))
    pending = decided(purchase(1), make_desk(lot(LANE_MAX - 14, due_at=NOW + 9)))
    award_alone = decided(purchase(1, amount=(LANE_MAX + 1) * 100), make_desk())

    assert fits.outcome == "posted"
    assert [(each.outcome, each.entries, each.explanation["reason"]) for each in (too_large, pending, award_alone)] == [
        ("refused", (), "balance-too-large")
    ] * 3


@pytest.mark.parametrize("points", [0, -5, "10", True, 1.5, None])
def test_decide__redemption_of_no_number_of_points__refused(points: object) -> None:
    decision = decided(redemption(1, points=points), make_desk(lot(100)))

    assert (decision.outcome, decision.entries, decision.explanation["reason"]) == ("refused", (), "invalid-event")


def test_decide__purchase_without_money__refused() -> None:
    decision = decided(purchase(1, payload={}), make_desk())

    assert decision.explanation == {
        "result": "Refused: The event has no amount of money.",
        "reason": "invalid-event",
        "facts": {"event": "shop/INV-1", "fields": []},
    }


def test_decide__closed_member__refused() -> None:
    desk = make_desk(lot(100), closed=frozenset({ANN}))

    assert decided(purchase(1), desk).explanation["reason"] == "member-closed"
    assert decided(redemption(1), desk).explanation["reason"] == "member-closed"
    assert desk.movements == []


def test_decide__programme_without_redemptions__no_rule_counts_it() -> None:
    decision = decided(redemption(1), make_desk(lot(100), program=make_program(redemption=None)))

    assert decision.outcome == "nothing"
    assert decision.explanation["result"] == "No rule of Corner Shop Points counts events of the type redemption."


def test_decide__one_entry_beyond_a_cap__refused() -> None:
    given = decided(purchase(1), make_desk(bounds=Bounds(award=14)))
    taken = decided(redemption(1, points=10), make_desk(lot(10), bounds=Bounds(redemption=9)))

    assert (given.outcome, given.entries, given.explanation["reason"]) == ("refused", (), "over-cap")
    assert given.explanation["result"].startswith("Refused: 15 points in one entry")
    assert (taken.outcome, taken.explanation["reason"]) == ("refused", "over-cap")


def test_decide__exactly_at_the_caps__posted() -> None:
    assert decided(purchase(1), make_desk(bounds=Bounds(award=15))).outcome == "posted"
    assert decided(redemption(1, points=10), make_desk(lot(10), bounds=Bounds(redemption=10))).outcome == "posted"


def test_decide__run_out_meanwhile__booked_and_not_spendable() -> None:
    desk = make_desk(lot(100, expires_at=NOON))
    decision = decided(redemption(1, points=10), desk)

    assert decision.explanation["result"] == "Refused: 10 points wanted, 0 available."
    assert [each.entry.kind for each in desk.movements] == ["expire"]


def test_decide__due_in_the_future__not_before_it_is_recorded() -> None:
    """An event that claims to happen later than now does not bring later points forward."""
    desk = make_desk(lot(100, due_at=NOW + 1))
    later = Event(**{**vars_of(redemption(1, points=10)), "occurred_at": UnixSeconds(NOW + 9)})

    assert decided(later, desk).explanation["reason"] == "insufficient-balance"
