"""What can never be reached because it waits for itself, as problems with their places.

Behaviours wait for others (``after``) and for badges (by segments), achievements for behaviours, streaks, tiers and
each other. What is reachable is the least fixed point: everything of which enough is reachable. What is left waits,
however far around, for itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from loyaltychain.core.model_checks import Problem
from loyaltychain.program.schema import ProgramFile
from loyaltychain.program.schema_achievements import AchievementPart
from loyaltychain.program.schema_behaviours import BehaviourPart
from loyaltychain.program.schema_words import ConditionPart

Node = tuple[str, str]  # section and id


@dataclass(frozen=True, slots=True)
class Need:
    """``least`` of these."""

    of: tuple[Node, ...]
    least: int


def chain_problems(said: ProgramFile) -> Iterator[Problem]:
    """One for each ring of things that wait for each other, at the first of them in the file."""
    needs = _needs(said)
    waiting = _unreachable(needs)
    rings: dict[frozenset[Node], list[Node]] = {}
    for node in needs:
        if node in waiting:
            ring = _ring(node, waiting, needs)
            rings.setdefault(frozenset(ring), ring)
    for ring in rings.values():
        first = min(ring, key=list(needs).index)
        start = ring.index(first)
        names = " -> ".join(id_ for _, id_ in (*ring[start:], *ring[:start], first))
        yield Problem(first, f"it can never begin, since it waits for itself: {names} (take one of these out)")


def _needs(said: ProgramFile) -> dict[Node, tuple[Need, ...]]:
    found: dict[Node, tuple[Need, ...]] = {}
    for id_, behaviour in (said.behaviours or {}).items():
        found["behaviours", id_] = _of_behaviour(behaviour)
    for id_, achievement in (said.achievements or {}).items():
        found["achievements", id_] = (_of_achievement(achievement),)
    for id_, streak in (said.streaks or {}).items():
        found["streaks", id_] = (_some("behaviours", streak.of, 1 if streak.match == "any" else len(streak.of)),)
    for id_, where in (said.segments or {}).items():
        found["segments", id_] = tuple(_of_segment(where))
    return found


def _some(section: str, ids: Sequence[str], least: int) -> Need:
    return Need(tuple((section, each) for each in ids), least)


def _of_behaviour(part: BehaviourPart) -> tuple[Need, ...]:
    after = () if part.after is None else (_some("behaviours", [part.after.behaviour], 1),)
    return after if part.segments is None else (*after, _some("segments", part.segments, 1))


def _of_achievement(part: AchievementPart) -> Need:
    for acts in (part.count, part.sum, part.latest):
        if acts is not None:
            every = part.count is not None and part.count.distinct == "behaviour"
            return _some("behaviours", acts.of, min(part.count.times, len(acts.of)) if every and part.count else 1)
    if part.streak is not None:
        return _some("streaks", [part.streak.of], 1)
    if part.some is not None:
        return _some("achievements", part.some.of, part.some.times)
    if part.all_of is not None:
        return _some("achievements", part.all_of, len(part.all_of))
    return _some("achievements", part.any_of or (), 1 if part.any_of else 0)


def _of_segment(where: Mapping[str, ConditionPart]) -> Iterator[Need]:
    for field, part in where.items():
        word, _, id_ = field.partition(".")
        if word == "badge" and part.equals is True:
            yield _some("achievements", [id_], 1)
        least = part.equals if part.at_least is None else part.at_least
        if word == "acts" and isinstance(least, int) and least > 0:
            yield _some("behaviours", [id_], 1)


def _unreachable(needs: Mapping[Node, tuple[Need, ...]]) -> set[Node]:
    waiting = set(needs)
    while True:
        ready = {node for node in waiting if all(_is_met(need, waiting) for need in needs[node])}
        if not ready:
            return waiting
        waiting -= ready


def _is_met(need: Need, waiting: AbstractSet[Node]) -> bool:
    return sum(each not in waiting for each in need.of) >= min(need.least, len(need.of))


def _ring(node: Node, waiting: AbstractSet[Node], needs: Mapping[Node, tuple[Need, ...]]) -> list[Node]:
    """The ring that waiting for what ``node`` waits for ends in."""
    way: list[Node] = []
    while node not in way:
        way.append(node)
        unmet = next(need for need in needs[node] if not _is_met(need, waiting))
        node = next(each for each in unmet.of if each in waiting)
    return way[way.index(node) :]
