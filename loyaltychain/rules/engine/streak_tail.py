"""Acts of a streak that may still count no longer: those that wait at a gate, and those that are retracted later.

From the first of them on the run keeps what it was before, and the acts since; without one of them it is worked out
anew from there. An act that a gate turned away never counted. One that is retracted counts no longer in the newest
period; periods before it stay as they were: on that day she did act.

``[the run before, acts, rewards]``: an act is ``[lowest, highest, behaviour, cause, at, state]``, and in its place in
their order a range of periods or days that is not missed ``[first, last, null, its place in the run, 0, 0]``; a reward
is ``{"length|cause": at}``.
"""

from dataclasses import dataclass
from typing import Any

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.program.achievements import Streak
from loyaltychain.rules.engine.streak_runs import (
    LAST,
    LATE,
    TAIL,
    Exists,
    StreakRun,
    Window,
    count_act,
    keep_through,
)

FIRM, RETRACTABLE, PENDING = 0, 1, 2  # an act's state; a pending one that is retracted later is both: 3
_LOWEST, _HIGHEST, _BEHAVIOUR, _CAUSE, _AT, _STATE = range(6)


@dataclass(frozen=True, slots=True)
class Reward:
    """What reaching a length gave."""

    length: int
    cause: str
    at: UnixSeconds


@dataclass(frozen=True, slots=True)
class Undone:
    """Rewards that nothing carries any more, and those that another act brings instead."""

    lost: tuple[Reward, ...] = ()
    found: tuple[Reward, ...] = ()
    was_pending: bool = False


def open_tail(run: StreakRun) -> None:
    """Begin to keep what can be taken back, if that is not done already."""
    if run[TAIL] is None:
        run[TAIL] = [[*run[:TAIL], None], [], {}]


def add_range(run: StreakRun, place: int, first: int, last: int) -> None:
    """Periods (``EXCUSED``) or days (``PAUSED``) that are not missed."""
    run[place] = [*run[place], [first, last]]
    if run[TAIL] is not None:
        run[TAIL][1].append([first, last, None, place, 0, FIRM])


def keep_alive(run: StreakRun, first: int, last: int) -> None:
    """``keep_through``, remembered."""
    keep_through(run, first, last)
    if run[TAIL] is not None:
        run[TAIL][1].append([first, last, None, LATE, 0, FIRM])


def note_act(
    streak: Streak, run: StreakRun, window: Window, behaviour: str, cause: str, at: UnixSeconds, state: int
) -> None:
    """Keep an act that was counted. Of those that nobody can take back no more than their periods need."""
    acts = run[TAIL][1]
    same = [window.lowest, window.highest, behaviour]
    enough = streak.least * (window.highest - window.lowest + 1)
    if state == FIRM and sum(each[:_CAUSE] == same and each[_STATE] == FIRM for each in acts) >= enough:
        return
    acts.append([*same, cause, at, state])
    close_tail(run)


def note_reward(run: StreakRun, reward: Reward) -> None:
    """Keep what an act has brought."""
    if run[TAIL] is not None:
        run[TAIL][2][f"{reward.length}|{reward.cause}"] = reward.at


def settle_act(run: StreakRun, cause: str) -> None:
    """An act has passed its gate."""
    for each in [] if run[TAIL] is None else run[TAIL][1]:
        if each[_CAUSE] == cause and each[_STATE] >= PENDING:
            each[_STATE] -= PENDING
    close_tail(run)


def close_tail(run: StreakRun) -> None:
    """Forget acts when none can be taken back any more."""
    if run[TAIL] is None:
        return
    for each in run[TAIL][1]:
        if each[_STATE] == RETRACTABLE and each[_HIGHEST] < run[LAST]:
            each[_STATE] = FIRM
    if all(each[_STATE] == FIRM for each in run[TAIL][1]):
        run[TAIL] = None


def uncount_act(streak: Streak, run: StreakRun, cause: str, exists: Exists, rewards: dict[int, int]) -> Undone:
    """An act counts no longer."""
    if run[TAIL] is None:
        return Undone()
    before, acts, paid = run[TAIL]
    act = next((each for each in acts if each[_CAUSE] == cause), None)
    if act is None or act[_STATE] == FIRM or (act[_STATE] == RETRACTABLE and act[_HIGHEST] < run[LAST]):
        return Undone()
    acts.remove(act)
    again: StreakRun = [*before]
    brought: dict[str, Any] = {}
    for each in acts:
        if each[_BEHAVIOUR] is None:
            _repeat_range(again, each)
            continue
        length = count_act(streak, again, Window(each[_LOWEST], each[_HIGHEST]), exists, each[_BEHAVIOUR])
        if length in rewards:
            brought[f"{length}|{each[_CAUSE]}"] = each[_AT]
    run[:TAIL] = again[:TAIL]
    run[TAIL][2] = brought
    close_tail(run)
    return Undone(_without(paid, brought), _without(brought, paid), act[_STATE] >= PENDING)


def _repeat_range(run: StreakRun, kept: list[Any]) -> None:
    first, last, place = kept[_LOWEST], kept[_HIGHEST], kept[_CAUSE]
    if place == LATE:
        keep_through(run, first, last)
    else:
        run[place] = [*run[place], [first, last]]


def _without(some: dict[str, Any], others: dict[str, Any]) -> tuple[Reward, ...]:
    found = []
    for key, at in some.items():
        if key not in others:
            length, _, cause = key.partition("|")
            found.append(Reward(int(length), cause, at))
    return tuple(found)
