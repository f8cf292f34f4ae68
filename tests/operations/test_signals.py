"""earn_step, of events that decide about pending points

given points that are pending until an event (FEATURES F1)
    when that event comes: they are given; when the rejecting one comes: they are taken back whole (EDGE 12)
    when neither comes in time: they are given or cancelled, as the rule says; swept or not
given a signal before its event
    it waits, in the same run or another, and decides when the event comes
given a signal of another member's event, of one that gave nothing, or of one that was decided about
    it is refused with a reason, and explained
given a signal that names nothing
    it is refused as an invalid event
given a member who went over into another one, or came out again
    signals decide about the points where they are, whoever tells of them
given events and signals in any order of arrival
    members end with the same points
"""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import transaction
from loyaltychain.events.types import Event
from loyaltychain.operations.adjust import adjust
from loyaltychain.operations.merge import merge
from loyaltychain.operations.sweep import SweepReport, sweep_step
from loyaltychain.operations.unmerge import unmerge
from loyaltychain.program.types import PendingUntil
from tests.events.builders import NOON, make_event
from tests.operations.builders import NOW, bare_database
from tests.operations.member_world import do, join, points_of, prove
from tests.operations.order_builders import DAY, Has, explanation, fates, has, work
from tests.program.builders import make_program, make_rule

WAITS = PendingUntil("review_approved", "review_rejected", 30, "cancel")
LATER = UnixSeconds(NOON + 40 * DAY)


def program_for(otherwise: Any = "cancel") -> Any:
    waits = PendingUntil(WAITS.until, WAITS.reject, WAITS.days, otherwise)
    return make_program(make_rule(), make_rule(id="review", event="review", qualifying=True, pending=waits))


def review(number: int = 1, member: str = "ann", points: int = 12) -> Event:
    payload = {"amount": points * 100, "currency": "GBP"}
    return make_event(id=f"V-{number}", type="review", member_id=member, occurred_at=NOON, payload=payload)


def signal(number: int = 1, what: str = "approved", *, of: int = 1, member: str = "ann", **changes: Any) -> Event:
    fields = {
        "id": f"G-{number}", "type": f"review_{what}", "member_id": member, "occurred_at": NOON + DAY,
        "payload": {"event": f"shop/V-{of}"},
    }  # fmt: skip
    return make_event(**(fields | changes))


def test_signal__approves__given(engine: Engine) -> None:
    work(engine, review(), program=program_for())
    assert has(engine) == Has(pending=12, qualifying=12)

    report = work(engine, signal(), program=program_for())

    assert (report.posted, report.refused, report.reversed) == (1, 0, 0)
    assert has(engine) == Has(available=12, qualifying=12)
    said = explanation(engine, -1)
    assert said == {
        "result": "12 pending points given.", "event": "shop/V-1", "entries": ["activate:earn:shop/V-1:review"],
    }  # fmt: skip


def test_edge_12__signal_rejects__taken_back_whole_and_spendable_untouched(engine: Engine) -> None:
    work(engine, review(), make_event(id="P-1", occurred_at=NOON), program=program_for())
    spendable = has(engine).available

    report = work(engine, signal(what="rejected", payload={"source": "shop", "id": "V-1"}), program=program_for())

    assert (report.posted, report.reversed) == (1, 12)
    assert has(engine) == Has(available=spendable)
    assert explanation(engine, -1)["result"] == "12 pending points taken back."
    assert explanation(engine, -1)["taken_back"] == 12
    prove(engine)


@pytest.mark.parametrize("otherwise", ["give", "cancel"])
@pytest.mark.parametrize("swept", [True, False])
def test_edge_26__no_signal_in_time__as_the_rule_says(engine: Engine, otherwise: str, swept: bool) -> None:
    work(engine, review(), program=program_for(otherwise))
    given = 12 if otherwise == "give" else 0

    if swept:
        report = sweep_step(engine, now=UnixSeconds(NOON + 30 * DAY))
        assert report == SweepReport(members=1, activated=given, cancelled=12 - given)

    found = points_of(engine, MemberNumber(1), LATER)
    assert (found.available, found.pending, found.qualifying, found.reversed) == (given, 0, given, 12 - given)


def test_edge_27__no_signal_in_time__swept_twice_as_once(engine: Engine) -> None:
    work(engine, review(1), review(2), program=program_for())

    assert sweep_step(engine, now=LATER, limit=1).cancelled == 24
    assert sweep_step(engine, now=LATER) == SweepReport()
    prove(engine)


@pytest.mark.parametrize("what", ["approved", "rejected"])
@pytest.mark.parametrize("limit", [1, 1000])
def test_signal__before_its_event__waits(engine: Engine, what: str, limit: int) -> None:
    report = work(engine, signal(what=what), program=program_for(), limit=limit)
    assert (report.nothing, report.parked) == (1, 1)
    assert explanation(engine, 1) == {
        "result": "Waits for the event 'shop/V-1', of which nobody has told yet.", "reason": "parked",
        "event": "shop/V-1",
    }  # fmt: skip

    work(engine, signal(2, what), review(), signal(3, what), program=program_for(), limit=limit)

    given = 12 if what == "approved" else 0
    assert has(engine) == Has(available=given, qualifying=given)
    assert explanation(engine, 3)["signalled_before"] == ["shop/G-1"]
    assert explanation(engine, 3)["signals_refused"] == [{"signal": "shop/G-2", "reason": "nothing-waits"}]
    assert fates(engine)[-1] == ("refused", "nothing-waits")


