"""Members' days for tests of streaks: a programme with one streak, acts on local times, and how it stands."""

from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.program.achievements import Streak
from loyaltychain.rules.engine.engine import Engine, compile_engine
from loyaltychain.rules.engine.fold import Folded
from loyaltychain.rules.engine.status import status
from loyaltychain.rules.engine.streak_standing import StreakStanding
from loyaltychain.rules.engine.types import Fact
from tests.rules.engine.making import MONDAY, fact, fold_all, program_of

LONDON = "Europe/London"
BEHAVIOURS = """
behaviours:
  reply: {event: reply, title: Reply to somebody.}
  visit: {event: visit, title: Come by.}
"""


def engine_with(streak: Streak, zone: str = "UTC", behaviours: str = BEHAVIOURS) -> Engine:
    """The same with a streak that is a value already."""
    program = streak_engine("period: day", zone=zone, behaviours=behaviours).program
    assert program.conduct is not None
    return Engine(replace(program, conduct=replace(program.conduct, streaks=(streak,))))


@cache
def streak_engine(streak: str, zone: str = LONDON, behaviours: str = BEHAVIOURS) -> Engine:
    """A programme whose only streak, ``daily``, is described by the YAML in braces."""
    head = f"name: Forum\nversion: 1\ntimezone: {zone}\ncurrency: EUR\n"
    text = f"{behaviours}streaks:\n  daily: {{title: Act each time., of: [reply], {streak}}}\n"
    return compile_engine(program_of(text, head))


def at(text: str, zone: str = LONDON) -> UnixSeconds:
    """The instant of a local time such as "2026-01-05 23:59"."""
    return UnixSeconds(int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()))


def act(text: str, zone: str = LONDON, kind: str = "reply", **changed: Any) -> Fact:
    """An act at a local time."""
    when = at(text, zone)
    return replace(fact(f"{kind}-{when}", when - MONDAY, kind), **changed)


def told(kind: str, text: str, local: str = LONDON, **payload: Any) -> Fact:
    """An event of the programme's own, ``loyaltychain.<kind>``, at a time that is ``local`` to a zone."""
    when = at(text, local)
    return fact(f"{kind}-{when}", when - MONDAY, f"loyaltychain.{kind}", payload)


def days(first: int, last: int, hour: str = "12:00") -> list[Fact]:
    """An act on each of these days of January 2026."""
    return [act(f"2026-01-{day:02} {hour}") for day in range(first, last + 1)]


def standing(engine: Engine, facts: list[Fact], text: str, zone: str = LONDON) -> StreakStanding:
    """How the streak stands at a local time, when these facts are all there are."""
    return status(engine, fold_all(engine, facts).state, at(text, zone)).streaks[0]


def rewards(folded: Folded) -> list[tuple[str, int, str | None]]:
    """Length, points and reason of the streak's rewards that stand."""
    return [
        (each.occurrence, each.awarded, each.reason)
        for each in folded.grants.values()
        if each.rule == "streak:daily" and each.unit == "points"
    ]
