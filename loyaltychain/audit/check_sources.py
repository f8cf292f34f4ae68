"""Where the points come from that opened entries of a pseudonymous export move: from an award, or from where some lie.

``check_awards`` works out what rules gave. This sees to it that nothing else brings points: no entry of another kind,
no account of another name, nothing given back that was never taken from the same member for the same award, and nothing
to spend for somebody who owes. Merges' entries are always sealed: what an opened one moves is held to the same.
"""

import re
from collections import Counter
from typing import Final

from loyaltychain.audit.award_file import EntryLine, OpenEntry
from loyaltychain.audit.findings import Finding, make_finding
from loyaltychain.audit.postings import MEMBER_ACCOUNT, Move
from loyaltychain.core.amounts import POINTS

_ISSUED: Final = "program:issued"
_ADJUSTED: Final = "program:adjusted"
_REVERSED: Final = "program:reversed"
_DEBT: Final = re.compile(r"member:([1-9][0-9]*):debt")
_OWNED: Final = re.compile(r"member:([1-9][0-9]*):[a-z]+")

_Award = str | None
_Owner = int | None  # None: out of an account that is no member's, as what ran out


class SourceCheck:
    """Adds up what lies in the accounts that the chain does not know, entry by entry."""

    def __init__(self) -> None:
        self._lying: Counter[str] = Counter()
        self._taken: dict[_Award, Counter[_Owner]] = {}  # what lies in `program:reversed`
        self._owed: Counter[int] = Counter()  # by member
        self._waiting: set[int] = set()  # members to whom something was given back that they have to wait for
        self._is_sealed = False  # what sealed entries put somewhere is not known
        self._is_edited = False  # an edit raises what a return took, and with it what may be given back
        self.findings: list[Finding] = []

    def take(self, line: EntryLine) -> None:
        """The next entry."""
        if line.opened is None:
            self._is_sealed = True
            return
        entry = line.opened
        self._is_edited |= entry.kind == "earn" and entry.rule is None
        moves = [move for move in entry.moves if move.unit == POINTS and move.amount]
        for move in moves:
            self._owe(move)
        for move in moves:
            self._move(entry, move)

    def _owe(self, move: Move) -> None:
        if debtor := _DEBT.fullmatch(move.source):
            self._owed[int(debtor[1])] += move.amount
        if debtor := _DEBT.fullmatch(move.destination):
            member = int(debtor[1])
            self._owed[member] = max(self._owed[member] - move.amount, 0)

    def _move(self, entry: OpenEntry, move: Move) -> None:
        source, destination = move.source, move.destination
        if source == _ADJUSTED:
            self._say("award-unchecked", entry, move, expected="the reason of an adjustment")
        elif source == _ISSUED:
            if entry.kind != "earn":
                self._say("award-unfounded", entry, move, expected="an award of kind earn")
        elif source == _REVERSED:
            self._give_back(entry, move)
        elif _DEBT.fullmatch(source):
            if destination not in (_REVERSED, _ADJUSTED):
                self._say("award-unfounded", entry, move, expected="nothing to spend for what is owed")
        elif not MEMBER_ACCOUNT.fullmatch(source):  # on chain, nobody's balance can be below zero
            self._take_from(entry, move)
        if destination == _REVERSED:
            self._taken.setdefault(entry.award, Counter())[_owner(source)] += move.amount
        elif MEMBER_ACCOUNT.fullmatch(destination):
            self._pay_first(entry, move)
        elif not _DEBT.fullmatch(destination):
            self._lying[destination] += move.amount

    def _give_back(self, entry: OpenEntry, move: Move) -> None:
        """What was taken comes back: to whom it was taken from, as of the same award."""
        taken, member, left = self._taken.setdefault(entry.award, Counter()), _owner(move.destination), move.amount
        if member is None:
            self._say("award-unfounded", entry, move, expected="a member to whom it is given back")
            return
        if not (MEMBER_ACCOUNT.fullmatch(move.destination) or _DEBT.fullmatch(move.destination)):
            self._waiting.add(member)
        own = taken[member] + taken[None]
        for owner in (member, None):
            part = min(left, taken[owner])
            taken[owner] -= part
            left -= part
        if not left:
            return
        others = [owner for owner, points in taken.items() if owner is not None and points]
        # A merge of members with nothing has no entry; but what somebody owes would have gone over with her.
        is_merged = sum(taken[other] for other in others) >= left and not any(self._owed[other] for other in others)
        code = "award-unchecked" if self._is_sealed or self._is_edited or is_merged else "award-unfounded"
        expected = f"at most {own} points that were taken from member {member} for award {entry.award}"
        self._say(code, entry, move, expected=expected)

    def _pay_first(self, entry: OpenEntry, move: Move) -> None:
        """Points to spend for somebody who owes would make hers what is only owed."""
        member = _owner(move.destination)
        if MEMBER_ACCOUNT.fullmatch(move.source) or member is None or not self._owed[member]:
            return
        is_back = move.source == _REVERSED or (member in self._waiting and _owner(move.source) == member)
        if self._is_sealed and not is_back:
            return  # a sealed entry, as of a refund, may have paid it
        code = "award-unchecked" if self._is_sealed else "award-unfounded"
        expected = f"the {self._owed.pop(member)} points paid first that member {member} owes"
        self._say(code, entry, move, expected=expected)

    def _take_from(self, entry: OpenEntry, move: Move) -> None:
        owner = _owner(move.source)
        if owner is not None and move.destination != _REVERSED and _owner(move.destination) != owner:
            self._say("award-unfounded", entry, move, expected=f"nothing but member {owner}'s own")
        lies = self._lying[move.source]
        self._lying[move.source] = max(lies - move.amount, 0)
        if lies < move.amount:
            code = "award-unchecked" if self._is_sealed else "award-unfounded"
            self._say(code, entry, move, expected=f"at most {lies} points in {move.source}")

    def _say(self, code: str, entry: OpenEntry, move: Move, *, expected: str) -> None:
        actual = f"{move.amount} points from {move.source} to {move.destination}"
        self.findings.append(make_finding(code, f"entry {entry.id}", expected=expected, actual=actual))


def _owner(account: str) -> int | None:
    """Whose account it is; None: no member's."""
    found = _OWNED.fullmatch(account)
    return int(found[1]) if found else None