def test_signal__before_an_event_that_gives_nothing__refused_then(engine: Engine) -> None:
    work(engine, signal(), review(points=0), program=program_for())

    assert explanation(engine, 2)["signals_refused"] == [{"signal": "shop/G-1", "reason": "nothing-waits"}]


def test_signal__of_another_member__refused(engine: Engine) -> None:
    work(engine, review(), signal(1, member="bob"), signal(2, of=2, member="bob"), review(2), program=program_for())

    assert fates(engine)[1] == ("refused", "foreign-event")
    assert explanation(engine, 2)["result"] == "Refused: The event that it is about is another member's."
    assert explanation(engine, 2)["facts"] == {"event": "shop/V-1"}
    assert fates(engine)[2] == ("refused", "foreign-event")
    assert has(engine) == Has(pending=24, qualifying=24)


def test_signal__parked_by_another_member__refused_when_the_event_comes(engine: Engine) -> None:
    work(engine, signal(member="bob"), program=program_for())
    work(engine, review(), program=program_for())

    assert explanation(engine, 2)["signals_refused"] == [{"signal": "shop/G-1", "reason": "foreign-event"}]
    assert has(engine, 2) == Has(pending=12, qualifying=12)


@pytest.mark.parametrize("first", ["approved", "rejected"])
def test_signal__decided_before__refused(engine: Engine, first: str) -> None:
    work(engine, review(), signal(1, first), program=program_for())
    before = has(engine)

    work(engine, signal(2, "approved"), signal(3, "rejected"), program=program_for())

    assert fates(engine)[2:] == [("refused", "nothing-waits")] * 2
    assert has(engine) == before


def test_signal__too_late__time_has_decided(engine: Engine) -> None:
    work(engine, review(), program=program_for("give"))

    late = signal(what="rejected", occurred_at=NOON + 30 * DAY)
    work(engine, late, program=program_for("give"), now=LATER)

    assert fates(engine)[1] == ("refused", "nothing-waits")
    assert has(engine) == Has(available=12, qualifying=12)


@pytest.mark.parametrize(
    "payload",
    [{}, {"event": "V-1"}, {"event": 7}, {"source": "shop"}, {"event": "shop/"}, {"source": "a b", "id": "1"}],
)
def test_signal__names_nothing__invalid(engine: Engine, payload: dict[str, Any]) -> None:
    work(engine, review(), signal(payload=payload), program=program_for())

    assert fates(engine)[1] == ("refused", "invalid-event")
    assert has(engine) == Has(pending=12, qualifying=12)


def test_signal__pays_what_she_owes__first(engine: Engine) -> None:
    work(engine, review(), program=program_for())
    do(engine, adjust, id_="1", member=MemberNumber(1), points=-5, reason="r", actor="eve", may_owe=True, now=NOW)

    work(engine, signal(), program=program_for())

    assert has(engine) == Has(available=7, qualifying=12)


WHATS = st.sampled_from(["approved", "rejected", None])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(1, 40), WHATS), min_size=1, max_size=6), st.randoms(), st.integers(1, 4))
def test_signals__any_order_of_arrival__the_same_points(said: Any, random: Any, limit: int) -> None:
    events = [review(number, f"m{number}", points) for number, (points, _) in enumerate(said)]
    events += [
        signal(number, what, of=number, member=f"m{number}")
        for number, (_, what) in enumerate(said)
        if what is not None
    ]
    random.shuffle(events)
    database = bare_database()

    work(database, *events, program=program_for(), limit=limit)

    numbers = list(dict.fromkeys(event.member_id for event in events))
    expected = {
        "approved": lambda points: Has(available=points, qualifying=points),
        "rejected": lambda points: Has(),
        None: lambda points: Has(pending=points, qualifying=points),
    }
    for number, (points, what) in enumerate(said):
        assert has(database, numbers.index(f"m{number}") + 1) == expected[what](points)
    database.dispose()


def test_signal__merged_and_parted__decides_where_the_points_are(engine: Engine) -> None:
    ann, bob = join(engine), join(engine, "bob")
    for number in (1, 2, 3):
        work(engine, review(number, "bob"), program=program_for())
    with transaction(engine) as tx:
        merge(tx, merged=bob, survivor=ann, reason="one person", actor="eve", now=NOW)

    work(engine, signal(1, of=1, member="ann"), signal(2, "rejected", of=2, member="bob"), program=program_for())
    assert (has(engine), has(engine, bob)) == (Has(available=12, pending=12, qualifying=24), Has())

    with transaction(engine) as tx:
        done = unmerge(tx, merged=bob, reason="two persons", actor="eve", now=NOW)
    assert (done.points, done.pending, [lot.short for lot in done.shortage]) == (12, 12, [12])
    work(engine, signal(3, of=3, member="bob"), program=program_for())
    assert (has(engine), has(engine, bob)) == (Has(), Has(available=24, qualifying=24))
    prove(engine)
