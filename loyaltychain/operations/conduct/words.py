"""What the types of events mean to all versions of a programme together, for routing. Pure.

Routing is wider than any one version: what an event counts for is the engine's to say, by the version of its time.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from loyaltychain.program.achievements import Achievement, ObjectGoal
from loyaltychain.program.behaviours import Behaviour, Condition
from loyaltychain.program.conduct import Conduct

RETRACTED = "loyaltychain.act.retracted"
QUALIFYING = "loyaltychain.qualifying"  # the ledger's word alone: an event of this type is nobody's fact
ZONE, PAUSED = "loyaltychain.member.zone", "loyaltychain.streak.paused"
RESTORED, REVOKED = "loyaltychain.streak.restored", "loyaltychain.badge.revoked"
OWN_TYPES = frozenset({ZONE, PAUSED, RESTORED, REVOKED})


@dataclass(slots=True)
class Words:
    """All of it, by type of event.

    Args:
        facts: Types whose events are somebody's facts.
        kinds: The kind of object that an event of the type makes.
        taken_back_by: By the type of an act, the types that take it back, whether they name it or its object.
        takes_back: The other way round.
        waits_for: By the type of an act with a gate, the types of signals about it; ``decides`` the other way round.
        referrals: Types that say who sent somebody; ``to_referrers``: what those who were sent do that concerns whoever
            sent them; ``about_referrals``: the word on a referral that waits.
        role_signals: Signals of which it counts what role their doer holds.
        late: Acts of which it counts when they were told.
    """

    facts: set[str] = field(default_factory=lambda: set(OWN_TYPES))
    kinds: dict[str, str] = field(default_factory=dict)
    taken_back_by: dict[str, set[str]] = field(default_factory=dict)
    takes_back: dict[str, set[str]] = field(default_factory=dict)
    waits_for: dict[str, set[str]] = field(default_factory=dict)
    decides: dict[str, set[str]] = field(default_factory=dict)
    referrals: set[str] = field(default_factory=set)
    to_referrers: set[str] = field(default_factory=set)
    about_referrals: set[str] = field(default_factory=set)
    role_signals: set[str] = field(default_factory=set)
    late: set[str] = field(default_factory=set)
    nobodies: set[str] = field(default_factory=set)
    uses_rank: bool = False
    has_tiers: bool = False
    has_shared: bool = False  # whether members share anything, so that decisions are needed

    @property
    def types(self) -> set[str]:
        """Every type that says something."""
        return self.facts | set(self.takes_back) | {RETRACTED}

    def partners(self, type_: str) -> frozenset[str]:
        """Types whose events matter to one of this type when both name the same object."""
        pairs = (self.taken_back_by, self.takes_back, self.waits_for, self.decides)
        return frozenset[str]().union(*(each.get(type_, ()) for each in pairs))


def read_words(every: Iterable[Conduct]) -> Words:
    """What these versions say together; where two contradict each other, the later one's kind of object."""
    words = Words()
    for conduct in every:
        for kind in conduct.objects:
            words.kinds[kind.made_by] = kind.id
            words.facts.add(kind.made_by)
        for measure in conduct.measures:
            words.facts.update(measure.events)
        for behaviour in conduct.behaviours:
            _add_behaviour(words, behaviour)
        of_late = {name for each in conduct.streaks if each.late_days for name in each.of}
        words.late |= {event for each in conduct.behaviours if each.id in of_late for event in each.events}
        _add_referrals(words, conduct)
        if conduct.nobody is not None:
            words.nobodies.add(conduct.nobody)
        words.has_shared = words.has_shared or _shares(conduct)
        words.uses_rank = words.uses_rank or _asks_for_rank(conduct)
        if conduct.tiers is not None:
            words.has_tiers = True
    return words


def _add_behaviour(words: Words, behaviour: Behaviour) -> None:
    words.facts.update(behaviour.events)
    _pair(words.taken_back_by, words.takes_back, behaviour.events, behaviour.retracted_by)
    if behaviour.gate is not None:
        signals = {each.event for each in behaviour.gate.until} | set(behaviour.gate.reject)
        words.facts |= signals
        words.role_signals |= {each.event for each in behaviour.gate.until if each.by == "role"}
        _pair(words.waits_for, words.decides, behaviour.events, signals)
    if behaviour.to == "referrer":
        words.to_referrers.update(behaviour.events)


def _add_referrals(words: Words, conduct: Conduct) -> None:
    for referral in conduct.referrals:
        words.referrals.add(referral.event)
        words.to_referrers |= {referral.qualified_by, *referral.retracted_by}
        words.about_referrals |= {referral.approved_by, referral.rejected_by}
        _pair(words.taken_back_by, words.takes_back, (referral.event, referral.qualified_by), referral.retracted_by)
    words.facts |= words.referrals | words.to_referrers | words.about_referrals


def _pair(one: dict[str, set[str]], other: dict[str, set[str]], acts: Iterable[str], others: Iterable[str]) -> None:
    named = set(others)
    for act in acts:
        if named:
            one.setdefault(act, set()).update(named)
        for each in named:
            other.setdefault(each, set()).add(act)


def _shares(conduct: Conduct) -> bool:
    caps = [*conduct.caps, *(cap for each in conduct.behaviours for cap in each.caps)]
    caps += [cap for each in conduct.referrals for cap in each.caps]
    return (
        any(cap.shared for cap in caps)
        or any(each.budget is not None for each in conduct.behaviours)
        or any(each.supply is not None for each in conduct.achievements)
    )


def _asks_for_rank(conduct: Conduct) -> bool:
    conditions = [each for behaviour in conduct.behaviours for each in behaviour.where]
    for achievement in conduct.achievements:
        conditions += _conditions(achievement)
    return any(each.field in ("rank", "object.rank") for each in conditions)


def _conditions(achievement: Achievement) -> list[Condition]:
    goal = achievement.goal
    if not isinstance(goal, ObjectGoal):
        return []
    return [*goal.where, *(goal.share.where if goal.share is not None else ())]
