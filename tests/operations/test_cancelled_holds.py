"""earn_step, of the cancellation of an order for which points are held

given holds that refer to the order
    they end with it: points and stock are back, and the explanation says so
    when the cancellation came before its order: they end when it is told
    when a cancellation is refused, or goods come back: they stand
given holds for other orders, of other members, or that ran out
    the cancellation leaves them alone
given such a hold that is committed or released afterwards
    the commit is refused, the release is answered as the first one
given an event of the same name as a hold
    each has its own entries
"""

import pytest
from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading
from loyaltychain.operations.holds import Held, commit, hold, read_hold, release
from loyaltychain.operations.request import Item
from tests.edge_cases.story import number_of, points
from tests.operations.builders import NOW
from tests.operations.member_world import do, entry_ids, mug, prove, stock_of
from tests.operations.order_builders import TRAY, back, cancellation, explanation, fates, order, work


def held(engine: Engine, id_: str = "h", *, of: int = 2, member: str = "ann", **changes: object) -> Held:
    said: dict[str, object] = {"points": 20, "reference": f"O-{of}", "now": NOW, "seconds": 900}
    return do(engine, hold, id_=id_, member=number_of(engine, member), **(said | changes))


def end_of(engine: Engine, id_: str = "h", source: str = "app") -> str | None:
    with reading(engine) as tx:
        return read_hold(tx, source=source, id_=id_).end


@pytest.fixture
def shop(engine: Engine) -> Engine:
    """Ann and bob have 55 points each; a mug is left."""
    work(engine, order(1), order(9, member="bob"))
    mug(engine, cost=30, stock=1)
    return engine


def test_cancelled__its_holds_end_with_it(shop: Engine) -> None:
    work(shop, order(2, TRAY))
    held(shop)
    held(shop, "m", points=None, items=[Item("mug", 1)])
    assert stock_of(shop) == 0

    report = work(shop, cancellation(1, 2))

    assert (report.posted, report.reversed, report.owed) == (1, 45, 0)
    assert explanation(shop, -1)["result"] == "45 points taken back. 50 points that were held for it are free again."
    assert [end_of(shop, id_) for id_ in ("h", "m")] == ["release", "release"]
    assert (points(shop, NOW).available, points(shop, NOW).held, stock_of(shop)) == (55, 0, 1)
    again = work(shop, cancellation(2, 2))
    assert (again.nothing, explanation(shop, -1)["result"]) == (1, "Nothing was left of this order.")
    prove(shop)


def test_cancelled__nothing_else_to_undo__the_hold_is(shop: Engine) -> None:
    work(shop, order(2, ("1", "pin", 1, 0)))
    held(shop)

    work(shop, cancellation(1, 2))

    assert explanation(shop, -1)["result"] == "20 points that were held for it are free again."
    assert explanation(shop, -1)["entries"] == ["release:app/h"]


def test_cancelled__before_the_order_was_told__ends_with_it(shop: Engine) -> None:
    held(shop)
    work(shop, cancellation(1, 2))
    assert end_of(shop) is None

    work(shop, order(2, TRAY))

    assert (end_of(shop), points(shop, NOW).available) == ("release", 55)
    prove(shop)


def test_cancelled__other_holds__stand(shop: Engine) -> None:
    work(shop, order(2, TRAY), order(3, TRAY))
    held(shop, "other", of=3)
    held(shop, "none", reference=None)
    held(shop, "bob", member="bob")
    held(shop, "over", seconds=1, now=UnixSeconds(NOW - 5))

    work(shop, cancellation(1, 2))

    assert [end_of(shop, id_) for id_ in ("other", "none", "bob", "over")] == [None, None, None, None]
    assert explanation(shop, -1)["result"] == "45 points taken back."
    prove(shop)


def test_cancelled__by_somebody_else_or_only_returned__stands(shop: Engine) -> None:
    work(shop, order(2, TRAY))
    held(shop)

    work(shop, cancellation(1, 2, member="bob"), back(1, 2, {"2": 1}))

    assert (fates(shop)[-2], end_of(shop)) == (("refused", "foreign-order"), None)


def test_cancelled__committed_or_released_afterwards(shop: Engine) -> None:
    work(shop, order(2, TRAY))
    held(shop)
    work(shop, cancellation(1, 2))

    with pytest.raises(errors.HoldEnded) as caught:
        do(shop, commit, id_="h", now=NOW)
    assert caught.value.context["end"] == "release"
    assert do(shop, release, id_="h", now=NOW).is_replay


def test_cancelled__hold_of_the_event_s_name__own_entries(shop: Engine) -> None:
    work(shop, order(2, TRAY))
    event = cancellation(1, 2)
    held(shop, event.id, source=event.source)
    held(shop, "h")

    work(shop, event)

    names = [f"release:{event.source}/{event.id}", "release:app/h"]
    assert entry_ids(shop, "release") == sorted(names)
    assert [end_of(shop, "h"), end_of(shop, event.id, event.source)] == ["release", "release"]
    with reading(shop) as tx:
        assert read_hold(tx, source="app", id_="h").member == MemberNumber(1)
    prove(shop)
