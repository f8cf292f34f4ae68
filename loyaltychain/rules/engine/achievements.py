"""Achievements: a component that counts towards goals, and has badges given.

A badge that was given stays, whatever becomes of the count; only its revocation ends it. Two that come from one act
are given in the file's order, then those that are made of others, then what their points bring.

Its part is what ``badges`` keeps, ``cells`` of goals, and ``done``: groups of which nothing more can come.
"""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.program.achievements import Achievement, CombinedGoal, StreakGoal, TierGoal
from loyaltychain.program.types import Program
from loyaltychain.rules.engine.badges import PART, REVOKED_TOLD, award_badge, is_held, may_give, revoke_badge
from loyaltychain.rules.engine.goals import Goal, Group, fields_read, make_groups, seasons_at
from loyaltychain.rules.engine.object_goals import ObjectCounter, make_object_counters
from loyaltychain.rules.engine.protocol import Act, Component, ObjectEntry, OnAct, OnFact, OnObject, OnTopic, Run
from loyaltychain.rules.engine.state import Part, State

Reached = tuple[int, Achievement, str, int, int]  # place, achievement, occurrence, the number reached and asked for


class Achievements(Component):
    """All achievements of a programme."""

    name: ClassVar[str] = PART

    def __init__(self, program: Program) -> None:
        assert program.conduct is not None
        conduct = program.conduct
        self._seasons = conduct.seasons
        listed = [(place, each) for place, each in enumerate(conduct.achievements) if each.status != "retired"]
        self._groups = make_groups(listed, conduct.seasons)
        self._objects = make_object_counters(listed, conduct.seasons)
        self._combined = tuple((place, each) for place, each in listed if isinstance(each.goal, CombinedGoal))
        self._by_streak: dict[str, list[tuple[int, Achievement]]] = {}
        for place, each in listed:
            if isinstance(each.goal, StreakGoal):
                self._by_streak.setdefault(each.goal.streak, []).append((place, each))
        levels = () if conduct.tiers is None else conduct.tiers.levels
        index = {level.id: index for index, level in enumerate(levels)}
        self._tier_goals = [
            Goal(place, each, index[each.goal.tier]) for place, each in listed if isinstance(each.goal, TierGoal)
        ]
        self._reads = fields_read(each for _, each in listed)

    def new_part(self) -> Part:
        return {"given": {}, "revoked": {}, "cells": {}, "done": {}}

    def on_acts(self) -> Mapping[str, OnAct]:
        return {behaviour: self._make_on_act(tuple(groups)) for behaviour, groups in self._groups.items()}

    def on_objects(self) -> Mapping[str, OnObject]:
        return {kind: self._make_on_object(tuple(counters)) for kind, counters in self._objects.items()}

    def on_topics(self) -> Mapping[str, OnTopic]:
        topics = {f"streak:{name}": self._make_on_streak(members) for name, members in self._by_streak.items()}
        if self._tier_goals:
            topics["tier"] = self._on_tier
        return topics

    def on_facts(self) -> Mapping[str, OnFact]:
        return {REVOKED_TOLD: revoke_badge}

    def reads(self) -> Mapping[str, frozenset[str]]:
        return self._reads

    def _make_on_act(self, groups: tuple[Group, ...]) -> OnAct:
        simple = tuple((each.key, each.update, each.least, each.goals) for each in groups if each.is_simple)
        others = tuple(each for each in groups if not each.is_simple)

        def on_act(state: State, act: Act, run: Run) -> None:
            part = state.parts[self.name]
            done, cells = part["done"], part["cells"]
            reached: list[Reached] = []
            for key, update, least, goals in simple:
                if key not in done:
                    found = update(cells, key, act)
                    if found is not None and found >= least and act.change > 0:
                        reached += _reach(part, goals, "", found)
            for group in others:
                for scope, number in group.count(cells, act):
                    if number >= group.least and act.change > 0:
                        reached += _reach(part, group.goals, scope, number)
            if reached:
                for group in groups:
                    _start_anew(part, group, reached)
                self._give(state, reached, act.cause, run)
                for group in groups:
                    _finish(part, group)

        return on_act

    def _make_on_object(self, counters: tuple[ObjectCounter, ...]) -> OnObject:
        def on_object(state: State, entry: ObjectEntry, what: str, run: Run) -> None:
            part = state.parts[self.name]
            reached: list[Reached] = []
            for counter in counters:
                achievement = counter.achievement
                if achievement.repeat == "never" and achievement.id in part["given"]:
                    continue
                goal = Goal(counter.place, achievement, 1 if counter.is_plain else counter.goal.times)
                for scope, number in counter.count(part["cells"], entry, what):
                    reached += _reach(part, (goal,), scope, number)
            if reached:
                self._give(state, reached, run.cause, run, about=entry.id)

        return on_object

    def _make_on_streak(self, members: list[tuple[int, Achievement]]) -> OnTopic:
        goals = [Goal(place, each, each.goal.length) for place, each in members if isinstance(each.goal, StreakGoal)]
        whole = [each for each in goals if _since(each.achievement) is None]
        recent = [each for each in goals if _since(each.achievement) is not None]
        least = min((each.need for each in whole), default=0)

        def on_streak(state: State, length: int, run: Run) -> None:
            if length >= least and whole:
                given = state.parts[self.name]["given"]
                open_goals = [
                    each for each in whole if each.achievement.repeat != "never" or each.achievement.id not in given
                ]
                if open_goals:
                    self._reach_at(state, open_goals, length, run)
            for goal in recent:
                number = _length_since(state.parts[self.name]["cells"], goal.achievement, length, run.at)
                self._reach_at(state, [goal], number, run)

        return on_streak

    def _on_tier(self, state: State, index: int, run: Run) -> None:
        self._reach_at(state, self._tier_goals, index, run)

    def _reach_at(self, state: State, goals: list[Goal], number: int, run: Run) -> None:
        """Give what is reached by a number that counts as a whole at the present, and not act by act."""
        part = state.parts[self.name]
        reached = [
            each
            for goal in goals
            if _counts_at(goal.achievement, run.at)
            for scope in self._scopes(goal.achievement, run.at)
            for each in _reach(part, (goal,), scope, number)
        ]
        if reached:
            self._give(state, reached, run.cause, run)

    def _scopes(self, achievement: Achievement, at: UnixSeconds) -> list[str]:
        return seasons_at(self._seasons, at) if achievement.repeat == "season" else [""]

    def _give(self, state: State, reached: Iterable[Reached], cause: str, run: Run, about: str | None = None) -> None:
        """Give what was reached, in the file's order, and then what is made of it."""
        part = state.parts[self.name]
        pending, told = sorted(reached, key=lambda each: each[0]), []
        while pending:
            for _, achievement, occurrence, number, need in pending:
                inputs: dict[str, Any] = {"have": number, "need": need, "by": cause}
                if about is not None:
                    inputs["object"] = about
                if award_badge(part, achievement, occurrence, cause, inputs, run):
                    told.append(achievement)
            about = None
            pending = self._made_of(part, run)
        for achievement in told:
            if achievement.qualifying and achievement.points:
                run.tell(state, "qualifying", achievement.points)
            run.tell(state, f"badge:{achievement.id}", 1)

    def _made_of(self, part: Part, run: Run) -> list[Reached]:
        """Achievements that are made of others and have enough of these now."""
        return [
            each
            for place, achievement in self._combined
            if isinstance(goal := achievement.goal, CombinedGoal)
            for scope in self._scopes(achievement, run.at)
            for each in _reach(
                part,
                (Goal(place, achievement, goal.times),),
                scope,
                sum(is_held(part, name, since=self._starts(achievement, scope)) for name in goal.of),
            )
        ]

    def _starts(self, achievement: Achievement, scope: str) -> UnixSeconds | None:
        """From when parts count: those that the member had before, or those of one season only."""
        if not scope:
            return _since(achievement)
        return next(each.starts for each in self._seasons if each.id == scope)


