"""read_as_of, stream_as_of
├── given a random history of two members
│   ├── now, by either knowledge, it is the balance that operations answer; and at any later moment
│   ├── at every moment of it, by what was recorded: the balance that was answered then
│   └── by what happened: what came less what went is what she has
├── given an order that is told late: by what was known it was not there, by what happened it was
├── given a member who is inactive: her end is known from the notice on, and undone by what she does
├── given many members: each once, by number, as one by one
└── given a number that nobody has: it is refused
"""

import pytest
from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading, transaction
from loyaltychain.events import identity
from loyaltychain.ledger import book
from loyaltychain.ledger.lots import Stamp
from loyaltychain.ledger.types import EntryId
from loyaltychain.operations.balance import MemberBalance
from loyaltychain.operations.holds import hold
from loyaltychain.operations.keep import keep
from loyaltychain.operations.redeem import redeem
from loyaltychain.operations.sweep import sweep_step
from loyaltychain.reports.as_of import read_as_of, stream_as_of
from tests.database import ENGINES
from tests.operations.member_world import DAY, NOW, after, do, give, join, points_of, take_back
from tests.operations.test_inactivity import step
from tests.operations.test_notices import listed, send
from tests.reports.histories import History, play

AFTER = [0, 1, 600, 86_400, 3 * 86_400, 10 * 86_400]


class Answers(History):
    """Keeps what was answered at each moment."""

    def look(self) -> None:
        if not hasattr(self, "answered"):
            self.answered: dict[tuple[int, int], MemberBalance] = {}
        for member in (1, 2):
            self.answered[member, self.now] = points_of(self.engine, MemberNumber(member), self.now)

    def judge(self) -> None:
        later = {
            (member, self.now + seconds): points_of(self.engine, MemberNumber(member), UnixSeconds(self.now + seconds))
            for member in (1, 2)
            for seconds in AFTER
        }
        with reading(self.engine) as tx:
            for (member, at), answer in (self.answered | later).items():
                number = MemberNumber(member)
                assert read_as_of(tx, number, at=UnixSeconds(at)) == answer
                happened = read_as_of(tx, number, at=UnixSeconds(at), by="occurred")
                has = happened.available + happened.pending + happened.held - happened.debt
                came = happened.earned + happened.adjusted - happened.reversed
                assert has == came - happened.spent - happened.expired
                assert happened == answer or at < self.now


@pytest.mark.slow
@pytest.mark.parametrize("engine_name", ENGINES)
def test_read_as_of__random_history__what_was_answered_then(engine_name: str) -> None:
    play(Answers, engine_name)


def test_read_as_of__each_moment__figure_by_figure(engine: Engine) -> None:
    ann = join(engine)
    give(engine, ann, 100, "shop/1", expires_at=after(5 * DAY), qualifying=100)
    give(engine, ann, 40, "shop/2", due_at=after(2 * DAY), at=after(DAY))
    do(engine, redeem, id_="1", member=ann, points=30, now=after(DAY + 5))
    do(engine, hold, id_="h", member=ann, points=15, seconds=600, now=after(3 * DAY))
    sweep_step(engine, now=after(4 * DAY))
    with reading(engine) as tx:
        shown = {
            day: (found.available, found.pending, found.held, found.spent, found.expired)
            for day, found in (
                (days, read_as_of(tx, ann, at=UnixSeconds(NOW + int(days * DAY)))) for days in (-1, 0, 1, 1.5, 2, 3, 6)
            )
        }
    assert shown == {
        -1: (0, 0, 0, 0, 0),
        0: (100, 0, 0, 0, 0),
        1: (100, 40, 0, 0, 0),
        1.5: (70, 40, 0, 30, 0),
        2: (110, 0, 0, 30, 0),  # due by then, though it was booked two days later
        3: (95, 0, 15, 30, 0),
        6: (40, 0, 0, 30, 70),  # nobody has swept: what time did is counted
    }


def test_read_as_of__told_late__known_then_and_known_now(engine: Engine) -> None:
    ann = join(engine)
    with transaction(engine) as tx:
        purse = book.load_purses(tx, [ann])[ann]
        stamp = Stamp(EntryId("earn:shop/1:spend"), "shop/1", NOW, after(9 * DAY), rule="spend")
        keep(tx, [purse.earn(stamp, 70, award="shop/1", expires_at=None)])
    take_back(engine, ann, 20, at=after(2 * DAY), recorded_at=after(10 * DAY))
    with reading(engine) as tx:
        known = [read_as_of(tx, ann, at=after(day * DAY)).available for day in (1, 3, 9, 10)]
        happened = [read_as_of(tx, ann, at=after(day * DAY), by="occurred").available for day in (1, 3, 9, 10)]
    assert (known, happened) == ([0, 0, 70, 50], [70, 50, 50, 50])


def test_stream_as_of__many__each_once(engine: Engine) -> None:
    wanted = [join(engine, f"member-{n}") for n in range(12)]
    for n, member in enumerate(wanted):
        if n % 3:
            give(engine, member, n, f"shop/{n}", at=after(n))
    with transaction(engine) as tx:
        identity.close_member(tx, wanted[4], after(6), "asked for it")
    with reading(engine) as tx:
        found = [standing.balance for standing in stream_as_of(tx, at=after(7))]
        assert found == [read_as_of(tx, member, at=after(7)) for member in wanted]
        assert sum(balance.available for balance in found) == 1 + 2 + 4 + 5 + 7
        assert [standing.balance for standing in stream_as_of(tx, at=after(7), after=3, limit=4)] == found[3:7]
        assert (read_as_of(tx, wanted[4], at=after(5)).closed_at, found[4].closed_at) == (None, after(6))


def test_read_as_of__nobody__is_refused(engine: Engine) -> None:
    with pytest.raises(errors.UnknownMember), reading(engine) as tx:
        read_as_of(tx, MemberNumber(9), at=NOW)


@pytest.mark.parametrize("is_active", [False, True])
def test_read_as_of__inactive_member__what_was_answered_then(engine: Engine, is_active: bool) -> None:
    """Her points run out a hundred days on, which nobody knew before she was told, unless she acts before."""
    ann = join(engine)
    give(engine, ann, 10)
    give(engine, ann, 5, "shop/2", expires_at=after(500 * DAY))
    answers = {}
    for days in (1, 70, 71, 90, 99, 100, 101, 400):
        step(engine, after(days * DAY))
        if days == 70:
            send(engine, listed(engine, at=after(days * DAY))[0].id, after(days * DAY))
        if days == 90 and is_active:
            do(engine, redeem, id_="1", member=ann, points=1, now=after(days * DAY))
        answers[days] = points_of(engine, ann, after(days * DAY))
    assert answers[101].available == (14 if is_active else 5)
    with reading(engine) as tx:
        assert {days: read_as_of(tx, ann, at=after(days * DAY)) for days in answers} == answers
        assert read_as_of(tx, ann, at=after(71 * DAY)).expiring[0] == (after(100 * DAY), 10)
        assert read_as_of(tx, ann, at=after(69 * DAY)).expiring[0] == (after(500 * DAY), 5)
