"""How members stand: badges and progress towards others, streaks, tier, roles, and what they should hear in time.

By what the worker has decided. The state is the step's own; what is said of it is the engine's (``status``).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import format_instant
from loyaltychain.core.words import counted
from loyaltychain.db.engine import Tx
from loyaltychain.operations.conduct.state_store import read_states
from loyaltychain.operations.conduct.tables import fold_states
from loyaltychain.operations.conduct.versions import Engines, read_versions
from loyaltychain.reports import grant_rows
from loyaltychain.rules.engine.status import DueNudge, Status, status
from loyaltychain.rules.engine.streak_standing import StreakStanding

_INSTANTS: Final = ("at", "since", "act_by", "alive_until", "kept_until", "falls_at", "revoked_at")
_MEMBERS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Standing:
    """A member at a moment. ``status`` is None where no programme that counts says anything of behaviours, and while
    the worker folds her anew (``is_waiting``): a new version of the programme counts, or she was merged."""

    member: MemberNumber
    status: Status | None
    is_waiting: bool = False

    @property
    def document(self) -> dict[str, Any] | None:
        """As JSON has it: instants RFC 3339."""
        return None if self.status is None else _instants(self.status.to_document())

    @property
    def lines(self) -> list[str]:
        """In sentences."""
        if self.is_waiting:
            return ["The worker is working this out anew: ask again in a moment."]
        return [] if self.status is None else list(_lines(self.status))


@dataclass(frozen=True, slots=True)
class Nudged:
    """Something that a member should hear before it happens."""

    member: MemberNumber
    member_id: str
    nudge: DueNudge


def read_progress(tx: Tx, member: MemberNumber, *, now: UnixSeconds) -> Standing:
    """How the member stands who stands for herself under this number."""
    engines = _engines(tx)
    if engines is None:
        return Standing(member, None)
    kept = read_states(tx, [member]).get(member)
    state = engines.newest.new_state() if kept is None else kept.state
    if state is None:
        return Standing(member, None, is_waiting=True)
    return Standing(member, status(engines.newest, state, now))


def nudges_of(tx: Tx, members: Sequence[MemberNumber], *, now: UnixSeconds) -> list[Nudged]:
    """What these members should hear now, in their order. Every one of their states is read and looked at."""
    engines = _engines(tx)
    if engines is None or not engines.newest.conduct.nudges:
        return []
    found: list[tuple[MemberNumber, DueNudge]] = []
    for start in range(0, len(members), _MEMBERS_AT_ONCE):
        states = read_states(tx, members[start : start + _MEMBERS_AT_ONCE])
        for member, kept in sorted(states.items()):
            if kept.state is not None:
                found += [(member, nudge) for nudge in status(engines.newest, kept.state, now).nudges]
    ids = grant_rows.first_ids(tx, {member for member, _ in found})
    return [Nudged(member, ids[member], nudge) for member, nudge in found]


def members_after(tx: Tx, after: MemberNumber, limit: int) -> list[MemberNumber]:
    """The next members above this number who did something that behaviours count, at most ``limit``."""
    query = select(fold_states.c.member).where(fold_states.c.member > after).order_by(fold_states.c.member)
    return [MemberNumber(member) for member in tx.execute(query.limit(limit)).scalars()]


def _engines(tx: Tx) -> Engines | None:
    versions = read_versions(tx)
    if versions.newest is None or versions.newest.conduct is None:
        return None
    return Engines(versions, versions.newest)


def _instants(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            name: format_instant(each) if name in _INSTANTS and type(each) is int else _instants(each)
            for name, each in value.items()
        }
    return [_instants(each) for each in value] if isinstance(value, list | tuple) else value


def _lines(found: Status) -> Iterator[str]:
    if found.tier is not None:
        yield from _tier(found)
    for streak in found.streaks:
        yield _streak(streak)
    held = [each for each in found.achievements if each.stage == "held"]
    if held:
        yield f"Badges: {', '.join(each.name for each in held)}."
    for each in found.achievements:
        if each.stage == "open":
            yield f"{each.name}: {each.progress.words}. {each.title}"
        elif each.stage == "revoked":
            when = "" if each.revoked_at is None else f" at {format_instant(each.revoked_at)}"
            yield f"{each.name} was revoked{when}: {each.revoked_why or 'no reason was given'}."
        elif each.stage != "held":
            yield f"{each.name} can no more be reached: {each.stage}."
    if found.roles:
        yield f"Roles: {', '.join(found.roles)}."
    for told in found.refused:
        yield f"{told['cause']} ({told['type']}) was not done: {told['why']}."
    for nudge in found.nudges:
        yield f"To be told now: {nudge.words}"


def _tier(found: Status) -> Iterator[str]:
    tier = found.tier
    assert tier is not None
    since = "" if tier.since is None else f" since {format_instant(tier.since)}"
    yield f"Tier {tier.name}{since}, with {counted(tier.points, 'qualifying point')}."
    if tier.next is not None:
        yield f"{counted(tier.next.missing, 'more qualifying point')} to {tier.next.name}."
    if tier.falls_at is not None:
        yield f"It ends at {format_instant(tier.falls_at)} unless {tier.to_stay:,} more are earned before."


def _streak(streak: StreakStanding) -> str:
    if not streak.length:
        return f"Streak {streak.id}: none now; the longest was {streak.longest:,}."
    until = "" if streak.alive_until is None else f", alive until {format_instant(streak.alive_until)}"
    state = "; paused" if streak.is_paused else f"; this {streak.period} is done" if streak.is_filled else ""
    periods, freezes = counted(streak.length, streak.period), counted(streak.freezes, "freeze")
    return f"Streak {streak.id}: {periods}, the longest {streak.longest:,}{until}, {freezes}{state}."
