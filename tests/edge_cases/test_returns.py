"""Returns, as stories through events and operations: edge cases 12, 15, 19 and 20, by number

given an order that is pending and comes back as a whole
    nothing is left of it, nothing becomes due later, and what could be spent was never touched (12)
given points that were spent, and whose goods came back
    the debt is there years later, after everything else has expired, and new points pay it first (15)
given somebody who buys, puts the points aside, and brings the goods back
    releasing, committing, refunding or waiting leaves nothing that was not paid for (19)
given goods that are bought and brought back again and again
    neither what qualifies nor what was earned for good grows (20)
"""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.operations.holds import commit, hold, release
from loyaltychain.operations.redeem import redeem
from loyaltychain.operations.refund import refund
from loyaltychain.operations.sweep import sweep_step
from loyaltychain.program.types import Expiry
from tests.edge_cases.story import number_of, points
from tests.events.builders import NOON
from tests.operations.member_world import do
from tests.operations.order_builders import DAY, Has, back, cancellation, has, order, work
from tests.program.builders import make_order_program, make_rule

MONTH = Expiry(None, 30, None, 7)


def day(number: int) -> UnixSeconds:
    return UnixSeconds(NOON + number * DAY)


@pytest.mark.parametrize("undo", [back(1, 2, {"1": 3, "2": 1}), cancellation(1, 2)])
def test_edge_12__full_return_while_pending__nothing_is_left_of_it(database: Engine, undo: Any) -> None:
    program = make_order_program(make_rule(event="order", pending_days=14, qualifying=True))
    work(database, order(1, day=-20), order(2), program=program, now=day(0))
    assert has(database) == Has(55, pending=55, qualifying=110)

    work(database, undo, program=program, now=day(1))

    assert has(database) == Has(55, qualifying=55)
    assert sweep_step(database, now=day(15)).activated == 0
    later = points(database, day(15))
    assert (later.available, later.pending, later.debt, later.reversed) == (55, 0, 0, 55)


def test_edge_15__debt__does_not_expire_and_is_paid_first(database: Engine) -> None:
    program = make_order_program(expiry=MONTH)
    work(database, order(1), order(2), program=program, now=day(0))
    do(database, redeem, id_="1", member=number_of(database), points=80, now=day(1))
    work(database, back(1, 1, {"1": 3, "2": 1}), program=program, now=day(1))
    assert has(database) == Has(0, owes=25)

    assert sweep_step(database, now=day(3_000)).expired == 0
    assert points(database, day(3_000)).debt == 25
    work(database, order(3, day=3_000), program=program, now=day(3_000))

    assert points(database, day(3_000)).available == 30
    assert points(database, day(3_030)).expired == 30


def _release(engine: Engine) -> None:
    do(engine, release, id_="h", now=day(2))


def _commit(engine: Engine) -> None:
    do(engine, commit, id_="h", now=day(2))


def _commit_and_refund(engine: Engine) -> None:
    do(engine, commit, id_="h", now=day(2))
    do(engine, refund, id_="f", redemption="app/h", reason="changed her mind", grace_seconds=DAY, now=day(2))


def _wait(engine: Engine) -> None:
    assert sweep_step(engine, now=day(8)).released == 55


@pytest.mark.parametrize(("end", "owes"), [(_release, 0), (_commit, 55), (_commit_and_refund, 0), (_wait, 0)])
def test_edge_19__buy_put_aside_return__nothing_is_kept(
    database: Engine, end: Callable[[Engine], None], owes: int
) -> None:
    work(database, order(1), now=day(0))
    ann = number_of(database)
    do(database, hold, id_="h", member=ann, points=55, seconds=7 * DAY, now=day(1))
    work(database, back(1, 1, {"1": 3, "2": 1}), now=day(1))
    assert points(database, day(1)).available == 0

    end(database)

    found = points(database, day(8))
    assert (found.available, found.held, found.debt) == (0, 0, owes)
    with pytest.raises(errors.InsufficientBalance):
        do(database, redeem, id_="2", member=ann, points=1, now=day(8))


def test_edge_20__bought_and_brought_back_again_and_again__no_tier_by_it(database: Engine) -> None:
    program = make_order_program(make_rule(event="order", qualifying=True))
    for number in range(1, 4):
        work(database, order(number), back(number, number, {"1": 3, "2": 1}), program=program, now=day(1))

    found = points(database, day(1))
    assert (found.available, found.qualifying, found.earned - found.reversed) == (0, 0, 0)
