"""The SQL of notices and of members' activity, one function a query. Decides nothing."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, case, exists, func, or_, select, tuple_, update

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.db.insert import insert_new
from loyaltychain.events.tables import member_closures, members
from loyaltychain.ledger.tables import entries, lots
from loyaltychain.ledger.term_tables import lapses
from loyaltychain.ledger.types import Entry
from loyaltychain.operations.policy_tables import member_activity, notices

Found = Row[*tuple[Any, ...]]
NoticeState = Literal["due", "sent", "void"]
_DOES = ("redeem", "commit")  # kinds of entries: what a member does herself, besides what she earns under a rule

_OPEN = (lots.c.remaining > 0) & lots.c.due_at.is_(None)
_CLOSED = exists().where(member_closures.c.number == lots.c.member)
_NOT_ENDED = lapses.c.undone_by.is_(None)


def is_act(entry: Entry) -> bool:
    """Whether the member did this herself: corrections, edits and what time does are none of hers."""
    return entry.kind in _DOES or (entry.kind == "earn" and entry.rule is not None)


def raise_activity(tx: Tx, last: Mapping[MemberNumber, UnixSeconds]) -> None:
    """Say of each member when she was last active, unless a later time is known."""
    rows = [{"of": member, "at": at} for member, at in sorted(last.items())]
    if not rows:
        return
    tx.execute(insert_new(tx, member_activity), [{"member": row["of"], "last_at": row["at"]} for row in rows])
    later = (member_activity.c.member == bindparam("of")) & (member_activity.c.last_at < bindparam("at"))
    tx.execute(update(member_activity).where(later).values(last_at=bindparam("at")), rows)


def last_active(tx: Tx, member: MemberNumber) -> UnixSeconds:
    """When the member was last active, by the ledger itself; when she joined if she never was."""
    earned = (entries.c.kind == "earn") & entries.c.rule.is_not(None)
    acts = select(func.max(entries.c.occurred_at)).where(
        entries.c.member == member, or_(entries.c.kind.in_(_DOES), earned)
    )
    joined = select(members.c.joined_at).where(members.c.number == member)
    last = tx.execute(acts).scalar_one_or_none()
    return UnixSeconds(tx.execute(joined).scalar_one() if last is None else last)


def read_expiring(tx: Tx, *, after: UnixSeconds, until: UnixSeconds, limit: int) -> Sequence[Found]:
    """Members with points that expire in this span, of which no notice was written: member, at, points."""
    told = exists().where(
        notices.c.member == lots.c.member, notices.c.at == lots.c.expires_at, notices.c.because == "age"
    )
    query = (
        select(lots.c.member, lots.c.expires_at.label("at"), func.sum(lots.c.remaining).label("points"))
        .where(_OPEN, lots.c.expires_at > after, lots.c.expires_at <= until, ~told, ~_CLOSED)
        .group_by(lots.c.member, lots.c.expires_at)
        .order_by(lots.c.expires_at, lots.c.member)
        .limit(limit)
    )
    return tx.execute(query).all()


def read_idle(tx: Tx, *, before: UnixSeconds, after: MemberNumber, limit: int) -> Sequence[Found]:
    """Members beyond number ``after`` with points without expiry who were not active since ``before``: member, points,
    since (when they were last active)."""
    since = func.coalesce(member_activity.c.last_at, members.c.joined_at)
    query = (
        select(lots.c.member, func.sum(lots.c.remaining).label("points"), since.label("since"))
        .join(members, members.c.number == lots.c.member)
        .outerjoin(member_activity, member_activity.c.member == lots.c.member)
        .where(_OPEN, lots.c.expires_at.is_(None), lots.c.member > after, since <= before, ~_CLOSED)
        .group_by(lots.c.member, since)
        .order_by(lots.c.member)
        .limit(limit)
    )
    return tx.execute(query).all()


def last_lapses(tx: Tx, of: Sequence[MemberNumber]) -> dict[MemberNumber, UnixSeconds]:
    """The latest lapse of each member that stands, to come or passed."""
    query = (
        select(lapses.c.member, func.max(lapses.c.at))
        .where(_NOT_ENDED, lapses.c.member.in_(of))
        .group_by(lapses.c.member)
    )
    return {MemberNumber(member): UnixSeconds(at) for member, at in tx.execute(query)}


def insert_notices(tx: Tx, rows: Sequence[dict[str, Any]]) -> int:
    """Append those that are not there yet; how many that were."""
    if not rows:
        return 0
    made = insert_new(tx, notices).returning(notices.c.id)
    return len(tx.execute(made, sorted(rows, key=lambda row: str(row["id"]))).all())


def read_notice(tx: Tx, id_: str, *, now: UnixSeconds) -> Found | None:
    """A notice as ``read_notices`` has them; None if there is no such one."""
    return tx.execute(_shown(now).where(notices.c.id == id_)).one_or_none()


def read_notices(
    tx: Tx, state: NoticeState, *, now: UnixSeconds, after: tuple[int, str] | None, limit: int
) -> Sequence[Found]:
    """Notices in this state as they were written, oldest first, with ``member_id``, what is ``left`` of the points, the
    ``lapse`` that followed, and whether it still ``stands``."""
    key = (notices.c.created_at, notices.c.id)
    query = _shown(now).order_by(*key).limit(limit)
    if state == "sent":
        query = query.where(notices.c.sent_at.is_not(None))
    else:
        query = query.where(notices.c.sent_at.is_(None), _stands(now) if state == "due" else ~_stands(now))
    if after is not None:
        query = query.where(tuple_(*key) > tuple_(*after))
    return tx.execute(query).all()


def set_sent(tx: Tx, id_: str, at: UnixSeconds) -> None:
    """Say when a notice was sent."""
    tx.execute(update(notices).where(notices.c.id == id_).values(sent_at=at))


def _shown(now: UnixSeconds) -> Select[Any]:
    lapse = select(lapses.c.at).where(lapses.c.id == notices.c.id, _NOT_ENDED).scalar_subquery()
    return select(
        notices,
        members.c.member_id,
        _left().label("left"),
        lapse.label("lapse"),
        case((_stands(now), 1), else_=0).label("stands"),
    ).join(members, members.c.number == notices.c.member)


def _left() -> ColumnElement[int]:
    """What is left now of the points that a notice is about."""
    its = or_(
        and_(notices.c.because == "age", lots.c.expires_at == notices.c.at),
        and_(notices.c.because == "inactivity", lots.c.expires_at.is_(None)),
    )
    total = select(func.coalesce(func.sum(lots.c.remaining), 0)).where(lots.c.member == notices.c.member, _OPEN, its)
    return total.correlate(notices).scalar_subquery()


def _stands(now: UnixSeconds) -> ColumnElement[bool]:
    """Whether points will run out as it says: some are left, and the member was not active since."""
    acted = exists().where(member_activity.c.member == notices.c.member, member_activity.c.last_at > notices.c.since)
    return and_(_left() > 0, or_(and_(notices.c.because == "age", notices.c.at > now),
                                 and_(notices.c.because == "inactivity", ~acted)))  # fmt: skip
