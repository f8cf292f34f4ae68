"""read_liability, make_terms, read_curves
├── given points of two months, one lot that expires, a hold, pending points and a debt
│   ├── a row each, with cost and expected cost in minor units; the debt is shown and not netted
│   ├── past an expiry that nobody has swept: its points are out
│   └── as of an earlier instant: what was recorded then
├── given members who acted in different months, or never: their points by month
├── given any points and cost: a row is off by half a minor unit at most, and the rows add up to the totals
├── given a random history: outstanding points are the ledger's
├── curves: redeemed by months after earning, refunds taken off; earned is redeemed, expired and outstanding
└── given a rate beyond 1, text that is no decimal, a rate without a cost: it is refused
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from loyaltychain.config.settings import Liability as Settings
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.money import Exact, parse_decimal
from loyaltychain.db.engine import reading, transaction
from loyaltychain.operations.adjust import adjust
from loyaltychain.operations.holds import hold
from loyaltychain.operations.redeem import redeem
from loyaltychain.operations.refund import refund
from loyaltychain.operations.sweep import sweep_step
from loyaltychain.reports.curves import read_curves, share
from loyaltychain.reports.liability import Liability, Row, Terms, _cost, in_words, make_terms, read_liability
from loyaltychain.reports.roll_forward import roll_forward
from tests.database import ENGINES
from tests.operations.member_world import DAY, NOW, after, do, give, join, take_back
from tests.reports.histories import History, play

TERMS = Terms(Exact(8, 3), "GBP", Exact(5, 1))  # 0.008 GBP, half of it redeemed


def liability_of(engine: Engine, at: int, terms: Terms | None = TERMS) -> Liability:
    with reading(engine) as tx:
        return read_liability(tx, at=UnixSeconds(at), terms=terms, timezone="UTC")


def make_history(engine: Engine) -> None:
    """Two members; NOW is 2 January 2026."""
    ann, bob = join(engine), join(engine, "bob")
    give(engine, ann, 1_000, "shop/1", expires_at=after(40 * DAY))  # 11 February
    give(engine, ann, 333, "shop/2", at=after(35 * DAY))
    give(engine, ann, 50, "shop/3", due_at=after(60 * DAY), at=after(35 * DAY))
    do(engine, hold, id_="h", member=ann, points=400, seconds=5 * DAY, now=after(36 * DAY))
    give(engine, bob, 10, "shop/4")
    do(engine, redeem, id_="1", member=bob, points=10)
    take_back(engine, bob, 10, award="shop/4")


def test_read_liability__each_row__points_and_cost(engine: Engine) -> None:
    make_history(engine)
    found = liability_of(engine, after(37 * DAY))
    assert found.rows == (
        Row("available", "2026-01", "2026-02", 600, 480, 240),
        Row("available", "2026-02", None, 333, 266, 133),  # 266.4, 133.2
        Row("held", "2026-01", "2026-02", 400, 320, 160),
        Row("pending", "2026-02", None, 50, 40, 20),
    )
    document = found.document()
    assert document["totals"] == {
        "points": 1_383, "cost": 1_106, "expected_cost": 553, "points_owed_by_members": 10, "members_with_points": 1,
    }  # fmt: skip
    assert (document["cost_per_point"], document["redemption_rate"]) == ("0.008", "0.5")
    assert document["last_activity"] == [{"month": "2026-02", "members": 1, "points": 1_383}]


def test_read_liability__unswept_and_earlier__what_was_so(engine: Engine) -> None:
    make_history(engine)
    later = liability_of(engine, after(50 * DAY))  # the hold has timed out into a lot that has run out
    assert [(row.state, row.cohort, row.points) for row in later.rows] == [
        ("available", "2026-02", 333), ("pending", "2026-02", 50),
    ]  # fmt: skip
    sweep_step(engine, now=after(50 * DAY))
    assert liability_of(engine, after(50 * DAY)).rows == later.rows
    earlier = liability_of(engine, NOW + DAY, None)
    assert earlier.rows == (Row("available", "2026-01", "2026-02", 1_000, None, None),)
    assert earlier.document()["totals"]["cost"] is None


def test_read_liability__last_activity__by_month(engine: Engine) -> None:
    ann, bob, eve = (join(engine, name) for name in ("ann", "bob", "eve"))
    give(engine, ann, 10, "shop/1")
    give(engine, bob, 20, "shop/2")
    do(engine, redeem, id_="1", member=bob, points=5, now=after(40 * DAY))
    do(engine, adjust, id_="a", member=eve, points=7, reason="x", actor="desk")  # nothing that she did
    activity = liability_of(engine, after(50 * DAY)).activity
    assert [(each.month, each.members, each.points) for each in activity] == [
        (None, 1, 7), ("2026-01", 1, 10), ("2026-02", 1, 15),
    ]  # fmt: skip


decimals = st.builds(Exact, st.integers(0, 10**6), st.integers(0, 9))


@given(st.lists(st.integers(0, 2**40), max_size=5), decimals, st.sampled_from(["JPY", "GBP", "KWD"]))
def test_cost__any_points__off_by_half_a_minor_unit(points: list[int], each: Exact, currency: str) -> None:
    exponent = {"JPY": 0, "GBP": 2, "KWD": 3}[currency]
    for amount in points:
        exact = amount * each.digits * 10**exponent  # in units of 10**-scale minor units
        assert abs(_cost(amount, each, currency) * 10**each.scale - exact) * 2 <= 10**each.scale


@given(decimals)
def test_in_words__any_decimal__is_read_back(each: Exact) -> None:
    back = parse_decimal(in_words(each))
    assert back.digits * 10**each.scale == each.digits * 10**back.scale


class Outstanding(History):
    """Compares both reports with the roll-forward at the end."""

    def look(self) -> None:
        """Nothing along the way."""

    def judge(self) -> None:
        sweep_step(self.engine, now=self.now)
        self.ledger_proves_itself()
        with reading(self.engine) as tx:
            found = read_liability(tx, at=self.now, terms=None, timezone="UTC")
            report = roll_forward(tx, begins_at=None, ends_at=UnixSeconds(self.now + 1), timezone="UTC")
            curves = read_curves(tx, at=self.now, timezone="UTC")
        assert sum(row.points for row in found.rows) - found.owed == report.totals()["closing"]
        closing: dict[str, int] = {}
        for row in report.rows:
            if row.cohort:
                closing[row.cohort] = closing.get(row.cohort, 0) + row.closing
        assert {curve.cohort: curve.outstanding for curve in curves} == closing
        for curve in curves:
            assert curve.earned == curve.redeemed[-1] + curve.expired + curve.outstanding


@pytest.mark.slow
@pytest.mark.parametrize("engine_name", ENGINES)
def test_read_liability__random_history__what_the_ledger_says(engine_name: str) -> None:
    play(Outstanding, engine_name)


def test_read_curves__two_cohorts__redeemed_by_month(engine: Engine) -> None:
    ann = join(engine)
    give(engine, ann, 100, "shop/1", expires_at=after(100 * DAY))
    do(engine, redeem, id_="1", member=ann, points=10)
    do(engine, redeem, id_="2", member=ann, points=20, now=after(35 * DAY))
    give(engine, ann, 7, "shop/2", at=after(36 * DAY))
    do(engine, refund, id_="f", redemption="app/2", points=5, reason="x", grace_seconds=0, now=after(70 * DAY))
    sweep_step(engine, now=after(101 * DAY))
    with transaction(engine) as tx:
        one, two = read_curves(tx, at=after(102 * DAY), timezone="UTC")
    assert (one.cohort, one.earned, one.redeemed, one.expired, one.outstanding) == (
        "2026-01", 100, (10, 30, 25, 25), 75, 0,
    )  # fmt: skip
    assert [each["share"] for each in one.document()["redeemed"]] == ["0.1000", "0.3000", "0.2500", "0.2500"]
    assert (two.cohort, two.earned, two.redeemed, two.outstanding) == ("2026-02", 7, (0, 0, 0), 7)
    assert (share(1, 3), share(0, 0), share(5, 5)) == ("0.3333", None, "1.0000")


@pytest.mark.parametrize(
    ("cost", "rate", "says"),
    [("0.01", "1.01", "between 0 and 1"), ("0.01", "half", "decimal such as"), (None, "0.5", "needs a cost")],
)
def test_make_terms__no_terms__is_refused(cost: str | None, rate: str, says: str) -> None:
    with pytest.raises(errors.InvalidOperation, match=says):
        make_terms(Settings(cost_per_point=cost), currency="GBP", redemption_rate=rate)


def test_make_terms__as_the_project_says(engine: Engine) -> None:
    assert make_terms(Settings(), currency="GBP") is None
    assert make_terms(Settings(cost_per_point="0.008"), currency="GBP", redemption_rate="0.5") == TERMS
    with pytest.raises(errors.InvalidOperation, match="minor units"):
        make_terms(Settings(cost_per_point="1", currency="XXX"), currency="GBP")
