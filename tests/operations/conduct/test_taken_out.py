"""An achievement that a version takes out of the file: there is one for each who has it, as events tell it
├── an earlier act was a fraud: it is another act's, and paid once
├── too few acts are left: it was never reached
├── two who become one have it once, by the earlier act; two again, each has her own
├── acts of the version after that were done before: whoever has it keeps it, whatever its goal was
├── it comes back in a later version: whoever has it has it
└── a replay finds the same
"""

import pytest
from sqlalchemy import Engine

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading, transaction
from loyaltychain.events.types import Event
from loyaltychain.operations.merge import merge
from loyaltychain.operations.unmerge import unmerge
from loyaltychain.program.load import parse_program
from loyaltychain.reports.replay.verify import verify
from tests.operations.conduct.forum import DAY, NOW, act, balances, check, fold, granted, number_of, retracted, take

HEAD = """
name: Studio
version: {}
timezone: UTC
currency: GBP
behaviours:
  draw: {{event: drew, title: Draw a picture.}}
"""
GOAL = "achievements:\n  three: {title: Draw three., name: Three, count: {of: draw, times: 3}, points: 500}\n"
WITH, WITHOUT = parse_program(HEAD.format(1) + GOAL), parse_program(HEAD.format(2))
AGAIN = parse_program(HEAD.format(3) + GOAL)
QUALIFYING = HEAD.replace("picture.", "picture., points: 10, qualifying: true")
STREAK = "streaks:\n  daily: {title: Draw daily., of: [draw], period: day}\n"
TIERS = "tiers:\n  period: rolling\n  levels: [{id: m, name: M, from: 0}, {id: g, name: G, from: 30}]\n"
OTHER = "achievements:\n  other: {title: Draw two., name: Other, count: {of: draw, times: 2}}\n"
LATER = UnixSeconds(NOW + 60)


def drawn(who: str, *places: int) -> list[Event]:
    return [act(f"{who}{place}", "drew", who, 100 * place) for place in places]


def has(engine: Engine, now: UnixSeconds = NOW) -> dict[str, tuple[int, int]]:
    """By member, badges and points; books and replay agree."""
    check(engine)
    with reading(engine) as tx:
        assert verify(tx, now=now).findings == []
    found = balances(engine)
    names = {name for name, *_ in found}
    return {
        name: (found.get((name, "badges", "badge:three"), 0), found.get((name, "available", "points"), 0))
        for name in names
    }  # fmt: skip


def causes(engine: Engine) -> set[str]:
    return {cause for (_, _, cause, _), told in granted(engine).items() if told[0]}


def test_earlier_act_was_a_fraud__paid_once_for_another_act(engine: Engine) -> None:
    take(engine, *drawn("ann", 1, 2, 3, 4))
    fold(engine, WITH)
    fold(engine, WITHOUT)
    assert (has(engine), causes(engine)) == ({"ann": (1, 500)}, {"ann3"})
    take(engine, retracted("x", 90_000, "ann1", fraud=True))
    fold(engine, WITHOUT)
    assert (has(engine), causes(engine)) == ({"ann": (1, 500)}, {"ann4"})


def test_fraud_leaves_too_few_acts__never_reached__nor_paid_again_when_it_comes_back(engine: Engine) -> None:
    take(engine, *drawn("ann", 1, 2, 3))
    fold(engine, WITH)
    fold(engine, WITHOUT)
    take(engine, retracted("x", 90_000, "ann1", fraud=True))
    fold(engine, WITHOUT)
    assert has(engine) == {}
    take(engine, *drawn("ann", 1000, 1001))
    fold(engine, AGAIN)
    assert (has(engine), causes(engine)) == ({"ann": (1, 500)}, {"ann1000"})


def test_merged__who_has_it_with_who_has_not__once_by_the_earlier_act(engine: Engine) -> None:
    take(engine, *drawn("ann", 1, 3, 5), *drawn("bob", 2))
    fold(engine, WITH)
    fold(engine, WITHOUT)
    bob, ann = (number_of(engine, name) for name in ("bob", "ann"))
    with transaction(engine) as tx:
        merge(tx, merged=bob, survivor=ann, reason="same", actor="zoe", now=LATER)
    fold(engine, WITHOUT, now=LATER)
    assert (has(engine, LATER), causes(engine)) == ({"ann": (1, 500)}, {"ann3"})


def test_merged__both_have_it__once__and_each_her_own_again_afterwards(engine: Engine) -> None:
    take(engine, *drawn("ann", 1, 3, 5), *drawn("bob", 2, 4, 6))
    fold(engine, WITH)
    fold(engine, WITHOUT)
    before = has(engine), granted(engine)
    assert before[0] == {"ann": (1, 500), "bob": (1, 500)}
    bob, ann = (number_of(engine, name) for name in ("bob", "ann"))
    with transaction(engine) as tx:
        merge(tx, merged=bob, survivor=ann, reason="same", actor="zoe", now=LATER)
    fold(engine, WITHOUT, now=LATER)
    assert (has(engine, LATER), causes(engine)) == ({"ann": (1, 500)}, {"ann3"})
    with transaction(engine) as tx:
        unmerge(tx, merged=bob, reason="two", actor="zoe", now=LATER)
    fold(engine, WITHOUT, now=LATER)
    assert (has(engine, LATER), granted(engine)) == before


@pytest.mark.parametrize(("before", "goal", "after"), [
    ("", "count: {of: draw, times: 3}", ""), ("", "count: {of: draw, times: 3, distinct: day, within_days: 4}", OTHER),
    (STREAK, "streak: {of: daily, length: 3}", STREAK.replace("day}", "week}") + OTHER),
    (TIERS, "tier: g", TIERS.replace("30", "3000")), (TIERS, "tier: g", ""),
], ids=["count", "window", "streak", "tier", "no-tiers"])  # fmt: skip
def test_late_acts_of_the_version_after__holders_keep_it(engine: Engine, before: str, goal: str, after: str) -> None:
    one = parse_program(QUALIFYING.format(1) + before + GOAL.replace("count: {of: draw, times: 3}", goal))
    two = parse_program(QUALIFYING.format(2) + after)
    take(engine, *(act(f"a{day}", "drew", "ann", day * DAY) for day in (1, 2, 3)))
    fold(engine, one)
    take(engine, *(act(f"late{at}", "drew", "ann", at) for at in (50, DAY + 50, 2 * DAY - 50)))
    fold(engine, two)
    assert has(engine) == {"ann": (1, 560)}
