"""replay --verify over random histories of a club with everything in it: no difference to what the steps did

Referrals that wait, common devices, velocity; codes as proof; purchases that count towards tiers, and their returns;
signals by role; acts whose doer nobody knows; zones, pauses, revoked badges; objects before and after their parents;
acts taken back, as fraud and not; merges that are undone; in any order, in portions, over two versions.
"""

import random
from typing import Any

import pytest
from sqlalchemy import Engine

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading, transaction
from loyaltychain.events.identity import find_member
from loyaltychain.events.types import Event
from loyaltychain.operations.merge import merge
from loyaltychain.operations.unmerge import unmerge
from loyaltychain.program.load import parse_program
from loyaltychain.reports.replay.simulation import simulate
from loyaltychain.reports.replay.verify import verify
from tests.database import fresh_database
from tests.reports.forum import DAY, NOW, act, tell, work

TEXT = """
name: Club
version: 1
timezone: Europe/London
currency: GBP
nobody: community
rules:
  - {id: spend, kind: points_per_currency_unit, event: order, points: 1, per: "1.00", qualifying: true}
orders: {event: order, returns: return, cancellations: cancellation, edits: order_edit, match: none}
objects:
  question: {made_by: asked}
  answer: {made_by: answered, parent: question}
measures:
  score: {sum: value, of: vote}
behaviours:
  joined: {event: joined, title: Join., points: 3, once: ever}
  ask: {event: asked, title: Ask., points: 5, cooldown: {hours: 2}, retracted_by: [deleted]}
  help:
    {event: answered, title: Answer., points: 20, qualifying: true, caps: [{points: 60, per: day}],
     retracted_by: [deleted]}
  upvoted: {event: vote, for: owner, title: Be voted for., points: 2, every: 2}
  thanked:
    {event: kudos, for: recipient, title: Be thanked., points: 8,
     pairs: {weights: [100, 50, 0], per: month, reciprocal_days: 9}}
  review: {event: reviewed, title: Review., points: 10, budget: {points: 45, per: month}}
  guide:
    event: guide_written
    title: Write a guide.
    points: 100
    pending:
      {until: [{event: approved, by: {role: mentor}}, {event: approved, times: 2, by: peer}], reject: rejected,
       days: 4, otherwise: give}
  visit: {event: visited, title: Visit us., points: 9, proof: [code]}
caps: [{points: 150, per: day}]
boosts:
  weekend: {times: "1.5", rounding: up, behaviours: [help], from: "2026-05-05", to: "2026-05-09"}
achievements:
  first: {title: Answer once., name: Helper, count: {of: help, times: 1}, points: 50, role: mentor}
  third: {title: Review twice., name: Reviewer, count: {of: review, times: 2}, supply: 2}
  good:
    {title: A good answer., name: Good, object: {of: [answer], where: {score: {at_least: 2}, rank: 1}},
     repeat: object, points: 4}
  both: {title: Both., name: Both, all: [first, third]}
streaks:
  daily:
    {title: Help daily., of: [help, ask], period: day, grace_hours: 3, freezes: {initial: 1, every: 3, most: 2},
     rewards: {2: 7, 4: 20}}
tiers:
  period: rolling
  months: 1
  levels:
    - {id: member, name: Member, from: 0}
    - {id: gold, name: Gold, from: 60, boost: "2"}
referrals:
  friend:
    event: referred
    qualified_by: order
    title: Bring a friend.
    days: 20
    referrer: 500
    referee: 200
    hold_on: [device]
    velocity: {times: 2, per: week}
    retracted_by: [refund]
nudges:
  streak_ends: {hours: 30}
"""
SECOND = (
    TEXT.replace("version: 1", "version: 2")
    .replace("points: 20, q", "points: 30, q")
    .replace("  both:", "  early: {title: Ask twice., name: Asker, count: {of: ask, times: 2}, points: 6}\n  both:")
)
MEMBERS = ("ann", "bob", "carl", "dora", "eve")


