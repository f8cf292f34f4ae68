"""Programmes with achievements, acts, and the badges that come of them, for tests of goals and badges."""

from functools import cache

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.rules.engine.engine import Engine, compile_engine
from loyaltychain.rules.engine.fold import Folded
from loyaltychain.rules.engine.status import AchievementStanding, Status, status
from loyaltychain.rules.engine.types import Fact
from tests.rules.engine.making import (
    DAY,
    MONDAY,
    fact,
    program_of,
)

BEHAVIOURS = """
objects:
  question: {made_by: question_asked}
  answer: {made_by: answer_given, parent: question}
measures:
  score: {sum: value, of: vote}
  views: {latest: views, of: views_read}
behaviours:
  reply: {event: reply, title: Reply., qualifying: true, points: 1}
  visit: {event: visit, title: Come by.}
  thank: {event: thank, title: Thank somebody., for: recipient}
  totals: {event: totals, title: Have totals.}
streaks:
  daily: {title: Act each day., of: [reply]}
tiers:
  period: ever
  levels: [{id: member, name: Member, from: 0}, {id: gold, name: Gold, from: 3}]
seasons: {spring: {from: "2026-01-01", to: "2026-01-06"}, summer: {from: "2026-01-08", to: "2026-01-31"}}
achievements:
"""
NAMED = "title: Do it., name: Doer"


@cache
def engine_of(achievements: str) -> Engine:
    return compile_engine(program_of(f"{BEHAVIOURS}{achievements}"))


def goal(text: str, more: str = "") -> Engine:
    """An engine with one achievement, ``it``."""
    return engine_of(f"  it: {{{NAMED}, {text}{more}}}\n")


def badges(folded: Folded) -> list[tuple[str, str, str, int]]:
    """Achievement, cause, occurrence and number of each badge that was decided on."""
    return [
        (each.rule.removeprefix("achievement:"), each.cause.removeprefix("app/"), each.occurrence, each.awarded)
        for each in folded.grants.values()
        if each.unit == "badge"
    ]


def held(folded: Folded) -> list[tuple[str, str]]:
    """Cause and occurrence of the badges that stand."""
    return [(cause, occurrence) for _, cause, occurrence, number in badges(folded) if number]


def seen(engine: Engine, folded: Folded, at: int = 30 * DAY) -> Status:
    return status(engine, folded.state, UnixSeconds(MONDAY + at))


def standing(engine: Engine, folded: Folded, at: int = 30 * DAY) -> AchievementStanding:
    return next(each for each in seen(engine, folded, at).achievements if each.id == "it")


def replies(*days: int) -> list[Fact]:
    return [fact(f"r{number}", day * DAY + number, "reply") for number, day in enumerate(days)]
