"""A simulated shop: the lines that its till would print. Nothing in it is real, and it says so.

The same seed gives the same lines, on every machine. It knows nothing of the ledger; it keeps its own idea of what
members may redeem, and now and then somebody asks for more than that.
"""

import csv
import io
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

HEADER = ("order_id", "customer", "kind", "at", "total", "points")
START = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
DAYS = 90
MEMBERS = 200
SEED = 20260105
_REWARDS = (100, 250, 500)  # points


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the till, as text."""

    order_id: str
    customer: str
    kind: str  # sale or redeem
    at: str  # ISO 8601
    total: str  # pounds, of a sale
    points: str  # of a redemption


@dataclass(frozen=True, slots=True)
class Shop:
    """How much is simulated."""

    members: int = MEMBERS
    days: int = DAYS
    seed: int = SEED

    @property
    def weeks(self) -> int:
        return -(-self.days // 7)


def weekly_files(shop: Shop) -> Iterator[str]:
    """One CSV text a week, in the order of time.

    Each also holds what real files hold: a line that was sent twice, one without a customer, and a broken one.
    """
    dice = random.Random(shop.seed)  # noqa: S311 - a simulation, not a secret
    keenness = {f"member-{n:03d}": dice.gammavariate(0.9, 0.14) + 0.01 for n in range(1, shop.members + 1)}
    joins_on = {customer: dice.randrange(shop.days * 2 // 3) for customer in keenness}
    spendable = dict.fromkeys(keenness, 0)
    order = 0
    for week in range(shop.weeks):
        lines: list[Line] = []
        for day in range(week * 7, min(week * 7 + 7, shop.days)):
            for customer, orders_a_day in keenness.items():
                if day == joins_on[customer] or (day > joins_on[customer] and dice.random() < orders_a_day):
                    order += 1
                    lines.append(_visit(dice, spendable, customer=customer, order=order, day=day))
        lines.sort(key=lambda line: line.at)
        yield _as_csv(lines, extra=_blemishes(dice, lines, week))


def _visit(dice: random.Random, spendable: dict[str, int], *, customer: str, order: int, day: int) -> Line:
    at = (START + timedelta(days=day, seconds=dice.randrange(8 * 3600, 20 * 3600))).isoformat()
    reward = dice.choice(_REWARDS)
    # Now and then a redemption is asked for without having the points: the ledger refuses it and says why.
    if (spendable[customer] >= reward and dice.random() < 0.25) or dice.random() < 0.01:
        spendable[customer] = max(0, spendable[customer] - reward)
        return Line(f"R-{order:05d}", customer, "redeem", at, "", str(reward))
    pence = max(99, int(dice.lognormvariate(3.4, 0.8) * 100))
    spendable[customer] += pence // 100
    return Line(f"S-{order:05d}", customer, "sale", at, f"{pence // 100}.{pence % 100:02d}", "")


def _blemishes(dice: random.Random, lines: list[Line], week: int) -> list[Line]:
    if not lines:
        return []
    again, base = dice.choice(lines), lines[-1]
    walk_in = Line(f"W-{week:05d}", "", "sale", base.at, "12.50", "")
    broken = Line(f"B-{week:05d}", base.customer, "sale", "yesterday", "9.99", "")
    return [again, walk_in, broken]


def _as_csv(lines: list[Line], *, extra: list[Line]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(
        (line.order_id, line.customer, line.kind, line.at, line.total, line.points) for line in (*lines, *extra)
    )
    return text.getvalue()
