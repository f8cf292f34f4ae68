"""Positions for entries that had none yet when positions began to be given with the entry itself.

Of version 0008, and spelt out as it is: what the tables mean may change later, this never does.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

_WAITING = sa.text(
    "SELECT e.id, e.recorded_at, e.digest, l.source, l.destination, l.unit, l.amount FROM entries e"
    " JOIN postings l ON l.entry_id = e.id LEFT JOIN entry_positions p ON p.entry_id = e.id"
    " WHERE p.position IS NULL ORDER BY e.recorded_at, e.id, l.line"
)
_PLACED = sa.text("INSERT INTO entry_positions (position, entry_id, head) VALUES (:position, :entry_id, :head)")

_Holding = tuple[str, str]  # what a member owns on chain of one unit


def place_the_last(tx: sa.Connection) -> None:
    """Give every entry without a position the next one, by time, and extend the hash chain.

    An entry that would take what its member does not have yet waits for the one that brings it.
    """
    last = tx.execute(sa.text("SELECT position, head FROM entry_positions ORDER BY position DESC LIMIT 1")).first()
    position, head = (last.position, bytes.fromhex(last.head[2:])) if last else (0, bytes(32))
    rows = []
    for entry in _in_order(tx):
        position += 1
        place = position.to_bytes(8) + entry.recorded_at.to_bytes(8)
        head = hashlib.sha256(head + place + bytes.fromhex(entry.digest[2:])).digest()
        rows.append({"position": position, "entry_id": entry.id, "head": "0x" + head.hex()})
    if rows:
        tx.execute(_PLACED, rows)


def _in_order(tx: sa.Connection) -> list[Any]:
    waiting: dict[str, Any] = {}
    changes: dict[str, Counter[_Holding]] = defaultdict(Counter)
    for line in tx.execute(_WAITING):
        waiting.setdefault(line.id, line)
        for account, amount in ((line.source, -line.amount), (line.destination, line.amount)):
            if account.startswith("member:") and account.endswith((":available", ":held")):
                changes[line.id][account.rsplit(":", 1)[0], line.unit] += amount
    standing = _standing_before(tx, changes)
    ordered: list[Any] = []
    while waiting:
        fitting = [entry for id_, entry in waiting.items() if _fits(changes[id_], standing)]
        for entry in fitting[:1] or list(waiting.values())[:1]:
            ordered.append(waiting.pop(entry.id))
            standing.update(changes[entry.id])
    return ordered


def _fits(changes: Mapping[_Holding, int], standing: Mapping[_Holding, int]) -> bool:
    return all(change >= 0 or standing[holding] + change >= 0 for holding, change in changes.items())


def _standing_before(tx: sa.Connection, changes: Mapping[str, Counter[_Holding]]) -> Counter[_Holding]:
    """What each member owned before all of these entries."""
    standing: Counter[_Holding] = Counter()
    for owner, unit in {holding for of_one in changes.values() for holding in of_one}:
        query = sa.text(
            "SELECT SUM(total_in - total_out) FROM volumes WHERE unit = :unit AND account IN (:available, :held)"
        )
        owned = tx.execute(query, {"unit": unit, "available": f"{owner}:available", "held": f"{owner}:held"}).scalar()
        standing[owner, unit] = int(owned or 0)
    for of_one in changes.values():
        standing.subtract(of_one)
    return standing
