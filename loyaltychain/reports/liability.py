"""What outstanding points may cost: by where they stand, when they were earned and when they run out.

Facts and one multiplication. Which share will be redeemed, and what that means for the books, is the reader's to say
(``redemption_rate``); what past cohorts did is in ``curves.py``. Debts are shown and not netted.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from loyaltychain.config.settings import Liability as Settings
from loyaltychain.core import errors
from loyaltychain.core.amounts import ratio_half_even
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.money import EXPONENTS, Exact, parse_decimal
from loyaltychain.core.times import format_instant, parse_zone
from loyaltychain.db.engine import Tx
from loyaltychain.ledger.lots import Lot
from loyaltychain.reports import rows
from loyaltychain.reports.as_of import Standing, stream_as_of
from loyaltychain.reports.months import month_of

FORMAT = "loyaltychain/liability/1"
ROUNDING = "each row to the nearest minor unit, ties to the even one; totals are sums of rows"
ACTS = ("earn", "redeem", "hold", "commit")  # what a member does herself

State = Literal["available", "held", "pending"]
_Key = tuple[State, str, str]  # state, cohort, month of the expiry or ""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a point costs. ``redemption_rate``: the share that is expected to be redeemed, 0 to 1; None: not said."""

    cost_per_point: Exact
    currency: str
    redemption_rate: Exact | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """Points of one state, cohort and month of expiry; costs are minor units."""

    state: State
    cohort: str
    expires_in: str | None  # the month of the last instant at which they can be spent; None: they never expire
    points: int
    cost: int | None
    expected_cost: int | None


@dataclass(frozen=True, slots=True)
class Activity:
    """Members whose last act was in this month (None: they never acted), and what they have."""

    month: str | None
    members: int
    points: int


@dataclass(frozen=True, slots=True)
class Liability:
    """The report at one instant, by what was recorded then."""

    at: UnixSeconds
    timezone: str
    terms: Terms | None
    rows: tuple[Row, ...]
    owed: int  # points that members owe
    members_with_points: int
    activity: tuple[Activity, ...]

    def document(self) -> dict[str, Any]:
        """The report as JSON has it: whole points, whole minor units."""
        terms, its = self.terms, self.rows
        rate = terms.redemption_rate if terms else None
        return {
            "format": FORMAT,
            "at": format_instant(self.at),
            "timezone": self.timezone,
            "currency": terms.currency if terms else None,
            "cost_per_point": None if terms is None else in_words(terms.cost_per_point),
            "redemption_rate": None if rate is None else in_words(rate),
            "rounding": ROUNDING,
            "rows": [
                {"state": row.state, "cohort": row.cohort, "expires_in": row.expires_in, "points": row.points,
                 "cost": row.cost, "expected_cost": row.expected_cost}
                for row in its
            ],
            "totals": {
                "points": sum(row.points for row in its),
                "cost": None if terms is None else sum(row.cost or 0 for row in its),
                "expected_cost": None if rate is None else sum(row.expected_cost or 0 for row in its),
                "points_owed_by_members": self.owed,
                "members_with_points": self.members_with_points,
            },
            "last_activity": [
                {"month": each.month, "members": each.members, "points": each.points} for each in self.activity
            ],
        }  # fmt: skip


def make_terms(settings: Settings, *, currency: str, redemption_rate: str | None = None) -> Terms | None:
    """What the project says that a point costs; None where it says nothing.

    Raises InvalidOperation for a rate that is no decimal of 0 to 1, a rate without a cost, an unknown currency.
    """
    rate = None if redemption_rate is None else _rate(redemption_rate)
    if settings.cost_per_point is None:
        if rate is not None:
            raise errors.InvalidOperation(
                "A redemption rate needs a cost: set cost_per_point in [liability] of loyaltychain.toml."
            )
        return None
    paid_in = settings.currency or currency
    if paid_in not in EXPONENTS:
        raise errors.InvalidOperation("The minor units of this currency are not known.", currency=paid_in)
    return Terms(parse_decimal(settings.cost_per_point), paid_in, rate)


def read_liability(tx: Tx, *, at: UnixSeconds, terms: Terms | None, timezone: str) -> Liability:
    """What all members had at ``at``, past or future, by what was recorded then. Memory: two numbers a member."""
    zone = parse_zone(timezone)
    points: Counter[_Key] = Counter()
    acts = {row.member: row.at for row in rows.last_acts(tx, rows.Scope("recorded", at), ACTS)}
    members: Counter[str] = Counter()
    theirs: Counter[str] = Counter()
    owed = 0
    for standing in stream_as_of(tx, at=at):
        owed += standing.balance.debt
        has = 0
        for state, lot, amount in _stock(standing):
            expires = "" if lot.ends_at is None else month_of(lot.ends_at - 1, zone)
            points[state, month_of(lot.earned_at, zone), expires] += amount
            has += amount
        if has:
            last = acts.get(standing.balance.member)
            month = "" if last is None else month_of(last, zone)
            members[month] += 1
            theirs[month] += has
    return Liability(
        at, timezone, terms,
        rows=tuple(_row(key, points[key], terms) for key in sorted(points) if points[key]),
        owed=owed,
        members_with_points=members.total(),
        activity=tuple(Activity(month or None, members[month], theirs[month]) for month in sorted(members)),
    )  # fmt: skip


def _stock(standing: Standing) -> Iterator[tuple[State, Lot, int]]:
    """All points that a member has, by the lot that they are of."""
    by_id = {lot.id: lot for lot in standing.purse.lots}
    for lot in by_id.values():
        if lot.remaining:
            yield "available" if lot.due_at is None else "pending", lot, lot.remaining
    for hold in standing.purse.holds:
        for lot_id, drawn in hold.draws:
            yield "held", by_id[lot_id], drawn


def _row(key: _Key, points: int, terms: Terms | None) -> Row:
    state, cohort, expires = key
    cost = expected = None
    if terms is not None:
        cost = _cost(points, terms.cost_per_point, terms.currency)
        if terms.redemption_rate is not None:
            expected = _cost(points, terms.cost_per_point.times(terms.redemption_rate), terms.currency)
    return Row(state, cohort, expires or None, points, cost, expected)


def _cost(points: int, each: Exact, currency: str) -> int:
    return ratio_half_even(points, times=each.digits * 10 ** EXPONENTS[currency], per=10**each.scale)


def cost_of(points: int, terms: Terms) -> int:
    """What so many points cost, whole minor units, to the nearest; of points below 0 below 0."""
    cost = _cost(abs(points), terms.cost_per_point, terms.currency)
    return -cost if points < 0 else cost


def _rate(text: str) -> Exact:
    try:
        rate = parse_decimal(text)
    except errors.InvalidEvent as error:
        raise errors.InvalidOperation("A redemption rate is a decimal such as 0.85.", given=text[:40]) from error
    if not 0 <= rate.digits <= 10**rate.scale:
        raise errors.InvalidOperation("A redemption rate lies between 0 and 1.", given=text[:40])
    return rate


def in_words(exact: Exact) -> str:
    """A decimal as text, as it was written."""
    if exact.scale == 0:
        return str(exact.digits)
    whole, rest = divmod(exact.digits, 10**exact.scale)
    return f"{whole}.{rest:0{exact.scale}d}"
