"""changes_of; months
├── given an entry that took two lots for two purposes: cut in the order of consumption
├── given a hold, which keeps its lots' points: no change
├── given an account that no report knows, or lots that are not what was posted: it is refused
├── month_of: the programme's own month, whatever the offset
└── day_start, day_end, month_start, month_end: the zone's first instants, over a change of clocks too
"""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import format_instant
from loyaltychain.ledger.lots import Lot, LotId
from loyaltychain.reports.figures import Change, Moved, changes_of
from loyaltychain.reports.months import (
    day_end,
    day_start,
    month_end,
    month_of,
    month_start,
    months_between,
)

BERLIN = ZoneInfo("Europe/Berlin")
OWN, HELD = "member:1:available", "member:1:held"


def lot(name: str, *, earned: int, due: int | None = None) -> Lot:
    return Lot(
        LotId(name), MemberNumber(1), name, UnixSeconds(earned), None, None if due is None else UnixSeconds(due),
        in_grace=False, amount=100, remaining=0,
    )  # fmt: skip


def changes(postings: list[Moved], *lots: tuple[Lot, int]) -> list[Change]:
    return list(changes_of(postings, lots, lambda at: f"month {at}"))


def test_changes_of__two_lots_two_purposes__in_order_of_consumption() -> None:
    found = changes(
        [Moved(HELD, "program:redeemed", "points", 12), Moved(HELD, "member:1:debt", "points", 5)],
        (lot("a", earned=1), -10), (lot("b", earned=2), -7),
    )  # fmt: skip
    assert found == [
        Change("points", "owned", "month 1", "redeemed", -10),
        Change("points", "owned", "month 2", "redeemed", -2),
        Change("points", "owned", "month 2", "moved", -5),
        Change("points", "debt", "", "moved", 5),
    ]


def test_changes_of__a_hold__no_change() -> None:
    drawn = lot("a", earned=1)
    assert changes([Moved(OWN, "member:1:held", "points", 9)], (drawn, -9), (drawn, 9)) == []


def test_changes_of__pending_becomes_due__moved_in_its_cohort() -> None:
    waiting, ready = lot("a", earned=1, due=5), lot("b", earned=1)
    found = changes([Moved("member:1:pending", OWN, "points", 9)], (waiting, -9), (ready, 9))
    assert found == [
        Change("points", "owned", "month 1", "moved", 9), Change("points", "pending", "month 1", "moved", -9),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("posting", "moved", "says"),
    [
        (Moved("program:gifts", OWN, "points", 9), 9, "no figure"),
        (Moved("program:issued", OWN, "points", 9), 8, "do not fit"),
        (Moved("program:issued", OWN, "points", 9), -9, "do not fit"),
    ],
)
def test_changes_of__does_not_fit__is_refused(posting: Moved, moved: int, says: str) -> None:
    with pytest.raises(errors.InvariantError, match=says):
        changes([posting], (lot("a", earned=1), moved))


def test_days__change_of_clocks__first_instants_of_the_zone() -> None:
    begins, ends = month_start("2026-03", BERLIN), month_end("2026-03", BERLIN)
    assert (format_instant(begins), format_instant(ends)) == ("2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z")
    assert day_end("2026-03-29", BERLIN) - day_start("2026-03-29", BERLIN) == 23 * 3_600
    assert month_end("2026-12", BERLIN) == month_start("2027-01", BERLIN)
    for wrong in ("2026-13-01", "20261001", "yesterday", "2026-02-29", ""):
        with pytest.raises(errors.InvalidOperation, match="no day such as"):
            day_start(wrong, BERLIN)


@given(st.integers(0, 4 * 10**9))
def test_month_of__any_instant__lies_in_it(at: int) -> None:
    month = month_of(at, BERLIN)
    assert month_start(month, BERLIN) <= at < month_end(month, BERLIN)
    assert months_between(month, month_of(month_end(month, BERLIN), BERLIN)) == 1
