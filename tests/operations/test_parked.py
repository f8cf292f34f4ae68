"""count_returns, list_parked

given lines that came back, of either kind
    they are counted by how much of them was matched; those that name an order are counted apart
    what waits is listed page by page, each line once
given none
    all counts are zero
"""

from sqlalchemy import Engine

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.db.engine import reading
from loyaltychain.operations.parked import ParkedLine, ReturnCounts, count_returns, list_parked
from tests.events.builders import NOON
from tests.operations.order_builders import DAY, back, back_by_items, cancellation, order, work


def test_count_returns__nothing_came_back__zeros(engine: Engine) -> None:
    with reading(engine) as tx:
        assert count_returns(tx) == ReturnCounts(0, 0, 0, 0, 0, 0, 0, 0, 0)
        assert list_parked(tx) == []


def test_count_returns__some_of_each__counted_and_listed(engine: Engine) -> None:
    work(
        engine,
        order(1),
        back_by_items(1, {"cup": 2, "lamp": 4}),
        back_by_items(2, {"cup": 3}),
        back(3, 1, {"2": 1}),
        back(4, 9, {"1": 2}, member="bob"),
        cancellation(1, 8),
    )

    with reading(engine) as tx:
        assert count_returns(tx) == ReturnCounts(
            lines=3,
            in_full=1,
            in_part=1,
            not_at_all=1,
            pieces_parked=6,
            named_lines=2,
            named_parked=1,
            cancellations=1,
            cancellations_parked=1,
        )
        pages: list[ParkedLine] = []
        while page := list_parked(tx, after=pages[-1].key if pages else None, limit=3):
            assert len(page) <= 3
            pages += page
    day = NOON + DAY
    ann, bob = MemberNumber(1), MemberNumber(2)
    assert pages == [
        ParkedLine("shop", "C-1", "", ann, "ann", None, "O-8", 1, 0, day),
        ParkedLine("shop", "R-1", "2", ann, "ann", "lamp", None, 4, 0, day),
        ParkedLine("shop", "R-2", "1", ann, "ann", "cup", None, 3, 1, day),
        ParkedLine("shop", "R-4", "1", bob, "bob", None, "O-9", 2, 0, day),
    ]
