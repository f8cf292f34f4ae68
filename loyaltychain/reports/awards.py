"""Awards as members, apps and auditors see them: each grant with its rule's words, its numbers and its sentences."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import Tx
from loyaltychain.operations.conduct.versions import Versions, read_versions
from loyaltychain.reports import grant_rows
from loyaltychain.reports.grant_rows import Granted
from loyaltychain.rules.explain import Explanation, explain_grant, rule_words

PREFIX = "award:"
_PROBLEMS = {
    "over-cap": "Not all of it is in the ledger: one entry may not move more than the contract's caps let a batch "
    "settle.",
    "balance-too-large": "Not all of it is in the ledger: the balance would become larger than it can hold.",
    "member-closed": "It is not in the ledger: the member's account is closed.",
}
_GONE = "What brought it about does so no longer: an event that came later, or was taken back, changed that."


@dataclass(frozen=True, slots=True)
class Award:
    """A grant with what is to be said of it.

    Args:
        member: The first id of the member under whose number it stands.
        entries: The ledger's entries that were made for it, by all its revisions.
    """

    granted: Granted
    member: str
    kind: str
    title: str
    version: int | None
    entries: tuple[str, ...]
    words: Explanation

    @property
    def id(self) -> str:
        """How it is named: ``award:17``."""
        return f"{PREFIX}{self.granted.number}"

    def lines(self) -> list[str]:
        """All of it, a sentence a line."""
        problem = self.granted.problem
        lines = self.words.lines()
        if self.granted.is_gone:
            lines.append(_GONE)
        if problem is not None:
            lines.append(_PROBLEMS.get(problem, f"Not all of it is in the ledger: {problem}."))
        return lines

    def document(self) -> dict[str, Any]:
        """As JSON has it: instants RFC 3339, points whole."""
        granted, grant = self.granted, self.granted.grant
        return {
            "award": self.id,
            "member": self.member,
            "member_number": granted.member,
            "rule": grant.rule,
            "kind": self.kind,
            "title": self.title,
            "version": self.version,
            "program": grant.version or None,
            "unit": grant.unit,
            "event": grant.cause,
            "occurrence": grant.occurrence or None,
            "at": format_instant(grant.at),
            "desired": grant.desired,
            "awarded": grant.awarded,
            "state": "gone" if granted.is_gone else grant.state,
            "reason": grant.reason,
            "qualifying": grant.qualifying,
            "due_at": None if grant.due_at is None else format_instant(grant.due_at),
            "role": grant.role,
            "inputs": dict(grant.inputs),
            "posted": granted.posted,
            "problem": granted.problem,
            "entries": list(self.entries),
            "words": self.lines(),
        }


def show_awards(tx: Tx, found: Sequence[Granted], versions: Versions) -> list[Award]:
    """These grants with all that is to be said of them, in their order."""
    ids = grant_rows.first_ids(tx, {each.member for each in found})
    entries = grant_rows.entries_by_grant(tx, found)
    return [_show(each, ids.get(each.member, str(each.member)), entries[each.number], versions) for each in found]


def awards_of_event(tx: Tx, cause: str, versions: Versions | None = None) -> list[Award]:
    """What an event brought about, for whomever."""
    found = grant_rows.of_cause(tx, cause)
    return show_awards(tx, found, versions or read_versions(tx)) if found else []


def awards_changed_by(tx: Tx, position: int, cause: str, *, after: int = 0) -> list[Award]:
    """What an event changed of other events' awards, as it was then: a gate that it passed, an act that it took back.

    Args:
        after: Grants of lower numbers are not looked at.
    """
    return show_awards(tx, grant_rows.changed_by(tx, position, cause, after=after), read_versions(tx))


def awards_of_member(tx: Tx, member: MemberNumber, *, limit: int) -> list[Award]:
    """The newest awards of a member, zero ones included."""
    found = grant_rows.of_members(tx, grant_rows.numbers_of(tx, member), before=None, limit=limit)
    return show_awards(tx, found, read_versions(tx))


def award_by_id(tx: Tx, id_: str) -> Award | None:
    """The award of this name, ``award:17``, or for which the entry of this id was made."""
    number = id_.removeprefix(PREFIX)
    if id_.startswith(PREFIX):
        found = grant_rows.by_number(tx, int(number)) if number.isdecimal() and len(number) < 19 else None
    else:
        found = grant_rows.by_entry(tx, id_)
    return None if found is None else show_awards(tx, [found], read_versions(tx))[0]


def read_award(tx: Tx, id_: str) -> Award:
    """The same. Raises UnknownAward."""
    found = award_by_id(tx, id_)
    if found is None:
        raise errors.UnknownAward("There is no award of this id.", award=id_[:200])
    return found


def total(awards: Iterable[Award]) -> tuple[int, int]:
    """Points that these awards brought, pending ones among them, and that their rules wanted."""
    points = [each.granted.grant for each in awards if each.granted.grant.unit == "points"]
    return sum(each.awarded for each in points), sum(each.desired for each in points)


def _show(granted: Granted, member: str, entries: tuple[str, ...], versions: Versions) -> Award:
    grant = granted.grant
    program = versions.programs.get(grant.version)
    conduct, version = (None, None) if program is None else (program.conduct, program.version)
    rule = rule_words(grant.rule, conduct, version=version)
    return Award(
        granted=granted,
        member=member,
        kind=rule.kind,
        title=rule.title,
        version=version,
        entries=entries,
        words=explain_grant(grant, conduct, version=version),
    )
