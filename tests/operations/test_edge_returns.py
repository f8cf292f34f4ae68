"""earn_step, of returns: edge cases 12 to 15, 19 to 22, 24 and 45, by number

given a return of pending points
    they are taken where they wait (12)
given returns in parts
    they add up to the award, whatever the rounding (13), by the rules that were recorded (14)
given points that were spent or have run out
    what is missing is owed and paid first (15), what ran out is not charged twice (24)
given all that was earned brought back
    nobody gains (19), qualifying points included (20)
given a bonus whose threshold is lost or won again
    the difference alone moves (21)
given more than was bought, too late, or not at all
    it is refused as a whole (22)
given redemptions
    qualifying points stay (45)
"""

import pytest
from sqlalchemy import Engine

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.operations.types import Bounds
from loyaltychain.program.types import Expiry
from tests.events.builders import NOON
from tests.operations.order_builders import (
    DAY,
    Has,
    back,
    back_by_items,
    cancellation,
    explanation,
    fates,
    has,
    matched,
    order,
    payment,
    work,
)
from tests.program.builders import make_bonus, make_order_program, make_orders, make_rule

YEAR = Expiry(None, 365, None, 30)
LATE = UnixSeconds(NOON + 1_000 * DAY)


def test_edge_12__return_while_pending__spendable_untouched(engine: Engine) -> None:
    pending = make_order_program(make_rule(event="order", pending_days=14))
    other = make_rule(event="order", id="now", points=2)

    work(engine, order(1), program=pending)
    assert has(engine) == Has(pending=55)
    work(engine, back(1, 1, {"1": 3}), program=pending)
    assert has(engine) == Has(pending=45)
    work(engine, order(2), back(2, 2, {"1": 3, "2": 1}), program=make_order_program(other))

    assert has(engine) == Has(pending=45)


def test_edge_12__after_it_is_due__available(engine: Engine) -> None:
    pending = make_order_program(make_rule(event="order", pending_days=14))

    work(engine, order(1), back(1, 1, {"1": 3}, day=13), payment(1, 45, day=14), program=pending, now=LATE)

    assert [outcome for outcome, _ in fates(engine)] == ["posted"] * 3
    assert explanation(engine, 3)["entries"] == ["redeem:shop/RED-1"]
    assert has(engine) == Has()


def test_edge_13__partial_returns__add_up_to_the_award(engine: Engine) -> None:
    work(engine, order(1, ("1", "cup", 7, 1_000)))
    left = []
    for number in range(1, 8):
        work(engine, back(number, 1, {"1": 1}))
        left.append(has(engine).available)

    assert left == [8, 7, 5, 4, 2, 1, 0]  # 10 points x kept / 7, rounded down


def test_edge_14__rules_changed_since__recorded_award_is_taken(engine: Engine) -> None:
    work(engine, order(1), program=make_order_program(make_rule(event="order", points=3)))
    assert has(engine) == Has(166)  # 30 and 136

    work(engine, back(1, 1, {"1": 1, "2": 1}), program=make_order_program(make_rule(event="order", points=1)))

    assert has(engine) == Has(20)


def test_edge_15__already_spent__owed_and_paid_first(engine: Engine) -> None:
    report = work(engine, order(1), payment(1, 50), back(1, 1, {"2": 1}))

    assert (report.reversed, report.owed, has(engine)) == (45, 40, Has(0, owes=40))
    assert explanation(engine, 3)["result"] == ("45 points taken back. 40 points of them had been spent and are owed.")
    assert explanation(engine, 3)["not_undone"] == [{"what": "spent", "points": 40}]

    work(engine, order(2, ("1", "cup", 1, 3_000), day=1))
    assert has(engine) == Has(0, owes=10)
    work(engine, order(3, ("1", "cup", 1, 3_000), day=1))
    assert has(engine) == Has(20)


def test_edge_19__buy_earn_return_keep__impossible(engine: Engine) -> None:
    work(engine, order(1), payment(1, 55), back(1, 1, {"1": 3, "2": 1}))
    work(engine, order(2, day=1), payment(2, 1, day=1))

    assert fates(engine)[-1] == ("refused", "insufficient-balance")
    assert has(engine) == Has()


def test_edge_20__return__takes_qualifying_points_too(engine: Engine) -> None:
    program = make_order_program(make_rule(event="order", qualifying=True), make_bonus(qualifying=True))
    work(engine, order(1), program=program)
    assert has(engine) == Has(155, qualifying=155)
    work(engine, back(1, 1, {"1": 2}), program=program)
    assert has(engine) == Has(48, qualifying=48)
    work(engine, cancellation(1, 1), program=program)
    assert has(engine) == Has()


def test_edge_20__qualifying_points_alone__an_entry_of_their_own(engine: Engine) -> None:
    """Of 3 points and 2 qualifying ones for 6 pieces, the fourth piece costs no point and one that qualifies."""
    program = make_order_program(
        make_rule(event="order", qualifying=True, points=2), make_rule(id="plain", event="order", points=1)
    )
    work(engine, order(1, ("1", "cup", 6, 100)), back(1, 1, {"1": 3}), program=program)
    assert has(engine) == Has(1, qualifying=1)

    work(engine, back(2, 1, {"1": 1}), program=program)

    assert has(engine) == Has(1, qualifying=0)
    assert explanation(engine, -1)["entries"] == ["reverse:shop/R-2"]


