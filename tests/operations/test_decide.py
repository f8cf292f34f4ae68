"""decide

given an event that earns
    it is posted: one entry for each award, from what is issued to what she has available
    when her balance would not fit its lane on chain, what is held counted in
        it is refused
given an event that earns nothing
    it is nothing, explained
given a redemption
    when she has enough available
        it is posted, from what she has to what is redeemed
    when she has not, what is held not counted
        it is refused with both numbers
given an event whose content fits no rule
    it is refused with a reason
given one entry beyond what the contract's caps let a batch settle
    it is refused, since everything behind it would wait
given a programme without redemptions
    a redemption is an event like any other
"""

import pytest

from loyaltychain.core.amounts import LANE_MAX, POINTS, MemberNumber
from loyaltychain.core.hashing import to_hex
from loyaltychain.events.types import Event, SequencedEvent
from loyaltychain.ledger.types import Entry, Posting
from loyaltychain.operations.decide import NO_BOUNDS, decide
from loyaltychain.operations.types import Bounds, Decision, Holding
from loyaltychain.program.types import Program
from tests.events.builders import NOON
from tests.operations.builders import NOW, purchase, redemption
from tests.program.builders import make_program, make_rule

HASH = to_hex(make_program().digest)


def decided(
    event: Event,
    *,
    available: int = 0,
    held: int = 0,
    program: Program | None = None,
    bounds: Bounds = NO_BOUNDS,
) -> Decision:
    return decide(
        program or make_program(),
        SequencedEvent(3, MemberNumber(17), event),
        holding=Holding(available, held),
        program_hash=HASH,
        now=NOW,
        bounds=bounds,
    )


def test_decide__purchase__entry_as_in_the_protocol() -> None:
    decision = decided(purchase(1))

    entry = Entry(
        id="earn:shop/INV-1:spend",
        kind="earn",
        member=MemberNumber(17),
        cause="shop/INV-1",
        rule="spend",
        program=HASH,
        occurred_at=NOON,
        recorded_at=NOW,
        postings=(Posting("program:issued", "member:17:available", POINTS, 15),),
    )
    assert (decision.position, decision.outcome, decision.entries, decision.change) == (3, "posted", (entry,), 15)
    assert decision.explanation["entries"] == ["earn:shop/INV-1:spend"]
    assert decision.explanation["result"].startswith("15 points. ")


def test_decide__two_awards__two_entries() -> None:
    decision = decided(purchase(1), program=make_program(make_rule(), make_rule(id="bonus", points=2)))

    assert [(entry.id, entry.postings[0].amount) for entry in decision.entries] == [
        ("earn:shop/INV-1:spend", 15),
        ("earn:shop/INV-1:bonus", 30),
    ]
    assert decision.change == 45


def test_decide__nothing_earned__nothing() -> None:
    explanation = {
        "result": "0 points. Paid in EUR; points are given for GBP only.",
    }
    decision = decided(purchase(1, payload={"amount": 1, "currency": "EUR"}))

    assert (decision.outcome, decision.entries, decision.change) == ("nothing", (), 0)
    assert decision.explanation["result"] == explanation["result"]


def test_decide__redemption__entry_without_a_rule() -> None:
    decision = decided(redemption(1, points=10), available=10)

    entry = Entry(
        id="redeem:shop/RED-1",
        kind="redeem",
        member=MemberNumber(17),
        cause="shop/RED-1",
        rule=None,
        program=HASH,
        occurred_at=NOON,
        recorded_at=NOW,
        postings=(Posting("member:17:available", "program:redeemed", POINTS, 10),),
    )
    explanation = {"result": "10 points redeemed.", "redeemed": 10, "entries": ["redeem:shop/RED-1"]}
    assert decision == Decision(3, "posted", (entry,), explanation, -10)


def test_decide__more_than_available__refused_with_both_numbers() -> None:
    explanation = {
        "result": "Refused: 10 points wanted, 9 points available. [wanted=10, available=9]",
        "reason": "insufficient-balance",
    }
    assert decided(redemption(1, points=10), available=9, held=100) == Decision(3, "refused", (), explanation, 0)


def test_decide__lane_full__refused() -> None:
    fits = decided(purchase(1), available=LANE_MAX - 20, held=5)
    too_large = decided(purchase(1), available=LANE_MAX - 20, held=6)
    award_alone = decided(purchase(1, amount=(LANE_MAX + 1) * 100))

    assert fits.outcome == "posted"
    assert [(each.outcome, each.entries, each.explanation["reason"]) for each in (too_large, award_alone)] == [
        ("refused", (), "balance-too-large"),
        ("refused", (), "balance-too-large"),
    ]


@pytest.mark.parametrize("points", [0, -5, "10", True, 1.5, None])
def test_decide__redemption_of_no_number_of_points__refused(points: object) -> None:
    decision = decided(redemption(1, points=points), available=100)

    assert (decision.outcome, decision.entries, decision.explanation["reason"]) == ("refused", (), "invalid-event")


def test_decide__purchase_without_money__refused() -> None:
    decision = decided(purchase(1, payload={}))

    assert decision.explanation == {
        "result": "Refused: The event has no amount of money. [event='shop/INV-1', payload={}]",
        "reason": "invalid-event",
    }


def test_decide__programme_without_redemptions__no_rule_counts_it() -> None:
    decision = decided(redemption(1), available=100, program=make_program(redemption=None))

    assert decision.outcome == "nothing"
    assert decision.explanation["result"] == "No rule of Corner Shop Points counts events of the type redemption."


def test_decide__one_entry_beyond_a_cap__refused() -> None:
    given = decided(purchase(1), bounds=Bounds(award=14))
    taken = decided(redemption(1, points=10), available=10, bounds=Bounds(redemption=9))

    assert (given.outcome, given.entries, given.change, given.explanation["reason"]) == ("refused", (), 0, "over-cap")
    assert given.explanation["result"].startswith("Refused: 15 points in one entry")
    assert (taken.outcome, taken.explanation["reason"]) == ("refused", "over-cap")


def test_decide__exactly_at_the_caps__posted() -> None:
    assert decided(purchase(1), bounds=Bounds(award=15)).outcome == "posted"
    assert decided(redemption(1, points=10), available=10, bounds=Bounds(redemption=10)).outcome == "posted"
