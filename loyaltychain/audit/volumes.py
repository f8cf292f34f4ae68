"""Every account's totals, added up from postings as they pass, against those that the database has cached.

Members' accounts stand in numbers by member, not by name: a million of them take some 16 megabytes an account kind.
"""

import re
from array import array
from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy import Connection

from loyaltychain.audit.findings import Finding, differences, make_finding
from loyaltychain.audit.postings import Move
from loyaltychain.audit.store import read_volumes

_OWNED: Final = re.compile(r"member:([1-9][0-9]{0,8}):([a-z]+)")
_DEBT: Final = re.compile(r"member:[1-9][0-9]*:debt")  # what she owes, as a balance of zero or below
_PAGE: Final = 4_096
_MOST: Final = 2**62


class Totals:
    """Whole numbers of any size by number, 0 where nothing was added."""

    def __init__(self) -> None:
        self._pages: dict[int, array[int]] = {}
        self._large: dict[int, int] = {}  # what does not fit

    def add(self, number: int, amount: int) -> None:
        """Adds to one of them."""
        at, place = divmod(number, _PAGE)
        page = self._pages.get(at)
        if page is None:
            page = self._pages[at] = array("q", bytes(8 * _PAGE))
        total = page[place] + amount
        if -_MOST < total < _MOST:
            page[place] = total
        else:
            self._large[number] = self._large.get(number, 0) + amount

    def take(self, number: int) -> int:
        """One of them, which is 0 from then on."""
        at, place = divmod(number, _PAGE)
        page = self._pages.get(at)
        if page is None:
            return 0
        total = page[place] + self._large.pop(number, 0)
        page[place] = 0
        return total

    def left(self) -> Iterator[int]:
        """The numbers that are not 0, ascending."""
        for at in sorted(self._pages):
            first = at * _PAGE
            for place, total in enumerate(self._pages[at]):
                if total or (self._large and first + place in self._large):
                    yield first + place


class Volumes:
    """(in, out) of every (account, unit) that a posting names."""

    def __init__(self) -> None:
        self._owned: dict[tuple[str, str], tuple[Totals, Totals]] = {}  # by (kind, unit) of members' accounts
        self._others: dict[tuple[str, str], tuple[int, int]] = {}

    def add(self, moves: Sequence[Move]) -> None:
        """The postings of one entry."""
        for move in moves:
            self._add(move.source, move.unit, 1, move.amount)
            self._add(move.destination, move.unit, 0, move.amount)

    def take(self, account: str, unit: str) -> tuple[int, int]:
        """An account's totals, which are 0 from then on."""
        owned = _OWNED.fullmatch(account)
        if owned is None:
            return self._others.pop((account, unit), (0, 0))
        totals = self._owned.get((owned[2], unit))
        return (0, 0) if totals is None else (totals[0].take(int(owned[1])), totals[1].take(int(owned[1])))

    def left(self) -> list[tuple[str, str]]:
        """The (account, unit) whose totals were not taken and are not 0, sorted."""
        names = [name for name, totals in self._others.items() if any(totals)]
        for (kind, unit), (came, went) in self._owned.items():
            members = {*came.left(), *went.left()}
            names += [(f"member:{member}:{kind}", unit) for member in members]
        return sorted(names)

    def _add(self, account: str, unit: str, side: int, amount: int) -> None:
        owned = _OWNED.fullmatch(account) if account.startswith("member:") else None
        if owned is None:
            came, went = self._others.get((account, unit), (0, 0))
            self._others[account, unit] = (came, went + amount) if side else (came + amount, went)
            return
        totals = self._owned.get((owned[2], unit))
        if totals is None:
            totals = self._owned[owned[2], unit] = (Totals(), Totals())
        totals[side].add(int(owned[1]), amount)


def check_volumes(tx: Connection, volumes: Volumes) -> list[Finding]:
    """Accounts whose cached totals differ from their postings, and members' accounts on the wrong side of zero.

    Args:
        volumes: Those of all entries; used up.
    """
    found = []
    for account, unit, total_in, total_out in read_volumes(tx):
        found += _check(account, unit, volumes.take(account, unit), (total_in, total_out))
    for account, unit in volumes.left():
        found += _check(account, unit, volumes.take(account, unit), None)
    return found


def _check(account: str, unit: str, due: tuple[int, int], kept: tuple[int, int] | None) -> list[Finding]:
    came, went = due
    if due == kept and (came == went or not account.startswith("member:")):
        return []
    subject = f"{account} {unit}"
    actual = f"in {kept[0]}, out {kept[1]}" if kept else None
    found = differences("volume", subject, expected=f"in {came}, out {went}", actual=actual)
    if account.startswith("member:"):
        owes = _DEBT.fullmatch(account) is not None
        if went < came if owes else went > came:
            within = "0 or less" if owes else "0 or more"
            found.append(make_finding("account-overdrawn", subject, expected=within, actual=came - went))
    return found
