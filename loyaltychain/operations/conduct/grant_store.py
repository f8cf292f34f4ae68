"""The SQL of grants. Decides nothing."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, func, select, update

from loyaltychain.core import canonical
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.bulk import any_of, as_list, fetch, insert_rows
from loyaltychain.db.engine import Tx
from loyaltychain.ledger.types import EntryId
from loyaltychain.operations.conduct.tables import grant_entries, grants

_NAMES = (
    "number", "cause", "rule", "occurrence", "member", "revision", "unit", "at", "desired", "awarded", "state",
    "reason", "qualifying", "due_at", "expiry", "role", "inputs", "version", "posted", "counted", "problem", "position",
    "recorded_at", "is_latest", "first_at", "last_at",
)  # fmt: skip
_content = itemgetter(slice(_NAMES.index("unit"), _NAMES.index("version") + 1))
plain_of = itemgetter(slice(_NAMES.index("unit"), _NAMES.index("inputs")))  # the same without inputs and version
Name = tuple[str, str, str, MemberNumber]  # cause, rule, occurrence, member


class GrantRow(NamedTuple):
    """A revision of a grant as it is stored: the table's columns. A tuple, since a refold reads all of a member's."""

    number: int
    cause: str
    rule: str
    occurrence: str
    member: MemberNumber
    revision: int
    unit: str
    at: UnixSeconds
    desired: int
    awarded: int
    state: str
    reason: str | None
    qualifying: int
    due_at: UnixSeconds | None
    expiry: str | None
    role: str | None
    inputs: str
    version: str
    posted: int
    counted: int
    problem: str | None
    position: int
    recorded_at: UnixSeconds
    is_latest: int
    first_at: UnixSeconds
    last_at: UnixSeconds

    @property
    def name(self) -> Name:
        """What it is a revision of."""
        return self.cause, self.rule, self.occurrence, self.member

    @property
    def content(self) -> tuple[Any, ...]:
        """All that a new revision would say otherwise."""
        content: tuple[Any, ...] = _content(self)
        return content


def read_caused(tx: Tx, causes: Collection[str]) -> list[GrantRow]:
    """The latest revisions of all grants by these causes."""
    if not causes:
        return []
    return list(map(GrantRow._make, fetch(tx, _caused(tx.dialect.name), causes=as_list(sorted(causes)))))


@cache
def _caused(dialect: str) -> Select[Any]:
    return _latest().where(any_of(dialect, grants.c.cause, "causes"))


def read_said_after(tx: Tx, members: Collection[MemberNumber], after: UnixSeconds | None) -> list[GrantRow]:
    """The latest revisions of these members' grants that facts after an instant (None: ever) made what they are."""
    since = -(2**62) if after is None else after
    rows = fetch(tx, _said(tx.dialect.name), members=as_list(sorted(members)), since=since)
    return list(map(GrantRow._make, rows))


@cache
def _said(dialect: str) -> Select[Any]:
    return _latest().where(any_of(dialect, grants.c.member, "members"), grants.c.last_at > bindparam("since"))


def first_changed_after(tx: Tx, members: Collection[MemberNumber], after: UnixSeconds) -> UnixSeconds | None:
    """When the first of these members' grants was made that stood at that instant, and was changed later."""
    found = tx.execute(
        select(func.min(grants.c.first_at)).where(
            grants.c.member.in_(sorted(members)), grants.c.is_latest == 1, grants.c.last_at > after,
            grants.c.first_at <= after,
        )
    ).scalar_one()  # fmt: skip
    return None if found is None else UnixSeconds(found)


def read_roles(tx: Tx, members: Collection[MemberNumber]) -> dict[MemberNumber, set[str]]:
    """The roles that these members' badges give them."""
    found: dict[MemberNumber, set[str]] = {}
    query = _latest().where(grants.c.member.in_(sorted(members)), grants.c.role.is_not(None), grants.c.awarded > 0)
    for row in tx.execute(query):
        found.setdefault(MemberNumber(row.member), set()).add(row.role)
    return found


def last_number(tx: Tx) -> int:
    """The number of the last revision; 0 without any."""
    return int(tx.execute(select(func.coalesce(func.max(grants.c.number), 0))).scalar_one())


def insert(tx: Tx, rows: Sequence[GrantRow], entries: Mapping[int, Iterable[EntryId]]) -> None:
    """Append revisions, with the entries that posted them; those before are the latest no more."""
    later = [row for row in rows if row.revision > 1]
    if later:
        names = ("cause", "rule", "occurrence", "member")
        is_it = [grants.c[name] == bindparam(f"of_{name}") for name in names]
        before = [{f"of_{name}": getattr(row, name) for name in names} for row in later]
        tx.execute(update(grants).where(*is_it, grants.c.is_latest == 1).values(is_latest=0), before)
    insert_rows(tx, grants, rows)
    insert_rows(tx, grant_entries, [(id_, number) for number in sorted(entries) for id_ in entries[number]])


def move(tx: Tx, moved: Sequence[tuple[int, UnixSeconds, UnixSeconds]]) -> None:
    """Say of revisions (number, first_at, last_at) that other facts made them what they are."""
    if moved:
        tx.execute(
            update(grants).where(grants.c.number == bindparam("of")).values(
                first_at=bindparam("first"), last_at=bindparam("last")
            ),
            [{"of": number, "first": first, "last": last} for number, first, last in moved],
        )  # fmt: skip


def expiry_text(document: Mapping[str, Any] | None) -> str | None:
    """A lifetime as it is stored."""
    return None if document is None else canonical.encode_text(dict(document))


def _latest() -> Select[Any]:
    return select(*(grants.c[name] for name in _NAMES)).where(grants.c.is_latest == 1)
