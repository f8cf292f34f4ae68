"""earn_step, of purchases and orders in another currency (EDGE 73)

given a programme that takes exchange rates
    an award's entry holds original amount, rate, source and time, and so does the explanation
    when goods come back: the points of what is kept stay, to the point; a bonus counts what is kept in its own currency
    when the order is edited: by the edit's rate, or by the order's own
    when the programme changes: returns and edits go by what the order was awarded by
given an order without a rate
    it earns nothing, whatever comes back
given a rate that is none
    the event is refused
"""

from typing import Any

import pytest
from sqlalchemy import Engine

from loyaltychain.db.engine import reading
from loyaltychain.events.types import Event
from loyaltychain.ledger.types import EntryId
from loyaltychain.operations.recorded import read_recorded
from loyaltychain.program.types import Currencies
from tests.events.builders import make_event
from tests.operations.order_builders import Has, back, edit, explanation, fates, has, order, work
from tests.program.builders import make_bonus, make_order_program, make_program, make_rule

ECB = {"rate": "0.8571", "source": "ECB", "as_of": "2026-01-01"}
PROGRAM = make_order_program(
    make_rule(event="order"), make_bonus(event="order"), currencies=Currencies("exchange", "down")
)


def abroad(event: Event, exchange: Any = ECB) -> Event:
    """The same in euros, with a rate."""
    payload = event.payload | {"currency": "EUR"} | ({} if exchange is None else {"exchange": exchange})
    return make_event(
        source=event.source, id=event.id, type=event.type, member_id=event.member_id,
        occurred_at=event.occurred_at, payload=payload,
    )  # fmt: skip


BIG = ("1", "cup", 3, 3_000), ("2", "tray", 1, 4_000)  # 25.71 + 34.28 pounds


def test_edge_73__order__converted_and_kept_with_the_award(engine: Engine) -> None:
    work(engine, abroad(order(1, *BIG)), program=PROGRAM)

    assert has(engine) == Has(available=25 + 34 + 100)
    facts = ECB | {"amount": 7_000, "currency": "EUR", "converted": 5_999, "to": "GBP", "rounding": "down"}
    assert explanation(engine, 1)["exchange"] == facts
    with reading(engine) as tx:
        for rule in ("spend", "big"):
            recorded = read_recorded(tx, EntryId(f"earn:shop/E-1:{rule}"))
            assert recorded is not None and recorded.details == {"exchange": facts}


def test_edge_73__purchase__the_same(engine: Engine) -> None:
    program = make_program(currencies=Currencies("exchange", "half_even"))
    payload = {"amount": 2_000, "currency": "EUR", "exchange": ECB}
    work(engine, make_event(payload=payload), program=program)

    assert has(engine) == Has(available=17)
    with reading(engine) as tx:
        recorded = read_recorded(tx, EntryId("earn:shop/INV-1:spend"))
    assert recorded is not None and recorded.details["exchange"]["converted"] == 1_714


def test_edge_73__goods_come_back__points_of_what_is_kept(engine: Engine) -> None:
    work(engine, abroad(order(1, *BIG)), program=PROGRAM)

    work(engine, back(1, 1, {"1": 1}), program=PROGRAM)
    assert has(engine) == Has(available=25 * 2 // 3 + 34 + 100)  # 51.42 pounds are kept
    work(engine, back(2, 1, {"1": 1}), program=PROGRAM)
    assert has(engine) == Has(available=25 // 3 + 34)  # 42.85 pounds
    work(engine, back(3, 1, {"1": 1, "2": 1}), program=make_order_program())
    assert has(engine) == Has()


@pytest.mark.parametrize(
    ("exchange", "points"), [(None, 25 + 42), (ECB | {"rate": "1.00"}, 30 + 50), (ECB | {"rate": "0.5"}, 15 + 25)]
)
def test_edge_73__edit__by_its_rate_or_the_orders(engine: Engine, exchange: Any, points: int) -> None:
    work(engine, abroad(order(1, *BIG)), program=PROGRAM)

    more = edit(1, 1, BIG[0], ("2", "tray", 1, 5_000))
    work(engine, abroad(more, exchange), program=make_order_program(version=2))

    bonus = 100 if points >= 50 else 0
    assert has(engine) == Has(available=points + bonus)
    assert explanation(engine, 2)["exchange"]["rate"] == (exchange or ECB)["rate"]


def test_edge_73__order_without_a_rate__nothing(engine: Engine) -> None:
    work(engine, abroad(order(1, *BIG), None), back(1, 1, {"1": 1}), program=PROGRAM)

    assert has(engine) == Has()
    assert "points are given for GBP only" in explanation(engine, 1)["result"]


def test_edge_73__programme_that_takes_none__nothing(engine: Engine) -> None:
    work(engine, abroad(order(1, *BIG), "not even an object"), program=make_order_program())

    assert (has(engine), fates(engine)) == (Has(), [("nothing", None)])


@pytest.mark.parametrize("exchange", [{}, ECB | {"rate": "abc"}, ECB | {"rate": "0"}])
def test_edge_73__wrong_rate__refused(engine: Engine, exchange: Any) -> None:
    work(engine, abroad(order(1, *BIG), exchange), program=PROGRAM)

    assert fates(engine) == [("refused", "invalid-event")]
