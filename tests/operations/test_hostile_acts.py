"""What somebody might try, or a queue does by mistake, on both engines

├── a correction that is told before its event: it is refused, and the event counts once
├── a correction of points that wait for another event, or waited for one: it is refused, and says what to do instead
├── a correction that gives more than one entry may: it gives it in several
├── a decision by hand on one award, while a larger lot has run out: the expiry is booked in parts that can be settled
├── a signal that came before its event, and its member went over into another meanwhile: it counts
├── a redemption dated before the change of ids that it came through: it has to wait like any other
└── a member who decides on her own pending points under her name in capitals: she is refused
"""

import pytest
from sqlalchemy import Engine, select

from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading, transaction
from loyaltychain.events.identity import find_member
from loyaltychain.events.types import Event
from loyaltychain.ledger.tables import entries
from loyaltychain.operations.activation import activate_pending
from loyaltychain.operations.balance import MemberBalance, read_balance
from loyaltychain.operations.earn import earn_step
from loyaltychain.operations.identities import add_identity
from loyaltychain.operations.merge import merge
from loyaltychain.operations.store import read_outcomes
from loyaltychain.operations.types import NO_BOUNDS, Bounds
from loyaltychain.program.types import Expiry, PendingUntil, PointsPerCurrencyUnit, Program, Redemption
from tests.events.builders import make_event
from tests.operations.builders import NOW, purchase, take

DAY = 86_400


def rule(id_: str, event: str, **more: object) -> PointsPerCurrencyUnit:
    return PointsPerCurrencyUnit(id_, "points_per_currency_unit", event, 1, 100, "down", None, **more)  # type: ignore[arg-type]


def program(*rules: PointsPerCurrencyUnit, expiry: Expiry | None = None) -> Program:
    return Program("acts", 1, "Europe/London", "GBP", rules, Redemption("redemption"), None, expiry)


SPEND = program(rule("spend", "purchase"))
BOOKING = program(rule("book", "booking", pending=PendingUntil("done", "gone", 60, "cancel")))


def decide(engine: Engine, by: Program, *events: Event, now: int = NOW, bounds: Bounds = NO_BOUNDS) -> list[str]:
    """Take these, decide on all that waits, and say what became of every event so far."""
    take(engine, *events)
    while earn_step(engine, by, now=UnixSeconds(now), bounds=bounds).events:
        pass
    with reading(engine) as tx:
        return [each.explanation.get("reason", each.outcome) for each in read_outcomes(tx, 0, 100)]


def points(engine: Engine, name: str = "ann", at: int = NOW) -> MemberBalance:
    with reading(engine) as tx:
        return read_balance(tx, find_member(tx, name), at=UnixSeconds(at))


def kinds(engine: Engine) -> list[str]:
    with reading(engine) as tx:
        return list(tx.execute(select(entries.c.kind).order_by(entries.c.position)).scalars())


def correction(id_: str, of: str, amount: int) -> Event:
    content = {"corrects": {"source": "shop", "id": of}, "payload": {"amount": amount, "currency": "GBP"}}
    return make_event(id=id_, type="loyaltychain.event.corrected", payload=content)


def booking(id_: str, amount: int = 50_000) -> Event:
    return make_event(id=id_, type="booking", payload={"amount": amount, "currency": "GBP"})


def done(id_: str, of: str) -> Event:
    return make_event(id=id_, type="done", payload={"event": of})


@pytest.mark.parametrize("later", [[], ["done"]])
def test_correction__of_points_that_wait__says_what_to_do(engine: Engine, later: list[str]) -> None:
    decide(engine, BOOKING, booking("B-1"), *(done("D-1", "shop/B-1") for _ in later))

    decide(engine, BOOKING, correction("C-1", "B-1", 60_000))

    with reading(engine) as tx:
        said = read_outcomes(tx, 0, 100)[-1].explanation
    assert said["reason"] == "not-correctable"
    for step in ("/v1/awards/shop/B-1/cancel", "under another id", "by hand"):
        assert step in said["result"]


@pytest.mark.parametrize("is_one_run", [True, False])
def test_correction__before_its_event__is_refused(engine: Engine, is_one_run: bool) -> None:
    early, late = correction("C-1", "INV-1", 100_000), purchase(1, amount=100_000)
    if not is_one_run:
        decide(engine, SPEND, early)
    assert decide(engine, SPEND, *([early] if is_one_run else []), late) == ["unknown-event", "posted"]
    assert points(engine).earned == 1000


def test_correction__beyond_one_entry__is_given_in_several(engine: Engine) -> None:
    two, bounds = program(rule("one", "purchase"), rule("two", "purchase")), Bounds(award=1000, redemption=1000)
    assert decide(engine, two, purchase(1, amount=0), correction("C-1", "INV-1", 100_000), bounds=bounds)[1] == "posted"
    assert (points(engine).earned, kinds(engine)) == (2000, ["earn", "earn"])


def test_activation__beside_a_large_lot_that_ran_out__expires_in_parts(engine: Engine) -> None:
    rules = program(rule("old", "purchase"), rule("slow", "visit", pending_days=300), expiry=Expiry(None, 90, None, 30))
    bounds, later = Bounds(award=1000, redemption=400), UnixSeconds(NOW + 100 * DAY)
    visit = make_event(id="V-1", type="visit", payload={"amount": 50_000, "currency": "GBP"})
    decide(engine, rules, purchase(1, amount=90_000), visit, bounds=bounds)
    with transaction(engine) as tx:
        activate_pending(tx, source="shop", event_id="V-1", actor="eve", reason="came", now=later, bounds=bounds)
    assert kinds(engine) == ["earn", "earn", "expire", "expire", "expire", "activate"]
    assert points(engine, at=later).available == 500


def test_signal__its_member_went_over_before_its_event__counts(engine: Engine) -> None:
    decide(engine, BOOKING, done("S-1", "shop/B-1"), purchase(1, "bob"))
    with transaction(engine) as tx:
        ann, bob = find_member(tx, "ann"), find_member(tx, "bob")
        merge(tx, merged=ann, survivor=bob, reason="one person", actor="eve", now=NOW)
    decide(engine, BOOKING, booking("B-1"))
    assert (points(engine, "bob").available, points(engine, "bob").pending) == (500, 0)


def test_redemption__dated_before_the_change__waits_too(engine: Engine) -> None:
    decide(engine, SPEND, purchase(1, amount=100_000))
    with transaction(engine) as tx:
        add_identity(tx, member=find_member(tx, "ann"), member_id="thief", reason="asked", actor="eve",
                     now=UnixSeconds(NOW + 1000))  # fmt: skip
    before = make_event(
        id="R-1", member_id="thief", type="redemption", occurred_at=UnixSeconds(NOW + 999),
        payload={"amount": 900, "unit": "points"},
    )  # fmt: skip
    said = decide(engine, SPEND, before, now=NOW + 2000, bounds=Bounds(cooldown=48 * 3600))
    assert said == ["posted", "cooling-down"]
    assert points(engine).available == 1000


def test_activation__by_the_member_in_capitals__is_refused(engine: Engine) -> None:
    decide(engine, BOOKING, booking("B-1"))
    with transaction(engine) as tx, pytest.raises(errors.InvalidOperation, match="of their own"):
        activate_pending(tx, source="shop", event_id="B-1", actor="ANN ", reason="mine", now=NOW)
