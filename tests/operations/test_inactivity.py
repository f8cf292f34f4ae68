"""notice_step and mark_sent, of members who are inactive; what becomes of their points (EDGE 30)

given a member who neither earned nor redeemed for so long
    a notice is written notice_days before; no notice sent, no expiry
    when it is sent in time: points without an expiry of their own run out when the period is over
    when it is sent late: they run out notice_days after it was
        swept or not, and once (EDGE 26, 27)
    when she acts before it is written, between writing and sending, or before the end: nothing runs out
        a new period begins, with a notice of its own
    when she is given points by hand: that is no act
    when she holds over the end and commits: the hold is honoured (EDGE 28)
given points that she gets by hand after hers ran out
    they have a period of their own
given a member with points that expire by age alone
    there is no notice of inactivity
"""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.operations.adjust import adjust
from loyaltychain.operations.holds import commit, hold, release
from loyaltychain.operations.notices import notice_step
from loyaltychain.operations.redeem import redeem
from loyaltychain.operations.sweep import SweepReport, sweep_step
from loyaltychain.program.types import Expiry, Inactivity
from tests.operations.builders import bare_database
from tests.operations.member_world import DAY, after, do, entry_ids, give, join, points_of, prove
from tests.operations.test_notices import listed, send, told
from tests.program.builders import make_program

PROGRAM = make_program(
    timezone="UTC", expiry=Expiry(None, None, None, 30, inactivity=Inactivity(None, 100, notice_days=30))
)
TOLD, END = after(70 * DAY), after(100 * DAY)


def step(engine: Engine, at: UnixSeconds) -> int:
    """What the worker does at an instant."""
    sweep_step(engine, now=at)
    return notice_step(engine, PROGRAM, now=at, every=0, limit=1)


@pytest.fixture
def ann(engine: Engine) -> MemberNumber:
    """She earned 10 points without an expiry now, and 5 with one that is far away."""
    number = join(engine)
    give(engine, number, 10)
    give(engine, number, 5, "shop/2", expires_at=after(500 * DAY))
    return number


def available(engine: Engine, member: MemberNumber, at: UnixSeconds) -> int:
    return points_of(engine, member, at).available


def test_edge_30__no_notice_sent__no_expiry(engine: Engine, ann: MemberNumber) -> None:
    assert [step(engine, after(days * DAY)) for days in (1, 69, 70, 71)] == [0, 0, 1, 0]

    assert told(engine, at=TOLD) == [("ann", 10, END)]
    assert told(engine, at=after(365 * DAY)) == [("ann", 10, after(395 * DAY))]
    assert step(engine, after(365 * DAY)) == 0
    assert available(engine, ann, after(365 * DAY)) == 15


@pytest.mark.parametrize(("sent_after", "end"), [(70, 100), (71, 101), (200, 230)])
@pytest.mark.parametrize("swept", [True, False])
def test_edge_30__notice_sent__runs_out_then(engine: Engine, sent_after: int, end: int, swept: bool) -> None:
    ann = join(engine)
    give(engine, ann, 10)
    give(engine, ann, 5, "shop/2", expires_at=after(500 * DAY))
    step(engine, TOLD)

    sent = send(engine, listed(engine, at=TOLD)[0].id, after(sent_after * DAY))

    assert (sent.state, sent.at) == ("sent", after(end * DAY))
    assert points_of(engine, ann, after(end * DAY - 1)).expiring[0] == (after(end * DAY), 10)
    if swept:
        assert sweep_step(engine, now=after(end * DAY - 1)) == SweepReport()
        assert sweep_step(engine, now=after(end * DAY)) == SweepReport(members=1, expired=10)
        assert sweep_step(engine, now=after(end * DAY)) == SweepReport()
    found = points_of(engine, ann, after(end * DAY))
    assert (found.available, found.expired) == (5, 10)
    with pytest.raises(errors.InsufficientBalance):
        do(engine, redeem, id_="1", member=ann, points=6, now=after(end * DAY))
    prove(engine)


def earn(engine: Engine, member: MemberNumber, at: UnixSeconds) -> None:
    give(engine, member, 1, f"shop/{at}", at=at)


def spend(engine: Engine, member: MemberNumber, at: UnixSeconds) -> None:
    do(engine, redeem, id_=f"r-{at}", member=member, points=1, now=at)


def hold_and_commit(engine: Engine, member: MemberNumber, at: UnixSeconds) -> None:
    do(engine, hold, id_=f"h-{at}", member=member, points=1, now=at)
    do(engine, commit, id_=f"h-{at}", now=at)


@pytest.mark.parametrize("act", [earn, spend, hold_and_commit])
@pytest.mark.parametrize("when", ["before the notice", "before it is sent", "before the end"])
def test_edge_30__active_again__nothing_runs_out(engine: Engine, ann: MemberNumber, act: Any, when: str) -> None:
    days = {"before the notice": 69, "before it is sent": 75, "before the end": 90}[when]
    acted = after(days * DAY)
    if when == "before the notice":
        act(engine, ann, acted)
        assert step(engine, TOLD) == 0
    else:
        step(engine, TOLD)
        [notice] = listed(engine, at=TOLD)
        if when == "before it is sent":
            act(engine, ann, acted)
            assert send(engine, notice.id, after(80 * DAY)).at is None
        else:
            send(engine, notice.id, after(80 * DAY))
            act(engine, ann, acted)

    assert step(engine, after(days * DAY + 69 * DAY)) == 0
    assert available(engine, ann, after(days * DAY + 69 * DAY)) == 15 + (1 if act is earn else -1)
    assert step(engine, after(days * DAY + 70 * DAY)) == 1
    assert [each.state for each in listed(engine, at=after(200 * DAY))] == ["due"]
    prove(engine)


