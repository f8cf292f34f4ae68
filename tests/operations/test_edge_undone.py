"""earn_step, of payments, cancellations and edits: edge cases 16 to 18 and 23, by number

given an order that was paid with points
    they come back to the same lots, once (16, 17)
given a cancellation
    both legs are undone (18)
given an edit
    the difference alone is posted, and what cannot be undone is said (23)
"""

from sqlalchemy import Engine, select

from loyaltychain.core.amounts import LANE_MAX
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading
from loyaltychain.ledger.tables import entries, lots
from loyaltychain.program.types import Expiry
from tests.events.builders import NOON
from tests.operations.order_builders import (
    CUPS,
    DAY,
    TRAY,
    Has,
    back,
    back_by_items,
    cancellation,
    edit,
    explanation,
    fates,
    has,
    matched,
    order,
    payment,
    work,
)
from tests.program.builders import make_bonus, make_order_program, make_rule

YEAR = Expiry(None, 365, None, 30)
LATE = UnixSeconds(NOON + 1_000 * DAY)


def test_edge_16__order_paid_with_points_returned__same_lots_same_expiry(engine: Engine) -> None:
    program = make_order_program(expiry=YEAR)
    work(engine, order(1), payment(1, 30, of=2, day=1), order(2, ("1", "mug", 1, 100), day=1), program=program)
    assert has(engine) == Has(26)

    report = work(engine, back(1, 2, {"1": 1}, points=30, day=2), program=program)

    assert (report.refunded, report.reversed, has(engine)) == (30, 1, Has(55))
    with reading(engine) as tx:
        query = select(entries.c.id, lots.c.expires_at, lots.c.remaining)
        found = list(tx.execute(query.join(lots, lots.c.position == entries.c.position).order_by(entries.c.id)))
    assert found == [
        ("earn:shop/E-1:spend", NOON + 365 * DAY, 55),
        ("earn:shop/E-2:spend", NOON + 366 * DAY, 0),
    ]


def test_edge_16__expiry_has_passed__stated_grace_once(engine: Engine) -> None:
    program = make_order_program(expiry=YEAR)
    work(engine, order(1), payment(1, 55, of=2, day=1), program=program, now=LATE)

    work(engine, order(2, ("1", "mug", 1, 100), day=1), cancellation(1, 2, day=400), program=program, now=LATE)

    with reading(engine) as tx:
        made = tx.execute(
            select(lots.c.expires_at, lots.c.remaining, lots.c.in_grace).where(lots.c.in_grace == 1)
        ).all()
    assert made == [(NOON + 430 * DAY, 55, 1)]
    work(engine, payment(2, 55, day=430), program=program, now=LATE)
    assert fates(engine)[-1] == ("refused", "insufficient-balance")


def test_edge_17__refund__does_not_charge_again(engine: Engine) -> None:
    work(engine, order(1), payment(1, 30, of=2), order(2, ("1", "mug", 2, 0)))
    work(engine, back(1, 2, {"1": 1}, points=10))
    work(engine, back(2, 2, {"1": 1}))  # the goods come back, and no points with them

    assert has(engine) == Has(35)
    work(engine, cancellation(1, 2))
    assert has(engine) == Has(55)


def test_edge_18__order_that_earned_and_spent_is_cancelled__starting_balance(engine: Engine) -> None:
    work(engine, order(1))
    start = has(engine)

    work(engine, payment(1, 30, of=2), order(2, ("1", "mug", 1, 7_000)), payment(2, 60, of=2))
    report = work(engine, cancellation(1, 2))

    assert (report.refunded, report.reversed, report.owed, has(engine)) == (90, 70, 0, start)
    assert explanation(engine, -1)["result"] == "90 points refunded. 70 points taken back."
    again = work(engine, cancellation(2, 2), cancellation(3, 2))
    assert (again.nothing, again.entries, has(engine)) == (2, 0, start)
    assert explanation(engine, -1)["result"] == "Nothing was left of this order."


def test_edge_23__order_edited__difference_by_the_recorded_rules(engine: Engine) -> None:
    program = make_order_program(make_rule(event="order", qualifying=True), make_bonus())
    work(engine, order(1), program=program)

    less = edit(1, 1, CUPS, ("2", "tray", 1, 3_000))
    report = work(engine, less, program=make_order_program(make_rule(event="order", points=99)))
    assert (report.reversed, has(engine)) == (115, Has(40, qualifying=40))

    more = edit(2, 1, CUPS, ("2", "tray", 1, 4_550), ("3", "lamp", 1, 1_000))
    report = work(engine, more, program=make_order_program(make_rule(event="order", points=99)))
    assert (report.issued, has(engine)) == (125, Has(165, qualifying=65))
    with reading(engine) as tx:
        row = tx.execute(select(entries).where(entries.c.id == "earn:1:shop/EDIT-2")).one()
    assert (row.kind, row.rule, row.program, row.details) == (
        "earn",
        None,
        None,
        '{"order":"O-1","rules":"as recorded"}',
    )

    report = work(engine, edit(3, 1, TRAY))
    assert has(engine) == Has(45, qualifying=45)
    assert work(engine, edit(4, 1, TRAY)).nothing == 1


def test_edge_23__what_came_back_stays_so__less_is_refused(engine: Engine) -> None:
    work(engine, order(1), back(1, 1, {"1": 2}))
    before = has(engine), matched(engine)

    work(engine, edit(1, 1, ("1", "cup", 1, 333), TRAY), edit(2, 1, TRAY), edit(3, 1, ("1", "mug", 3, 1_000), TRAY))

    assert fates(engine)[2:] == [("refused", "returned-already")] * 3
    assert (has(engine), matched(engine)) == before
    work(engine, edit(4, 1, ("1", "cup", 4, 2_000), TRAY))
    assert has(engine) == Has(55)  # of 20 points for four cups, two are kept


def test_edge_23__spent_meanwhile__said_what_is_not_undone(engine: Engine) -> None:
    work(engine, order(1), payment(1, 50), edit(1, 1, CUPS))

    assert explanation(engine, -1)["not_undone"] == [{"what": "spent", "points": 40}]
    assert has(engine) == Has(0, owes=40)


def test_edge_23__another_article_on_the_line__returns_look_for_the_new_one(engine: Engine) -> None:
    work(engine, order(1, CUPS), edit(1, 1, ("1", "mug", 3, 1_000)))
    work(engine, back_by_items(1, {"cup": 1}), back_by_items(2, {"mug": 1}))

    assert fates(engine)[2:] == [("nothing", "parked"), ("posted", None)]
    assert has(engine) == Has(6)
    work(engine, edit(2, 1, ("1", "mug", 3, 1_000), ("2", "cup", 1, 500)))
    assert matched(engine)["lines"] == [("O-1", "1", 0, 1), ("O-1", "2", 0, 1)]
    assert has(engine) == Has(6)


def test_edge_23__more_than_a_balance_can_hold__refused(engine: Engine) -> None:
    program = make_order_program(make_rule(event="order"), make_bonus(threshold=5_000, points=1_000_000))
    nearly = ("1", "cup", 1, (LANE_MAX - 1_500_000) * 100)
    small = ("1", "tray", 1, 100)
    work(engine, order(1, nearly), order(2, small), program=program)
    assert has(engine) == Has(LANE_MAX - 499_999)

    # The bonus does not stand yet, so that what it gives is more than before.
    work(engine, edit(1, 2, ("1", "tray", 1, 5_000)), program=program)

    assert fates(engine)[-1] == ("refused", "balance-too-large")
    assert has(engine) == Has(LANE_MAX - 499_999)
