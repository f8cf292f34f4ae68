"""How a member's streaks stand at a moment: a pure function of her state and that moment. Changes nothing.

Today is not over before its end where she lives: a streak whose latest period is the one before is alive.
"""

from dataclasses import dataclass
from datetime import date

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.rules.engine.member_zone import zones_at
from loyaltychain.rules.engine.state import State
from loyaltychain.rules.engine.streak_runs import (
    FREEZES,
    HISTORY,
    LAST,
    LENGTH,
    LONGEST,
    THROUGH,
    StreakRun,
    is_excused,
    lives_until,
    new_run,
)
from loyaltychain.rules.engine.streak_track import Track
from loyaltychain.rules.engine.streaks import Streaks
from loyaltychain.rules.engine.zoned_days import Period, ZonedPeriods, first_day

_FARTHEST = 400  # periods ahead that are looked through for the one that needs an act


@dataclass(frozen=True, slots=True)
class Bridged:
    """A period without enough acts that did not end the streak. ``how``: frozen, excused, paused or restored."""

    day: str  # the first of the period
    how: str


@dataclass(frozen=True, slots=True)
class StreakStanding:
    """A streak at a moment.

    Args:
        length: Of the run that is alive; 0 when it was lost.
        is_filled: The present period needs no more acts.
        act_by: When the first period that nothing bridges but a freeze is over, grace included.
        alive_until: The same, after all freezes in hand. None for both: nothing is alive.
        is_paused: The present period is excused.
    """

    id: str
    title: str
    period: Period
    length: int
    longest: int
    freezes: int
    is_filled: bool
    is_paused: bool
    act_by: UnixSeconds | None
    alive_until: UnixSeconds | None
    history: tuple[Bridged, ...]


def stand(streaks: Streaks, state: State, now: UnixSeconds) -> tuple[StreakStanding, ...]:
    """All streaks of the programme, in the file's order."""
    return tuple(_stand(streaks, track, state, now) for track in streaks.tracks)


def _stand(streaks: Streaks, track: Track, state: State, now: UnixSeconds) -> StreakStanding:
    part, streak = state.parts[Streaks.name], track.streak
    zone = part["zone"] or streaks.zone_at_first(state)
    window, periods = track.window(zone, now)
    kept: StreakRun = part["runs"].get(track.key) or new_run(streak)
    run = [*kept]
    lives = lives_until(streak, run, window.lowest, periods.exists)
    name, waiting = zones_at(zone, now)
    calendars = [track.periods(each) for each in (name, waiting) if each is not None]
    ends = _ends(track, run, calendars) if lives else (None, None)
    return StreakStanding(
        id=streak.id,
        title=streak.title,
        period=streak.period,
        length=run[LENGTH] if lives else 0,
        longest=run[LONGEST],
        freezes=run[FREEZES],
        is_filled=run[LAST] >= window.highest,
        is_paused=is_excused(streak, run, window.highest, periods.exists),
        act_by=ends[0],
        alive_until=ends[1],
        history=tuple(Bridged(_label(at, streak.period), how) for at, how in run[HISTORY]),
    )


def _ends(track: Track, run: StreakRun, calendars: list[ZonedPeriods]) -> tuple[UnixSeconds, UnixSeconds]:
    """When the first period is over that nothing but a freeze bridges, and the first that nothing bridges at all."""
    streak, exists = track.streak, calendars[0].exists
    needy = run[THROUGH] + 1
    while is_excused(streak, run, needy, exists) and needy < run[THROUGH] + _FARTHEST:
        needy += 1
    lost, trial = needy, [*run]
    while lost < needy + _FARTHEST and lives_until(streak, trial, lost + 1, exists):
        lost += 1
    grace = 3600 * streak.grace_hours
    act_by, alive_until = (max(each.end_of(at) for each in calendars) + grace for at in (needy, lost))
    return UnixSeconds(act_by), UnixSeconds(alive_until)


def _label(number: int, period: Period) -> str:
    return date.fromordinal(first_day(number, period)).isoformat()
