"""earn_step, of orders that are cancelled, edited and reopened

given an order that is edited while it is cancelled
    its reopening gives all that it is worth now, and no other order's points are drawn on
given any course of edits, returns, cancellations and reopenings of two orders
    each order has given back what it took and no more, and what stands is what its lines are worth
"""

import json
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from loyaltychain.db.engine import reading
from loyaltychain.events.types import Event
from loyaltychain.ledger.tables import entries
from tests.operations.builders import bare_database
from tests.operations.order_builders import Has, back, cancellation, edit, has, order, reopening, work
from tests.program.builders import make_bonus, make_order_program, make_rule

PROGRAM = make_order_program(
    make_rule(event="order", points=3, qualifying=True),
    make_bonus(threshold=4_000, points=50, qualifying=True),
)


def test_reopened__edited_upwards_in_between__gives_what_it_is_worth_now(engine: Engine) -> None:
    work(engine, order(1), cancellation(1, 1))
    assert has(engine) == Has()
    work(engine, edit(2, 1, ("1", "cup", 3, 2_000), ("2", "tray", 1, 9_000)))
    assert has(engine) == Has()

    report = work(engine, reopening(1, 1))

    assert (report.refused, has(engine)) == (0, Has(110))
    work(engine, cancellation(2, 1))
    assert has(engine) == Has()


@st.composite
def courses(draw: st.DrawFn) -> list[Event]:
    """Two orders, and what becomes of them; what makes no sense at its place is refused."""
    told = [order(1), order(2, ("1", "cup", 2, 900))]
    for number in range(draw(st.integers(2, 7))):
        of = draw(st.sampled_from([1, 1, 2]))
        kind = draw(st.sampled_from(["edit", "cancel", "reopen", "back"]))
        if kind == "edit":
            pence = st.integers(0, 9_000)
            told.append(edit(number, of, ("1", "cup", draw(st.integers(2, 4)), draw(pence)),
                             ("2", "tray", 1, draw(pence))))  # fmt: skip
        elif kind == "back":
            told.append(back(number, of, {"1": 1}))
        else:
            told.append((cancellation if kind == "cancel" else reopening)(number, of))
    return told


@settings(max_examples=60, deadline=None)
@given(courses())
def test_any_course__each_order_gives_back_what_it_took(told: list[Event]) -> None:
    engine = bare_database()
    for event in told:
        work(engine, event, program=PROGRAM)
    taken: Counter[tuple[str, str]] = Counter()
    with reading(engine) as tx:
        rows = tx.execute(select(entries.c.kind, entries.c.postings, entries.c.details).order_by(entries.c.position))
        for kind, postings, details in rows:
            award = str(json.loads(details or "{}").get("award"))
            for source, destination, unit, amount in map(_parts, json.loads(postings)):
                taken[award, unit] += amount * ((destination == "program:reversed") - (source == "program:reversed"))
                assert taken[award, unit] >= 0, (kind, award, unit)
    engine.dispose()


def _parts(posting: dict[str, object]) -> tuple[str, str, str, int]:
    return str(posting["from"]), str(posting["to"]), str(posting["unit"]), int(str(posting["amount"]))
