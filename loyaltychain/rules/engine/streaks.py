"""Streaks: a component that hears of acts as soon as they are done, and of what members say about their time.

A reward is given each time that a run reaches its length. What belongs to which period is ``streak_runs``' matter;
which dates there are, that of ``zoned_days`` and ``member_zone``.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar, Literal

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.program.types import Program
from loyaltychain.rules.engine.days import DAY_SECONDS
from loyaltychain.rules.engine.member_zone import Leap, ZonePart, change_zone, new_zone, settle_zone, zones_at
from loyaltychain.rules.engine.protocol import Act, Component, OnAct, OnFact, Run
from loyaltychain.rules.engine.state import Part, State
from loyaltychain.rules.engine.streak_runs import (
    EXCUSED,
    LAST,
    LATE,
    LENGTH,
    PAUSED,
    TAIL,
    StreakRun,
    count_act,
    fill_plainly,
    is_at_rest,
    join_runs,
    lives_until,
    new_run,
    restore_run,
)
from loyaltychain.rules.engine.streak_tail import (
    FIRM,
    PENDING,
    RETRACTABLE,
    Reward,
    add_range,
    keep_alive,
    note_act,
    note_reward,
    open_tail,
    settle_act,
    uncount_act,
)
from loyaltychain.rules.engine.streak_track import Track
from loyaltychain.rules.engine.types import Fact

ZONE_TOLD = "loyaltychain.member.zone"
PAUSED_TOLD = "loyaltychain.streak.paused"
RESTORED_TOLD = "loyaltychain.streak.restored"
MERGED_TOLD = "loyaltychain.member.merged"

_KEPT_REFUSALS = 20
_LONGEST_PAUSE = 366


class Streaks(Component):
    """All streaks of a programme."""

    name: ClassVar[str] = "streaks"

    def __init__(self, program: Program) -> None:
        assert program.conduct is not None
        self._home = program.timezone
        self.tracks = tuple(Track(each, program.timezone) for each in program.conduct.streaks)
        self._by_id = {each.streak.id: each for each in self.tracks}
        self._gated = frozenset(each.id for each in program.conduct.behaviours if each.gate is not None)

    def new_part(self) -> Part:
        return {"zone": None, "runs": {}, "refused": []}

    def on_done(self) -> Mapping[str, OnAct]:
        found = {behaviour for track in self.tracks for behaviour in track.streak.of}
        return {each: self._listen(each) for each in sorted(found)}

    def on_acts(self) -> Mapping[str, OnAct]:
        found = {behaviour for track in self.tracks for behaviour in track.streak.of}
        return dict.fromkeys(sorted(found & self._gated), self._on_pass)

    def on_facts(self) -> Mapping[str, OnFact]:
        return {
            ZONE_TOLD: self._change_zone,
            PAUSED_TOLD: self._pause,
            RESTORED_TOLD: self._restore,
            MERGED_TOLD: self._merge,
        }

    def zone_of(self, state: State) -> ZonePart:
        """Her zone; what the state was begun with until she says another."""
        part = state.parts[self.name]
        zone: ZonePart | None = part["zone"]
        if zone is None:
            zone = part["zone"] = self.zone_at_first(state)
        return zone

    def zone_at_first(self, state: State) -> ZonePart:
        """The zone of a member who never said one: what her state was begun with, else the programme's."""
        return new_zone(state.zone or self._home)

    def _listen(self, behaviour: str) -> OnAct:
        tracks = tuple(each for each in self.tracks if behaviour in each.streak.of)
        is_gated = behaviour in self._gated

        def on_act(state: State, act: Act, run: Run) -> None:
            part = state.parts[self.name]
            if act.change < 0:
                for track in tracks:
                    _take_back(track, part, self.zone_of(state), act, run)
                return
            fact = run.fact
            kind = PENDING if is_gated else FIRM
            if fact is not None and fact.retraction is not None:
                kind += RETRACTABLE
            zone = part["zone"] or self.zone_of(state)
            is_easy = kind == FIRM and zone[2] is None and fact is not None and fact.origin is None
            is_easy = is_easy and fact is not None and fact.told_at is None
            runs = part["runs"]
            for track in tracks:
                found = runs.get(track.key)
                if is_easy and track.is_plain and found is not None and is_at_rest(found):
                    periods = track.periods(zone[0])
                    length = fill_plainly(track.streak, found, periods.number_of(act.at), periods.exists)
                else:
                    found = _run_of(runs, track, None if fact is None else fact.origin)
                    before = [*found]
                    length = _count(zone, track, found, act, kind)
                    if length is not None and fact is not None:
                        _keep_alive(zone, track, found, before, fact)
                if length is not None:
                    _tell(state, track, found, length, act, run)

        return on_act

    def _on_pass(self, state: State, act: Act, run: Run) -> None:
        """An act that waited at a gate is there for good."""
        part = state.parts[self.name]
        for track in self.tracks:
            for _, streak_run in track.runs(part) if act.change > 0 else ():
                settle_act(streak_run, act.cause)

    def _change_zone(self, state: State, fact: Fact, run: Run) -> None:
        part = state.parts[self.name]
        zone = self.zone_of(state)
        told = fact.payload.get("zone")
        try:
            leap = change_zone(zone, str(told), run.at)
        except ValueError:
            _refuse(part, fact, "there is no such zone")
            return
        state.zone = zone[0]
        if leap is not None:
            for track in self.tracks:
                _excuse(track, part, leap, run.at)

    def _pause(self, state: State, fact: Fact, run: Run) -> None:
        part = state.parts[self.name]
        tracks = self._named(fact)
        found = _read_days(fact)
        if not tracks or isinstance(found, str):
            _refuse(part, fact, found if isinstance(found, str) else "there is no such streak")
            return
        for track in tracks:
            zone, _ = zones_at(self.zone_of(state), run.at)
            today = track.periods(zone).days.day_of(run.at)
            if found[0] < today:
                _refuse(part, fact, "it starts in the past")
            else:
                add_range(track.own_run(part), PAUSED, *found)

    def _restore(self, state: State, fact: Fact, run: Run) -> None:
        part = state.parts[self.name]
        for track in self._named(fact):
            window, periods = track.window(self.zone_of(state), run.at)
            streak_run = track.own_run(part)
            streak_run[TAIL] = None
            before, after = restore_run(track.streak, streak_run, window, periods.exists)
            for length in sorted(track.rewards.keys() & set(range(before + 1, after + 1))):
                _give(track, Reward(length, run.cause, run.at), run)
            run.tell(state, track.topic, after)

    def _merge(self, state: State, fact: Fact, run: Run) -> None:
        part = state.parts[self.name]
        for track in self.tracks:
            window, periods = track.window(self.zone_of(state), run.at)
            others = [(key, other) for key, other in track.runs(part) if key != track.key]
            for key, other in others:
                del part["runs"][key]
                own = track.own_run(part)
                part["runs"][track.key] = join_runs(track.streak, own, other, window, periods.exists)

    def _named(self, fact: Fact) -> tuple[Track, ...]:
        """The streak that the fact names; all where it names none."""
        name = fact.payload.get("streak")
        if name is None:
            return self.tracks
        return tuple(each for each in self.tracks if each.streak.id == name)


