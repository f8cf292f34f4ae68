"""What an entry moves (PROTOCOL §6): its postings, read strictly, and what they change of members' balances on chain.

Ordinary text is read by its form in one go; whatever has another form is read as JSON, and comes to the same.
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from loyaltychain.audit.store import Row
from loyaltychain.core import canonical
from loyaltychain.core.amounts import POINTS
from loyaltychain.core.json_text import parse_json

MEMBER_ACCOUNT: Final = re.compile(r"member:([1-9][0-9]*):(available|held)")
_TEXT = r'"([ !#-\[\]-~]*)"'  # printable ASCII without quotes and backslashes: its canonical JSON is itself
_POSTING: Final = re.compile(
    rf'[\[,]\{{"amount":(0|-?[1-9][0-9]{{0,14}}),"from":{_TEXT},"to":{_TEXT},"unit":{_TEXT}\}}'
)  # fmt: skip


class Move(NamedTuple):
    """One posting."""

    amount: int
    source: str
    destination: str
    unit: str


def read_moves(kept: str) -> list[Move]:
    """An entry's postings. Raises ValueError for what is not the canonical JSON of any."""
    moves: list[Move] = []
    at = 0
    while found := _POSTING.match(kept, at):
        if kept[at] != ("," if moves else "["):
            break
        amount, source, destination, unit = found.groups()
        moves.append(Move(int(amount), source, destination, unit))
        at = found.end()
    return moves if moves and kept[at:] == "]" else _read_any(kept)


def _read_any(kept: str) -> list[Move]:
    postings = parse_json(kept)
    if not isinstance(postings, list) or canonical.encode(postings) != kept.encode():
        raise ValueError("postings are no canonical JSON list")
    for posting in postings:
        if not isinstance(posting, dict) or posting.keys() != {"from", "to", "unit", "amount"}:
            raise ValueError("a posting has other fields")
        texts = (posting["from"], posting["to"], posting["unit"])
        if not all(isinstance(each, str) for each in texts) or type(posting["amount"]) is not int:
            raise ValueError("a posting has no accounts or no whole amount")
    return [Move(each["amount"], each["from"], each["to"], each["unit"]) for each in postings]


def fold_moves(moves: Sequence[Move], *, unit: str = POINTS) -> dict[int, int]:
    """What these postings change of each member's balance on chain, in ``unit``, by ascending member."""
    changes: dict[int, int] = {}
    for move in moves:
        if move.unit != unit:
            continue
        for account, amount in ((move.source, -move.amount), (move.destination, move.amount)):
            owner = MEMBER_ACCOUNT.fullmatch(account) if account.startswith("member:") else None
            if owner:
                member = int(owner[1])
                changes[member] = changes.get(member, 0) + amount
    if len(changes) == 1 and all(changes.values()):
        return changes
    return {member: change for member, change in sorted(changes.items()) if change}


def fold_changes(postings: Sequence[Row], *, unit: str = POINTS) -> dict[int, int]:
    """The same of postings with the columns ``source``, ``destination``, ``unit`` and ``amount``."""
    moves = [Move(each["amount"], each["source"], each["destination"], each["unit"]) for each in postings]
    return fold_moves(moves, unit=unit)
