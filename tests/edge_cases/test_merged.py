"""Merges across other policies: edge cases 64 and 65, by number

given points that wait for an event, of a member who goes over into another one
    the event comes under either id: they are given to the survivor, or taken back whole, and nothing else of hers (64)
    it never comes: they end as their rule says (64)
    they part again before it comes: it decides about the points of whose they were (65)
given an order of the one who went over, settled before
    what it takes back is the survivor's to owe, and books and batches agree (64)
"""

import pytest
from sqlalchemy import Engine

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import transaction
from loyaltychain.events.types import Event
from loyaltychain.operations.merge import merge
from loyaltychain.operations.redeem import redeem
from loyaltychain.operations.sweep import sweep_step
from loyaltychain.operations.unmerge import unmerge
from loyaltychain.program.types import PendingUntil
from loyaltychain.settlement.seal import seal_step
from tests.edge_cases.story import number_of
from tests.events.builders import NOON, make_event
from tests.operations.builders import NOW
from tests.operations.member_world import do, prove
from tests.operations.order_builders import DAY, Has, back, has, order, work
from tests.program.builders import make_order_program, make_rule
from tests.settlement.builders import DEPLOYMENT

WAITS = PendingUntil("review_approved", "review_rejected", 30, "cancel")
PROGRAM = make_order_program(
    make_rule(event="order"), make_rule(id="review", event="review", qualifying=True, pending=WAITS)
)
ANN, BOB = 1, 2
WHY = {"reason": "one person, two cards", "actor": "eve@shop"}


@pytest.fixture
def shop(database: Engine) -> Engine:
    """Ann has 55 points. Bob has 12 that wait for a review's approval."""
    review = make_event(
        id="V-1", type="review", member_id="bob", occurred_at=NOON, payload={"amount": 1_200, "currency": "GBP"}
    )
    work(database, order(1), review, program=PROGRAM)
    assert (has(database, ANN), has(database, BOB)) == (Has(55), Has(pending=12, qualifying=12))
    return database


def verdict(what: str, member: str) -> Event:
    return make_event(
        id="G-1", type=f"review_{what}", member_id=member, occurred_at=NOON + DAY, payload={"event": "shop/V-1"}
    )


def unite(engine: Engine) -> None:
    with transaction(engine) as tx:
        merge(tx, merged=BOB, survivor=ANN, now=NOW, **WHY)  # type: ignore[arg-type]


def part(engine: Engine) -> None:
    with transaction(engine) as tx:
        unmerge(tx, merged=BOB, now=NOW, **WHY)  # type: ignore[arg-type]


@pytest.mark.parametrize("teller", ["ann", "bob"])
@pytest.mark.parametrize(
    ("what", "end"), [("approved", Has(67, qualifying=12)), ("rejected", Has(55))], ids=["approved", "rejected"]
)
def test_edge_64__points_that_wait_go_over__decided_for_the_survivor(
    shop: Engine, teller: str, what: str, end: Has
) -> None:
    unite(shop)
    assert has(shop, ANN) == Has(55, pending=12, qualifying=12)

    work(shop, verdict(what, teller), program=PROGRAM)

    assert (has(shop, ANN), has(shop, BOB)) == (end, Has())
    prove(shop)


def test_edge_64__points_that_wait_go_over__end_as_their_rule_says(shop: Engine) -> None:
    unite(shop)

    report = sweep_step(shop, now=UnixSeconds(NOON + 30 * DAY))

    assert (report.activated, has(shop, ANN)) == (0, Has(55))
    prove(shop)


@pytest.mark.parametrize(
    ("what", "end"), [("approved", Has(12, qualifying=12)), ("rejected", Has())], ids=["approved", "rejected"]
)
def test_edge_65__parted_before_it_is_decided__whose_they_were(shop: Engine, what: str, end: Has) -> None:
    unite(shop)
    part(shop)

    work(shop, verdict(what, "bob"), program=PROGRAM)

    assert (has(shop, ANN), has(shop, BOB)) == (Has(55), end)
    prove(shop)


def test_edge_64__settled_order_comes_back_after_a_merge__the_survivors_to_owe(shop: Engine) -> None:
    work(shop, order(2, member="bob"), program=PROGRAM)
    prove(shop)
    assert seal_step(shop, DEPLOYMENT, now=NOW) is not None

    unite(shop)
    do(shop, redeem, id_="1", member=number_of(shop), points=100, now=NOW)
    work(shop, back(1, 2, {"1": 3, "2": 1}, member="bob"), program=PROGRAM)

    assert has(shop, ANN) == Has(0, pending=12, owes=45, qualifying=12)
    prove(shop)
    sealed = seal_step(shop, DEPLOYMENT, now=NOW)
    assert sealed is not None
    header = sealed.batch.header
    assert (header.issued, header.burned, header.supply) == (0, 110, 0)
