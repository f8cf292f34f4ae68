"""roll_forward, build, lines
├── given a random history of two members, cut at random moments
│   ├── each row's opening and figures lead to its closing, and to what lots and accounts say
│   ├── one period's closing is the next one's opening
│   ├── the lines add up to the figures, and the figures to the program's accounts
│   └── built again after all else has happened, the bytes are the same
├── given each way in which points move: the figure that it counts under
├── given points of two months: a cohort each, by the programme's zone
└── given an end before its beginning, or lots that were tampered with: it is refused
"""

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import Engine, text

from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading, transaction
from loyaltychain.ledger import accounts, store
from loyaltychain.operations.adjust import adjust
from loyaltychain.operations.holds import commit, hold, release
from loyaltychain.operations.redeem import redeem
from loyaltychain.operations.refund import refund
from loyaltychain.operations.sweep import sweep_step
from loyaltychain.reports.figures import FIGURES
from loyaltychain.reports.roll_forward import RollForward, build, find_span, lines, read_state, roll_forward
from tests.database import ENGINES
from tests.operations.member_world import DAY, GRACE, NOW, after, do, give, join, take_back
from tests.reports.histories import History, play

ACCOUNTS = {
    "issued": (accounts.ISSUED, -1), "redeemed": (accounts.REDEEMED, -1), "adjusted": (accounts.ADJUSTED, -1),
}  # fmt: skip


class Periods(History):
    """Keeps the report of each stretch between two looks at different moments."""

    def look(self) -> None:
        if not hasattr(self, "moments"):
            self.moments: list[int] = []
            self.built: list[tuple[RollForward, bytes]] = []
        if not self.moments or self.now >= self.moments[-1] + 7 * DAY // 2:
            self.moments.append(self.now)
            begins = self.moments[-2] if len(self.moments) > 1 else None
            with reading(self.engine) as tx:
                report = roll_forward(tx, begins_at=begins and UnixSeconds(begins), ends_at=self.now, timezone="UTC")
            self.built.append((report, report.encode()))

    def judge(self) -> None:
        with reading(self.engine) as tx:
            for report, encoded in self.built:
                assert build(tx, report.span).encode() == encoded
            for (before, _), (later, _) in zip(self.built, self.built[1:], strict=False):
                assert before.span.upto == later.span.after
                assert before.totals()["closing"] == later.totals()["opening"]
            self.judge_all(tx)

    def judge_all(self, tx: Any) -> None:
        """One report over everything."""
        report = roll_forward(tx, begins_at=None, ends_at=UnixSeconds(self.now + 1), timezone="UTC")
        sums: Counter[tuple[str, ...]] = Counter()
        for line in lines(tx, report.span):
            sums[line.change.unit, line.change.bucket, line.change.cohort, line.change.figure] += line.change.amount
        for row in report.rows:
            assert row.opening == 0
            assert row.closing == sum(row.figures.values())
            assert row.figures == {name: sums[row.unit, row.bucket, row.cohort, name] for name in FIGURES}
        state = read_state(tx, report.span.upto, "UTC")
        assert {(row.unit, row.bucket, row.cohort): row.closing for row in report.rows if row.closing} == {
            key: points for key, points in state.items() if points
        }
        totals = report.totals()
        assert totals["moved"] == 0
        held = store.balances(tx, [account for account, _ in ACCOUNTS.values()], "points")
        assert totals["issued"] == -held.get(accounts.ISSUED, 0)
        assert totals["redeemed"] + totals["refunded"] == -held.get(accounts.REDEEMED, 0)
        assert totals["adjusted"] == -held.get(accounts.ADJUSTED, 0)


@pytest.mark.slow
@pytest.mark.parametrize("engine_name", ENGINES)
def test_roll_forward__random_history__identity(engine_name: str) -> None:
    play(Periods, engine_name)


def report_on(engine: Engine, begins: int | None = None, ends: int = NOW + 99 * DAY, zone: str = "UTC") -> RollForward:
    with transaction(engine) as tx:
        return roll_forward(tx, begins_at=begins and UnixSeconds(begins), ends_at=UnixSeconds(ends), timezone=zone)


