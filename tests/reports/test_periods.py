"""close_period, read_closed_report, list_periods
├── given a month that is over
│   ├── closing it keeps its positions, its head and its bytes' SHA-256, and stands in the audit log
│   ├── it gives the same bytes again, whatever is recorded later, late events of that month too
│   └── what came late stands in the next period
├── given a random history: every period that was closed along it still has its bytes at the end
├── given a month in which nothing was recorded: it is closed, with the balances of before
├── closing twice, before one that is closed, or before its end: it is refused
└── given a ledger that was changed behind it: reading it says so
"""

import pytest
from sqlalchemy import Engine, text

from loyaltychain.actions.log import read_actions
from loyaltychain.actions.verify import verify
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading, transaction
from loyaltychain.operations.redeem import redeem
from loyaltychain.reports.periods import Period, close_period, list_periods, read_closed_report, read_period
from loyaltychain.reports.roll_forward import RollForward
from tests.database import ENGINES
from tests.operations.member_world import DAY, NOW, after, do, give, join, take_back
from tests.reports.histories import History, play


def close(engine: Engine, ends_at: int, now: int = NOW + 99 * DAY) -> tuple[Period, RollForward]:
    with transaction(engine) as tx:
        return close_period(
            tx, ends_at=UnixSeconds(ends_at), timezone="UTC", actor="eve", reason="month's end", now=UnixSeconds(now)
        )


def test_close_period__a_month__is_kept(engine: Engine) -> None:
    ann = join(engine)
    give(engine, ann, 100)
    do(engine, redeem, id_="1", member=ann, points=30, now=after(DAY))
    period, report = close(engine, NOW + 2 * DAY)
    assert (period.number, period.begins_at, period.from_position, period.to_position) == (1, None, 1, 2)
    assert report.totals()["closing"] == 70
    with reading(engine) as tx:
        assert list_periods(tx) == [period] == [read_period(tx, 1)]
        [action] = read_actions(tx)
        assert (action.action, action.subject, action.actor) == ("period.close", "period:1", "eve")
        assert action.details is not None
        assert action.details["sha256"] == period.sha256
        assert verify(tx) == []


def test_read_closed_report__late_events__same_bytes_and_a_later_period(engine: Engine) -> None:
    ann = join(engine)
    give(engine, ann, 100)
    _, report = close(engine, NOW + 2 * DAY)
    take_back(engine, ann, 40, at=after(DAY), recorded_at=after(5 * DAY))  # it happened in the closed one
    give(engine, ann, 5, "shop/2", at=after(6 * DAY))
    period, later = close(engine, NOW + 9 * DAY)
    with reading(engine) as tx:
        assert read_closed_report(tx, 1).encode() == report.encode()
        assert read_closed_report(tx, 2).encode() == later.encode()
    assert (period.begins_at, period.from_position, period.to_position) == (after(2 * DAY), 2, 3)
    totals = later.totals()
    assert (totals["opening"], totals["reversed"], totals["issued"], totals["closing"]) == (100, -40, 5, 65)


class Closings(History):
    """Closes a period whenever time has passed."""

    def look(self) -> None:
        if not hasattr(self, "closed"):
            self.closed: list[bytes] = []
            self.closed_at = NOW
        if self.now >= self.closed_at + 2 * DAY:
            self.closed_at = self.now
            self.closed.append(close(self.engine, self.now, self.now)[1].encode())

    def judge(self) -> None:
        with reading(self.engine) as tx:
            assert [read_closed_report(tx, period.number).encode() for period in list_periods(tx)] == self.closed


@pytest.mark.slow
@pytest.mark.parametrize("engine_name", ENGINES)
def test_read_closed_report__random_history__same_bytes(engine_name: str) -> None:
    play(Closings, engine_name, examples=6)


def test_close_period__nothing_recorded__balances_of_before(engine: Engine) -> None:
    first, empty = close(engine, NOW)
    assert (first.from_position, first.to_position, empty.rows) == (1, 0, ())
    give(engine, join(engine), 7)
    close(engine, NOW + DAY)
    period, report = close(engine, NOW + 2 * DAY)
    assert (period.number, period.from_position, period.to_position) == (3, 2, 1)
    assert (report.totals()["opening"], report.totals()["closing"]) == (7, 7)


@pytest.mark.parametrize(
    ("ends_at", "now", "says"),
    [
        (NOW + 2 * DAY, NOW + 9 * DAY, "closed already, as number 1"),
        (NOW + DAY, NOW + 9 * DAY, "closed in order"),
        (NOW + 9 * DAY + 1, NOW + 9 * DAY, "has not ended yet"),
    ],
)
def test_close_period__not_its_turn__is_refused(engine: Engine, ends_at: int, now: int, says: str) -> None:
    close(engine, NOW + 2 * DAY)
    with pytest.raises(errors.PeriodRefused, match=says):
        close(engine, ends_at, now)
    with reading(engine) as tx:
        assert len(list_periods(tx)) == 1


def test_read_closed_report__ledger_changed__says_so(engine: Engine) -> None:
    give(engine, join(engine), 7)
    close(engine, NOW + DAY)
    with transaction(engine) as tx:
        on = "{} ON {}" if engine.dialect.name == "postgresql" else "{}"
        for table in ("lots", "entries"):
            tx.execute(text("DROP TRIGGER " + on.format(f"no_update_{table}", table)))
        tx.execute(text("UPDATE lots SET earned_at = earned_at - 90 * 86400"))
        with pytest.raises(errors.ReportChanged, match="not what was closed"):
            read_closed_report(tx, 1)
    with pytest.raises(errors.UnknownPeriod, match="report periods"), reading(engine) as tx:
        read_period(tx, 2)
