"""Members buy, wait, redeem, hold, commit, release, return in part, edit, cancel and refund, in any order.

Through the real steps and the real database, swept at random moments. After each act:
├── the ledger proves itself, and at none of its positions does a member own less than nothing on chain
├── no account of a member is below zero but her debt, which is never above it
├── what she has, less what she owes, is what she kept of her orders less what she consumed: no gain of value
├── no lot expires later than its award first did, but for one stated grace: no gain of validity
├── no point had two graces
└── stock is what was not taken

LOYALTYCHAIN_TEST_LONG=1 plays much longer.
"""

import json
import os
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading
from loyaltychain.ledger import tables
from loyaltychain.operations.adjust import adjust
from loyaltychain.operations.holds import commit, hold, release
from loyaltychain.operations.redeem import redeem
from loyaltychain.operations.refund import refund
from loyaltychain.operations.request import Item
from loyaltychain.operations.sweep import sweep_step
from tests.database import ENGINES, fresh_database
from tests.operations.member_model import Line, Model, Order, Paid
from tests.operations.member_play import EXPIRY_DAYS, GRACE_DAYS, MEMBERS, MUG_COST, MUGS, Play, make_program
from tests.operations.member_world import DAY, NOW, join, mug, points_of, prove, stock_of

LONG = os.environ.get("LOYALTYCHAIN_TEST_LONG") == "1"

quantities = st.integers(1, 4)
amounts = st.sampled_from([4_000, 2_500, 1_999, 730, 99, 0])
lines = st.lists(st.tuples(quantities, amounts), min_size=1, max_size=3)
members = st.sampled_from([1, 2])
percents = st.sampled_from([25, 60, 100, 110])
picks = st.integers(0, 2**16)  # which of those there are


