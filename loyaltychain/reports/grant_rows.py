"""The SQL of grants and of what stands beside them, one function a query. Reads only, decides nothing.

A grant has revisions; what counts is its latest one. Its member is the number that the event was captured under: a
member who stands for others has all of theirs.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, cast

from sqlalchemy import Row, Select, func, select

from loyaltychain.core.amounts import POINTS, MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.bulk import any_of, as_list
from loyaltychain.db.engine import Tx
from loyaltychain.events.links import find_merged
from loyaltychain.events.tables import members
from loyaltychain.ledger.accounts import ISSUED
from loyaltychain.ledger.tables import entries, postings
from loyaltychain.operations.conduct.names import RULE_KINDS
from loyaltychain.operations.conduct.tables import decisions, grant_entries, grants
from loyaltychain.program.lifetime import Lifetime
from loyaltychain.rules.engine.types import Grant, Reason

Found = Row[*tuple[Any, ...]]
STEP = "conduct"  # the cursor of the step that decides
_ROWS_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Granted:
    """A grant as it is stored.

    Args:
        number: Of its latest revision; it names it.
        member: As the event was captured.
        posted: What stands in the ledger for it. ``problem`` says why that is not what was awarded.
        is_gone: What brought it about does so no longer.
        last_at: When it became what it is, in the time of events.
        position: Of the event that did so; 0: time, or a new version of the programme.
    """

    number: int
    member: MemberNumber
    grant: Grant
    revision: int
    posted: int
    problem: str | None
    is_gone: bool
    first_at: UnixSeconds
    last_at: UnixSeconds
    position: int
    recorded_at: UnixSeconds


def numbers_of(tx: Tx, member: MemberNumber) -> list[MemberNumber]:
    """The numbers under which this member's grants stand: hers, and of those who went over into her."""
    return sorted({member, *find_merged(tx, [member])})


def of_cause(tx: Tx, cause: str) -> list[Granted]:
    """What an event brought about, by rule and occurrence."""
    query = _latest().where(grants.c.cause == cause).order_by(grants.c.rule, grants.c.occurrence, grants.c.member)
    return list(map(granted, tx.execute(query)))


def changed_by(tx: Tx, position: int, cause: str, *, after: int = 0) -> list[Granted]:
    """Revisions of other events' grants that the event at this position brought about, with numbers above ``after``.

    Every grant above ``after`` is looked at.
    """
    its = grants.c
    query = select(grants).where(its.number > after, its.position == position, its.cause != cause)
    return list(map(granted, tx.execute(query.order_by(its.number))))


def by_number(tx: Tx, number: int) -> Granted | None:
    """The latest revision of the grant of which ``number`` is a revision; None when there is none."""
    row = tx.execute(select(grants).where(grants.c.number == number)).one_or_none()
    if row is None or row.is_latest:
        return None if row is None else granted(row)
    latest = _latest().filter_by(cause=row.cause, rule=row.rule, occurrence=row.occurrence, member=row.member)
    return granted(tx.execute(latest).one())


def by_entry(tx: Tx, entry_id: str) -> Granted | None:
    """The grant for which this entry was made."""
    query = select(grant_entries.c.grant_number).where(grant_entries.c.entry_id == entry_id)
    number = tx.execute(query).scalar_one_or_none()
    return None if number is None else by_number(tx, number)


def of_members(
    tx: Tx, numbers: Collection[MemberNumber], *, before: tuple[int, int] | None, limit: int
) -> list[Granted]:
    """Newest first, from behind ``before`` (``last_at``, ``number``)."""
    query = _latest().where(grants.c.member.in_(sorted(numbers)))
    if before is not None:
        at, number = before
        query = query.where((grants.c.last_at < at) | ((grants.c.last_at == at) & (grants.c.number < number)))
    query = query.order_by(grants.c.last_at.desc(), grants.c.number.desc()).limit(limit)
    return list(map(granted, tx.execute(query)))


def last_grant(tx: Tx) -> int:
    """The number of the last revision; 0 before the first."""
    return int(tx.execute(select(func.coalesce(func.max(grants.c.number), 0))).scalar_one())


def stream_latest(tx: Tx) -> Iterator[Granted]:
    """All grants as they stand."""
    options = {"yield_per": _ROWS_AT_ONCE}
    yield from map(granted, tx.execute(_latest().order_by(grants.c.number), execution_options=options))


def entries_by_grant(tx: Tx, found: Collection[Granted]) -> dict[int, tuple[str, ...]]:
    """By the number of each of these grants the entries that all its revisions posted."""
    mine = {_key(each): each.number for each in found}
    entries_of: dict[int, list[str]] = {each.number: [] for each in found}
    if found:
        query = _entries(tx.dialect.name)
        for row in tx.execute(query, {"causes": as_list(sorted({each.grant.cause for each in found}))}):
            number = mine.get((row.cause, row.rule, row.occurrence, row.member))
            if number is not None:
                entries_of[number].append(row.entry_id)
    return {number: tuple(entries) for number, entries in entries_of.items()}


