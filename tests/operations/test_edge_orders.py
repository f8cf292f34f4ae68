"""earn_step, of orders: edge cases 1 to 7 and 11, by number

given an order twice, in any way
    it is awarded once (1, 2, 4); other content is a conflict (3, 4)
given a return before its order
    it is parked, applied when the order comes, and never a debt by itself (5)
    when it cannot be applied then
        it goes on waiting, and the order says so
given any order of arrival
    the end is the same (6)
given an order that is told of late
    it counts when it happened, and is recorded now (7)
given new rules after the award
    what was decided stays (11)
"""

from dataclasses import replace
from threading import Thread

import pytest
from sqlalchemy import Engine, select

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading, transaction
from loyaltychain.events.capture import capture
from loyaltychain.ledger.tables import entries
from loyaltychain.operations.earn import earn_step
from loyaltychain.operations.parked import count_returns, list_parked
from loyaltychain.operations.qualifying import qualifying_points
from tests.events.builders import LATER, NOON
from tests.operations.builders import NOW, everything, take
from tests.operations.order_builders import (
    CUPS,
    DAY,
    TRAY,
    Has,
    back,
    back_by_items,
    cancellation,
    explanation,
    fates,
    has,
    matched,
    order,
    work,
)
from tests.program.builders import make_order_program, make_orders, make_rule


def test_edge_1__same_order_again__one_award(engine: Engine) -> None:
    work(engine, order(1))
    before = everything(engine)
    report = work(engine, order(1))

    assert report.events == 0
    assert everything(engine) == before
    assert has(engine) == Has(55)


def test_edge_4__same_order_by_another_source__one_award(engine: Engine) -> None:
    work(engine, order(1), order(1, source="till", id="T-9"))
    work(engine, order(1, TRAY, CUPS, source="import", id="line-1"))

    assert fates(engine) == [("posted", None), ("nothing", None), ("nothing", None)]
    assert explanation(engine, 2) == {"result": "The order is known as shop/E-1.", "known_as": "shop/E-1"}
    assert has(engine) == Has(55)


@pytest.mark.parametrize(
    "other",
    [
        order(1, CUPS, source="till"),
        order(1, CUPS, ("2", "tray", 1, 4_551), source="till"),
        order(1, CUPS, ("2", "tray", 2, 4_550), source="till"),
        order(1, CUPS, ("3", "tray", 1, 4_550), source="till"),
        order(1, source="till", member="bob"),
    ],
)
@pytest.mark.parametrize("limit", [1, 10])
def test_edge_4__same_order_with_other_content__conflict(engine: Engine, other: object, limit: int) -> None:
    work(engine, order(1), other, limit=limit)  # type: ignore[arg-type]

    assert fates(engine) == [("posted", None), ("refused", "order-conflict")]
    assert explanation(engine, -1)["result"] == (
        "Refused: The order 'O-1' is known as shop/E-1 with other content; send an edit instead."
    )
    assert (has(engine), has(engine, 2)) == (Has(55), Has())


