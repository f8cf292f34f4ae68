"""What a draft of a programme would have brought, beside the one in force, over the history that there is.

Both are played from nothing over the same events in the same way, so that the difference is only the draft's. What
members share (budgets, supplies) is decided anew, in the order of the times of events.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.hashing import to_hex
from loyaltychain.db.engine import Tx, reading
from loyaltychain.program.types import Program
from loyaltychain.reports import grant_rows
from loyaltychain.reports.liability import Terms, cost_of, read_liability
from loyaltychain.reports.replay.history import Report
from loyaltychain.reports.replay.money import play_money
from loyaltychain.reports.replay.played import Played, play
from loyaltychain.reports.scratch import scratch_of

FORMAT: Final = "loyaltychain/simulation/1"
TOP: Final = 10
NOTES: Final = (
    "Both programmes are played over all events from the first on, as if each had always been in force.",
    "Budgets, supplies and caps that members share are decided anew, in the order of the times of events.",
    "Liability after: what is outstanding now, with what the draft would have given more or less.",
    "What was redeemed or expired meanwhile is taken as it was.",
    "What apps redeemed, held or adjusted without an event is not played.",
)


@dataclass(frozen=True, slots=True)
class Change:
    """Something that there is by the programme in force, and by the draft."""

    name: str
    in_force: int
    draft: int

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        difference = self.draft - self.in_force
        return {"name": self.name, "in_force": self.in_force, "draft": self.draft, "difference": difference}


@dataclass(frozen=True, slots=True)
class Moved:
    """Members who get more, or less: how many, how many points together, and those with the largest difference."""

    members: int
    points: int
    top: tuple[tuple[MemberNumber, str, int], ...]  # number, first id, difference

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        top = [{"number": number, "member": id_, "difference": points} for number, id_, points in self.top]
        return {"members": self.members, "points": self.points, "top": top}


@dataclass(frozen=True, slots=True)
class Simulation:
    """The comparison. Costs are minor units of ``terms.currency``; None where the project says no cost."""

    in_force: Program
    draft: Program
    events: int
    facts: int
    points: Change
    rules: tuple[Change, ...]
    badges: tuple[Change, ...]
    tiers: tuple[Change, ...]
    suppressed: tuple[Change, ...]
    moved_tier: int
    winners: Moved
    losers: Moved
    outstanding: Change
    terms: Terms | None

    def document(self) -> dict[str, Any]:
        """As JSON has it: whole points, whole minor units."""
        terms = self.terms
        costs = None if terms is None else [cost_of(each, terms) for each in (self.before, self.after)]
        return {
            "format": FORMAT,
            "in_force": _named(self.in_force),
            "draft": _named(self.draft),
            "events": self.events,
            "facts": self.facts,
            "points": self.points.document(),
            "rules": [each.document() for each in self.rules],
            "badges": [each.document() for each in self.badges],
            "tiers": [each.document() for each in self.tiers],
            "members_in_another_tier": self.moved_tier,
            "suppressed": [each.document() for each in self.suppressed],
            "winners": self.winners.document(),
            "losers": self.losers.document(),
            "liability": {
                "points_before": self.before,
                "points_after": self.after,
                "currency": None if terms is None else terms.currency,
                "cost_before": None if costs is None else costs[0],
                "cost_after": None if costs is None else costs[1],
            },
            "notes": list(NOTES),
        }

    @property
    def before(self) -> int:
        """Outstanding points now."""
        return self.outstanding.in_force

    @property
    def after(self) -> int:
        """Outstanding points, had the draft been in force."""
        return self.outstanding.draft


def simulate(
    tx: Tx,
    in_force: Program,
    draft: Program,
    *,
    now: UnixSeconds,
    terms: Terms | None,
    report: Callable[[str], Report] = lambda _: lambda __, ___: None,
) -> Simulation:
    """Play both programmes over the history of this database, and compare. Writes nothing to it.

    Args:
        terms: What a point costs.
        report: Gives, for the name of a part of the work, whom to tell how far it is.
    """
    played = [
        _play(tx, program, name, now=now, report=report) for program, name in ((in_force, "in force"), (draft, "draft"))
    ]
    before, after = played
    differences = _differences(before.by_member, after.by_member)
    liability = read_liability(tx, at=now, terms=terms, timezone=in_force.timezone)
    outstanding = sum(row.points for row in liability.rows)
    return Simulation(
        in_force=in_force,
        draft=draft,
        events=after.events,
        facts=max(before.facts, after.facts),
        points=Change("points", before.by_member.total(), after.by_member.total()),
        rules=_changes(before.points, after.points),
        badges=_changes(before.badges, after.badges),
        tiers=_tiers(before, after),
        suppressed=_changes(before.suppressed, after.suppressed),
        moved_tier=_count_moved(before, after),
        winners=_moved(tx, [each for each in differences if each[1] > 0]),
        losers=_moved(tx, [each for each in differences if each[1] < 0]),
        outstanding=Change("outstanding", outstanding, outstanding + sum(points for _, points in differences)),
        terms=terms,
    )


def _play(tx: Tx, program: Program, name: str, *, now: UnixSeconds, report: Callable[[str], Report]) -> Played:
    """Purchases first, on a scratch database: what they bring counts towards tiers."""
    if not program.rules and (program.conduct is None or program.conduct.tiers is None):
        return play(tx, program, now=now, report=report(f"behaviours, {name}"))
    with scratch_of(tx) as scratch:
        scratch.copy_events(after=0, upto=scratch.last)
        scratch.copy_decided()
        money = play_money(scratch, program, now=now, report=report(f"purchases, {name}"))
        with reading(scratch.engine) as copy:
            played = play(copy, program, now=now, report=report(f"behaviours, {name}"))
    played.points.update(money.points)
    played.by_member.update(money.by_member)
    return played


def _named(program: Program) -> dict[str, Any]:
    return {"name": program.name, "version": program.version, "digest": to_hex(program.digest)}


def _changes(before: Mapping[str, int], after: Mapping[str, int]) -> tuple[Change, ...]:
    return tuple(Change(name, before.get(name, 0), after.get(name, 0)) for name in dict.fromkeys([*before, *after]))


def _tiers(before: Played, after: Played) -> tuple[Change, ...]:
    """In the order of the draft's levels, then those that only the other has."""
    names = [
        level.id
        for each in (after, before)
        if each.program.conduct is not None and each.program.conduct.tiers is not None
        for level in each.program.conduct.tiers.levels
    ]
    return tuple(Change(name, before.tiers[name], after.tiers[name]) for name in dict.fromkeys(names))


def _count_moved(before: Played, after: Played) -> int:
    """Members who are in another tier; where one of the two has none, in another than the lowest."""
    lowest = [
        each.program.conduct.tiers.levels[0].id
        for each in (before, after)
        if each.program.conduct is not None and each.program.conduct.tiers is not None
    ]
    members, without = before.tier_of.keys() | after.tier_of.keys(), lowest[0] if lowest else ""
    return sum(before.tier_of.get(each, without) != after.tier_of.get(each, without) for each in members)


def _differences(before: Counter[MemberNumber], after: Counter[MemberNumber]) -> list[tuple[MemberNumber, int]]:
    """By member, what the draft gives more; the largest difference first."""
    found = [(member, after[member] - before[member]) for member in before.keys() | after.keys()]
    return sorted(found, key=lambda each: (-abs(each[1]), each[0]))


def _moved(tx: Tx, found: Sequence[tuple[MemberNumber, int]]) -> Moved:
    ids = grant_rows.first_ids(tx, [number for number, _ in found[:TOP]])
    top = tuple((number, ids.get(number, str(number)), points) for number, points in found[:TOP])
    return Moved(len(found), sum(points for _, points in found), top)
