"""The SQL of lots' conditions and members' lapses, one function a query. Decides nothing."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, select, update

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.bulk import any_of, as_list, fetch
from loyaltychain.db.engine import Tx
from loyaltychain.ledger.lots import Condition, Lapse, LotId
from loyaltychain.ledger.tables import entries, lots
from loyaltychain.ledger.term_tables import lapses, lot_conditions
from loyaltychain.ledger.types import EntryId

_STANDS = lapses.c.undone_by.is_(None)


def read_conditions(tx: Tx, lot_ids: Collection[LotId]) -> dict[LotId, Condition]:
    """What each of these lots waits for; those that wait for nothing but time are left out."""
    if not lot_ids:
        return {}
    rows = tx.execute(_conditions(tx.dialect.name), {"ids": as_list(lot_ids)})
    return {LotId(row.id): Condition(row.until, row.reject, row.otherwise, row.qualifying) for row in rows}


@cache
def _conditions(dialect: str) -> Select[Any]:
    query = select(entries.c.id, lot_conditions).join(entries, entries.c.position == lot_conditions.c.lot)
    return query.where(any_of(dialect, entries.c.id, "ids"))


def insert_conditions(tx: Tx, new: Mapping[int, Condition]) -> None:
    """Append what lots wait for, by the positions of the entries that made them."""
    rows = [
        {
            "lot": lot, "until": each.until, "reject": each.reject, "otherwise": each.otherwise,
            "qualifying": each.qualifying,
        }
        for lot, each in new.items()
    ]  # fmt: skip
    if rows:
        tx.execute(lot_conditions.insert(), rows)


def read_lapses(tx: Tx, members: Collection[MemberNumber]) -> dict[MemberNumber, list[Lapse]]:
    """The lapses of these members that stand, those to come and those that have been."""
    found: dict[MemberNumber, list[Lapse]] = {}
    for member, *lapse in fetch(tx, _lapses(tx.dialect.name), members=as_list(members)):
        found.setdefault(MemberNumber(member), []).append(Lapse(*lapse))
    return found


@cache
def _lapses(dialect: str) -> Select[Any]:
    query = select(lapses.c.member, lapses.c.id, lapses.c.since, lapses.c.at)
    return query.where(_STANDS, any_of(dialect, lapses.c.member, "members"))


def insert_lapse(tx: Tx, member: MemberNumber, lapse: Lapse) -> None:
    """Append a lapse to come."""
    row = {"id": lapse.id, "member": member, "since": lapse.since, "at": lapse.at, "undone_by": None, "is_booked": 0}
    tx.execute(lapses.insert(), [row])


def undo_lapses(tx: Tx, undone: Iterable[tuple[str, EntryId]]) -> None:
    """Set the entry by which each of these lapses does not come."""
    rows = [{"of_lapse": lapse, "entry": entry} for lapse, entry in undone]
    if rows:
        tx.execute(
            update(lapses).where(lapses.c.id == bindparam("of_lapse")).values(undone_by=bindparam("entry")), rows
        )


def members_lapsed(tx: Tx, at: UnixSeconds, limit: int) -> Sequence[MemberNumber]:
    """At most ``limit`` members of whom a lapse at or before ``at`` is not booked, by number."""
    query = (
        select(lapses.c.member)
        .join(lots, _falls_under())
        .where(_STANDS, lapses.c.is_booked == 0, lapses.c.at <= at)
        .distinct()
        .order_by(lapses.c.member)
        .limit(limit)
    )
    return [MemberNumber(number) for number in tx.execute(query).scalars()]


def close_lapses(tx: Tx, at: UnixSeconds) -> None:
    """Look no more for what fell under the lapses until ``at`` of which nothing is left."""
    left = select(lots.c.position).where(_falls_under()).exists()
    tx.execute(update(lapses).where(_STANDS, lapses.c.is_booked == 0, lapses.c.at <= at, ~left).values(is_booked=1))


def reopen_lapses(tx: Tx, members: Collection[MemberNumber]) -> None:
    """Look again: something came back to these members' lots."""
    if members:
        named = any_of(tx.dialect.name, lapses.c.member, "members")
        tx.execute(
            update(lapses).where(lapses.c.is_booked == 1, named).values(is_booked=0), {"members": as_list(members)}
        )


def _falls_under() -> ColumnElement[bool]:
    """Points that a lapse ends."""
    return (
        (lots.c.member == lapses.c.member)
        & (lots.c.remaining > 0)
        & lots.c.expires_at.is_(None)
        & lots.c.due_at.is_(None)
        & (lots.c.earned_at < lapses.c.at)
    )
