"""earn_step, of orders and returns in any order

given any history of orders, returns by articles and returns that name their order
    in any order of arrival, in any captures and runs of any size
        orders, returns and bonuses stand to each other in the same way, and every member has the same (EDGE 6)
given the same arrival in runs of any size
    every row is the same
given a kill at any commit
    the same
given any partial returns of a line, and then the rest
    all that was awarded is taken, and no more in between than what was kept allows (EDGE 13)
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.events.types import Event
from loyaltychain.operations.earn import earn_step
from tests.events.builders import Killed, killed_at_commit
from tests.operations.builders import NOW, bare_database, everything, take
from tests.operations.order_builders import (
    Has,
    Line,
    back,
    back_by_items,
    cancellation,
    edit,
    has,
    matched,
    numbers,
    order,
    payment,
    work,
)
from tests.program.builders import make_bonus, make_order_program, make_orders, make_rule

PROGRAM = make_order_program(
    make_rule(event="order", points=3, qualifying=True),
    make_bonus(threshold=1_500, points=50, qualifying=True),
    make_rule(id="extra", event="order", per=250, rounding="up", max_points=12),
    orders=make_orders(return_within_days=8),
)
LATE = UnixSeconds(NOW + 365 * 86_400)
ARTICLES = ("cup", "tray", "lamp")
NAMED = "mug"  # comes back by returns that name its order, so that no two claims meet on one line

MEMBERS = st.sampled_from(["ann", "bob"])
DAYS = st.integers(0, 10)


@st.composite
def orders(draw: st.DrawFn, number: int) -> list[Event]:
    """An order, and returns that name it and do not want more than there is."""
    items = draw(st.lists(st.sampled_from([*ARTICLES, NAMED]), min_size=1, max_size=4))
    lines: list[Line] = [
        (str(place), item, draw(st.integers(1, 4)), draw(st.integers(0, 2_000)))
        for place, item in enumerate(items, start=1)
    ]
    member, day = draw(MEMBERS), draw(DAYS)
    told = [order(number, *lines, member=member, day=day)]
    for line, item, quantity, _ in lines:
        if item == NAMED:
            first = draw(st.integers(0, quantity))
            rest = draw(st.integers(0, quantity - first))
            told += [
                back(f"{number}-{line}-{part}", number, {line: pieces}, member=member, day=day + 1)  # type: ignore[arg-type]
                for part, pieces in enumerate((first, rest))
                if pieces
            ]
    return told


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    told: list[Event] = []
    for number in range(draw(st.integers(1, 5))):
        told += draw(orders(number))
    for number in range(draw(st.integers(0, 5))):
        items = draw(st.dictionaries(st.sampled_from(ARTICLES), st.integers(1, 5), min_size=1))
        told.append(back_by_items(number, items, member=draw(MEMBERS), day=draw(DAYS)))
    return told


def end_of(engine: Engine, events: list[Event]) -> tuple[object, dict[str, Has]]:
    return matched(engine), {member: has(engine, number) for member, number in numbers(events).items()}


@settings(deadline=None, max_examples=25)
@given(histories(), st.data())
def test_earn_step__any_order_of_arrival__same_end(history: list[Event], data: st.DataObject) -> None:
    in_time, shuffled = bare_database(), bare_database()
    arrival = data.draw(st.permutations(history))
    chunk, limit = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 9))
    now = data.draw(st.sampled_from([NOW, LATE]))  # told as if in the future, too
    in_order = sorted(history, key=lambda event: (event.occurred_at, event.source, event.id))

    work(in_time, *in_order, program=PROGRAM, now=now)
    for start in range(0, len(arrival), chunk):
        work(shuffled, *arrival[start : start + chunk], program=PROGRAM, now=now, limit=limit)

    assert end_of(shuffled, arrival) == end_of(in_time, in_order)
    for each in (in_time, shuffled):
        each.dispose()


MIXED = (
    order(1, ("1", "cup", 3, 1_000), ("2", "mug", 2, 900)),
    payment(1, 20, of=1),
    back_by_items(1, {"cup": 2, "lamp": 1}, day=3),
    back(2, 2, {"1": 1}, day=4),
    order(2, ("1", "cup", 2, 700), ("2", "lamp", 1, 2_000), day=2),
    edit(1, 2, ("1", "cup", 4, 1_400), ("2", "lamp", 1, 2_000), day=3),
    cancellation(1, 3, day=5),
    order(3, ("1", "cup", 1, 5_000), day=4),
    order(4, member="bob", day=4),
    cancellation(2, 1, day=6),
)


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_earn_step__runs_of_any_size__every_row_the_same(engine: Engine, limit: int) -> None:
    whole = bare_database()
    for each, size in ((engine, limit), (whole, 100)):
        work(each, *MIXED, program=PROGRAM, limit=size)

    assert everything(engine) == everything(whole)


def test_earn_step__killed_at_each_commit__every_row_the_same(engine: Engine) -> None:
    undisturbed = bare_database()
    work(undisturbed, *MIXED, program=PROGRAM)
    take(engine, *MIXED)

    for position in range(1, len(MIXED) + 1):
        with killed_at_commit(engine, 1), pytest.raises(Killed):
            earn_step(engine, PROGRAM, now=NOW, limit=1)
        assert earn_step(engine, PROGRAM, now=NOW, limit=1).position == position

    assert everything(engine) == everything(undisturbed)


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 9), st.integers(0, 3_000), st.data())
def test_earn_step__parts_and_then_the_rest__all_of_the_award(quantity: int, amount: int, data: st.DataObject) -> None:
    engine = bare_database()
    program = make_order_program(make_rule(event="order", points=3, qualifying=True))
    award = amount * 3 // 100
    work(engine, order(1, ("1", "cup", quantity, amount)), program=program)
    kept, number = quantity, 0
    while kept:
        pieces = data.draw(st.integers(1, kept))
        kept, number = kept - pieces, number + 1
        by_name = data.draw(st.booleans())
        told = back(number, 1, {"1": pieces}) if by_name else back_by_items(number, {"cup": pieces})
        work(engine, told, program=program)
        share = award * kept // quantity
        assert has(engine) == Has(share, qualifying=share)
    assert has(engine) == Has()
    engine.dispose()