def revisions_of(tx: Tx, of: Granted) -> list[Granted]:
    """How the grant became what it is, the first revision first."""
    its, grant = grants.c, of.grant
    query = select(grants).where(its.cause == grant.cause, its.rule == grant.rule, its.member == of.member)
    query = query.where(its.occurrence == grant.occurrence).order_by(its.revision)
    return list(map(granted, tx.execute(query)))


def holders(tx: Tx) -> dict[str, int]:
    """By achievement's rule, how many grants of its badge stand, by whomever they are held."""
    query = select(grants.c.rule, func.count(grants.c.member.distinct())).where(
        grants.c.is_latest == 1, grants.c.unit == "badge", grants.c.awarded > 0
    )
    return {rule: int(count) for rule, count in tx.execute(query.group_by(grants.c.rule))}


def taken_of(tx: Tx, resources: Sequence[str]) -> dict[str, int]:
    """How much of each of these shared resources is taken, by the decisions in force."""
    its = decisions.c
    query = select(its.resource, func.sum(its.granted)).where(its.is_latest == 1, its.resource.in_(resources))
    return {resource: int(taken) for resource, taken in tx.execute(query.group_by(its.resource))}


def points_of_money(tx: Tx, numbers: Collection[MemberNumber]) -> int:
    """The points that rules for purchases and orders gave these members, what came back of them included."""
    amount = func.coalesce(func.sum(postings.c.amount), 0)
    query = select(amount).join(entries, entries.c.position == postings.c.position)
    given = entries.c.kind == "earn", entries.c.rule.is_not(None), postings.c.source == ISSUED
    ours = [~entries.c.rule.startswith(f"{kind}:", autoescape=True) for kind in RULE_KINDS]
    mine = entries.c.member.in_(sorted(numbers)), postings.c.unit == POINTS
    return int(tx.execute(query.where(*given, *ours, *mine)).scalar_one())


def count_members(tx: Tx) -> int:
    """How many members there are."""
    return int(tx.execute(select(func.count()).select_from(members)).scalar_one())


def first_ids(tx: Tx, numbers: Collection[int]) -> dict[int, str]:
    """The members' first ids by their numbers."""
    query = _ids(tx.dialect.name)
    return {row.number: row.member_id for row in tx.execute(query, {"numbers": as_list(numbers)})}


def as_grant(row: Any) -> Grant:
    """The grant of a row."""
    is_gone = row.state == "gone"
    return Grant(
        rule=row.rule,
        unit=cast(Literal["points", "badge"], row.unit),
        cause=row.cause,
        occurrence=row.occurrence,
        at=UnixSeconds(row.at),
        desired=row.desired,
        awarded=row.awarded,
        state=cast(Literal["given", "pending", "held"], "given" if is_gone else row.state),
        reason=cast(Reason | None, row.reason),
        qualifying=row.qualifying,
        due_at=None if row.due_at is None else UnixSeconds(row.due_at),
        expiry=None if row.expiry is None else Lifetime(**json.loads(row.expiry)),
        role=row.role,
        inputs=json.loads(row.inputs),
        version=row.version,
    )


def granted(row: Any) -> Granted:
    """A row of the table."""
    return Granted(
        number=row.number,
        member=MemberNumber(row.member),
        grant=as_grant(row),
        revision=row.revision,
        posted=row.posted,
        problem=row.problem,
        is_gone=row.state == "gone",
        first_at=UnixSeconds(row.first_at),
        last_at=UnixSeconds(row.last_at),
        position=row.position,
        recorded_at=UnixSeconds(row.recorded_at),
    )


def _latest() -> Select[tuple[Any, ...]]:
    return select(grants).where(grants.c.is_latest == 1)


def _key(of: Granted) -> tuple[str, str, str, int]:
    return of.grant.cause, of.grant.rule, of.grant.occurrence, of.member


@cache
def _entries(dialect: str) -> Select[Any]:
    its = grants.c
    return (
        select(its.cause, its.rule, its.occurrence, its.member, grant_entries.c.entry_id)
        .join(grant_entries, grant_entries.c.grant_number == its.number)
        .where(any_of(dialect, its.cause, "causes"))
        .order_by(its.number, grant_entries.c.entry_id)
    )


@cache
def _ids(dialect: str) -> Select[Any]:
    return select(members.c.number, members.c.member_id).where(any_of(dialect, members.c.number, "numbers"))
