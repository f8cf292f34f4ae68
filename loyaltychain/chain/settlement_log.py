"""What happened to each batch and each intent, transition by transition: for a person who has to find out.

A line is written in the transaction of the transition that it tells of, and stays. Decides nothing, and nothing is
decided by it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import func, insert, or_, select

from loyaltychain.chain.tables import settlement_log
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx

Kind = Literal["batch", "intent"]


@dataclass(frozen=True, slots=True)
class Transition:
    """One line."""

    kind: Kind
    id: str  # of the batch, its number; of the intent, its name
    number: int  # among this one's lines, from 1
    at: UnixSeconds
    was: str | None  # None: it was made
    became: str
    reason: str | None


def append(tx: Tx, kind: Kind, name: str, *, at: UnixSeconds, was: str | None, became: str, reason: str | None) -> None:
    """Write one line, behind the others of the same batch or intent. Its row has to be locked: it was just changed."""
    mine = (settlement_log.c.kind == kind) & (settlement_log.c.id == name)
    last = tx.execute(select(func.coalesce(func.max(settlement_log.c.number), 0)).where(mine)).scalar_one()
    row = {"kind": kind, "id": name, "number": last + 1, "at": at, "was": was, "became": became, "reason": reason}
    tx.execute(insert(settlement_log), row)


def read_transitions(tx: Tx, kind: Kind, name: str) -> list[Transition]:
    """One batch's lines, or one intent's, the first one first."""
    mine = (settlement_log.c.kind == kind) & (settlement_log.c.id == name)
    rows = tx.execute(select(settlement_log).where(mine).order_by(settlement_log.c.number)).mappings()
    return [Transition(**row) for row in rows]


def read_of_batches(tx: Tx, numbers: Sequence[int]) -> list[Transition]:
    """The lines of these batches and of all their intents, by time; those of one second as they followed each other."""
    if not numbers:
        return []
    of_batches = (settlement_log.c.kind == "batch") & settlement_log.c.id.in_([str(number) for number in numbers])
    of_intents = [
        or_(settlement_log.c.id == f"settle:{number}", settlement_log.c.id.like(f"settle:{number}:%"))
        for number in numbers
    ]
    mine = or_(of_batches, (settlement_log.c.kind == "intent") & or_(*of_intents))
    order = (settlement_log.c.at, settlement_log.c.kind, settlement_log.c.id, settlement_log.c.number)
    return [Transition(**row) for row in tx.execute(select(settlement_log).where(mine).order_by(*order)).mappings()]