def test_edge_30__notice_of_who_is_active_again__void(engine: Engine, ann: MemberNumber) -> None:
    step(engine, TOLD)
    earn(engine, ann, after(75 * DAY))
    step(engine, after(76 * DAY))

    assert (told(engine, at=after(76 * DAY)), len(told(engine, "void", at=after(76 * DAY)))) == ([], 1)


def test_edge_30__correction_by_hand__no_act(engine: Engine, ann: MemberNumber) -> None:
    step(engine, TOLD)
    send(engine, listed(engine, at=TOLD)[0].id, TOLD)

    do(engine, adjust, id_="1", member=ann, points=3, reason="sorry", actor="eve", now=after(90 * DAY))

    assert (available(engine, ann, after(99 * DAY)), available(engine, ann, END)) == (18, 5)


def test_edge_28__hold_over_the_end__honoured(engine: Engine, ann: MemberNumber) -> None:
    step(engine, TOLD)
    send(engine, listed(engine, at=TOLD)[0].id, TOLD)
    do(engine, hold, id_="h", member=ann, points=12, seconds=2 * 3600, now=after(100 * DAY - 3600))
    sweep_step(engine, now=END)

    done = do(engine, commit, id_="h", points=9, now=after(100 * DAY + 60))

    assert done.points == 9
    sweep_step(engine, now=after(100 * DAY + 60))
    found = points_of(engine, ann, after(100 * DAY + 60))
    assert (found.spent, found.available + found.expired, found.held) == (9, 6, 0)
    assert found.available <= 5
    prove(engine)


def test_edge_30__points_by_hand_after_the_end__a_period_of_their_own(engine: Engine, ann: MemberNumber) -> None:
    step(engine, TOLD)
    send(engine, listed(engine, at=TOLD)[0].id, TOLD)
    step(engine, END)
    do(engine, adjust, id_="1", member=ann, points=3, reason="sorry", actor="eve", now=after(101 * DAY))

    assert [step(engine, after(days * DAY)) for days in (169, 170)] == [0, 1]
    send(engine, listed(engine, at=after(170 * DAY))[0].id, after(170 * DAY))
    assert sweep_step(engine, now=after(200 * DAY)).expired == 3
    assert len(entry_ids(engine, "expire")) == 2
    assert sweep_step(engine, now=after(300 * DAY)) == SweepReport()


def test_edge_30__points_that_expire_by_age__no_notice_of_inactivity(engine: Engine) -> None:
    ann = join(engine)
    give(engine, ann, 5, expires_at=after(500 * DAY))

    assert step(engine, after(200 * DAY)) == 0


ACTS = st.sampled_from(["earn", "spend", "hold", "adjust", "send", "step", "none"])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(1, 40), ACTS), min_size=5, max_size=15), st.booleans())
def test_edge_30__any_history__expires_only_as_promised(history: Any, sweeping: bool) -> None:
    """Nothing runs out before a notice was sent for notice_days and nobody acted for the whole period."""
    engine = bare_database()
    ann = join(engine)
    give(engine, ann, 1_000)
    day, active, sent, expired = 0, 0, None, 0
    for days, act in history:
        day += days
        at = after(day * DAY)
        lapsed = sent is not None and day >= max(active + 100, sent + 30)
        if sweeping:
            sweep_step(engine, now=at)
        before = points_of(engine, ann, at)
        assert before.expired == expired or lapsed
        expired = before.expired
        if act == "step":
            step(engine, at)
        elif act == "send" and (due := listed(engine, at=at)):
            if send(engine, due[0].id, at).at is not None:
                sent = day
        elif act == "adjust":
            do(engine, adjust, id_=str(day), member=ann, points=2, reason="r", actor="eve", now=at)
        elif act in ("earn", "spend", "hold") and (act == "earn" or before.available):
            {"earn": earn, "spend": spend, "hold": hold_and_commit}[act](engine, ann, at)
            active, sent = day, None
    prove(engine)
    engine.dispose()


def test_edge_27__hold_that_ends_after_the_lapse_was_booked__its_points_are_too(
    engine: Engine, ann: MemberNumber
) -> None:
    step(engine, TOLD)
    send(engine, listed(engine, at=TOLD)[0].id, TOLD)
    do(engine, hold, id_="h", member=ann, points=15, seconds=3 * 3600, now=after(100 * DAY - 3600))
    assert [sweep_step(engine, now=END), sweep_step(engine, now=END)] == [SweepReport(), SweepReport()]

    do(engine, release, id_="h", now=after(100 * DAY + 60))

    assert sweep_step(engine, now=after(100 * DAY + 60)) == SweepReport(members=1, expired=10)
    assert sweep_step(engine, now=after(100 * DAY + 60)) == SweepReport()
    give(engine, ann, 4, "shop/9", at=after(152 * DAY))
    assert available(engine, ann, after(153 * DAY)) == 9
    prove(engine)
