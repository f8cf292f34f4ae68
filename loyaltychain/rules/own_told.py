"""What the system's own events about members ask for, in words: zones, pauses, revoked badges, retractions. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from loyaltychain.core.words import nearest
from loyaltychain.program.conduct import Conduct


def own_words(
    conduct: Conduct, type_: str, payload: Mapping[str, Any], refused: Iterable[Mapping[str, Any]]
) -> list[str]:
    """Sentences on an event of a type that begins with ``loyaltychain.``, as far as members' conduct goes by it.

    Args:
        payload: What ``check_act`` has let pass.
        refused: What was refused of this very event, each with ``why`` (``Status.refused``).
    """
    streaks, badges = [each.id for each in conduct.streaks], [each.id for each in conduct.achievements]
    named = payload.get("streak")
    match type_:
        case "loyaltychain.act.retracted":
            fraud = ", as fraud" if payload.get("fraud") else ""
            said = f"It takes {payload['event']} back{fraud}{_why(payload)}."
        case "loyaltychain.member.zone":
            said = f"It says that the member lives in {payload['zone']}."
        case "loyaltychain.streak.paused":
            said = f"It asks to pause the streak {named} from {payload['from']} through {payload['to']}."
        case "loyaltychain.streak.restored":
            said = f"It gives the streak {named} back, where it was lost."
        case "loyaltychain.badge.revoked":
            said = f"It revokes the badge {payload['achievement']}{_why(payload)}."
        case _:
            return []
    if named is not None and named not in streaks:
        return [said, f"There is no streak {named!r}{nearest(str(named), streaks)}: it does nothing."]
    badge = payload.get("achievement")
    if type_.endswith("revoked") and badge not in badges:
        return [said, f"There is no achievement {badge!r}{nearest(str(badge), badges)}: it does nothing."]
    return [said, *(f"It was not done: {each['why']}." for each in refused)]


def _why(payload: Mapping[str, Any]) -> str:
    return f": {payload['reason']}" if payload.get("reason") else ""
