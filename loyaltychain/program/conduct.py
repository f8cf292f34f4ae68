"""All that a programme says of what members do beside their purchases, as one value. Evaluates nothing."""

from dataclasses import dataclass

from loyaltychain.program.achievements import Achievement, Nudge, Reward, Season, Segment, Streak, Tiers
from loyaltychain.program.behaviours import Behaviour, Boost, Cap, Measure, ObjectKind, Referral


@dataclass(frozen=True, slots=True)
class Term:
    """What a unit is called in one language."""

    language: str  # BCP 47
    one: str
    other: str


@dataclass(frozen=True, slots=True)
class Conduct:
    """Behaviours and what is built on them.

    Args:
        nobody: The member id of acts whose doer is not known; it is given nothing.
        caps: Of all behaviours together, by member.
        jurisdictions: Whose law on expiry the programme keeps: "ontario", "quebec".
    """

    behaviours: tuple[Behaviour, ...] = ()
    units: tuple[Term, ...] = ()
    nobody: str | None = None
    objects: tuple[ObjectKind, ...] = ()
    measures: tuple[Measure, ...] = ()
    caps: tuple[Cap, ...] = ()
    boosts: tuple[Boost, ...] = ()
    achievements: tuple[Achievement, ...] = ()
    streaks: tuple[Streak, ...] = ()
    tiers: Tiers | None = None
    referrals: tuple[Referral, ...] = ()
    seasons: tuple[Season, ...] = ()
    segments: tuple[Segment, ...] = ()
    rewards: tuple[Reward, ...] = ()
    nudges: tuple[Nudge, ...] = ()
    jurisdictions: tuple[str, ...] = ()

    @property
    def event_types(self) -> frozenset[str]:
        """The types of events that say something to it."""
        found = {kind.made_by for kind in self.objects} | {each for m in self.measures for each in m.events}
        for behaviour in self.behaviours:
            found |= {*behaviour.events, *behaviour.retracted_by}
            if behaviour.gate is not None:
                found |= {each.event for each in behaviour.gate.until} | set(behaviour.gate.reject)
        for referral in self.referrals:
            found |= {referral.event, referral.qualified_by, referral.approved_by, referral.rejected_by}
            found |= set(referral.retracted_by)
        return frozenset(found)
