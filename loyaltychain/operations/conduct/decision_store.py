"""Decisions on what members share, and their SQL. Decides nothing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, func, select, update

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.bulk import any_of, as_list, fetch, insert_rows
from loyaltychain.db.engine import Tx
from loyaltychain.ledger.store import parts
from loyaltychain.operations.conduct.tables import decisions, pools

Name = tuple[str, str]  # (resource, key)
_NAMES = ("resource", "key", "revision", "first", "wanted", "granted", "most", "member", "at")
_BEGINNING = UnixSeconds(-(2**62))


@dataclass(slots=True)
class Decision:
    """How much of a resource an occasion has. ``first`` is its place in the line, ``at`` when its fact was."""

    resource: str
    key: str
    revision: int
    first: int
    wanted: int
    granted: int
    most: int
    member: MemberNumber
    at: UnixSeconds
    is_changed: bool = False

    @property
    def name(self) -> Name:
        """What it is one of."""
        return self.resource, self.key


def read_of(tx: Tx, since: Mapping[MemberNumber, UnixSeconds | None]) -> list[Decision]:
    """What these members decided with facts after these instants; None: ever."""
    if not since:
        return []
    bounds = {member: _BEGINNING if at is None else at for member, at in since.items()}
    query = _of(tx.dialect.name)
    rows = fetch(tx, query, members=as_list(sorted(bounds)), since=min(bounds.values()))
    found = [_decision(row) for row in rows]
    return [each for each in found if each.at > bounds[each.member]]


@cache
def _of(dialect: str) -> Select[Any]:
    return _select().where(any_of(dialect, decisions.c.member, "members"), decisions.c.at > bindparam("since"))


def read_one(tx: Tx, name: Name) -> Decision | None:
    """The decision of this name."""
    rows = fetch(tx, _ONE, of_resource=name[0], of_key=name[1])
    return _decision(rows[0]) if rows else None


def read_short(tx: Tx, resources: Collection[str]) -> list[Decision]:
    """Those that got less of one of these than they wanted."""
    query = _select().where(decisions.c.granted < decisions.c.wanted).order_by(decisions.c.first)
    return [
        _decision(row)
        for part in parts(sorted(resources))
        for row in tx.execute(query.where(decisions.c.resource.in_(part)))
    ]


def read_pool(tx: Tx, resource: str) -> int:
    """How much of the resource is taken."""
    rows = fetch(tx, _POOL, of_resource=resource)
    return rows[0][0] if rows else 0


def insert(tx: Tx, changed: Sequence[Decision], now: UnixSeconds) -> None:
    """Append revisions; a decision that is new gets its place in the line."""
    if not changed:
        return
    number = int(tx.execute(select(func.coalesce(func.max(decisions.c.number), 0))).scalar_one())
    rows = []
    for number, each in enumerate(changed, start=number + 1):  # noqa: B020 - goes on from there
        each.revision += 1
        each.first = each.first or number
        rows.append((number, *(getattr(each, name) for name in _NAMES), now, 1))
    before = [{"of_resource": each.resource, "of_key": each.key} for each in changed if each.revision > 1]
    if before:
        is_it = decisions.c.resource == bindparam("of_resource"), decisions.c.key == bindparam("of_key")
        tx.execute(update(decisions).where(*is_it, decisions.c.is_latest == 1).values(is_latest=0), before)
    insert_rows(tx, decisions, rows)


def write_pools(tx: Tx, taken: Mapping[str, int]) -> None:
    """Keep how much is taken of these resources."""
    names = sorted(taken)
    for part in parts(names):
        tx.execute(pools.delete().where(pools.c.resource.in_(part)))
    insert_rows(tx, pools, [(name, taken[name]) for name in names])


def _select() -> Select[Any]:
    return select(*(decisions.c[name] for name in _NAMES)).where(decisions.c.is_latest == 1)


def _decision(row: Sequence[Any]) -> Decision:
    resource, key, revision, first, wanted, granted, most, member, at = row
    return Decision(resource, key, revision, first, wanted, granted, most, MemberNumber(member), UnixSeconds(at))


_ONE = _select().where(decisions.c.resource == bindparam("of_resource"), decisions.c.key == bindparam("of_key"))
_POOL = select(pools.c.taken).where(pools.c.resource == bindparam("of_resource"))
