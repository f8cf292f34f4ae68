"""Where the points come from that opened entries of a pseudonymous export move: from an award, or from where some lie.

``check_awards`` works out what rules gave. This sees to it that nothing else brings points: no entry of another kind,
no account of another name, nothing given back that was never taken.
"""

from collections import Counter
from typing import Final

from loyaltychain.audit.award_file import EntryLine, OpenEntry
from loyaltychain.audit.findings import Finding, make_finding
from loyaltychain.audit.postings import MEMBER_ACCOUNT, Move
from loyaltychain.core.amounts import POINTS

_ISSUED: Final = "program:issued"
_ADJUSTED: Final = "program:adjusted"
_DEBT: Final = ":debt"
#: Where it may go what a member owes: never to somebody who could spend it.
_OWED: Final = ("program:reversed", "program:merged", _ADJUSTED)


class SourceCheck:
    """Adds up what lies in the accounts that the chain does not know, entry by entry."""

    def __init__(self) -> None:
        self._lying: Counter[str] = Counter()
        self._is_sealed = False  # what sealed entries put somewhere is not known
        self.findings: list[Finding] = []

    def take(self, line: EntryLine) -> None:
        """The next entry."""
        if line.opened is None:
            self._is_sealed = True
            return
        for move in line.opened.moves:
            if move.unit == POINTS and move.amount:
                self._move(line.opened, move)

    def _move(self, entry: OpenEntry, move: Move) -> None:
        source, amount = move.source, move.amount
        if source == _ADJUSTED:
            self._say("award-unchecked", entry, move, expected="the reason of an adjustment")
        elif source == _ISSUED:
            if entry.kind != "earn":
                self._say("award-unfounded", entry, move, expected="an award of kind earn")
        elif source.endswith(_DEBT):
            if move.destination not in _OWED:
                self._say("award-unfounded", entry, move, expected="nothing to spend for what is owed")
        elif not MEMBER_ACCOUNT.fullmatch(source):  # on chain, nobody's balance can be below zero
            self._take_from(entry, move)
        if not (MEMBER_ACCOUNT.fullmatch(move.destination) or move.destination.endswith(_DEBT)):
            self._lying[move.destination] += amount

    def _take_from(self, entry: OpenEntry, move: Move) -> None:
        lies = self._lying[move.source]
        self._lying[move.source] = max(lies - move.amount, 0)
        if lies < move.amount:
            code = "award-unchecked" if self._is_sealed else "award-unfounded"
            self._say(code, entry, move, expected=f"at most {lies} points in {move.source}")

    def _say(self, code: str, entry: OpenEntry, move: Move, *, expected: str) -> None:
        actual = f"{move.amount} points from {move.source} to {move.destination}"
        self.findings.append(make_finding(code, f"entry {entry.id}", expected=expected, actual=actual))