def test_edge_2__same_order_at_once__one_award(shared: Engine) -> None:
    problems: list[BaseException] = []

    def work_off() -> None:
        try:
            take(shared, order(1))
            earn_step(shared, make_order_program(), now=NOW)
        except errors.LoyaltyError as problem:
            problems.append(problem)

    workers = [Thread(target=work_off) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    work(shared)

    assert problems == []
    assert (has(shared), fates(shared)) == (Has(55), [("posted", None)])


def test_edge_3__same_event_id_with_another_body__nothing_changes(engine: Engine) -> None:
    work(engine, order(1))
    before = everything(engine)
    with transaction(engine) as tx:
        captured = capture(tx, [order(1, CUPS)], received_at=LATER)

    assert (captured.taken, captured.known, len(captured.conflicts)) == (0, 0, 1)
    work(engine)
    assert everything(engine) == before


@pytest.mark.parametrize("limit", [1, 10])
def test_edge_5__named_return_before_its_order__parked_then_applied(engine: Engine, limit: int) -> None:
    report = work(engine, back(1, 1, {"1": 1}, day=2), limit=limit)
    assert (report.nothing, report.parked, has(engine)) == (1, 1, Has())
    assert fates(engine) == [("nothing", "parked")]
    with reading(engine) as tx:
        assert [(line.event_id, line.order_id, line.quantity) for line in list_parked(tx)] == [("R-1", "O-1", 1)]

    report = work(engine, order(1), limit=limit)

    assert (report.issued, report.reversed, has(engine)) == (55, 4, Has(51))  # of 10 points for three cups, 6 are kept
    assert explanation(engine, -1)["returned_before"] == ["shop/R-1"]
    assert explanation(engine, -1)["entries"] == ["earn:shop/E-1:spend", "reverse:shop/R-1"]
    with reading(engine) as tx:
        assert list_parked(tx) == []
        assert count_returns(tx).named_lines == 1


def test_edge_5__matched_return_before_its_order__parked_then_matched(engine: Engine) -> None:
    report = work(engine, back_by_items(1, {"cup": 2, "lamp": 1}, day=2))
    assert (report.parked, has(engine)) == (1, Has())

    work(engine, order(1))

    assert has(engine) == Has(48)
    assert explanation(engine, -1)["entries"] == ["earn:shop/E-1:spend", "reverse:shop/E-1"]
    with reading(engine) as tx:
        counts = count_returns(tx)
        parked = list_parked(tx)
    assert (counts.lines, counts.in_full, counts.in_part, counts.not_at_all, counts.pieces_parked) == (2, 1, 0, 1, 1)
    assert [(line.member_id, line.item, line.quantity - line.matched) for line in parked] == [("ann", "lamp", 1)]


def test_edge_5__order_after_the_return__not_what_came_back(engine: Engine) -> None:
    work(engine, back_by_items(1, {"cup": 2}, day=2), order(1, day=3))

    assert has(engine) == Has(55)


@pytest.mark.parametrize("limit", [1, 10])
def test_edge_5__cancellation_before_its_order__applied_when_it_comes(engine: Engine, limit: int) -> None:
    work(engine, cancellation(1, 1), back(1, 1, {"1": 1}, day=2), limit=limit)
    assert fates(engine) == [("nothing", "parked"), ("nothing", "parked")]

    work(engine, order(1), limit=limit)

    assert has(engine) == Has()
    # The cancellation is the older of the two: nothing is left for the return, which goes on waiting.
    assert explanation(engine, -1)["returned_before"] == ["shop/C-1"]
    assert explanation(engine, -1)["still_parked"] == [{"return": "shop/R-1", "reason": "more-than-bought"}]
    with reading(engine) as tx:
        assert [line.event_id for line in list_parked(tx)] == ["R-1"]
        assert count_returns(tx).named_parked == 1


@pytest.mark.parametrize("more", [{"lines": ["all"]}, {"lines": [], "points": "all"}, {"points": -1}])
@pytest.mark.parametrize("limit", [1, 10])
def test_edge_5__parked_cancellation_that_says_more__is_one_all_the_same(
    engine: Engine, limit: int, more: dict[str, object]
) -> None:
    told = replace(cancellation(1, 1), payload={"order": "O-1"} | more)  # keys that are the shop's own
    work(engine, told, limit=limit)

    work(engine, order(1, ("*", "cup", 1, 1_000)), limit=limit)

    assert has(engine) == Has()
    assert explanation(engine, -1)["returned_before"] == ["shop/C-1"]


def test_edge_5__parked_for_another_member__waits_on(engine: Engine) -> None:
    work(engine, back(1, 1, {"1": 1}, member="bob"), order(1))

    assert (has(engine), has(engine, 2)) == (Has(), Has(55))
    assert explanation(engine, -1)["still_parked"] == [{"return": "shop/R-1", "reason": "foreign-order"}]


def test_edge_5__programme_that_matches_nothing__parked_for_ever(engine: Engine) -> None:
    program = make_order_program(orders=make_orders(match="none"))
    work(engine, order(1), back_by_items(1, {"cup": 1}), order(2, day=2), program=program)

    assert fates(engine)[1] == ("nothing", "parked")
    assert has(engine) == Has(110)


def test_edge_6__later_purchase_told_late__match_moves_to_it(engine: Engine) -> None:
    cheap, dear = order(1, ("1", "cup", 1, 500)), order(2, ("1", "cup", 1, 900), day=1)
    back_after_both = back_by_items(1, {"cup": 1}, day=2)
    work(engine, cheap, back_after_both)
    assert has(engine) == Has(0)

    report = work(engine, dear)

    assert (report.issued, report.reversed, report.reinstated, has(engine)) == (9, 9, 5, Has(5))
    assert explanation(engine, -1)["entries"] == ["earn:shop/E-2:spend", "reinstate:shop/E-2", "reverse:shop/E-2"]
    assert matched(engine)["lines"] == [("O-1", "1", 0, 0), ("O-2", "1", 0, 1)]


def test_edge_6__earlier_return_told_late__takes_its_turn(engine: Engine) -> None:
    first, second = order(1, ("1", "cup", 2, 600)), order(2, ("1", "cup", 1, 900), day=2)
    work(engine, first, second, back_by_items(1, {"cup": 2}, day=3))
    assert matched(engine)["lines"] == [("O-1", "1", 0, 1), ("O-2", "1", 0, 1)]

    work(engine, back_by_items(2, {"cup": 2}, day=1))

    assert matched(engine)["lines"] == [("O-1", "1", 0, 2), ("O-2", "1", 0, 1)]
    assert matched(engine)["returns"] == [("R-1", "1", 1), ("R-2", "1", 2)]
    assert has(engine) == Has()
    with reading(engine) as tx:
        assert count_returns(tx).pieces_parked == 1


def test_edge_7__late_order__counts_when_it_happened_and_is_recorded_now(engine: Engine) -> None:
    program = make_order_program(make_rule(event="order", qualifying=True))
    closed_at = UnixSeconds(NOON + 5 * DAY)
    late, now = order(1, day=1), UnixSeconds(NOON + 9 * DAY)
    work(engine, late, program=program, now=now)
    work(engine, back(1, 1, {"2": 1}, day=2), program=program, now=UnixSeconds(now + 1))

    with reading(engine) as tx:
        found = qualifying_points(tx, MemberNumber(1), start=NOON, end=closed_at, closed_at=closed_at)
        open_ = qualifying_points(tx, MemberNumber(1), start=NOON, end=closed_at)
        recorded = tx.execute(select(entries.c.occurred_at, entries.c.recorded_at).order_by(entries.c.id)).all()
    assert (found, open_) == (55, 10)
    assert recorded == [(NOON + DAY, now), (NOON + 2 * DAY, now + 1)]


def test_edge_11__replay_after_a_change_of_rules__original_outcome(engine: Engine) -> None:
    work(engine, order(1))
    work(engine, order(1), program=make_order_program(make_rule(event="order", points=9)))

    assert has(engine) == Has(55)
    assert len(fates(engine)) == 1