class Crowd:
    """Members who do this and that, by chance."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.told: list[Event] = []

    def say(self, type_: str, member: str | None = None, **payload: Any) -> Event:
        at = self.chance.randrange(12 * DAY)
        said = act(f"e{len(self.told)}", type_, member or self.member(), at, **payload)
        self.told.append(said)
        return said

    def member(self) -> str:
        return self.chance.choice(MEMBERS)

    def act(self) -> None:
        """One of all the things that can happen."""
        name, number = self.chance.choice([
            "joined", "asked", "asked", "answered", "answered", "answered", "vote", "vote", "kudos", "reviewed",
            "guide_written", "approved", "rejected", "visited", "order", "return", "referred", "deleted",
            "loyaltychain.act.retracted", "loyaltychain.badge.revoked", "loyaltychain.member.zone",
            "loyaltychain.streak.paused", "refund",
        ]), len(self.told)  # fmt: skip
        line = {"line": "1", "item": "cup", "quantity": 2, "amount": self.chance.randrange(1, 90) * 100}
        earlier = self.chance.choice(self.told).cause if self.told else "forum/none"
        payloads: dict[str, dict[str, Any]] = {
            "asked": {"object": f"q{number % 9}"},
            "answered": {"object": f"a{number}", "parent": f"q{self.chance.randrange(9)}"},
            "vote": {"object": f"a{self.chance.randrange(number + 1)}", "value": self.chance.choice([1, 1, 1, -1])},
            "kudos": {"recipient": self.member()},
            "guide_written": {"object": f"g{number}"},
            "approved": {"event": earlier},
            "rejected": {"event": earlier},
            "visited": {"proof": {"kind": "code", "code": "guessed"}},
            "order": {"currency": "GBP", "order": f"o{number}", "lines": [line]},
            "return": {"order": f"o{self.chance.randrange(number + 1)}", "lines": [{"line": "1", "quantity": 1}]},
            "referred": {"referrer": self.member(), "device": self.chance.choice(["d1", "d2", "d3"])},
            "deleted": {"object": self.chance.choice(["q", "a"]) + str(self.chance.randrange(number + 1))},
            "refund": {"event": earlier},
            "loyaltychain.act.retracted": {"event": earlier, "fraud": self.chance.random() < 0.5, "reason": "so"},
            "loyaltychain.badge.revoked": {"achievement": "first", "reason": "so"},
            "loyaltychain.member.zone": {"zone": self.chance.choice(["Asia/Tokyo", "America/Lima", "Nowhere/At"])},
            "loyaltychain.streak.paused": {"streak": "daily", "from": "2026-05-01", "to": "2026-05-03"},
        }
        doer = "community" if name == "vote" and self.chance.random() < 0.5 else None
        self.say(name, doer, **payloads.get(name, {}))


def clean(engine: Engine) -> None:
    with reading(engine) as tx:
        found = verify(tx, now=NOW)
    assert found.findings == []


def join(engine: Engine, crowd: Crowd) -> None:
    """Two members become one, if they have come yet."""
    one, other = crowd.chance.sample(MEMBERS, 2)
    with transaction(engine) as tx:
        numbers = find_member(tx, one), find_member(tx, other)
        if numbers[0] != numbers[1]:
            merge(tx, merged=numbers[0], survivor=numbers[1], reason="same", actor="zoe", now=UnixSeconds(NOW + 1))
    work(engine, parse_program(SECOND), now=UnixSeconds(NOW + 2))
    clean(engine)
    if numbers[0] != numbers[1] and crowd.chance.random() < 0.6:
        with transaction(engine) as tx:
            unmerge(tx, merged=numbers[0], reason="not the same", actor="zoe", now=UnixSeconds(NOW + 3))


@pytest.mark.parametrize("seed", range(8))
def test_club__random_histories__clean(seed: int) -> None:
    engine, crowd = fresh_database("sqlite"), Crowd(seed)
    for member in MEMBERS:
        crowd.say("joined", member)
    for piece in range(4):
        first = len(crowd.told) if piece else 0
        for _ in range(40):
            crowd.act()
        told = crowd.told[first:]
        crowd.chance.shuffle(told)
        tell(engine, told)
        work(engine, parse_program(TEXT if piece < 2 else SECOND), limit=crowd.chance.choice([1, 7, 100]))
        clean(engine)
        if piece:
            join(engine, crowd)
    work(engine, parse_program(SECOND), now=UnixSeconds(NOW + 30 * DAY))
    clean(engine)
    with reading(engine) as tx:
        found = simulate(tx, parse_program(TEXT), parse_program(SECOND), now=NOW, terms=None)
    assert found.points.in_force > 0
    engine.dispose()
