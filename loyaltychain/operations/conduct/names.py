"""How grants are named in the ledger: what their lots and entries are called. Pure.

An award's name says rule, member, occurrence and cause, so that a retry gives the same one, two grants never do, and
an unmerge finds whose points they were.
"""

from urllib.parse import quote

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.ledger.types import EntryId

RULE_KINDS = ("behaviour", "achievement", "streak", "referral")


def award_name(rule: str, member: MemberNumber, occurrence: str, cause: str) -> str:
    """What the lots of a grant are an award of: ``behaviour:helpful-reply:7::forum/12``."""
    return f"{rule}:{member}:{quote(occurrence, safe='')}:{cause}"


def owner_of(award: str) -> MemberNumber | None:
    """Whose act the award was for; None when it is no name of ours: a cause's source holds no colon."""
    kind, _, rest = award.partition(":")
    if kind not in RULE_KINDS:
        return None
    _, _, rest = rest.partition(":")
    number, _, _ = rest.partition(":")
    return MemberNumber(int(number)) if number.isdecimal() else None


def rule_and_cause(award: str) -> tuple[str, str] | None:
    """The rule and the event, ``source/id``, that an award's name names; None when it is no name of ours."""
    parts = award.split(":", 4)
    return (f"{parts[0]}:{parts[1]}", parts[4]) if len(parts) == 5 and parts[0] in RULE_KINDS else None


def entry_id(kind: str, revision: int, award: str, part: int = 1) -> EntryId:
    """``earn:<award>`` of the first revision, ``reverse:2:<award>`` later; a part of a large one has its number too."""
    number = "" if revision == 1 and part == 1 else f"{revision}:" if part == 1 else f"{revision}.{part}:"
    return EntryId(f"{kind}:{number}{award}")


def badge_unit(rule: str) -> str:
    """The unit of an achievement's badge."""
    return f"badge:{rule.removeprefix('achievement:')}"
