"""Achievements, streaks, tiers, seasons and segments, as values. Evaluates nothing."""

from dataclasses import dataclass
from typing import Literal

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.money import Rounding
from loyaltychain.program.behaviours import Condition


@dataclass(frozen=True, slots=True)
class CountGoal:
    """So many acts of these behaviours; ``distinct``: on so many days, on so many objects, …"""

    of: tuple[str, ...]  # behaviours
    times: int
    distinct: Literal["day", "object", "counterpart", "behaviour"] | None = None
    within_days: int | None = None  # in a window of so many days
    kind: Literal["count"] = "count"


@dataclass(frozen=True, slots=True)
class SumGoal:
    """A payload's integer field, added up over the acts of these behaviours."""

    of: tuple[str, ...]
    field: str
    at_least: int
    kind: Literal["sum"] = "sum"


@dataclass(frozen=True, slots=True)
class LatestGoal:
    """A payload's integer field, as the latest act of these behaviours has it: a snapshot of a total."""

    of: tuple[str, ...]
    field: str
    at_least: int
    kind: Literal["latest"] = "latest"


@dataclass(frozen=True, slots=True)
class Share:
    """Of all the member's objects of the goal's kinds at least ``percent`` meet these conditions."""

    percent: int
    where: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class ObjectGoal:
    """So many of the member's objects that meet all conditions; ``distinct`` days: made on so many days."""

    kinds: tuple[str, ...]
    where: tuple[Condition, ...]
    times: int = 1
    distinct: Literal["day"] | None = None
    share: Share | None = None
    kind: Literal["object"] = "object"


@dataclass(frozen=True, slots=True)
class StreakGoal:
    """A streak of so many periods."""

    streak: str
    length: int
    kind: Literal["streak"] = "streak"


@dataclass(frozen=True, slots=True)
class TierGoal:
    """The member has reached a tier, or one above it."""

    tier: str
    kind: Literal["tier"] = "tier"


@dataclass(frozen=True, slots=True)
class CombinedGoal:
    """``times`` of other achievements: all of them, any one, or a number between."""

    of: tuple[str, ...]
    times: int
    kind: Literal["combined"] = "combined"


Goal = CountGoal | SumGoal | LatestGoal | ObjectGoal | StreakGoal | TierGoal | CombinedGoal


@dataclass(frozen=True, slots=True)
class Noun:
    """What progress is counted in: "helpful reply", "helpful replies"."""

    one: str
    other: str


@dataclass(frozen=True, slots=True)
class Achievement:
    """What members can reach; a badge."""

    id: str
    title: str  # one sentence that says what it is for
    name: str  # what its holder is called: "Helpful"
    goal: Goal
    status: Literal["active", "locked", "retired"] = "active"  # locked: nobody else gets it; retired: not shown either
    repeat: Literal["never", "object", "season", "times"] = "never"  # times: again for each further so many
    points: int = 0
    qualifying: bool = False
    supply: int | None = None  # so many members; who is later gets none
    role: str | None = None  # what it allows its holder: revocable
    history: Literal["backfill", "from_now"] = "backfill"
    since: UnixSeconds | None = None  # with from_now: acts before do not count
    counts: Noun | None = None  # None: times, days, objects, or what its goal counts


@dataclass(frozen=True, slots=True)
class Freezes:
    """Rest tokens: each saves a streak a period without an act."""

    initial: int = 0
    every: int | None = None  # one more for each so many periods of the streak
    most: int = 0


@dataclass(frozen=True, slots=True)
class Streak:
    """Periods one after another in each of which a member acts."""

    id: str
    title: str
    of: tuple[str, ...]  # behaviours
    period: Literal["day", "week", "month"] = "day"
    match: Literal["any", "all"] = "any"
    least: int = 1  # acts a period
    day_ends: int = 0  # minutes after midnight
    zone: Literal["member", "programme"] = "member"
    grace_hours: int = 0  # an act so long after a period's end counts for that, when it has none
    freezes: Freezes = Freezes()
    rewards: tuple[tuple[int, int], ...] = ()  # (length, points), ascending
    late_days: int = (
        0  # an act told so late that makes a lost streak whole keeps it alive to the end of the next period
    )


@dataclass(frozen=True, slots=True)
class Tier:
    """A level. ``boost``: (times, per) of all points while in it."""

    id: str
    name: str
    threshold: int  # qualifying points; the first tier's is 0
    perks: tuple[str, ...] = ()
    boost: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Tiers:
    """Levels on qualifying points.

    ``rolling``: of the last ``months``. ``calendar``: of a calendar year, kept through the end of the next.
    ``ever``: of all time; nobody falls.
    """

    levels: tuple[Tier, ...]  # ascending
    period: Literal["rolling", "calendar", "ever"]
    months: int = 12  # of ``rolling``; also how long a tier that was reached is kept at least
    falls: Literal["one_down", "to_earned"] = "one_down"
    grace_days: int = 0
    notice_days: int = 30
    rounding: Rounding = "down"  # of boosts
    replaced: tuple[tuple[str, str], ...] = ()  # (tier that was, tier that is)


@dataclass(frozen=True, slots=True)
class Season:
    """A named time, for achievements that can be reached once in each."""

    id: str
    starts: UnixSeconds
    ends: UnixSeconds  # exclusive


@dataclass(frozen=True, slots=True)
class Segment:
    """Members for whom these hold when something happens: ``tier``, ``badge.<id>``, ``acts.<behaviour>``,
    ``days_since_joined``, ``days_since_last_act``."""

    id: str
    where: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Reward:
    """What points can be spent on."""

    id: str
    name: str
    cost: int
    stock: int | None = None


@dataclass(frozen=True, slots=True)
class Nudge:
    """What an app is told before something happens, or soon after, so that it can tell the member."""

    about: Literal["streak_ends", "freeze_used", "tier_ends", "achievement_near"]
    ahead: int  # hours, days, or acts that are missing; of freeze_used, days since