def test_edge_21__bonus_lost_by_a_partial_return__the_difference_alone(engine: Engine) -> None:
    program = make_order_program(make_rule(event="order"), make_bonus())
    work(engine, order(1), program=program)
    assert has(engine) == Has(155)

    work(engine, back(1, 1, {"1": 1}), program=program)  # 52.16 are kept
    assert has(engine) == Has(151)
    work(engine, back(2, 1, {"1": 1}), program=program)  # 48.83
    assert has(engine) == Has(48)
    work(engine, back(3, 1, {"1": 1}), program=program)
    assert has(engine) == Has(45)
    assert matched(engine)["bonuses"] == [("O-1", "big", 1)]


def test_edge_21__bonus_won_again__given_again(engine: Engine) -> None:
    """A later purchase that is told of late takes the return over from the order with the bonus."""
    program = make_order_program(make_rule(event="order"), make_bonus())
    work(engine, order(1, ("1", "lamp", 1, 6_000)), back_by_items(1, {"lamp": 1}, day=2), program=program)
    assert has(engine) == Has()

    work(engine, order(2, ("1", "lamp", 1, 1_000), day=1), program=program)

    assert has(engine) == Has(160)


@pytest.mark.parametrize("limit", [1, 10])
@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (back(2, 1, {"2": 1, "1": 3}), "more-than-bought"),
        (back(2, 1, {"2": 1, "3": 1}), "unknown-line"),
        (back(2, 1, {"2": 1}, day=30), "too-late"),
        (back(2, 1, {"2": 1}, member="bob"), "foreign-order"),
        (back(2, 1, {"2": 1}, points=6), "more-than-paid"),
        (
            back(2, 1, {}, payload={"order": "O-1", "lines": [{"line": "2", "item": "cup", "quantity": 1}]}),
            "wrong-item",
        ),
    ],
)
def test_edge_22__cannot_be_returned__refused_as_a_whole(
    engine: Engine, event: object, reason: str, limit: int
) -> None:
    program = make_order_program(orders=make_orders(return_within_days=30))
    work(engine, order(1), payment(1, 5, of=1), back_by_items(1, {"cup": 1}), program=program, now=LATE)
    before = has(engine), matched(engine)

    work(engine, event, program=program, now=LATE, limit=limit)  # type: ignore[arg-type]

    assert fates(engine)[-1] == ("refused", reason)
    assert explanation(engine, -1)["result"].startswith("Refused: ")
    assert (has(engine), matched(engine)) == before


def test_edge_22__just_in_time__taken(engine: Engine) -> None:
    program = make_order_program(orders=make_orders(return_within_days=30))
    last = back(1, 1, {"2": 1}, occurred_at=NOON + 30 * DAY - 1)

    work(engine, order(1), last, back_by_items(2, {"cup": 1}, day=30), program=program, now=LATE)

    assert fates(engine)[1:] == [("posted", None), ("nothing", "parked")]
    assert has(engine) == Has(10)


def test_edge_24__expired_meanwhile__not_charged_twice(engine: Engine) -> None:
    program = make_order_program(expiry=YEAR)
    work(engine, order(1), payment(1, 5, day=1), back(1, 1, {"1": 3, "2": 1}, day=400), program=program, now=LATE)

    assert explanation(engine, -1)["not_undone"] == [
        {"what": "spent", "points": 5},
        {"what": "expired", "points": 50},
    ]
    assert has(engine) == Has(0, owes=5)


def test_edge_24__expired_in_an_earlier_run__not_charged_twice(engine: Engine) -> None:
    program = make_order_program(expiry=YEAR)
    work(engine, order(1), order(2, ("1", "lamp", 1, 100), day=400), program=program, now=LATE)
    assert has(engine) == Has(1)

    report = work(engine, back(1, 1, {"1": 3, "2": 1}, day=401), program=program, now=LATE)

    assert (report.reversed, report.owed, has(engine)) == (55, 0, Has(1))


def test_edge_24__more_than_a_batch_can_settle__several_entries(engine: Engine) -> None:
    report = work(engine, order(1))
    report = work(engine, back(1, 1, {"1": 3, "2": 1}), bounds=Bounds(award=10, redemption=20))

    assert explanation(engine, -1)["entries"] == ["reverse:shop/R-1", "reverse:2:shop/R-1", "reverse:3:shop/R-1"]
    assert (report.entries, report.reversed, has(engine)) == (3, 55, Has())


def test_edge_45__spending__never_lowers_what_qualifies(engine: Engine) -> None:
    program = make_order_program(make_rule(event="order", qualifying=True))
    work(engine, order(1), payment(1, 55), program=program)

    assert has(engine) == Has(0, qualifying=55)
