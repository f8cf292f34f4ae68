"""conduct_step, at the edges (the numbers are those of the list of edge cases)
├── 39 an act is taken back after its badge: the points go, the badge stays; for fraud the badge goes too
├── 41 an achievement is taken out of the file: whoever has it keeps it
├── 42 a new achievement that history satisfies: given by the old acts, or counted from now on, as it says
├── 44 a badge is one for member, achievement and occasion, however often it is told
├── 58 whoever closes a ring of those who sent each other: nobody is given anything for it
├── 60 a flood that a cap let through is taken back: what it had suppressed comes back
├── 70 a budget runs out in the middle of a run: who told first has it, the others are recorded as zero, with the reason
└── 71 the rules change while events queue: each counts by the version in force when its turn came
"""

from sqlalchemy import select

from loyaltychain.db.engine import reading
from loyaltychain.ledger.tables import entries
from loyaltychain.operations.conduct.tables import grants
from tests.operations.conduct.forum import (
    DAY,
    FORUM,
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
    retracted,
    take,
    voted,
)

ANSWERS = (
    asked("q1", "ann", 0),
    answered("a1", "bob", 100, "q1"),
    approved("p1", 200, "a1"),
    answered("a2", "bob", 300, "q1"),
    approved("p2", 400, "a2"),
)


def test_edge_39__act_taken_back__points_go_and_badge_stays(engine) -> None:
    take(engine, *ANSWERS)
    fold(engine, forum())
    assert balances(engine)["bob", "available", "points"] == 90
    take(engine, retracted("r1", DAY, "a2"))
    fold(engine, forum())
    found = granted(engine)
    assert found["bob", "behaviour:answer", "a2", ""] == (0, "given", "retracted")
    assert balances(engine)["bob", "available", "points"] == 70
    assert balances(engine)["bob", "badges", "badge:answerer"] == 1
    check(engine)


def test_edge_39__fraud__badge_goes_with_reason_and_date(engine) -> None:
    take(engine, *ANSWERS)
    fold(engine, forum())
    take(engine, retracted("r1", DAY, "a2", fraud=True))
    fold(engine, forum())
    assert ("bob", "badges", "badge:answerer") not in balances(engine)
    assert balances(engine)["bob", "available", "points"] == 20
    with reading(engine) as tx:
        gone = tx.execute(select(grants).where(grants.c.state == "gone", grants.c.unit == "badge")).one()
        entry = tx.execute(select(entries).where(entries.c.kind == "revoke")).one()
    assert (gone.reason, gone.awarded, gone.posted) == ("fraud", 0, 0)
    assert (entry.cause, entry.occurred_at) == ("forum/r1", START + DAY)
    check(engine)


def test_edge_42__new_achievement__backfill_or_from_now(engine) -> None:
    take(engine, *ANSWERS)
    fold(engine, forum())
    more = FORUM.replace(
        "achievements:\n",
        "achievements:\n"
        "  first: {title: Answer., name: First, count: {of: answer, times: 1}}\n"
        "  next: {title: Answer now., name: Next, count: {of: answer, times: 1}, history: from_now, "
        'since: "2026-03-02"}\n',
    )
    fold(engine, forum(more), limit=1)
    held = balances(engine)
    assert held["bob", "badges", "badge:first"] == 1 and ("bob", "badges", "badge:next") not in held
    assert held["bob", "available", "points"] == 90  # the old acts are paid once
    take(engine, answered("a3", "bob", 2 * DAY, "q1"), approved("p3", 2 * DAY + 1, "a3"))
    fold(engine, forum(more))
    assert balances(engine)["bob", "badges", "badge:next"] == 1
    check(engine)


def test_edge_41__definition_taken_out__holders_keep_it(engine) -> None:
    take(engine, *ANSWERS)
    fold(engine, forum())
    more = FORUM.replace(
        "achievements:\n", "achievements:\n  first: {title: Answer., name: First, count: {of: answer, times: 1}}\n"
    )
    fold(engine, forum(more))
    take(engine, answered("a0", "bob", 50, "q1"))  # before all others: everything is folded anew
    fold(engine, forum(FORUM.replace("points: 5", "points: 6")))
    assert balances(engine)["bob", "badges", "badge:first"] == 1
    check(engine)


