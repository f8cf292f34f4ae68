"""A club: members who do things at times that people write, and how they stand by then."""

from typing import Any

from sqlalchemy import Engine

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading
from loyaltychain.events.identity import find_member
from loyaltychain.events.types import Event
from loyaltychain.program.load import parse_program
from loyaltychain.program.types import Program
from loyaltychain.reports.progress import read_progress
from loyaltychain.rules.engine.status import AchievementStanding, Status
from loyaltychain.rules.engine.streak_standing import StreakStanding
from loyaltychain.rules.engine.tier_standing import TierStanding
from tests.edge_cases.story import LONDON, instant
from tests.operations.conduct.forum import check, fold, take

HEAD = """name: Club
version: {version}
timezone: Europe/London
currency: GBP
behaviours:
  visit: {{event: visited, title: Come in., points: 5}}
  help: {{event: helped, title: Help somebody., points: 100, qualifying: true}}
"""


def club(more: str = "", version: int = 1) -> Program:
    """A programme that gives 5 points for a visit and 100, which qualify, for help; and what ``more`` says."""
    return parse_program(HEAD.format(version=version) + more)


def act(kind: str, local: str, member: str = "ann", clocks: str = LONDON, **payload: Any) -> Event:
    """What a member did when clocks in ``clocks`` said ``local``. One second, one act: its id is made of these."""
    at = instant(local, clocks)
    return Event("club", f"{kind}-{member}-{at}", kind, member, at, payload)


def visits(*days: int, hour: str = "12:00", member: str = "ann", clocks: str = LONDON) -> list[Event]:
    """Visits on these days of January 2026."""
    return [act("visited", f"2026-01-{day:02} {hour}", member, clocks) for day in days]


def told(kind: str, local: str, member: str = "ann", clocks: str = LONDON, **payload: Any) -> Event:
    """What an app says of a member: ``loyaltychain.<kind>``."""
    return act(f"loyaltychain.{kind}", local, member, clocks, **payload)


def lives(engine: Engine, program: Program, *events: Event, by: str = "2030-01-01 00:00") -> None:
    """These events come in, in this order, and the worker is done with them and with time ``by`` then."""
    take(engine, *events, received_at=instant(by))
    fold(engine, program, now=instant(by))
    check(engine)


def status_of(engine: Engine, local: str, member: str = "ann", clocks: str = LONDON) -> Status:
    """How the member stands when clocks in ``clocks`` say ``local``, by what the worker has decided."""
    with reading(engine) as tx:
        found = read_progress(tx, find_member(tx, member), now=UnixSeconds(instant(local, clocks))).status
    assert found is not None
    return found


def streak_of(engine: Engine, local: str, member: str = "ann", clocks: str = LONDON) -> StreakStanding:
    """The member's only streak."""
    [streak] = status_of(engine, local, member, clocks).streaks
    return streak


def tier_of(engine: Engine, local: str, member: str = "ann") -> TierStanding:
    """The member's tier."""
    tier = status_of(engine, local, member).tier
    assert tier is not None
    return tier


def badges_of(engine: Engine, local: str, member: str = "ann") -> dict[str, AchievementStanding]:
    """The programme's achievements for the member, by id."""
    return {each.id: each for each in status_of(engine, local, member).achievements}
