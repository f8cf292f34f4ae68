"""What the linter reads out of a programme before it judges anything. Pure."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property

from loyaltychain.program.achievements import Achievement, CombinedGoal, CountGoal, Goal, ObjectGoal, StreakGoal
from loyaltychain.program.behaviours import Behaviour
from loyaltychain.program.conduct import Conduct
from loyaltychain.program.lint_rules import SESSION_ACTS
from loyaltychain.program.types import Program


@dataclass(frozen=True)
class Facts:
    """A programme, and the questions that several rules ask of it."""

    program: Program

    @cached_property
    def conduct(self) -> Conduct:
        """Its sections beside purchases; empty where it has none."""
        return self.program.conduct or Conduct()

    @cached_property
    def behaviours(self) -> dict[str, Behaviour]:
        """By id."""
        return {each.id: each for each in self.conduct.behaviours}

    @cached_property
    def achievements(self) -> tuple[Achievement, ...]:
        """Those that members can still reach, in the file's order."""
        return tuple(each for each in self.conduct.achievements if each.status == "active")

    @cached_property
    def purchases(self) -> frozenset[str]:
        """The types of events that cost a member money."""
        types = {rule.event for rule in self.program.rules}
        return frozenset(types | ({self.program.orders.event} if self.program.orders is not None else set()))

    def is_purchase(self, behaviour: Behaviour) -> bool:
        """Whether each of its acts is a purchase."""
        return set(behaviour.events) <= self.purchases

    def is_free(self, behaviour: Behaviour) -> bool:
        """Whether a member's own word is all that it takes."""
        is_own = behaviour.to == "actor" and not self.is_purchase(behaviour)
        return is_own and behaviour.gate is None and not behaviour.proof

    def has_quality(self, behaviour: Behaviour) -> bool:
        """Whether an act counts for more than that it happened: others, a proof, a condition or a price say so."""
        is_confirmed = behaviour.gate is not None or bool(behaviour.proof) or bool(behaviour.where)
        is_of_others = behaviour.to != "actor" or behaviour.pairs is not None
        return is_confirmed or is_of_others or self.is_purchase(behaviour)

    def is_social(self, behaviour: Behaviour) -> bool:
        """Whether it takes another member."""
        signals = behaviour.gate.until if behaviour.gate is not None else ()
        is_confirmed = any(each.by != "anyone" for each in signals)
        return behaviour.to != "actor" or behaviour.once == "counterpart" or behaviour.pairs is not None or is_confirmed

    def is_in_a_session(self, achievement: Achievement) -> bool:
        """Whether a newcomer can reach it on her first visit, alone and without paying."""
        goal = achievement.goal
        if not isinstance(goal, CountGoal) or goal.times > SESSION_ACTS or (goal.distinct == "day" and goal.times > 1):
            return False
        return any(self._is_open(self.behaviours[id_]) for id_ in goal.of if id_ in self.behaviours)

    def _is_open(self, behaviour: Behaviour) -> bool:
        """Whether a newcomer's act counts at once; what limits its points does not matter to that."""
        is_for_all = not behaviour.tiers and not behaviour.segments and behaviour.after is None
        return self.is_free(behaviour) and is_for_all

    def asks_for_return(self, goal: Goal) -> bool:
        """Whether it takes at least two days."""
        if isinstance(goal, CountGoal | ObjectGoal):
            return goal.distinct == "day" and goal.times > 1
        return isinstance(goal, StreakGoal) and goal.length > 1

    @cached_property
    def social(self) -> frozenset[str]:
        """Ids of the achievements that take another member."""
        return self.closed(
            lambda goal, found: (
                not found.isdisjoint(goal.of) if isinstance(goal, CombinedGoal) else self.is_shared(goal)
            )
        )

    def is_shared(self, goal: Goal) -> bool:
        """Whether it takes another member; of a goal that is made of no others."""
        if isinstance(goal, ObjectGoal):
            measured = {each.id for each in self.conduct.measures} | {"parent_is_own"}
            return any(each.field in measured for each in goal.where)
        if isinstance(goal, CountGoal):
            return any(self.is_social(self.behaviours[id_]) for id_ in goal.of if id_ in self.behaviours)
        return False

    def closed(self, holds: Callable[[Goal, AbstractSet[str]], bool]) -> frozenset[str]:
        """Ids of all achievements of which it holds, given those of which it is known to hold.

        By rounds and not by recursion: each may be made of all before it, and a chain may be as long as the file.
        """
        found: set[str] = set()
        waiting = list(self.conduct.achievements)
        while ready := {each.id for each in waiting if holds(each.goal, found)}:
            found |= ready
            waiting = [each for each in waiting if each.id not in ready]
        return frozenset(found)
