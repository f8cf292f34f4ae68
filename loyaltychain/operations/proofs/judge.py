"""Whether an event's proof is good. Pure: what is known of codes, links and attestations is handed in."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.events.attest import ATTESTED
from loyaltychain.operations.proofs.codes import code_digest

#: Why a proof is not good; a closed list, because apps read it.
Refused = Literal[
    "malformed", "unknown-code", "unknown-link", "other-behaviour", "expired", "revoked", "used", "used-by-member",
    "other-member", "not-attested", "self-attested",
]  # fmt: skip


class Code(NamedTuple):
    """What is known of a code."""

    behaviour: str
    uses: int
    until: UnixSeconds | None
    revoked_at: UnixSeconds | None


class Link(NamedTuple):
    """What is known of a link; ``member`` as she stands now, after all merges."""

    behaviour: str
    member: MemberNumber
    revoked_at: UnixSeconds | None


@dataclass(frozen=True, slots=True)
class Offered:
    """A proof as it came with an event."""

    source: str
    event_id: str
    type: str
    member: MemberNumber
    received_at: UnixSeconds
    said: Any  # payload["proof"]

    @property
    def key(self) -> tuple[str, str]:
        """Which event."""
        return self.source, self.event_id


class Judged(NamedTuple):
    """What became of a proof; without ``refused`` it is good."""

    kind: str = ""
    refused: Refused | None = None
    behaviour: str | None = None
    handle: str | None = None
    attested_by: str | None = None


@dataclass(slots=True)
class Known:
    """All that is known when proofs are judged, one after the other; what one of them uses up counts for the next.

    Args:
        codes: By digest.
        links: By token.
        attested: By event: whose word stands behind it.
        numbers: Members by the ids under which they attest to something.
        types: By behaviour: the types of events that are its acts.
        survivor: Who a number is now.
        used: How often a code was used already, by digest.
        used_by: Who used which code, by digest.
    """

    codes: Mapping[str, Code]
    links: Mapping[str, Link]
    attested: Mapping[tuple[str, str], str]
    numbers: Mapping[str, MemberNumber]
    types: Mapping[str, tuple[str, ...]]
    survivor: Callable[[MemberNumber], MemberNumber]
    used: Counter[str] = field(default_factory=Counter)
    used_by: set[tuple[str, MemberNumber]] = field(default_factory=set)


def judge(offered: Offered, known: Known) -> Judged:
    """Say whether a proof is good; a code that is gets used by it."""
    said = offered.said
    if not isinstance(said, dict):
        return Judged(refused="malformed")
    match said.get("kind"):
        case "code":
            return _judge_code(offered, said.get("code"), known)
        case "link":
            return _judge_link(offered, said.get("link"), known)
        case kind if kind == ATTESTED:
            return _judge_word(offered, known)
        case _:
            return Judged(refused="malformed")


def _judge_code(offered: Offered, text: object, known: Known) -> Judged:
    digest = code_digest(text) if isinstance(text, str) else None
    if digest is None:
        return Judged("code", "malformed")
    code = known.codes.get(digest)
    if code is None:
        return Judged("code", "unknown-code")
    who = digest, known.survivor(offered.member)
    refused = _refuse_code(offered, code, known, who)
    if refused is None:
        known.used[digest] += 1
        known.used_by.add(who)
    return Judged("code", refused, code.behaviour, digest)


def _refuse_code(offered: Offered, code: Code, known: Known, who: tuple[str, MemberNumber]) -> Refused | None:
    if offered.type not in known.types.get(code.behaviour, ()):
        return "other-behaviour"
    if code.revoked_at is not None and offered.received_at >= code.revoked_at:
        return "revoked"
    if code.until is not None and offered.received_at >= code.until:
        return "expired"
    if who in known.used_by:
        return "used-by-member"
    return "used" if known.used[who[0]] >= code.uses else None


def _judge_link(offered: Offered, token: object, known: Known) -> Judged:
    if not isinstance(token, str):
        return Judged("link", "malformed")
    link = known.links.get(token)
    if link is None:
        return Judged("link", "unknown-link")
    refused: Refused | None = None
    if offered.type not in known.types.get(link.behaviour, ()):
        refused = "other-behaviour"
    elif link.member != known.survivor(offered.member):
        refused = "other-member"
    elif link.revoked_at is not None and offered.received_at >= link.revoked_at:
        refused = "revoked"
    return Judged("link", refused, link.behaviour, token)


def _judge_word(offered: Offered, known: Known) -> Judged:
    by = known.attested.get(offered.key)
    if by is None:
        return Judged(ATTESTED, "not-attested")
    number = known.numbers.get(by)
    is_own = number is not None and known.survivor(number) == known.survivor(offered.member)
    return Judged(ATTESTED, "self-attested" if is_own else None, attested_by=by)