class Members(Play):
    """Two members of a shop."""

    engine_name = "sqlite"

    @initialize(pending_days=st.sampled_from([None, 1]))
    def begin(self, pending_days: int | None) -> None:
        self.engine = fresh_database(self.engine_name)
        self.program, self.pending_days = make_program(pending_days), pending_days or 0
        self.now, self.count, self.position = NOW, 0, 0
        self.model = Model()
        self.holds: dict[str, Paid] = {}
        self.until: dict[str, int] = {}
        for name in MEMBERS:
            join(self.engine, name)
        mug(self.engine, cost=MUG_COST, stock=MUGS)
        for member in (1, 2):
            self.buy(member, [(3, 4_000), (2, 2_500)], 0)

    def teardown(self) -> None:
        if hasattr(self, "engine"):
            self.engine.dispose()

    # What members do

    @rule(member=members, bought=lines, days_ago=st.sampled_from([0, 0, 0, 1, 2]))
    def buy(self, member: int, bought: list[tuple[int, int]], days_ago: int) -> None:
        name = self.fresh("S")
        at = self.now - days_ago * DAY
        assert self.tell("order", name, member, self.order_payload(name, bought), at=at) in ("posted", "nothing")
        expires_at = at + (self.pending_days + EXPIRY_DAYS) * DAY
        content = [Line(quantity, amount) for quantity, amount in bought]
        self.model.orders[name] = Order(member, f"shop/{name}", expires_at, content)

    @precondition(lambda self: self.model.orders)
    @rule(pick=picks, which=picks, quantity=quantities)
    def return_part(self, pick: int, which: int, quantity: int) -> None:
        name, order = self.some_order(pick)
        number = which % len(order.lines)
        line = order.lines[number]
        payload = {"order": name, "lines": [{"line": str(number), "quantity": quantity}]}
        outcome = self.tell("return", self.fresh("R"), order.member, payload)
        assert (outcome == "refused") == (quantity > line.kept)
        if outcome != "refused":
            line.returned += quantity

    @precondition(lambda self: self.model.orders)
    @rule(pick=picks)
    def cancel(self, pick: int) -> None:
        name, order = self.some_order(pick)
        assert self.tell("cancellation", self.fresh("C"), order.member, {"order": name}) != "refused"
        self.model.cancel(name)
        for id_, held in list(self.holds.items()):
            if (held.member, held.order) == (order.member, name) and self.now < self.until[id_]:
                del self.holds[id_]  # released with it

    @precondition(lambda self: self.model.orders)
    @rule(pick=picks, changed=lines)
    def edit(self, pick: int, changed: list[tuple[int, int]]) -> None:
        name, order = self.some_order(pick)
        changed = (changed * 3)[: len(order.lines)]
        outcome = self.tell("order_edit", self.fresh("E"), order.member, self.order_payload(name, changed))
        pairs = list(zip(order.lines, changed, strict=True))
        assert (outcome == "refused") == any(quantity < line.returned for line, (quantity, _) in pairs)
        if outcome != "refused":
            for line, (quantity, amount) in pairs:
                line.bought, line.amount = quantity, amount

    @rule(member=members, percent=percents, pick=picks, for_order=st.booleans())
    def redeem(self, member: int, percent: int, pick: int, for_order: bool) -> None:
        points, order, id_ = self.some_points(member, percent), self.order_of(member, pick, for_order), self.fresh("P")
        if self.try_(redeem, id_=id_, member=member, points=points, reference=order, can=self.can(member, points)):
            self.model.paid[f"redeem:app/{id_}"] = Paid(member, points, points, order)

    @rule(member=members, quantity=st.integers(1, 3))
    def redeem_mugs(self, member: int, quantity: int) -> None:
        id_, cost = self.fresh("P"), quantity * MUG_COST
        can = self.can(member, cost) and (stock_of(self.engine) or 0) + self.timed_out_mugs() >= quantity
        items = [Item("mug", quantity, MUG_COST)]
        if self.try_(redeem, id_=id_, member=member, items=items, can=can, otherwise=errors.RequestError):
            self.model.paid[f"redeem:app/{id_}"] = Paid(member, cost, cost, None, mugs=quantity)

    @rule(member=members, percent=percents, days=st.sampled_from([0, 1, 2]), pick=picks, mugs=st.booleans())
    def hold(self, member: int, percent: int, days: int, pick: int, mugs: bool) -> None:
        points = MUG_COST if mugs else self.some_points(member, percent)
        order, id_, seconds = self.order_of(member, pick, pick % 2 == 0), self.fresh("H"), days * DAY + 600
        wanted: dict[str, Any] = {"items": [Item("mug", 1)]} if mugs else {"points": points}
        stock = not mugs or (stock_of(self.engine) or 0) + self.timed_out_mugs() >= 1
        can = self.can(member, points) and stock
        if self.try_(hold, id_=id_, member=member, seconds=seconds, reference=order, can=can,
                     otherwise=errors.RequestError, **wanted):  # fmt: skip
            self.holds[id_] = Paid(member, points, points, order, mugs=int(mugs))
            self.until[id_] = self.now + seconds

    @precondition(lambda self: self.holds)
    @rule(pick=picks, percent=st.sampled_from([40, 100]))
    def commit(self, pick: int, percent: int) -> None:
        id_, held = self.some_hold(pick)
        points = None if held.mugs else max(held.amount * percent // 100, 1)
        if self.try_(commit, id_=id_, points=points, can=self.now < self.until[id_], otherwise=errors.HoldEnded):
            amount = points or held.amount
            self.model.paid[f"commit:app/{id_}"] = Paid(held.member, amount, amount, held.order, held.mugs)
        del self.holds[id_]

    @precondition(lambda self: self.holds)
    @rule(pick=picks)
    def release(self, pick: int) -> None:
        id_, _ = self.some_hold(pick)
        self.try_(release, id_=id_, can=self.now < self.until[id_], otherwise=errors.HoldEnded)
        del self.holds[id_]

    @precondition(lambda self: self.model.paid)
    @rule(pick=picks, percent=percents)
    def refund(self, pick: int, percent: int) -> None:
        name = list(self.model.paid)[pick % len(self.model.paid)]
        paid = self.model.paid[name]
        points = max(paid.amount * percent // 100, 1)
        said = {"redemption": name, "points": points, "reason": "x", "grace_seconds": GRACE_DAYS * DAY}
        if self.try_(refund, id_=self.fresh("F"), can=points <= paid.left, otherwise=errors.ReturnRefused, **said):
            paid.left -= points

    @rule(member=members, days=st.sampled_from([GRACE_DAYS, EXPIRY_DAYS]))
    def send_back_late(self, member: int, days: int) -> None:
        """Redeem all, wait, and have it refunded: after the expiry, or after a grace."""
        self.redeem(member, 100, 0, for_order=False)
        self.wait(days * DAY)
        name = list(self.model.paid)[-1] if self.model.paid else None
        if name is not None and self.model.paid[name].left:
            self.refund(len(self.model.paid) - 1, 100)

    @rule(member=members, pick=picks, by_hold=st.booleans())
    def spend_and_cancel(self, member: int, pick: int, by_hold: bool) -> None:
        """Spend all, have an order cancelled that earned it, and get back what was spent: all of it is owed by then."""
        spent = self.holds if by_hold else self.model.paid
        before = len(spent)
        if by_hold:
            self.hold(member, 100, 2, pick, mugs=False)
        else:
            self.redeem(member, 100, pick, for_order=False)
        name = self.order_of(member, pick, wanted=True)
        if name is None or len(spent) == before:
            return
        made = list(spent)[before]
        self.cancel(list(self.model.orders).index(name))
        if by_hold and made in self.holds:  # it was for another order, or for none
            self.release(list(self.holds).index(made))
        elif by_hold:
            return
        else:
            self.refund(before, 100)

    @rule(member=members, points=st.integers(-30, 30).filter(bool), may_owe=st.booleans())
    def adjust(self, member: int, points: int, may_owe: bool) -> None:
        can = points > 0 or may_owe or self.can(member, -points)
        if self.try_(adjust, id_=self.fresh("A"), member=member, points=points, reason="x", actor="eve",
                     may_owe=may_owe, can=can):  # fmt: skip
            self.model.adjusted[member] = self.model.adjusted.get(member, 0) + points

    @rule(seconds=st.sampled_from([1, 600, DAY, DAY, 2 * DAY]))
    def wait(self, seconds: int) -> None:
        self.now = UnixSeconds(self.now + seconds)

    @rule()
    def sweep(self) -> None:
        sweep_step(self.engine, now=self.now)
        assert self.timed_out_mugs() == 0

    # What must be so, always

    @invariant()
    def ledger_proves_itself(self) -> None:
        prove(self.engine)

    @invariant()
    def no_gain_of_value(self) -> None:
        for member in (1, 2):
            has = points_of(self.engine, MemberNumber(member), self.now)
            assert min(has.available, has.pending, has.held, has.debt, has.spent, has.expired) >= 0
            assert has.available + has.pending + has.held - has.debt + has.expired == self.model.value(member)
            assert has.debt == 0 or has.available == 0
            assert has.qualifying == self.model.qualifying(member)

    @invariant()
    def no_gain_of_validity(self) -> None:
        first = {order.cause: order.expires_at for order in self.model.orders.values()}
        lots, entries = tables.lots, tables.entries
        with reading(self.engine) as tx:
            query = select(lots, entries.c.id, entries.c.cause, entries.c.occurred_at, entries.c.details).join(
                entries, entries.c.position == lots.c.position
            )
            found = list(tx.execute(query))
        graced: Counter[str] = Counter()
        for lot in found:
            if lot.in_grace:
                assert lot.expires_at == lot.occurred_at + GRACE_DAYS * DAY
                graced[json.loads(lot.details)["redemption"]] += lot.amount
            else:
                assert lot.expires_at == first.get(lot.award or lot.cause), lot.id
        for redemption, points in graced.items():
            assert points <= self.drawn_without_grace(redemption)

    @invariant()
    def stock_is_what_was_not_taken(self) -> None:
        out = sum(paid.mugs for paid in self.model.paid.values())
        assert stock_of(self.engine) == MUGS - out - self.reserved_mugs()


@pytest.mark.slow
@pytest.mark.parametrize("engine_name", ENGINES)
def test_members__any_order_of_acts__no_gain_of_value_or_validity(engine_name: str) -> None:
    machine = type("Members", (Members,), {"engine_name": engine_name})
    examples = (2_000 if LONG else 12) // (1 if engine_name == "sqlite" else 3)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=100 if LONG else 30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
