"""Members who went over into another one, and who came out again. Both are facts: a link, and its end, are never
changed.

A number that went over keeps its ids, and the events that name them keep the number; what they move goes to the
survivor for as long as the link stands. So an unmerge can tell whose everything was. Moves no points.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from sqlalchemy import CheckConstraint, Column, ForeignKey, Row, Select, Table, func, select

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.bulk import any_of, as_list, fetch
from loyaltychain.db.engine import Tx
from loyaltychain.db.lock import lock
from loyaltychain.db.tables import Number, String, metadata
from loyaltychain.events.types import SequencedEvent

MERGES = "events.merges"  # the name of the lock that merges hold, and whoever decides on events

member_links = Table(
    "member_links",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=False),  # 1, 2, 3, …
    Column("merged", Number, ForeignKey("members.number"), nullable=False, index=True),
    Column("survivor", Number, ForeignKey("members.number"), nullable=False, index=True),
    Column("reason", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("since", Number, nullable=False),
    Column("points", Number, nullable=False),  # what went over: spendable, and below pending, debt, qualifying ones
    Column("pending", Number, nullable=False),
    Column("debt", Number, nullable=False),
    Column("qualifying", Number, nullable=False),
    CheckConstraint("points >= 0 AND pending >= 0 AND debt >= 0 AND qualifying >= 0", name="amounts"),
)

member_link_ends = Table(
    "member_link_ends",
    metadata,
    Column("link", Number, ForeignKey("member_links.id"), primary_key=True, autoincrement=False),
    Column("reason", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("ended_at", Number, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Link:
    """``merged`` went over into ``survivor``, with so many points of each kind (>= 0).

    ``ended_at`` is when she came out again; None while the link stands.
    """

    id: int
    merged: MemberNumber
    survivor: MemberNumber
    reason: str
    actor: str
    since: UnixSeconds
    points: int
    pending: int
    debt: int
    qualifying: int
    ended_at: UnixSeconds | None = None
    end_reason: str | None = None
    end_actor: str | None = None


def keep_still(tx: Tx) -> None:
    """Let nobody be merged or unmerged until the transaction ends. Before any member's points are locked.

    Raises DatabaseBusy when another transaction kept it for too long.
    """
    lock(tx, MERGES)


def find_survivors(tx: Tx, numbers: Collection[MemberNumber]) -> dict[MemberNumber, MemberNumber]:
    """Into whom those of ``numbers`` went over who did, through as many merges as there were."""
    found: dict[MemberNumber, MemberNumber] = {}
    asked = set(numbers)
    while asked:
        step = dict(_read_pairs(tx, member_links.c.merged, asked))
        found = {merged: step.get(survivor, survivor) for merged, survivor in found.items()} | {
            merged: survivor for merged, survivor in step.items() if merged in numbers
        }
        asked = set(step.values())
    return found


def find_survivor(tx: Tx, number: MemberNumber) -> MemberNumber | None:
    """Into whom this member went over; None when she stands for herself."""
    return find_survivors(tx, [number]).get(number)


def find_merged(tx: Tx, survivors: Collection[MemberNumber]) -> dict[MemberNumber, MemberNumber]:
    """Who went over into one of ``survivors``, and into which, through as many merges as there were."""
    found: dict[MemberNumber, MemberNumber] = {}
    asked = {number: number for number in survivors}
    while asked:
        step = {merged: asked[into] for merged, into in _read_pairs(tx, member_links.c.survivor, asked)}
        found |= step
        asked = step
    return found


def ever_with(tx: Tx, number: MemberNumber) -> set[MemberNumber]:
    """This number and all into which it ever went over, also where it came out again."""
    found, asked = {number}, {number}
    while asked:
        query = select(member_links.c.survivor).where(member_links.c.merged.in_(sorted(asked)))
        asked = {MemberNumber(survivor) for survivor in tx.execute(query).scalars()} - found
        found |= asked
    return found


def is_same(tx: Tx, one: MemberNumber, other: MemberNumber) -> bool:
    """Whether both numbers are one member now."""
    if one == other:
        return True
    survivors = find_survivors(tx, [one, other])
    return survivors.get(one, one) == survivors.get(other, other)


def to_survivors(tx: Tx, found: Sequence[SequencedEvent]) -> list[SequencedEvent]:
    """The events as they are decided on: each of the member who survives. Merges wait until the transaction ends."""
    keep_still(tx)
    survivors = find_survivors(tx, {each.member for each in found})
    return (
        [replace(each, member=survivors[each.member]) if each.member in survivors else each for each in found]
        if survivors
        else list(found)
    )


def read_open_link(tx: Tx, merged: MemberNumber) -> Link | None:
    """The link by which this member went over and did not come out again."""
    row = tx.execute(_links().where(member_links.c.merged == merged, member_link_ends.c.link.is_(None))).one_or_none()
    return None if row is None else _link(row)


def read_links(tx: Tx, number: MemberNumber) -> list[Link]:
    """All links of which this number is either end, the first first."""
    ends = (member_links.c.merged == number) | (member_links.c.survivor == number)
    return [_link(row) for row in tx.execute(_links().where(ends).order_by(member_links.c.id))]


def next_link(tx: Tx) -> int:
    """The id that the next link gets. The caller holds the lock (``keep_still``)."""
    return int(tx.execute(select(func.coalesce(func.max(member_links.c.id), 0))).scalar_one()) + 1


def insert_link(tx: Tx, link: Link) -> None:
    """Append a link."""
    names = ("id", "merged", "survivor", "reason", "actor", "since", "points", "pending", "debt", "qualifying")
    tx.execute(member_links.insert(), [{name: getattr(link, name) for name in names}])


def insert_end(tx: Tx, link: int, *, reason: str, actor: str, ended_at: UnixSeconds) -> None:
    """Append a link's end."""
    tx.execute(member_link_ends.insert(), [{"link": link, "reason": reason, "actor": actor, "ended_at": ended_at}])


def _read_pairs(
    tx: Tx, column: Column[int], numbers: Collection[MemberNumber]
) -> Iterator[tuple[MemberNumber, MemberNumber]]:
    """(merged, survivor) of the links that stand and name one of ``numbers`` in ``column``."""
    for merged, survivor in fetch(tx, _pairs(tx.dialect.name, column), numbers=as_list(numbers)):
        yield MemberNumber(merged), MemberNumber(survivor)


@cache
def _pairs(dialect: str, column: Column[int]) -> Select[Any]:
    return (
        select(member_links.c.merged, member_links.c.survivor)
        .outerjoin(member_link_ends, member_link_ends.c.link == member_links.c.id)
        .where(member_link_ends.c.link.is_(None), any_of(dialect, column, "numbers"))
    )


def _links() -> Select[tuple[object, ...]]:
    return select(
        member_links,
        member_link_ends.c.ended_at,
        member_link_ends.c.reason.label("end_reason"),
        member_link_ends.c.actor.label("end_actor"),
    ).outerjoin(member_link_ends, member_link_ends.c.link == member_links.c.id)


def _link(row: Row[tuple[object, ...]]) -> Link:
    return Link(**row._mapping)