def make_streaks(program: Program) -> Streaks | None:
    """The component for the programme's streaks; None if it has none."""
    return Streaks(program) if program.conduct is not None and program.conduct.streaks else None


def _run_of(runs: dict[str, StreakRun], track: Track, origin: int | None) -> StreakRun:
    """The run that a fact of this origin belongs to, begun if there is none."""
    key = track.key if origin is None else f"{track.key}@{origin}"
    found = runs.get(key)
    if found is None:
        found = runs[key] = new_run(track.streak)
    return found


def _count(zone: ZonePart, track: Track, streak_run: StreakRun, act: Act, kind: int) -> int | None:
    settle_zone(zone, act.at)
    window, periods = track.window(zone, act.at)
    if kind != FIRM:
        open_tail(streak_run)
    length = count_act(track.streak, streak_run, window, periods.exists, act.behaviour)
    if streak_run[TAIL] is not None:
        note_act(track.streak, streak_run, window, act.behaviour, act.cause, act.at, kind)
    return length


def _keep_alive(zone: ZonePart, track: Track, run: StreakRun, before: StreakRun, fact: Fact) -> None:
    """An act that was told late has filled a period: where it goes on with a run that was lost meanwhile without it,
    nothing between that period and the one in which it was told is missed."""
    if fact.told_at is None or not 0 < fact.told_at - fact.at <= track.streak.late_days * DAY_SECONDS:
        return
    periods = track.periods(zone[0])
    told_in = periods.number_of(fact.told_at)
    before[LATE] = None  # what an act before it keeps alive is no reason against it
    if run[LENGTH] > 1 and told_in > run[LAST] and not lives_until(track.streak, before, told_in, periods.exists):
        keep_alive(run, run[LAST] + 1, told_in)


def _tell(state: State, track: Track, streak_run: StreakRun, length: int, act: Act, run: Run) -> None:
    """Give what the new length is worth, and let others know."""
    if length in track.rewards:
        reward = Reward(length, act.cause, run.at)
        note_reward(streak_run, reward)
        _give(track, reward, run)
    run.tell(state, track.topic, length)


def _take_back(track: Track, part: Part, zone: ZonePart, act: Act, run: Run) -> None:
    exists = track.periods(zone[0]).exists
    for _, streak_run in track.runs(part):
        undone = uncount_act(track.streak, streak_run, act.cause, exists, track.rewards)
        for reward in undone.lost:
            _give(track, reward, run, reason="rejected" if undone.was_pending else "retracted")
        for reward in undone.found:
            _give(track, reward, run)


def _give(track: Track, reward: Reward, run: Run, reason: Literal["rejected", "retracted"] | None = None) -> None:
    """Grant what a length is worth; with a reason against it, nothing, also where an older version gave it."""
    points = track.rewards.get(reward.length, 0)
    awarded = points if reason is None else 0
    run.grant(
        f"streak:{track.streak.id}", "points", reward.cause, str(reward.length), reward.at, points, awarded,
        reason=reason, inputs={"streak": track.streak.id, "length": reward.length},
    )  # fmt: skip


def _excuse(track: Track, part: Part, leap: Leap, at: UnixSeconds) -> None:
    """Periods that the leap cut short need no act: days at its both ends, longer ones where it left their end out."""
    if not track.is_members:
        return
    first, last = track.periods(leap.before).number_of(at), track.periods(leap.after).number_of(at)
    if track.streak.period != "day":
        last -= 1
    if first <= last:
        for _, streak_run in track.runs(part):
            add_range(streak_run, EXCUSED, first, last)


def _read_days(fact: Fact) -> tuple[int, int] | str:
    """The first and the last day of a pause; words if it has none."""
    try:
        first, last = (date.fromisoformat(str(fact.payload.get(name))).toordinal() for name in ("from", "to"))
    except ValueError:
        return "from and to are no dates such as 2026-05-01"
    if last < first:
        return "it ends before it starts"
    if last - first >= _LONGEST_PAUSE:
        return "it is longer than a year"
    return first, last


def _refuse(part: Part, fact: Fact, why: str) -> None:
    told: dict[str, Any] = {"at": fact.at, "cause": fact.cause, "type": fact.type, "why": why}
    part["refused"] = [*part["refused"][1 - _KEPT_REFUSALS :], told]