def make_achievements(program: Program) -> Achievements | None:
    """The component for the programme's achievements; None if it has none."""
    return Achievements(program) if program.conduct is not None and program.conduct.achievements else None


def _reach(part: Part, goals: tuple[Goal, ...], scope: str, number: int) -> list[Reached]:
    """Which of the goals are reached by the number and were not before."""
    found: list[Reached] = []
    for goal in goals:
        achievement = goal.achievement
        if number < goal.need or not may_give(part, achievement):
            continue
        given = part["given"].get(achievement.id, ())
        if goal.starts_anew:
            found.append((goal.place, achievement, str(len(given) + 1), number, goal.need))
        elif achievement.repeat == "times":
            found += [
                (goal.place, achievement, str(nth), number, nth * goal.need)
                for nth in range(len(given) + 1, number // goal.need + 1)
            ]
        elif scope not in given:
            found.append((goal.place, achievement, scope, number, goal.need))
    return found


def _start_anew(part: Part, group: Group, reached: list[Reached]) -> None:
    """Empty a cell of which each number counts for one time only."""
    goal = group.goals[0]
    if goal.starts_anew and any(each[0] == goal.place for each in reached):
        part["cells"].pop(group.key, None)


def _finish(part: Part, group: Group) -> None:
    """Forget a group's cell when each of its goals was reached for good."""
    if group.scopes is None and all(
        goal.achievement.repeat == "never" and goal.achievement.id in part["given"] for goal in group.goals
    ):
        part["done"][group.key] = 1
        part["cells"].pop(group.key, None)


def _since(achievement: Achievement) -> UnixSeconds | None:
    return achievement.since if achievement.history == "from_now" else None


def _counts_at(achievement: Achievement, at: UnixSeconds) -> bool:
    since = _since(achievement)
    return since is None or at >= since


def _length_since(cells: dict[str, Any], achievement: Achievement, length: int, at: UnixSeconds) -> int:
    """How many of a streak's periods were filled since the achievement counts."""
    if not _counts_at(achievement, at):
        return 0
    key = f"streak|{achievement.id}"
    number: int = min(length, cells.get(key, 0) + 1)
    cells[key] = number
    return number
