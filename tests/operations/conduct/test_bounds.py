"""conduct_step, where something is beyond its bounds, or time decides
├── a gate that nobody opens: the points go when its time is over, or are given, as it says; late word counts if in time
├── an award beyond what a batch can settle: recorded, and blocks nothing
├── a payload that is none: refused, and blocks nothing
├── numbers beyond all bounds: recorded, and block nothing
├── orders' qualifying points count towards tiers
└── an event that poses as them, or as a merge: says nothing to anybody
"""

from sqlalchemy import select

from loyaltychain.db.engine import reading
from loyaltychain.operations.conduct.state_store import read_states
from loyaltychain.operations.conduct.tables import grants
from loyaltychain.operations.store import read_outcomes
from loyaltychain.operations.types import Bounds
from loyaltychain.rules.engine.engine import compile_engine
from loyaltychain.rules.engine.status import status
from tests.operations.conduct.forum import (
    DAY,
    FORUM,
    NOW,
    START,
    act,
    answered,
    approved,
    asked,
    balances,
    check,
    fold,
    forum,
    granted,
    number_of,
    take,
)

ANSWERS = (
    asked("q1", "ann", 0),
    answered("a1", "bob", 100, "q1"),
    approved("p1", 200, "a1"),
    answered("a2", "bob", 300, "q1"),
    approved("p2", 400, "a2"),
)


def test_gate__nobody_opens_it__points_go(engine) -> None:
    take(engine, asked("q1", "ann", 0), answered("a1", "bob", 100, "q1"))
    fold(engine, forum(), now=START + DAY)
    assert balances(engine)["bob", "pending", "points"] == 20
    assert granted(engine)["bob", "behaviour:answer", "a1", ""] == (20, "pending", None)
    fold(engine, forum(), now=START + 8 * DAY)
    assert granted(engine)["bob", "behaviour:answer", "a1", ""] == (0, "given", "timed-out")
    assert ("bob", "pending", "points") not in balances(engine)
    take(engine, approved("p1", 7 * DAY, "a1"), received_at=START + 9 * DAY)  # in time, told late
    fold(engine, forum(), now=START + 9 * DAY)
    assert granted(engine)["bob", "behaviour:answer", "a1", ""] == (20, "given", None)
    assert balances(engine)["bob", "available", "points"] == 20
    check(engine)


def test_gate__time_gives__points_are_there(engine) -> None:
    text = FORUM.replace("otherwise: cancel", "otherwise: give")
    take(engine, asked("q1", "ann", 0), answered("a1", "bob", 100, "q1"))
    fold(engine, forum(text), now=START + DAY)
    fold(engine, forum(text), now=START + 8 * DAY)
    assert granted(engine)["bob", "behaviour:answer", "a1", ""] == (20, "given", None)
    assert balances(engine)["bob", "available", "points"] == 20
    assert balances(engine)["bob", "qualifying", "qualifying"] == 20
    check(engine)


def test_over_cap__recorded_and_not_blocking(engine) -> None:
    take(engine, *ANSWERS)
    fold(engine, forum(), bounds=Bounds(award=30))
    with reading(engine) as tx:
        row = tx.execute(select(grants).where(grants.c.problem.is_not(None))).one()
    assert (row.rule, row.awarded, row.posted, row.problem) == ("achievement:answerer", 50, 0, "over-cap")
    assert balances(engine)["bob", "available", "points"] == 40


def test_malformed_words__refused_and_not_blocking(engine) -> None:
    take(
        engine,
        act("x1", "asked", "ann", 0, object=["q1"]),
        act("x2", "loyaltychain.act.retracted", "mod", 1, event="nothing"),
        act("x3", "loyaltychain.member.zone", "ann", 2, zone="Mars/Olympus"),
        asked("q1", "ann", 3),
    )
    fold(engine, forum())
    with reading(engine) as tx:
        found = read_outcomes(tx, 0, 10)
    assert [each.outcome for each in found] == ["refused", "refused", "refused", "nothing"]
    assert [each.explanation.get("reason") for each in found[:3]] == ["invalid-event"] * 3
    assert {name[:3] for name in granted(engine)} == {
        ("ann", "behaviour:question", "q1"), ("ann", "achievement:curious", "q1"),
    }  # fmt: skip


def test_huge_numbers__recorded_and_not_blocking(engine) -> None:
    text = FORUM.replace(
        "behaviours:\n",
        "behaviours:\n"
        "  pay: {event: paid, title: Pay., points: {give: 1000000, per: 1, of: amount}, qualifying: true}\n"
        "  fine: {event: fined, title: Be fined., points: {give: -1000000, per: 1, of: amount}}\n",
    ).replace(
        "achievements:\n",
        "achievements:\n  big: {title: Pay., name: Big, sum: {of: pay, field: amount, at_least: 5}}\n",
    )
    huge = [act(f"p{number}", "paid", "ann", number, amount=2**53 - 1) for number in range(3)]
    take(engine, *huge, act("f1", "fined", "ann", 10, amount=2**53 - 1), act("p9", "paid", "ann", 11, amount=2))
    fold(engine, forum(text))
    assert balances(engine) == {
        ("ann", "available", "points"): 2_000_000, ("ann", "qualifying", "qualifying"): 2_000_000,
        ("ann", "badges", "badge:big"): 1,
    }  # fmt: skip
    take(engine, act("p10", "paid", "ann", 12, amount=1))
    fold(engine, forum(text))
    assert balances(engine)["ann", "available", "points"] == 3_000_000


def test_orders__qualifying_points__count_towards_tiers(engine) -> None:
    text = FORUM.replace(
        "objects:\n",
        'rules:\n  - {id: spend, kind: points_per_currency_unit, event: purchase, points: 1, per: "1.00", '
        "qualifying: true}\nobjects:\n",
    )
    take(engine, act("b1", "purchase", "ann", 0, amount=5000, currency="GBP"))
    fold(engine, forum(text))
    number = number_of(engine, "ann")
    with reading(engine) as tx:
        kept = read_states(tx, [number])[number]
    assert kept.facts == 1
    tier = status(compile_engine(forum(text)), kept.state, NOW).tier
    assert tier is not None and tier.id == "gold"
    check(engine)


def test_events_that_pose_as_facts_of_the_ledger__say_nothing(engine) -> None:
    take(
        engine,
        asked("q1", "ann", 0),
        act("x1", "loyaltychain.qualifying", "ann", 1, amount=1_000_000),
        act("x2", "loyaltychain.member.merged", "ann", 2),
    )
    fold(engine, forum())
    ann = number_of(engine, "ann")
    with reading(engine) as tx:
        (kept,) = read_states(tx, [ann]).values()
    assert kept.state is not None and kept.state.parts["tiers"]["level"] == "member"
    assert kept.facts == 1
