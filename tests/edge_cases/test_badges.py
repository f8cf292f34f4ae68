"""Achievements and badges, through intake, both steps and the ledger: edge cases 39 to 44, and 11, by number

given a badge on the way to which an act is taken back
    progress falls from that moment on, with no other act needed (39)
given a badge that somebody revokes
    it is gone, with reason and date; rules do not give it again (39)
given a version that asks for more
    holders keep theirs; who is on the way sees the new number (40)
given a version that locks, retires or leaves out an achievement
    holders keep it, nobody else gets it, and a retired one is shown to holders alone (41)
given one event that reaches two achievements and what is made of both
    each comes once, recorded in the order of their names, and no cap takes of them (43)
given several workers at once
    one badge, one entry (44)
given an event that is told again after the rules changed
    what it gave stays, and it gives nothing more (11)
"""

import pytest
from sqlalchemy import Engine, select

from loyaltychain.db.engine import reading
from loyaltychain.ledger.tables import entries
from loyaltychain.operations.conduct.step import conduct_step
from loyaltychain.operations.earn import earn_step
from loyaltychain.program.types import Program
from tests.edge_cases.club import act, badges_of, club, lives, told, visits
from tests.edge_cases.story import instant
from tests.operations.conduct.forum import balances, check, fold, granted, take
from tests.operations.member_world import at_once

NOW = "2026-02-01 12:00"


def guests(times: int, *, version: int = 1, more: str = "") -> Program:
    """Whoever came so many times is a guest."""
    text = f"achievements:\n  guest: {{title: Come in., name: Guest, count: {{of: visit, times: {times}}}{more}}}\n"
    return club(text, version)


def badge_entries(engine: Engine) -> list[tuple[str, str]]:
    """(kind, rule) of what moved badges, in the order of the ledger."""
    with reading(engine) as tx:
        query = select(entries.c.kind, entries.c.rule).where(entries.c.kind.in_(("badge", "revoke")))
        return [(row.kind, row.rule) for row in tx.execute(query.order_by(entries.c.position))]


def holders(engine: Engine, badge: str) -> list[str]:
    return [who for who, bucket, unit in sorted(balances(engine)) if (bucket, unit) == ("badges", f"badge:{badge}")]


def test_edge_39__act_taken_back__progress_falls_without_another_act(database: Engine) -> None:
    lives(database, guests(3), *(acts := visits(5, 6)))
    assert badges_of(database, NOW)["guest"].progress.words == "2 of 3 times"

    event = f"club/{acts[1].id}"
    word = told("act.retracted", "2026-01-08 10:00", "mod", event=event, fraud=False, reason="undone")
    lives(database, guests(3), word)

    assert badges_of(database, "2026-01-08 09:59")["guest"].progress.words == "2 of 3 times"
    assert badges_of(database, "2026-01-08 10:00")["guest"].progress.words == "1 of 3 times"


def test_edge_39__revoked_by_hand__gone_with_reason_and_date(database: Engine) -> None:
    lives(database, guests(2), *visits(5, 6))
    assert holders(database, "guest") == ["ann"]

    word = told("badge.revoked", "2026-01-20 10:00", achievement="guest", reason="sold her account")
    lives(database, guests(2), word, *visits(21, 22, 23))

    found = badges_of(database, NOW)["guest"]
    assert (found.stage, found.revoked_at, found.revoked_why) == (
        "revoked", instant("2026-01-20 10:00"), "sold her account",
    )  # fmt: skip
    assert holders(database, "guest") == []
    assert [kind for kind, _ in badge_entries(database)] == ["badge", "revoke"]


def test_edge_40__threshold_raised__holders_keep_it_and_others_see_the_new_one(database: Engine) -> None:
    lives(database, guests(2), *visits(5, 6), *visits(5, member="bob"))
    assert badges_of(database, NOW, "bob")["guest"].progress.words == "1 of 2 times"

    lives(database, guests(4, version=2), *visits(7, 8, member="bob"))

    assert holders(database, "guest") == ["ann"]
    assert badges_of(database, NOW)["guest"].stage == "held"
    bob = badges_of(database, NOW, "bob")["guest"]
    assert (bob.stage, bob.progress.have, bob.progress.need) == ("open", 3, 4)
    lives(database, guests(4, version=2), *visits(9, member="bob"))
    assert holders(database, "guest") == ["ann", "bob"]


@pytest.mark.parametrize("how", ["locked", "retired", "left out"])
def test_edge_41__no_more_to_be_had__holders_keep_it(database: Engine, how: str) -> None:
    lives(database, guests(2), *visits(5, 6), *visits(5, member="bob"))

    without = club("achievements:\n  other: {title: Come again., name: Other, count: {of: visit, times: 9}}\n", 2)
    closed = without if how == "left out" else guests(2, version=2, more=f", status: {how}")
    lives(database, closed, *visits(7, 8, 9, member="bob"))

    assert holders(database, "guest") == ["ann"]
    assert badges_of(database, NOW)["guest"].stage == "held"
    bob = badges_of(database, NOW, "bob").get("guest")
    assert (None if bob is None else bob.stage) == ("locked" if how == "locked" else None)


TWO = """achievements:
  both: {title: Have both., name: Both, all: [second, first]}
  second: {title: Come in., name: Second, count: {of: visit, times: 1}, points: 7}
  first: {title: Come in., name: First, count: {of: visit, times: 1}, points: 3}
caps: [{points: 5, per: day}]
"""


def test_edge_43__several_from_one_event__each_once_in_a_fixed_order_and_uncapped(database: Engine) -> None:
    lives(database, club(TWO), *visits(5, hour="13:00"), *visits(5))

    assert [rule for _, rule in badge_entries(database)] == [
        "achievement:both", "achievement:first", "achievement:second",
    ]  # fmt: skip
    points = {cause: awarded for (_, rule, cause, _), (awarded, _, _) in granted(database).items() if "visit" in rule}
    assert sorted(points.values()) == [0, 5]
    assert balances(database)["ann", "available", "points"] == 5 + 7 + 3


def test_edge_44__workers_at_once__one_badge(shared: Engine) -> None:
    program, now = guests(2), instant(NOW)
    take(shared, *visits(5, 6, 7), received_at=now)
    while earn_step(shared, program, now=now).events:
        pass

    reports = at_once(6, lambda n: conduct_step(shared, program, now=now, limit=1 + n))
    assert sum(report.events for report in reports if report is not None) >= 1
    fold(shared, program, now=now)

    assert badge_entries(shared) == [("badge", "achievement:guest")]
    assert balances(shared)["ann", "badges", "badge:guest"] == 1
    check(shared)


def test_edge_11__act_told_again_after_a_change__what_it_gave_stays(database: Engine) -> None:
    lives(database, guests(2), *visits(5, 6))
    before = granted(database), balances(database)

    lives(database, guests(3, version=2), *visits(5, 6), act("visited", "2026-01-06 12:00"))

    assert (granted(database), balances(database)) == before
