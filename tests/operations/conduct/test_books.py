"""What the conduct step posts, in the books
├── a roll-forward adds up, and knows nothing of badges
├── a balance as of a moment, and the liability, count points alone
├── the auditor finds an event behind each entry: also of what time took back, and of a tier that an order brought
└── a badge is a unit of its own, and none is left when it is revoked
"""

from sqlalchemy import select

from loyaltychain.audit.check_events import check_events
from loyaltychain.db.engine import reading
from loyaltychain.ledger import accounts
from loyaltychain.ledger.tables import entries, volumes
from loyaltychain.reports.as_of import read_as_of
from loyaltychain.reports.liability import read_liability
from loyaltychain.reports.roll_forward import roll_forward
from tests.operations.conduct.forum import (
    DAY,
    FORUM,
    NOW,
    START,
    act,
    answered,
    asked,
    balances,
    check,
    fold,
    forum,
    history,
    number_of,
    retracted,
    take,
)


def _played(engine) -> None:
    take(engine, *history())
    fold(engine, forum(), now=START + 3 * DAY)
    take(engine, retracted("r9", 2 * DAY + 60, "a1", fraud=True))
    fold(engine, forum())
    check(engine)


def test_roll_forward__adds_up(engine) -> None:
    _played(engine)
    with reading(engine) as tx:
        report = roll_forward(tx, begins_at=None, ends_at=NOW + DAY, timezone="Europe/London")
    assert {row.unit for row in report.rows} == {"points", "qualifying"}
    totals = report.totals()
    assert totals["issued"] > 0 and totals["reversed"] < 0


def test_as_of_and_liability__points_alone(engine) -> None:
    _played(engine)
    number = number_of(engine, "bob")
    with reading(engine) as tx:
        then = read_as_of(tx, number, at=START + 3 * DAY)
        now = read_as_of(tx, number, at=NOW)
        liability = read_liability(tx, at=NOW, terms=None, timezone="Europe/London")
    assert then.available > now.available > 0
    assert "badge" not in str(liability.document())


def test_check_events__every_entry_has_its_event(engine) -> None:
    text = FORUM.replace(
        "objects:\n",
        'rules:\n  - {id: spend, kind: points_per_currency_unit, event: purchase, points: 1, per: "1.00", '
        "qualifying: true}\nobjects:\n",
    ).replace("achievements:\n", "achievements:\n  golden: {title: Be gold., name: Gold, tier: gold, points: 9}\n")
    take(
        engine,
        act("b1", "purchase", "ann", 0, amount=5000, currency="GBP"),
        asked("q1", "ann", 1),
        answered("a1", "bob", 2, "q1"),
    )
    fold(engine, forum(text), now=START + DAY)
    assert balances(engine)["bob", "pending", "points"] == 20
    fold(engine, forum(text))
    assert balances(engine)["ann", "badges", "badge:golden"] == 1
    with reading(engine) as tx:
        kinds = {row.kind for row in tx.execute(select(entries.c.kind))}
        assert check_events(tx) == []
    assert kinds == {"earn", "badge", "reverse"}
    check(engine)


def test_badge__revoked__none_is_left(engine) -> None:
    _played(engine)
    with reading(engine) as tx:
        rows = tx.execute(select(volumes).where(volumes.c.unit == "badge:answerer")).all()
    assert {row.account: row.total_in - row.total_out for row in rows} == {
        accounts.BADGES: 0, f"member:{number_of(engine, 'bob')}:badges": 0,
    }  # fmt: skip
