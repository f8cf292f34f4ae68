"""Streaks, tiers and badges whatever the order of arrival

given a member's acts, and what is told of her zone, pauses, losses, badges, returns and a merge
    EDGE 6: arriving in any order, twice, some of it taken back, they end in the same state and the same grants
"""

from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.rules.engine.fold import fold
from loyaltychain.rules.engine.types import Fact
from tests.rules.engine.arrivals import RETRACTED, Arrivals
from tests.rules.engine.making import BOB, DAY, MONDAY, Decisions, engine_of, fact

PROGRAM = """
behaviours:
  reply: {event: reply, title: Reply., points: 10, qualifying: true}
  guide:
    event: guide
    title: Write a guide.
    points: 50
    qualifying: true
    pending: {until: [{event: approved}], reject: rejected, days: 3, otherwise: cancel}
achievements:
  three:
    title: Reply.
    name: Three
    count: {of: [reply, guide], times: 3, distinct: day}
    points: 20
    qualifying: true
  pair: {title: Reply twice., name: Pair, count: {of: reply, times: 2}, repeat: times, supply: 9999}
  run: {title: Three days., name: Run, streak: {of: daily, length: 3}}
  silver: {title: Be silver., name: Silver, tier: silver}
  all: {title: Have all., name: All, some: {of: [three, pair, run, silver], times: 3}}
  spring: {title: Reply., name: Spring, sum: {of: reply, field: length, at_least: 5}, repeat: season}
seasons: {spring: {from: "2026-01-06", to: "2026-01-12"}}
streaks:
  daily:
    title: Each day.
    of: [reply, guide]
    period: day
    grace_hours: 5
    freezes: {initial: 1, every: 3, most: 2}
    rewards: {3: 30}
  weekly: {title: Each week., of: [reply], period: week, least: 2, rewards: {2: 70}}
tiers:
  period: rolling
  months: 1
  grace_days: 3
  levels: [{id: member, name: Member, from: 0}, {id: silver, name: Silver, from: 40}, {id: gold, name: Gold, from: 120}]
"""
ENGINE = engine_of(PROGRAM)
ENGINES = {"": ENGINE, ENGINE.version: ENGINE}
ZONES = ["Pacific/Auckland", "America/New_York", "UTC"]
HOUR = 3600


@st.composite
def told(draw: st.DrawFn) -> list[Fact]:
    """What happens to one member within five weeks."""
    found = []
    for number in range(draw(st.integers(1, 16))):
        at = draw(st.integers(0, 35 * 24)) * HOUR + number
        kind = draw(st.sampled_from(["reply", "reply", "reply", "guide", "guide", "zone", "other"]))
        if kind in ("reply", "guide"):
            origin = draw(st.sampled_from([None, None, BOB])) if at < 20 * DAY else None
            found.append(replace(fact(f"e{number}", at, kind, {"length": number}), origin=origin))
        elif kind == "zone":
            found.append(fact(f"e{number}", at, "loyaltychain.member.zone", {"zone": draw(st.sampled_from(ZONES))}))
        else:
            found.append(_other(draw, number, at, found))
    found.append(fact("merge", 20 * DAY, "loyaltychain.member.merged"))
    return found


def _other(draw: st.DrawFn, number: int, at: int, before: list[Fact]) -> Fact:
    named = draw(st.sampled_from(before)).cause if before else "app/none"
    kind, payload = draw(
        st.sampled_from(
            [
                ("loyaltychain.streak.restored", {"streak": "daily"}),
                ("loyaltychain.streak.paused", {"from": "2026-01-14", "to": "2026-01-17"}),
                ("loyaltychain.badge.revoked", {"achievement": "three", "reason": "abuse"}),
                ("loyaltychain.qualifying", {"amount": 60}),
                ("loyaltychain.qualifying", {"amount": -60}),
                ("approved", {"event": named}),
                ("rejected", {"event": named}),
                (RETRACTED, {"event": named, "fraud": True}),
                (RETRACTED, {"event": named, "fraud": False}),
            ]
        )
    )
    return fact(f"e{number}", at, kind, payload, actor=MemberNumber(9))


@given(facts=told(), random=st.randoms(use_true_random=False))
@settings(max_examples=150)
def test_edge_6_the_order_of_arrival_does_not_matter(facts: list[Fact], random: Random) -> None:
    arrivals = Arrivals(ENGINES, ENGINE, Decisions())
    shuffled = [*facts, *random.sample(facts, len(facts) // 2)]
    random.shuffle(shuffled)
    for each in shuffled:
        arrivals.arrive(each)
    end = UnixSeconds(MONDAY + 60 * DAY)
    arrivals.pass_time(end)
    whole = fold(ENGINES, arrivals.facts, ENGINE.new_state(), Decisions(), until=end)
    assert arrivals.grants == whole.grants
    assert arrivals.state == whole.state
