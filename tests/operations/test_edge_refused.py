"""earn_step, of orders that cannot be taken, and of names that look alike

given an order, edit or return of a closed member, of no such shape, beyond a cap, or of an order that is not hers
    it is refused with a reason, and the others are done
given a time so far away that no expiry can be told
    it is refused, and nothing of it is left
given a redemption that was told before
    it is taken once
given events whose ids look like the numbers of other entries
    every entry has an id of its own
"""

import pytest
from sqlalchemy import Engine

from loyaltychain.core.amounts import LANE_MAX, MemberNumber
from loyaltychain.db.engine import transaction
from loyaltychain.events.capture import capture
from loyaltychain.events.identity import close_member
from loyaltychain.operations.types import Bounds
from loyaltychain.program.types import Expiry
from tests.events.builders import LATER
from tests.operations.builders import NOW
from tests.operations.order_builders import (
    CUPS,
    Has,
    back,
    back_by_items,
    edit,
    explanation,
    fates,
    has,
    matched,
    order,
    payment,
    work,
)
from tests.program.builders import make_order_program, make_rule


def test_earn_step__closed_member__nothing_moves(engine: Engine) -> None:
    work(engine, order(1))
    with transaction(engine) as tx:
        capture(tx, [back(1, 1, {"1": 1}), order(2)], received_at=LATER)
        close_member(tx, MemberNumber(1), NOW, "asked for it")

    work(engine)

    assert fates(engine)[1:] == [("refused", "member-closed"), ("refused", "member-closed")]
    assert has(engine) == Has(55)


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        (order(2, payload={"currency": "GBP", "lines": []}), "lines must be a list of 1 to 10000 lines"),
        (order(2, payload={"currency": "XXX", "lines": []}), "currency must be a known ISO 4217 code"),
        (back(2, 1, {"1": 0}), r"lines[0].quantity must be a whole number of 1"),
        (back_by_items(2, {}), "lines must be a list"),
    ],
)
def test_earn_step__payload_of_no_such_shape__refused(engine: Engine, event: object, problem: str) -> None:
    work(engine, order(1), event)  # type: ignore[arg-type]

    assert fates(engine)[1] == ("refused", "invalid-event")
    assert problem in explanation(engine, 2)["result"]
    assert has(engine) == Has(55)


def test_earn_step__award_beyond_a_cap_or_the_lane__refused_and_the_order_unknown(engine: Engine) -> None:
    work(engine, order(1), bounds=Bounds(award=54))
    work(engine, order(2, ("1", "yacht", 1, LANE_MAX * 100)), order(3))

    assert fates(engine) == [("refused", "over-cap"), ("posted", None), ("refused", "balance-too-large")]
    assert [line[0] for line in matched(engine)["lines"]] == ["O-2"]


def test_earn_step__edit_of_an_unknown_or_foreign_order__refused(engine: Engine) -> None:
    work(engine, order(1), edit(1, 7, CUPS), edit(2, 1, CUPS, member="bob"))

    assert fates(engine)[1:] == [("refused", "unknown-order"), ("refused", "foreign-order")]
    assert has(engine) == Has(55)


def test_earn_step__redemption_told_twice__known_or_a_conflict(engine: Engine) -> None:
    work(engine, order(1), payment(1, 20))
    report = work(engine, payment(1, 20))

    assert (report.events, has(engine)) == (0, Has(35))


def test_earn_step__two_causes_that_end_in_numbers__entries_of_their_own(engine: Engine) -> None:
    """Event ids are anybody's choice: one may look like the second entry of another."""
    work(
        engine,
        order(1, ("1", "cup", 1, 500)),
        order(2, ("1", "cup", 1, 900)),
        back_by_items(1, {"cup": 2}, id="R"),
        order(3, ("1", "tray", 1, 700)),
        back_by_items(2, {"tray": 1}, id="R:2"),
        back_by_items(3, {"tray": 1}, id="2:R"),
    )

    assert [outcome for outcome, _ in fates(engine)] == ["posted"] * 5 + ["nothing"]
    assert explanation(engine, 3)["entries"] == ["reverse:shop/R", "reverse:2:shop/R"]
    assert has(engine) == Has()


def test_earn_step__time_beyond_the_calendar__refused_as_a_whole(engine: Engine) -> None:
    rules = make_rule(event="order"), make_rule(id="later", event="order", pending_days=400)
    program = make_order_program(*rules, expiry=Expiry(1, None, None, 30))
    far = order(1, occurred_at=253_390_000_000)  # in the year 9999

    work(engine, far, order(2), program=program)

    assert fates(engine) == [("refused", "invalid-event"), ("posted", None)]
    assert has(engine) == Has(55, pending=55)
    assert [line[0] for line in matched(engine)["lines"]] == ["O-2", "O-2"]
