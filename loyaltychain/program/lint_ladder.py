"""The linter's rules about achievements: how many, in which order, and what they teach. Pure."""

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet

from loyaltychain.core.words import counted
from loyaltychain.program.achievements import Achievement, CombinedGoal, CountGoal, Goal, ObjectGoal, SumGoal
from loyaltychain.program.lint_facts import Facts
from loyaltychain.program.lint_rules import (
    ACHIEVEMENTS_LEAST,
    ACHIEVEMENTS_MOST,
    ACHIEVEMENTS_WELL,
    SESSION_ACTS,
    Finding,
)

_PLACE = ("achievements",)


def lint_ladder(facts: Facts) -> Iterator[Finding]:
    """What speaks against the achievements as a whole. Silent where there is nothing that they could count."""
    if not facts.conduct.behaviours:
        return
    yield from _number(facts)
    if facts.achievements:
        yield from _steps(facts)


def _number(facts: Facts) -> Iterator[Finding]:
    number = len(facts.achievements)
    found = f"There {'is' if number == 1 else 'are'} {counted(number, 'achievement')}"
    if number > ACHIEVEMENTS_MOST:
        yield Finding("too-many-achievements", _PLACE, f"{found} that can be reached.",
                      f"Keep the {ACHIEVEMENTS_WELL} that matter most; retire the others (`status: retired`), "
                      "holders keep theirs.")  # fmt: skip
    elif number > ACHIEVEMENTS_WELL:
        yield Finding("many-achievements", _PLACE, f"{found} that can be reached.",
                      f"Launch with {ACHIEVEMENTS_LEAST} to {ACHIEVEMENTS_WELL}, and add what is missed.")  # fmt: skip
    elif number < ACHIEVEMENTS_LEAST:
        yield Finding("too-few-achievements", _PLACE if number else (), f"{found} that can be reached.",
                      f"Write {ACHIEVEMENTS_LEAST} to {ACHIEVEMENTS_WELL}: a first win, a return, something with "
                      "others, a streak, a role.")  # fmt: skip


def _steps(facts: Facts) -> Iterator[Finding]:
    first = _first(facts, facts.is_in_a_session)
    back = _first(facts, lambda each: facts.asks_for_return(each.goal))
    others = _first(facts, lambda each: each.id in facts.social)
    if first is None:
        yield Finding("no-first-win", _PLACE, "None can be reached on the first visit, alone and without paying.",
                      f"Add one for 1 to {SESSION_ACTS} easy acts, such as a profile, a save, a vote: "
                      "`count: {of: complete-profile, times: 1}`.")  # fmt: skip
    if back is None:
        yield Finding("no-return", _PLACE, "None asks for a second day.",
                      "Add one with `count: {of: …, times: 2, distinct: day}`, or a streak.")  # fmt: skip
    if others is None:
        yield Finding("no-social", _PLACE, "None takes another member.",
                      "Add one for what others confirm (`pending: {until: [{event: …, by: peer}]}`), or for "
                      "acts on a member's own things (`for: owner`).")  # fmt: skip
    if first is not None and back is not None and others is not None and not first < back < others:
        names = [facts.achievements[place].id for place in (first, back, others)]
        yield Finding("ladder-order", (*_PLACE, names[0]),
                      f"The first win ({names[0]}), the return ({names[1]}) and the first with others ({names[2]}) "
                      "do not stand in that order.",
                      "Put them in that order at the top of `achievements`.")  # fmt: skip


def _first(facts: Facts, holds: Callable[[Achievement], bool]) -> int | None:
    return next((place for place, each in enumerate(facts.achievements) if holds(each)), None)


def lint_quality(facts: Facts) -> Iterator[Finding]:
    """Achievements that count acts and nothing else, and roles that nobody confirmed."""
    confirmed = _confirmed(facts)
    for each in facts.achievements:
        place = (*_PLACE, each.id)
        if is_volume_only(facts, each):
            yield Finding("volume-only", place, "It counts acts, whatever they were worth to others.",
                          "Let others or a condition speak: `pending` or `where` of the behaviour, `distinct` here, "
                          "or an object's measure: `object: {of: [post], where: {votes: {at_least: 3}}}`.")  # fmt: skip
        if each.role is not None and each.id not in confirmed:
            yield Finding("role-without-quality", place, f"It gives the role {each.role!r} for what nobody confirmed.",
                          "Give the role for acts that others confirm: `pending`, `proof`, `for: owner`, or a "
                          "measure of objects.")  # fmt: skip


def is_volume_only(facts: Facts, achievement: Achievement) -> bool:
    """Whether more of the same is all that it takes: several acts, no gate, condition or distinct things."""
    goal = achievement.goal
    if isinstance(goal, ObjectGoal):
        return goal.times > 1 and not goal.where and goal.share is None and goal.distinct is None
    is_count = isinstance(goal, CountGoal) and goal.times > 1 and goal.distinct is None
    is_bare = is_count or isinstance(goal, SumGoal)
    return is_bare and not all(facts.has_quality(facts.behaviours[id_]) for id_ in _behaviours(facts, goal))


def _behaviours(facts: Facts, goal: Goal) -> list[str]:
    return [id_ for id_ in goal.of if id_ in facts.behaviours] if isinstance(goal, CountGoal | SumGoal) else []


def _confirmed(facts: Facts) -> frozenset[str]:
    """Ids of the achievements that nobody reaches on her own word alone."""
    known = {each.id for each in facts.conduct.achievements}
    return facts.closed(lambda goal, found: _is_confirmed(facts, goal, known, found))


def _is_confirmed(facts: Facts, goal: Goal, known: AbstractSet[str], found: AbstractSet[str]) -> bool:
    if isinstance(goal, ObjectGoal):
        return facts.is_shared(goal)
    if isinstance(goal, CombinedGoal):
        parts = known & set(goal.of)
        return len(parts & found) > len(parts) - goal.times  # whichever are reached, one of them was
    used = [facts.behaviours[id_] for id_ in _behaviours(facts, goal)]
    return bool(used) and all(
        each.to != "actor" or each.gate is not None or each.proof or each.pairs is not None for each in used
    )
