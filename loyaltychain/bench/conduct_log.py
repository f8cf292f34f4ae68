"""SIMULATED acts of a forum's members, by a seed, and the programme that counts them: for ``bench rules``.

Points come from fixed amounts with caps a day, so that a loop and a database's window functions can come to the same
totals; badges, streaks and tiers are counted beside them and give no points.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.program.behaviours import To
from loyaltychain.rules.engine.types import Fact

START = 1_767_225_600  # 2026-01-01 00:00 UTC
DAYS = 180
#: By behaviour and event: points, and points a day at most.
POINTS = {"visit": (1, 3), "reply": (10, 40), "question": (5, 10), "vote": (2, 10)}
_SHARES = (50, 20, 10, 20)  # of 100 acts
_VISITS = (1, 1, 1, 2, 2, 3, 4, 6)  # acts within an hour

PROGRAM = """
name: SIMULATED forum
version: 1
timezone: Europe/London
currency: GBP
behaviours:
  visit: {event: visit, title: Come by., points: 1, caps: [{points: 3, per: day}]}
  reply: {event: reply, title: Reply to a question., points: 10, qualifying: true, caps: [{points: 40, per: day}]}
  question: {event: question, title: Ask a question., points: 5, qualifying: true, caps: [{points: 10, per: day}]}
  vote: {event: vote, title: Vote., points: 2, caps: [{points: 10, per: day}]}
achievements:
  first-visit: {title: Come by once., name: Guest, count: {of: visit, times: 1}}
  first-reply: {title: Reply once., name: Helper, count: {of: reply, times: 1}}
  regular: {title: Reply on ten days., name: Regular, count: {of: reply, times: 10, distinct: day}}
  curious: {title: Ask three questions., name: Curious, count: {of: question, times: 3}}
  long-words: {title: Write 10000 letters., name: Author, sum: {of: reply, field: length, at_least: 10000}}
  week: {title: Come on seven days in a row., name: Faithful, streak: {of: daily, length: 7}}
  gold: {title: Reach gold., name: Golden, tier: gold}
  all-round: {title: Be a helper and curious., name: Allrounder, all: [first-reply, curious]}
streaks:
  daily:
    title: Do something every day.
    of: [visit, reply, question, vote]
    period: day
    zone: member
    freezes: {initial: 1, every: 7, most: 2}
tiers:
  period: rolling
  months: 12
  falls: one_down
  levels:
    - {id: member, name: Member, from: 0}
    - {id: silver, name: Silver, from: 100}
    - {id: gold, name: Gold, from: 1000}
"""


@dataclass(frozen=True, slots=True)
class Acts:
    """The acts of all members: of each, numbered from 1, the times in order and the place of its type."""

    times: list[list[int]]
    types: list[bytes]

    def rows(self) -> Iterator[tuple[int, int, int, str]]:
        """Member, the act's number among hers, time and type of each."""
        names = tuple(POINTS)
        for member, (times, types) in enumerate(zip(self.times, self.types, strict=True), 1):
            for number, (at, place) in enumerate(zip(times, types, strict=True)):
                yield member, number, at, names[place]


def make_acts(members: int, events: int, *, seed: int = 7) -> Acts:
    """``events`` acts in half a year, in visits of one to six; a tenth of the members does half of them."""
    draw = random.Random(seed)  # noqa: S311 - no secret hangs on it
    times: list[list[int]] = [[] for _ in range(members)]
    busy = max(members // 10, 1)
    left = events
    while left:
        mine = times[draw.randrange(busy if draw.random() < 0.44 else members)]
        start, acts = START + draw.randrange(DAYS * 86_400), min(draw.choice(_VISITS), left)
        mine += [start + draw.randrange(3600) for _ in range(acts)]
        left -= acts
    for each in times:
        each.sort()
    kinds = range(len(POINTS))
    return Acts(times, [bytes(draw.choices(kinds, _SHARES, k=len(each))) for each in times])


def facts_of(member: int, times: list[int], types: bytes, version: str) -> list[Fact]:
    """A member's acts as the engine takes them, in order."""
    names = tuple(POINTS)
    number = MemberNumber(member)
    roles: tuple[To, ...] = ("actor",)
    return [
        Fact(
            UnixSeconds(at), "forum", f"{member}-{place:06}", names[kind], {"length": 40 + at % 400}, number, roles,
            version=version,
        )
        for place, (at, kind) in enumerate(zip(times, types, strict=True))
    ]  # fmt: skip
