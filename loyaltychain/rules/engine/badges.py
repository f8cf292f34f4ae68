"""Badges of one member: given once for each occurrence, kept, revoked.

Caps of behaviours and of members do not apply to badges, nor to the points that come with them; the supply of a badge
does. What is kept is ``given`` {achievement: {occurrence: [at, cause, 1 or 0]}} (0: none was left, or revoked) and
``revoked`` {achievement: [at, why]}.
"""

from typing import Any

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.program.achievements import Achievement
from loyaltychain.rules.engine.protocol import Run
from loyaltychain.rules.engine.state import Part, State
from loyaltychain.rules.engine.types import Fact

PART = "achievements"
REVOKED_TOLD = "loyaltychain.badge.revoked"
POINTS = "points"  # the occurrence of the points that come with a badge


def holds_badge(state: State, achievement: str) -> bool:
    """Whether the member holds the badge now."""
    part = state.parts.get(PART)
    return part is not None and is_held(part, achievement)


def points_occurrence(occurrence: str) -> str:
    """What the points that come with a badge are an occurrence of: their key differs from the badge's."""
    return f"{occurrence}:{POINTS}" if occurrence else POINTS


def supply_of(achievement: str) -> str:
    """The name of what members share of an achievement that has a supply."""
    return f"supply:{achievement}"


def award_badge(part: Part, achievement: Achievement, occurrence: str, cause: str, inputs: Any, run: Run) -> bool:
    """Give the badge and its points, if one is left; whether it was given."""
    given = part["given"].setdefault(achievement.id, {})
    if occurrence in given:
        return False
    rule, awarded = f"achievement:{achievement.id}", 1
    if achievement.supply is not None and not any(each[2] for each in given.values()):
        key = f"{rule}|{cause}|{occurrence}"
        awarded = run.shared.take(supply_of(achievement.id), key, 1, most=achievement.supply, at=run.at)
        inputs["most"] = achievement.supply
    given[occurrence] = [run.at, cause, awarded]
    run.grant(
        rule, "badge", cause, occurrence, run.at, 1, awarded, reason=None if awarded else "supply",
        role=achievement.role, inputs=inputs,
    )  # fmt: skip
    points = achievement.points
    if awarded and points:
        run.grant(
            rule, "points", cause, points_occurrence(occurrence), run.at, points, points,
            qualifying=points if achievement.qualifying else 0, inputs=inputs,
        )  # fmt: skip
    return bool(awarded)


def revoke_badge(state: State, fact: Fact, run: Run) -> None:
    """Take a badge away. What it had brought in points stays; rules do not give it again."""
    part = state.parts[PART]
    name, why = str(fact.payload.get("achievement")), str(fact.payload.get("reason", ""))
    held = {occurrence: each for occurrence, each in part["given"].get(name, {}).items() if each[2]}
    if not held or fact.retraction is not None:
        return
    part["revoked"][name] = [run.at, why]
    for occurrence, each in held.items():
        each[2] = 0
        inputs = {"by": run.cause, "why": why}
        run.grant(f"achievement:{name}", "badge", each[1], occurrence, each[0], 1, 0, reason="revoked", inputs=inputs)
    run.tell(state, f"badge:{name}", -1)


def may_give(part: Part, achievement: Achievement) -> bool:
    return achievement.status == "active" and achievement.id not in part["revoked"]


def is_held(part: Part, achievement: str, since: UnixSeconds | None = None) -> bool:
    given = part["given"].get(achievement)
    return given is not None and any(each[2] and (since is None or each[0] >= since) for each in given.values())