def figures_of(report: RollForward) -> dict[str, dict[str, int]]:
    """Bucket -> the figures of points that are not 0, over all cohorts."""
    found: dict[str, Counter[str]] = {}
    for row in report.rows:
        if row.unit == "points":
            found.setdefault(row.bucket, Counter()).update(row.figures)
    return {bucket: {name: amount for name, amount in sums.items() if amount} for bucket, sums in found.items()}


def test_roll_forward__each_way_to_move__its_figure(engine: Engine) -> None:
    ann = join(engine)
    give(engine, ann, 100, "shop/1", qualifying=100, expires_at=after(5 * DAY))
    give(engine, ann, 50, "shop/2", due_at=after(2 * DAY))
    do(engine, redeem, id_="1", member=ann, points=30)
    do(engine, refund, id_="f", redemption="app/1", points=10, reason="x", grace_seconds=GRACE)
    do(engine, hold, id_="h1", member=ann, points=20)
    do(engine, commit, id_="h1", points=12)
    do(engine, hold, id_="h2", member=ann, points=9)
    assert figures_of(report_on(engine)) == {
        "owned": {"issued": 100, "redeemed": -42, "refunded": 10},
        "pending": {"issued": 50},
    }

    do(engine, release, id_="h2")
    do(engine, redeem, id_="2", member=ann, points=68)
    take_back(engine, ann, 100, qualifying=100)  # all of it is spent: she owes it
    do(engine, adjust, id_="a", member=ann, points=15, reason="x", actor="eve")
    sweep_step(engine, now=after(2 * DAY))  # what was pending pays what is owed
    do(engine, refund, id_="g", redemption="app/2", points=60, reason="x", grace_seconds=0, now=after(6 * DAY))
    sweep_step(engine, now=after(7 * DAY))
    found = figures_of(report_on(engine))
    assert found == {
        "owned": {"issued": 100, "redeemed": -110, "refunded": 35, "expired": -25},
        "pending": {"issued": 50, "moved": -50},
        "debt": {"reversed": -100, "adjusted": 15, "moved": 50, "refunded": 35},
    }
    assert report_on(engine).totals()["closing"] == 0
    assert report_on(engine).totals("qualifying")["issued"] == 100


def test_roll_forward__two_months__a_cohort_each(engine: Engine) -> None:
    ann = join(engine)
    last_of_january = 1_769_900_400  # 2026-01-31T23:00:00Z: February in Berlin
    give(engine, ann, 10, "shop/1", at=UnixSeconds(last_of_january))
    give(engine, ann, 20, "shop/2", at=UnixSeconds(last_of_january + 2 * DAY))
    do(engine, redeem, id_="1", member=ann, points=13, now=UnixSeconds(last_of_january + 40 * DAY))
    in_march = last_of_january + 30 * DAY
    assert [(row.cohort, row.opening, row.figures["redeemed"], row.closing) for row in report_on(engine, in_march).rows
            ] == [("2026-01", 10, -10, 0), ("2026-02", 20, -3, 17)]  # fmt: skip
    assert [row.cohort for row in report_on(engine, zone="Europe/Berlin").rows] == ["2026-02"]


def test_roll_forward__no_period__is_refused(engine: Engine) -> None:
    with pytest.raises(errors.InvalidOperation, match="ends after it begins"):
        report_on(engine, NOW, NOW)


def test_roll_forward__a_lot_that_was_changed__does_not_lead_there(engine: Engine) -> None:
    ann = join(engine)
    give(engine, ann, 10)
    do(engine, redeem, id_="1", member=ann, points=3)
    with transaction(engine) as tx:
        on = " ON lot_moves" if engine.dialect.name == "postgresql" else ""
        tx.execute(text(f"DROP TRIGGER no_update_lot_moves{on}"))
        tx.execute(text("UPDATE lot_moves SET amount = -2 WHERE amount = -3"))
        span = find_span(tx, begins_at=None, ends_at=after(DAY), timezone="UTC")
        with pytest.raises(errors.InvariantError, match="do not fit"):
            build(tx, span)
