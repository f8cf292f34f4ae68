"""activate_pending, cancel_pending, list_pending

given an award that is pending, by time alone or until an event
    activated by hand: it can be spent; cancelled by hand: it is taken back whole, with its qualifying points
        actor and reason stand in the entry; the same again is the same answer; time has nothing left to do
    when it was decided otherwise, or is an order's: cancelling it is refused
given no award, or the member herself
    it is refused
given many
    they are listed by when they are due, in pages
"""

import pytest
from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.db.engine import reading
from loyaltychain.operations.activation import activate_pending, cancel_pending, list_pending
from loyaltychain.operations.recorded import read_recorded
from loyaltychain.operations.signal_store import was_cancelled
from loyaltychain.operations.sweep import SweepReport, sweep_step
from tests.events.builders import NOON, make_event
from tests.operations.builders import NOW
from tests.operations.member_world import do, prove
from tests.operations.order_builders import DAY, Has, back, explanation, has, order, work
from tests.operations.test_signals import LATER, program_for, review, signal
from tests.program.builders import make_order_program, make_program, make_rule

BY = {"actor": "eve", "reason": "checked by hand", "now": NOW, "source": "shop"}
LOT = "earn:shop/V-1:review"
PLAIN = make_program(make_rule(pending_days=14, qualifying=True))


def test_activate_pending__can_be_spent(engine: Engine) -> None:
    work(engine, review(), program=program_for())

    done = do(engine, activate_pending, event_id="V-1", **BY)

    assert (done.award, done.member, done.decision, done.points, done.is_replay) == (
        "shop/V-1", 1, "activated", 12, False,
    )  # fmt: skip
    assert has(engine) == Has(available=12, qualifying=12)
    with reading(engine) as tx:
        recorded = read_recorded(tx, done.entries[0])
        assert not was_cancelled(tx, "shop/V-1")
    assert done.entries == (f"activate:{LOT}",)
    assert recorded is not None and recorded.details == {"actor": "eve", "reason": "checked by hand"}
    assert sweep_step(engine, now=LATER) == SweepReport()
    prove(engine)


def test_edge_12__cancel_pending__taken_back_whole(engine: Engine) -> None:
    work(engine, review(), program=program_for("give"))

    done = do(engine, cancel_pending, event_id="V-1", **BY)

    assert (done.decision, done.points, done.entries) == ("cancelled", 12, (f"reverse:{LOT}",))
    assert has(engine) == Has()
    with reading(engine) as tx:
        assert was_cancelled(tx, "shop/V-1")
    assert sweep_step(engine, now=LATER) == SweepReport()
    prove(engine)


@pytest.mark.parametrize("decide", [activate_pending, cancel_pending])
def test_decided__again__the_same_answer(engine: Engine, decide: object) -> None:
    work(engine, review(), program=program_for())
    first = do(engine, decide, event_id="V-1", **BY)

    again = do(engine, decide, event_id="V-1", **BY)

    assert again.is_replay
    assert (again.points, again.entries, again.decision) == (first.points, first.entries, first.decision)


def test_decided__otherwise__refused(engine: Engine) -> None:
    work(engine, review(1), review(2), signal(2, of=2), program=program_for())
    do(engine, activate_pending, event_id="V-1", **BY)

    for decide, event_id in ((cancel_pending, "V-1"), (activate_pending, "V-2"), (cancel_pending, "V-2")):
        with pytest.raises(errors.AwardDecided):
            do(engine, decide, event_id=event_id, **BY)


def test_pending_by_time_alone__either(engine: Engine) -> None:
    work(engine, make_event(id="P-1"), make_event(id="P-2"), program=PLAIN)
    assert has(engine) == Has(pending=30, qualifying=30)

    do(engine, activate_pending, event_id="P-1", **BY)
    do(engine, cancel_pending, event_id="P-2", **BY)

    assert has(engine) == Has(available=15, qualifying=15)
    prove(engine)


def test_pending_of_an_order__given_early_and_returned_in_full(engine: Engine) -> None:
    program = make_order_program(make_rule(event="order", pending_days=14))
    work(engine, order(1), program=program)

    with pytest.raises(errors.AwardDecided, match="cancel the order"):
        do(engine, cancel_pending, event_id="E-1", **BY)
    do(engine, activate_pending, event_id="E-1", **BY)
    assert has(engine) == Has(available=55)

    work(engine, back(1, 1, {"1": 3, "2": 1}), program=program)
    assert has(engine) == Has()


def test_unknown_or_own__refused(engine: Engine) -> None:
    work(engine, review(), program=program_for())

    with pytest.raises(errors.UnknownAward):
        do(engine, activate_pending, event_id="V-9", **BY)
    with pytest.raises(errors.InvalidOperation, match="of their own"):
        do(engine, activate_pending, event_id="V-1", **(BY | {"actor": "ann"}))
    with pytest.raises(errors.InvalidOperation):
        do(engine, activate_pending, event_id="V-1", **(BY | {"reason": ""}))
    assert has(engine) == Has(pending=12, qualifying=12)


def test_signal__after_it_was_decided_by_hand__refused(engine: Engine) -> None:
    work(engine, review(), program=program_for())
    do(engine, cancel_pending, event_id="V-1", **BY)

    work(engine, signal(), program=program_for())

    assert explanation(engine, -1)["reason"] == "nothing-waits"


def test_list_pending__by_due_date__in_pages(engine: Engine) -> None:
    work(engine, review(1), review(2, "bob"), make_event(id="P-1", occurred_at=NOON - DAY), program=program_for())
    work(engine, make_event(id="P-2", occurred_at=NOON), program=PLAIN)

    with reading(engine) as tx:
        found = list_pending(tx, limit=2)
        rest = list_pending(tx, after=found[-1].key)
        of_bob = list_pending(tx, member=MemberNumber(2))

    assert [each.award for each in (*found, *rest)] == ["shop/P-2", "shop/V-1", "shop/V-2"]
    assert (found[0].until, found[0].otherwise, found[0].due_at) == (None, "give", NOON + 14 * DAY)
    assert (found[1].until, found[1].reject, found[1].otherwise) == ("review_approved", "review_rejected", "cancel")
    assert [(each.member_id, each.points, each.earned_at) for each in of_bob] == [("bob", 12, NOON)]
