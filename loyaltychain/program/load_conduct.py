"""The sections of a programme file on what members do become a Conduct."""

from loyaltychain.core.times import parse_zone
from loyaltychain.program.achievements import Reward, Segment
from loyaltychain.program.conduct import Conduct, Term
from loyaltychain.program.load_acts import make_behaviour, make_boost, make_measure, make_object, make_referral
from loyaltychain.program.load_parts import make_conditions, words
from loyaltychain.program.load_standing import make_achievement, make_nudges, make_season, make_streak, make_tiers
from loyaltychain.program.schema import ProgramFile

SECTIONS = (
    "units",
    "nobody",
    "objects",
    "measures",
    "behaviours",
    "caps",
    "boosts",
    "achievements",
    "streaks",
    "tiers",
    "referrals",
    "seasons",
    "segments",
    "rewards",
    "nudges",
    "jurisdictions",
)


def make_conduct(said: ProgramFile) -> Conduct | None:
    """What a file says of what members do; None when it has none of these sections."""
    if all(getattr(said, section) is None for section in SECTIONS):
        return None
    zone = parse_zone(said.timezone)
    return Conduct(
        behaviours=tuple(make_behaviour(id_, part, zone) for id_, part in (said.behaviours or {}).items()),
        units=tuple(Term(language, part.one, part.other) for language, part in (said.units or {}).items()),
        nobody=said.nobody,
        objects=tuple(make_object(id_, part) for id_, part in (said.objects or {}).items()),
        measures=tuple(make_measure(id_, part) for id_, part in (said.measures or {}).items()),
        caps=tuple(each.cap for each in said.caps or ()),
        boosts=tuple(make_boost(id_, part, zone) for id_, part in (said.boosts or {}).items()),
        achievements=tuple(make_achievement(id_, part, zone) for id_, part in (said.achievements or {}).items()),
        streaks=tuple(make_streak(id_, part) for id_, part in (said.streaks or {}).items()),
        tiers=None if said.tiers is None else make_tiers(said.tiers),
        referrals=tuple(make_referral(id_, part) for id_, part in (said.referrals or {}).items()),
        seasons=tuple(make_season(id_, part, zone) for id_, part in (said.seasons or {}).items()),
        segments=tuple(Segment(id_, make_conditions(where)) for id_, where in (said.segments or {}).items()),
        rewards=tuple(Reward(id_, part.name, part.cost, part.stock) for id_, part in (said.rewards or {}).items()),
        nudges=() if said.nudges is None else make_nudges(said.nudges),
        jurisdictions=words(said.jurisdictions),
    )
