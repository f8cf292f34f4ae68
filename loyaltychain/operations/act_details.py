"""What the audit log keeps of approvals, adjustments and merges beside who, what, when and why. Pure.

All that their rows say is in it, so that ``act_checks.py`` can hold the rows against the log's hash chain. No member's
id; a member goes by number.
"""

from collections.abc import Sequence
from typing import Any

from loyaltychain.core import canonical
from loyaltychain.core.hashing import to_hex
from loyaltychain.events.links import Link
from loyaltychain.operations.approval_store import Approval


def of_request(asked: Approval) -> dict[str, Any]:
    """An adjustment that waits for a second person."""
    return {
        "member": asked.member, "points": asked.points, "by": asked.actor, "key": asked.key,
        "expires_at": asked.expires_at, "may_owe": asked.may_owe, "until": asked.until,
    }  # fmt: skip


def of_verdict(asked: Approval, *, actor: str, key: str | None) -> dict[str, Any]:
    """What a second person said to it."""
    return {"member": asked.member, "points": asked.points, "by": actor, "key": key}


def of_adjustment(member: int, points: int, *, actor: str, approved_by: str | None) -> dict[str, Any]:
    """An adjustment that was made: who decided it by name, and who agreed to it."""
    return {"member": member, "points": points, "by": actor, "approved_by": approved_by}


def of_merge(link: Link, moved: Sequence[tuple[str, str, int]]) -> dict[str, Any]:
    """A merge; ``lots`` is the digest of what it moved, lot by lot."""
    return {
        "survivor": link.survivor, "link": link.id, "points": link.points, "pending": link.pending, "debt": link.debt,
        "qualifying": link.qualifying, "lots": lots_digest(moved),
    }  # fmt: skip


def lots_digest(moved: Sequence[tuple[str, str, int]]) -> str:
    """SHA-256, as 0x and hexadecimal digits, of the canonical JSON of (lot, entry, points) one after the other."""
    return to_hex(canonical.digest([list(each) for each in moved]))
