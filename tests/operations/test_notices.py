"""notice_step, list_notices, mark_sent

given points that expire within the programme's notice_days
    one notice is written for a member and instant, once, whatever the chunks, runs and kills
    when they are spent meanwhile: it shows what is left; when nothing is left it is void, and is due again with points
        that come back
    when they have expired: it is void
    when it is confirmed: it is sent; twice is as once
given a programme that asks for no notices, a closed member, or points that expire later
    there is none
given members who were inactive for so long (EDGE 30)
    a notice is written; no notice sent, no expiry
    when it is sent: their points without an expiry of their own run out notice_days later at the earliest
    when they act before, between writing and sending, or before the end: nothing runs out, and a new period begins
    corrections by hand are no acts
given many
    they are listed oldest first, in pages
"""

import pytest
from sqlalchemy import Engine, select

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading, transaction
from loyaltychain.events import identity
from loyaltychain.operations.adjust import adjust
from loyaltychain.operations.notice_store import NoticeState
from loyaltychain.operations.notices import Notice, list_notices, mark_sent, notice_step
from loyaltychain.operations.policy_tables import notices
from loyaltychain.operations.redeem import redeem
from loyaltychain.operations.refund import refund
from loyaltychain.program.types import Expiry
from tests.database import fresh_database
from tests.events.builders import Killed, killed_at_commit
from tests.operations.member_world import DAY, GRACE, NOW, after, at_once, do, give, join, points_of
from tests.program.builders import make_program

PROGRAM = make_program(expiry=Expiry(12, None, "month", 30, notice_days=30))
END = after(20 * DAY)


def listed(engine: Engine, state: NoticeState = "due", at: UnixSeconds = NOW) -> list[Notice]:
    with reading(engine) as tx:
        return list(list_notices(tx, state, now=at))


def told(engine: Engine, state: NoticeState = "due", at: UnixSeconds = NOW) -> list[tuple[str, int, int | None]]:
    return [(each.member_id, each.points, each.at) for each in listed(engine, state, at)]


def send(engine: Engine, id_: str, at: UnixSeconds = NOW) -> Notice:
    with transaction(engine) as tx:
        return mark_sent(tx, id_, now=at)


def populate(engine: Engine) -> None:
    """Two lots of ann's and one of bob's end together, another one of bob's with the window; cat's comes later."""
    ann, bob, cat = (join(engine, member) for member in ("ann", "bob", "cat"))
    give(engine, ann, 10, "shop/1", expires_at=END)
    give(engine, ann, 5, "shop/2", expires_at=END)
    give(engine, bob, 7, "shop/3", expires_at=END)
    give(engine, bob, 8, "shop/4", expires_at=after(30 * DAY))
    give(engine, cat, 9, "shop/5", expires_at=after(30 * DAY + 1))
    give(engine, cat, 9, "shop/6", expires_at=END, due_at=after(DAY))  # pending: hers only when it is given


def test_notice_step__one_a_member_and_instant(engine: Engine) -> None:
    populate(engine)

    assert notice_step(engine, PROGRAM, now=NOW, limit=2) == 3
    assert told(engine) == [("ann", 15, END), ("bob", 7, END), ("bob", 8, after(30 * DAY))]
    assert listed(engine)[0] == Notice(
        f"points.expiring:1:{END}", MemberNumber(1), "ann", "points.expiring", "age", 15, END, "due", NOW, None
    )
    assert notice_step(engine, PROGRAM, now=after(3599)) == 0
    assert told(engine, at=after(3599)) == told(engine)
    assert notice_step(engine, PROGRAM, now=after(3600)) == 1  # cat's is near enough by now
    assert notice_step(engine, PROGRAM, now=after(3600), every=0) == 0


def test_notice_step__killed_at_any_commit__as_without(engine: Engine) -> None:
    undisturbed = fresh_database("sqlite")
    for each in (engine, undisturbed):
        populate(each)
    notice_step(undisturbed, PROGRAM, now=NOW, limit=1)
    kills = 0
    for number in range(1, 20):
        with killed_at_commit(engine, number):
            try:
                notice_step(engine, PROGRAM, now=NOW, limit=1)
                break
            except Killed:
                kills += 1

    assert kills >= 3
    assert listed(engine) == listed(undisturbed)
    undisturbed.dispose()


def test_notice_step__three_at_once__as_one(shared: Engine) -> None:
    populate(shared)

    at_once(3, lambda _: notice_step(shared, PROGRAM, now=NOW, limit=1))

    assert len(told(shared)) == 3


@pytest.mark.parametrize("expiry", [None, Expiry(12, None, "month", 30)])
def test_notice_step__programme_without_notices__none(engine: Engine, expiry: Expiry | None) -> None:
    populate(engine)

    assert notice_step(engine, make_program(expiry=expiry), now=NOW) == 0


def test_notice_step__closed_member__none(engine: Engine) -> None:
    ann = join(engine)
    give(engine, ann, 10, expires_at=END)
    with transaction(engine) as tx:
        identity.close_member(tx, ann, reason="asked for it", now=NOW)

    assert notice_step(engine, PROGRAM, now=NOW) == 0


def test_notice__spent_meanwhile__what_is_left_or_void(engine: Engine) -> None:
    ann = join(engine)
    give(engine, ann, 10, expires_at=END)
    notice_step(engine, PROGRAM, now=NOW)

    do(engine, redeem, id_="1", member=ann, points=4)
    assert told(engine) == [("ann", 6, END)]
    do(engine, redeem, id_="2", member=ann, points=6)
    assert (told(engine), told(engine, "void")) == ([], [("ann", 0, END)])
    do(engine, refund, id_="3", redemption="app/2", points=5, reason="sent back", grace_seconds=GRACE)
    assert (told(engine), told(engine, "void")) == ([("ann", 5, END)], [])
    assert (told(engine, at=END), told(engine, "void", at=END)) == ([], [("ann", 5, END)])
    with reading(engine) as tx:
        assert tx.execute(select(notices.c.points)).scalars().all() == [10]  # as it was written


def test_mark_sent__twice__once(engine: Engine) -> None:
    populate(engine)
    notice_step(engine, PROGRAM, now=NOW)
    id_ = listed(engine)[0].id

    first, again = send(engine, id_, after(5)), send(engine, id_, after(9))

    assert (first.state, first.sent_at, first.at, first.is_replay) == ("sent", after(5), END, False)
    assert (again.sent_at, again.is_replay) == (after(5), True)
    assert (len(told(engine)), told(engine, "sent")) == (2, [("ann", 15, END)])
    with pytest.raises(errors.UnknownNotice):
        send(engine, "points.expiring:9:9")


def test_list_notices__in_pages__oldest_first(engine: Engine) -> None:
    populate(engine)
    notice_step(engine, PROGRAM, now=NOW)

    with reading(engine) as tx:
        first = list_notices(tx, "due", now=NOW, limit=2)
        rest = list_notices(tx, "due", now=NOW, after=first[-1].key, limit=2)

    assert [each.id for each in (*first, *rest)] == [each.id for each in listed(engine)]
    assert (len(first), len(rest)) == (2, 1)


def test_adjust__expiring_points__have_a_notice_too(engine: Engine) -> None:
    ann = join(engine)
    do(engine, adjust, id_="1", member=ann, points=5, reason="sorry", actor="eve", expires_at=END)

    assert notice_step(engine, PROGRAM, now=NOW) == 1
    assert points_of(engine, ann).available == 5
