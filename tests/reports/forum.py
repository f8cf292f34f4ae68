"""A small forum with behaviours of every sort that reports have to speak of, and what its members do."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Engine

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import transaction
from loyaltychain.events.capture import capture
from loyaltychain.events.types import Event
from loyaltychain.operations.conduct.step import conduct_step, conduct_tidy
from loyaltychain.operations.earn import earn_step
from loyaltychain.program.load import parse_program
from loyaltychain.program.types import Program

NOW = UnixSeconds(1_780_000_000)
BEGIN = UnixSeconds(NOW - 30 * 86_400)
DAY = 86_400

TEXT = """
name: Forum
version: 1
timezone: Europe/London
currency: EUR
units:
  en: {one: spoke, other: spokes}
objects:
  question: {made_by: asked}
  answer: {made_by: answered, parent: question}
measures:
  score: {sum: value, of: vote}
behaviours:
  ask: {event: asked, title: Ask a question., points: 5}
  help:
    event: answered
    title: Answer somebody's question.
    points: 20
    qualifying: true
    caps: [{points: 40, per: day}]
  review:
    event: reviewed
    title: Review an answer.
    points: 10
    budget: {points: 25, per: ever}
  guide:
    event: guide_written
    title: Write a guide.
    points: 100
    pending: {until: [{event: approved, times: 2, by: peer}], reject: rejected, days: 7, otherwise: cancel}
achievements:
  first: {title: Answer once., name: Helper, count: {of: help, times: 1}, points: 50, role: mentor}
  rare: {title: Review three times., name: Reviewer, count: {of: review, times: 3}, supply: 1}
  good: {title: Give a good answer., name: Good answer, object: {of: [answer], where: {score: {at_least: 2}}}}
streaks:
  daily: {title: Help every day., of: [help], period: day, rewards: {2: 7}}
tiers:
  period: ever
  levels:
    - {id: member, name: Member, from: 0}
    - {id: gold, name: Gold, from: 60}
nudges:
  achievement_near: {missing: 2}
"""


def program(**changes: str) -> Program:
    """The forum's programme; each name of ``changes`` is a text that is replaced (``_`` for spaces is not)."""
    text = TEXT
    for before, after in changes.items():
        assert before in text, before
        text = text.replace(before, after)
    return parse_program(text)


def changed(*pairs: tuple[str, str]) -> Program:
    """The forum's programme with each first text replaced by the second."""
    return program(**dict(pairs))


def act(id_: str, type_: str, member: str, at: int, **payload: Any) -> Event:
    """An event of the forum, so many seconds after its beginning."""
    return Event("forum", id_, type_, member, UnixSeconds(BEGIN + at), payload)


def acts_since(begin: int) -> list[Event]:
    """The same as ``acts`` of a forum that began then."""
    return [replace(each, occurred_at=UnixSeconds(each.occurred_at - BEGIN + begin)) for each in acts()]


def acts() -> list[Event]:
    """Ann asks; bob answers on two days, more than his cap; carl and dora review more than the budget; guides wait."""
    return [
        act("q1", "asked", "ann", 0, object="q1"),
        *(act(f"a{each}", "answered", "bob", 100 + each, object=f"a{each}", parent="q1") for each in range(1, 4)),
        act("a4", "answered", "bob", DAY, object="a4", parent="q1"),
        *(act(f"v{each}", "vote", f"voter-{each}", 2 * DAY + each, object="a1", value=1) for each in range(1, 4)),
        *(act(f"r{each}", "reviewed", "carl", 3 * DAY + each) for each in range(1, 3)),
        *(act(f"s{each}", "reviewed", "dora", 3 * DAY + 10 + each) for each in range(1, 4)),
        act("g1", "guide_written", "ann", 4 * DAY, object="g1"),
        act("g2", "guide_written", "dora", 28 * DAY, object="g2"),
        act("g3", "guide_written", "carl", 28 * DAY, object="g3"),
        act("ok1", "approved", "ann", 28 * DAY + 1, object="g2"),
        act("ok2", "approved", "bob", 28 * DAY + 2, object="g2"),
        act("ok3", "approved", "bob", 28 * DAY + 3, object="g3"),
    ]


def tell(engine: Engine, told: Sequence[Event], *, now: UnixSeconds = NOW) -> None:
    """Take the events in."""
    with transaction(engine) as tx:
        found = capture(tx, told, received_at=now)
        assert not found.conflicts and not found.refused, found


def work(engine: Engine, of: Program | None = None, *, now: UnixSeconds = NOW, limit: int = 1000) -> None:
    """What the worker does with events, and with time, without a chain."""
    of = of or program()
    while earn_step(engine, of, now=now, limit=limit).events:
        pass
    while conduct_step(engine, of, now=now, limit=limit).work:
        pass
    conduct_tidy(engine, of, now=now)


def play(engine: Engine) -> None:
    """All that the forum's members do, decided on in two parts: dora's guide waits in between."""
    told = acts()
    tell(engine, told[:-2])
    work(engine)
    tell(engine, told[-2:])
    work(engine)