def test_edge_42__new_kind_of_act__old_events_serve_badges_and_earn_nothing(engine) -> None:
    take(engine, *ANSWERS, act("s1", "shared", "bob", 500))
    fold(engine, forum())
    more = FORUM.replace("behaviours:\n", "behaviours:\n  share: {event: shared, title: Share., points: 4}\n").replace(
        "achievements:\n", "achievements:\n  sharer: {title: Share., name: Sharer, count: {of: share, times: 1}}\n"
    )
    fold(engine, forum(more), limit=2)
    assert balances(engine)["bob", "badges", "badge:sharer"] == 1
    assert balances(engine)["bob", "available", "points"] == 90
    take(engine, act("s2", "shared", "bob", DAY))
    fold(engine, forum(more))
    assert balances(engine)["bob", "available", "points"] == 94
    check(engine)


def test_edge_44__told_again__one_badge(engine) -> None:
    take(engine, *ANSWERS)
    for limit in (1, 2, 1000):
        fold(engine, forum(), limit=limit)
        take(engine, *ANSWERS)
    with reading(engine) as tx:
        ids = tx.execute(select(entries.c.id).where(entries.c.kind == "badge", entries.c.rule.like("%answerer"))).all()
    assert [row.id for row in ids] == ["badge:achievement:answerer:2::forum/a2"]
    check(engine)


def test_edge_58__closing_a_ring__nothing(engine) -> None:
    text = FORUM.replace(
        "streaks:\n",
        "referrals:\n  friend: {event: sent, qualified_by: asked, title: Send a friend., days: 30, referrer: 500, "
        "referee: 200}\nstreaks:\n",
    )
    take(
        engine,
        act("ann1", "joined", "ann", 0),
        act("bob1", "joined", "bob", 0),
        act("s1", "sent", "ann", 10, referrer="bob"),
        act("s2", "sent", "bob", 20, referrer="ann"),
        asked("q1", "ann", 30),
        asked("q2", "bob", 40),
    )
    fold(engine, forum(text))
    given = {name[0]: each for name, each in granted(engine).items() if name[1:3] == ("referral:friend", "s2")}
    assert given == {"ann": (0, "given", "cycle"), "bob": (0, "given", "cycle")}
    check(engine)


def test_edge_60__flood_taken_back__what_it_suppressed_comes_back(engine) -> None:
    flood = [asked(f"f{number}", "ann", number) for number in range(2)]
    take(engine, *flood, asked("real", "ann", 100))
    fold(engine, forum())
    assert granted(engine)["ann", "behaviour:question", "real", ""] == (0, "given", "cap-points")
    take(engine, *(retracted(f"r{number}", DAY, f"f{number}", fraud=True) for number in range(2)))
    fold(engine, forum())
    assert granted(engine)["ann", "behaviour:question", "real", ""] == (5, "given", None)
    assert balances(engine)["ann", "available", "points"] == 5
    check(engine)


def test_edge_60__shared_budget_freed__goes_on_in_the_order_of_decisions(engine) -> None:
    take(engine, *ANSWERS)
    for number in range(5):
        take(engine, voted(f"v{number}", f"fan{number}", 1000 + number, "a1"))
    fold(engine, forum())
    name = "bob", "behaviour:thanked"
    assert [granted(engine)[*name, f"v{number}", ""][0] for number in range(5)] == [3, 3, 3, 0, 0]
    take(engine, retracted("r1", DAY, "v1"))
    fold(engine, forum())
    assert [granted(engine)[*name, f"v{number}", ""][0] for number in range(5)] == [3, 0, 3, 3, 0]
    assert granted(engine)[*name, "v4", ""] == (0, "given", "budget")
    check(engine)


def test_edge_70__budget_runs_out__in_the_order_of_telling(engine) -> None:
    take(engine, asked("q1", "ann", 0))
    take(engine, *(answered(f"a{name}", name, 10, "q1") for name in ("zoe", "bob", "cat", "dan")))
    take(engine, *(voted(f"v{name}", "fan", 1000, f"a{name}") for name in ("zoe", "bob", "cat", "dan")))
    fold(engine, forum())
    got = {name: granted(engine)[name, "behaviour:thanked", f"v{name}", ""] for name in ("zoe", "bob", "cat", "dan")}
    assert [each[0] for each in got.values()] == [3, 3, 3, 0]
    assert got["dan"] == (0, "given", "budget")


def test_edge_71__rules_change__each_by_its_version(engine) -> None:
    take(engine, asked("q1", "ann", 100))
    fold(engine, forum())
    take(engine, asked("q2", "ann", DAY))
    fold(engine, forum(FORUM.replace("points: 5", "points: 6")))
    take(engine, asked("q0", "ann", 50))  # late, and taken in under the new rules
    fold(engine, forum(FORUM.replace("points: 5", "points: 6")))
    found = granted(engine)
    assert [found["ann", "behaviour:question", name, ""][0] for name in ("q0", "q1", "q2")] == [6, 4, 6]
    check(engine)
