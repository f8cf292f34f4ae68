"""Notices: what members are to be told before points run out, written by a step, sent by the programme's own app.

A notice is written once for a member and an instant. It is due while points will run out as it says; when they were
spent meanwhile, or the member was active again, it is void without anybody's doing. Sends nothing itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx, transaction
from loyaltychain.db.lock import lock
from loyaltychain.db.step import move_cursor, read_cursor
from loyaltychain.ledger import book, term_store
from loyaltychain.ledger.lots import Lapse
from loyaltychain.ledger.store import read_entries
from loyaltychain.operations import notice_store
from loyaltychain.operations.notice_store import Found, NoticeState
from loyaltychain.program.expiry import DAY_SECONDS, inactive_at
from loyaltychain.program.types import Inactivity, Program

ACTIVITY, NOTICES = "activity", "notices"  # the steps' names, and their cursors'
EVERY_SECONDS = 3600
EXPIRING = "points.expiring"


@dataclass(frozen=True, slots=True)
class Notice:
    """What a member is to be told, or was.

    Args:
        points: Of it that are left now.
        at: From when they are gone: of a notice about inactivity that is not sent, if it were sent now. None when a
            member who was told of it is active again.
    """

    id: str
    member: MemberNumber
    member_id: str
    kind: str
    because: str  # "age" or "inactivity"
    points: int
    at: UnixSeconds | None
    state: NoticeState
    created_at: UnixSeconds
    sent_at: UnixSeconds | None
    is_replay: bool = False

    @property
    def key(self) -> tuple[int, str]:
        """Its place in the list."""
        return self.created_at, self.id


def notice_step(
    engine: Engine, program: Program, *, now: UnixSeconds, every: int = EVERY_SECONDS, limit: int = 1000
) -> int:
    """Write the notices that have become due since the last time; how many. Killed anywhere, it goes on.

    Args:
        every: Seconds since the last time before it looks again; notices are a matter of days.
        limit: Rows a transaction.

    Raises DatabaseBusy: another worker is at it; run it again.
    """
    expiry = program.expiry
    if expiry is None or (expiry.notice_days is None and expiry.inactivity is None):
        return 0
    with transaction(engine) as tx:
        if read_cursor(tx, NOTICES) + every > now:
            return 0
    written = 0 if expiry.notice_days is None else _tell_of_age(engine, expiry.notice_days, now, limit)
    if expiry.inactivity is not None:
        while _follow_activity(engine, limit):
            pass
        written += _tell_of_inactivity(engine, expiry.inactivity, program.timezone, now, limit)
    with transaction(engine) as tx:
        if read_cursor(tx, NOTICES) < now:
            move_cursor(tx, NOTICES, now)
    return written


def _tell_of_age(engine: Engine, days: int, now: UnixSeconds, limit: int) -> int:
    written = 0
    while True:
        with transaction(engine) as tx:
            until = UnixSeconds(now + days * DAY_SECONDS)
            found = notice_store.read_expiring(tx, after=now, until=until, limit=limit)
            rows = [
                _row(f"{EXPIRING}:{each.member}:{each.at}", each, "age", at=each.at, since=None, days=days, now=now)
                for each in found
            ]
            written += notice_store.insert_notices(tx, rows)
        if len(found) < limit:
            return written


def _follow_activity(engine: Engine, limit: int) -> bool:
    """Note when members were last active, by the next entries of the ledger. False when there are none."""
    with transaction(engine) as tx:
        done = read_cursor(tx, ACTIVITY)
        found = read_entries(tx, done, done + limit)
        if not found:
            return False
        last: dict[MemberNumber, UnixSeconds] = {}
        for each in found:
            entry = each.entry
            if entry.member is not None and notice_store.is_act(entry):
                last[entry.member] = max(entry.occurred_at, last.get(entry.member, entry.occurred_at))
        notice_store.raise_activity(tx, last)
        move_cursor(tx, ACTIVITY, found[-1].position)
    return True


def _tell_of_inactivity(engine: Engine, policy: Inactivity, timezone: str, now: UnixSeconds, limit: int) -> int:
    """One pass over the members who may have been inactive for so long, by number."""
    shortest = (policy.days or 28 * (policy.months or 0)) - 1  # days; a month has 28 at least, and clocks may change
    before = UnixSeconds(now - (shortest - policy.notice_days) * DAY_SECONDS)
    written, after = 0, MemberNumber(0)
    while True:
        with transaction(engine) as tx:
            found = notice_store.read_idle(tx, before=before, after=after, limit=limit)
            lapsed = notice_store.last_lapses(tx, [each.member for each in found])
            rows = []
            for each in found:
                since = UnixSeconds(max(each.since, lapsed.get(each.member, each.since)))
                at = inactive_at(policy, timezone, since)
                if at - policy.notice_days * DAY_SECONDS <= now:
                    id_ = f"{EXPIRING}:{each.member}:inactive:{since}"
                    days = policy.notice_days
                    rows.append(_row(id_, each, "inactivity", at=at, since=since, days=days, now=now))
            written += notice_store.insert_notices(tx, rows)
        if len(found) < limit:
            return written
        after = found[-1].member


def _row(
    id_: str, found: Found, because: str, *, at: UnixSeconds, since: UnixSeconds | None, days: int, now: UnixSeconds
) -> dict[str, object]:
    return {
        "id": id_, "member": found.member, "kind": EXPIRING, "because": because, "points": int(found.points), "at": at,
        "since": since, "notice_days": days, "created_at": now, "sent_at": None,
    }  # fmt: skip


def list_notices(
    tx: Tx, state: NoticeState, *, now: UnixSeconds, after: tuple[int, str] | None = None, limit: int = 100
) -> Sequence[Notice]:
    """At most ``limit`` notices in this state, oldest first; those beyond ``after``."""
    return [_notice(row, now) for row in notice_store.read_notices(tx, state, now=now, after=after, limit=limit)]


def mark_sent(tx: Tx, id_: str, *, now: UnixSeconds) -> Notice:
    """Note that a notice was sent. Twice is as once.

    From now on the end of an inactive member's points is fixed: ``notice_days`` from now at the earliest. If she was
    active since the notice was written, nothing runs out.

    Raises UnknownNotice.
    """
    lock(tx, f"notice:{id_}")
    found = notice_store.read_notice(tx, id_, now=now)
    if found is None:
        raise errors.UnknownNotice("There is no notice of this id.", notice=id_[:250])
    is_replay = found.sent_at is not None
    if not is_replay:
        notice_store.set_sent(tx, id_, now)
        if found.because == "inactivity":
            _fix_end(tx, found, now)
    shown = notice_store.read_notice(tx, id_, now=now)
    assert shown is not None, id_
    return _notice(shown, now, is_replay=is_replay)


def _fix_end(tx: Tx, found: Found, now: UnixSeconds) -> None:
    book.load_purses(tx, [found.member])  # locks her points: she is active before, or undoes the lapse after
    if notice_store.last_active(tx, found.member) <= found.since:
        term_store.insert_lapse(tx, found.member, Lapse(found.id, found.since, _end_if_sent(found, now)))


def _end_if_sent(found: Found, at: UnixSeconds) -> UnixSeconds:
    return UnixSeconds(max(found.at, at + found.notice_days * DAY_SECONDS))


def _notice(row: Found, now: UnixSeconds, *, is_replay: bool = False) -> Notice:
    state: NoticeState = "sent" if row.sent_at is not None else "due" if row.stands else "void"
    at: UnixSeconds | None = row.at
    if row.because == "inactivity":
        at = row.lapse if state == "sent" else _end_if_sent(row, now)
    return Notice(
        row.id, row.member, row.member_id, row.kind, row.because, int(row.left), at, state, row.created_at,
        row.sent_at, is_replay,
    )  # fmt: skip
