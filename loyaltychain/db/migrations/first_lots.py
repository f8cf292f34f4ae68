"""Lots for entries that were made before there were lots: each award is one that never runs out, spent oldest first.

Of version 0003, and spelt out as it is: what the tables mean may change later, this never does.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

_AVAILABLE = re.compile(r"member:([1-9][0-9]*):available")
_ENTRIES = sa.text(
    "SELECT e.id, e.cause, e.occurred_at, l.source, l.destination, l.amount FROM entries e"
    " JOIN postings l ON l.entry_id = e.id LEFT JOIN entry_positions p ON p.entry_id = e.id"
    " WHERE l.unit = 'points'"
    " ORDER BY p.position IS NULL, p.position, e.kind <> 'earn', e.recorded_at, e.id, l.line"
)
_LOT = sa.text(
    "INSERT INTO lots (id, member, award, earned_at, expires_at, due_at, in_grace, amount, remaining, expired)"
    " VALUES (:id, :member, :award, :earned_at, NULL, NULL, 0, :amount, :remaining, 0)"
)
_MOVE = sa.text("INSERT INTO lot_moves (entry_id, lot_id, amount) VALUES (:entry_id, :lot_id, :amount)")
_REDEMPTION = sa.text(
    "INSERT INTO redemptions (entry_id, member, drawn_by, amount, refunded)"
    " VALUES (:entry_id, :member, :entry_id, :amount, 0)"
)

_Rows = list[dict[str, Any]]


def make_first_lots(tx: sa.Connection) -> None:
    """Fill lots, moves and redemptions from the awards and redemptions there are."""
    lots, moves, redemptions = _fold(tx.execute(_ENTRIES))
    for statement, rows in ((_LOT, lots), (_MOVE, moves), (_REDEMPTION, redemptions)):
        if rows:
            tx.execute(statement, rows)


def _fold(entries: Iterable[Any]) -> tuple[_Rows, _Rows, _Rows]:
    by_member: dict[int, _Rows] = defaultdict(list)
    moves: _Rows = []
    redemptions: _Rows = []
    for entry in entries:
        if taker := _AVAILABLE.fullmatch(entry.destination):
            member = int(taker[1])
            by_member[member].append({
                "id": entry.id, "member": member, "award": entry.cause, "earned_at": entry.occurred_at,
                "amount": entry.amount, "remaining": entry.amount,
            })  # fmt: skip
            moves.append({"entry_id": entry.id, "lot_id": entry.id, "amount": entry.amount})
        elif giver := _AVAILABLE.fullmatch(entry.source):
            member = int(giver[1])
            moves += _draw(by_member[member], entry.id, entry.amount)
            redemptions.append({"entry_id": entry.id, "member": member, "amount": entry.amount})
    return [lot for lots in by_member.values() for lot in lots], moves, redemptions


def _draw(lots: _Rows, entry_id: str, amount: int) -> _Rows:
    moves = []
    for lot in sorted(lots, key=lambda lot: (lot["earned_at"], lot["id"])):
        part = min(amount, lot["remaining"])
        if part:
            lot["remaining"] -= part
            amount -= part
            moves.append({"entry_id": entry_id, "lot_id": lot["id"], "amount": -part})
    return moves
