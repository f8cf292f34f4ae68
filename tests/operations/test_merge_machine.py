"""Three members buy, bring back, redeem, are refunded, corrected, merged and parted, in any order, while time passes.

Through the real steps and the real database. After each act:
├── the ledger proves itself, nothing stands between two members, and nobody owns less than nothing at any position
├── what all have together, less what they owe, is what was kept and given less what was consumed and ran out
├── whoever went over has nothing
├── a merge and an unmerge move value between two members and no other; who comes out gets no more than was hers
├── what settles on chain of a merge adds up to zero, but for what it paid of a debt
└── no lot expires later than its award first did, but for one stated grace
"""

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, func, select

from loyaltychain.core import errors
from loyaltychain.core.amounts import POINTS, MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading, transaction
from loyaltychain.events import identity
from loyaltychain.events.capture import capture
from loyaltychain.events.types import Event
from loyaltychain.ledger import store, tables
from loyaltychain.ledger.accounts import MERGED
from loyaltychain.operations.adjust import adjust
from loyaltychain.operations.balance import MemberBalance
from loyaltychain.operations.earn import earn_step
from loyaltychain.operations.merge import merge
from loyaltychain.operations.redeem import redeem
from loyaltychain.operations.refund import refund
from loyaltychain.operations.sweep import sweep_step
from loyaltychain.operations.tables import order_lines
from loyaltychain.operations.types import Bounds
from loyaltychain.operations.unmerge import unmerge
from tests.database import ENGINES, fresh_database
from tests.operations.member_play import EXPIRY_DAYS, GRACE_DAYS, make_program
from tests.operations.member_world import DAY, NOW, do, join, points_of, prove

LONG = os.environ.get("LOYALTYCHAIN_TEST_LONG") == "1"
NAMES = ("ann", "bob", "cara")
SAID = {"reason": "cards", "actor": "eve@shop"}
BOUNDS = Bounds(award=40, redemption=30)  # the machine's purchases are smaller; merges have to split

names = st.sampled_from(NAMES)
pairs = st.permutations(NAMES).map(lambda three: three[:2])
percents = st.sampled_from([25, 60, 100])
picks = st.integers(0, 2**16)


class Merges(RuleBasedStateMachine):
    """The model knows who stands for whom, and what was kept, given and consumed in all."""

    engine_name = "sqlite"

    @initialize(pending_days=st.sampled_from([None, 1]))
    def begin(self, pending_days: int | None) -> None:
        self.engine: Engine = fresh_database(self.engine_name)
        self.program, self.now, self.count = make_program(pending_days), NOW, 0
        self.into: dict[str, str] = {}
        self.orders: list[str] = []  # of pieces of one pound each
        self.kept = 0  # pieces
        self.redemptions: dict[str, int] = {}  # what of them was not refunded
        self.first: dict[str, int] = {}  # the expiry of each award
        self.worth = 0
        self.numbers = {name: join(self.engine, name) for name in NAMES}
        for name in NAMES:
            self.buy(name, 20)

    def teardown(self) -> None:
        if hasattr(self, "engine"):
            self.engine.dispose()

    @rule(name=names, pieces=st.integers(1, 30))
    def buy(self, name: str, pieces: int) -> None:
        id_ = self.fresh("S")
        lines = [{"line": "1", "item": id_, "quantity": pieces, "amount": pieces * 100}]
        self.tell("order", id_, name, {"currency": "GBP", "lines": lines})
        self.orders.append(id_)
        pending = self.program.rules[0].pending_days or 0
        self.first[f"shop/{id_}"] = self.now + (pending + EXPIRY_DAYS) * DAY

    @rule(name=names, pick=picks, percent=percents, by_item=st.booleans())
    def bring_back(self, name: str, pick: int, percent: int, by_item: bool) -> None:
        id_ = self.orders[pick % len(self.orders)]
        quantity = max(self.left_of(id_) * percent // 100, 1)
        line: dict[str, Any] = {"line": "1", "quantity": quantity}
        payload = {"lines": [line | {"item": id_}]} if by_item else {"order": id_, "lines": [line]}
        self.tell("return", self.fresh("R"), name, payload)

    @rule(name=names, percent=percents)
    def redeem(self, name: str, percent: int) -> None:
        amount = self.points(self.standing(name)).available * percent // 100
        if amount:
            id_ = self.fresh("T")
            do(self.engine, redeem, id_=id_, member=self.number_of(name), points=amount, now=self.now)
            self.redemptions[id_] = amount
            self.worth -= amount

    @precondition(lambda self: any(self.redemptions.values()))
    @rule(pick=picks, percent=percents)
    def refund(self, pick: int, percent: int) -> None:
        left = [id_ for id_, amount in self.redemptions.items() if amount]
        id_ = left[pick % len(left)]
        amount = max(self.redemptions[id_] * percent // 100, 1)
        do(
            self.engine, refund, id_=self.fresh("F"), redemption=f"app/{id_}", points=amount, reason="broken",
            grace_seconds=GRACE_DAYS * DAY, now=self.now,
        )  # fmt: skip
        self.redemptions[id_] -= amount
        self.worth += amount

    @rule(name=names, points=st.sampled_from([-25, -3, 5, 12]))
    def adjust(self, name: str, points: int) -> None:
        id_ = self.fresh("A")
        expires_at = self.now + DAY if points > 0 else None
        do(
            self.engine, adjust, id_=id_, member=self.number_of(name), points=points, may_owe=True,
            expires_at=expires_at, now=self.now, **SAID,
        )  # fmt: skip
        if expires_at is not None:
            self.first[f"adjust:app/{id_}"] = expires_at
        self.worth += points

    @rule(hours=st.sampled_from([6, 24, 30]), swept=st.booleans())
    def wait(self, hours: int, swept: bool) -> None:
        self.now = UnixSeconds(self.now + hours * 3_600)
        if swept:
            sweep_step(self.engine, now=self.now)

    @rule(pair=pairs)
    def merge(self, pair: tuple[str, str]) -> None:
        merged, survivor = pair
        if self.into.keys() & {merged, survivor}:
            wanted = survivor if self.into.get(merged) != survivor else merged
            with pytest.raises((errors.MergeRefused, errors.InvalidOperation)), transaction(self.engine) as tx:
                merge(tx, merged=self.numbers[merged], survivor=self.numbers[wanted], now=self.now, **SAID)
            return
        before, head = self.all_points(), self.head()
        with transaction(self.engine) as tx:
            numbers = {"merged": self.numbers[merged], "survivor": self.numbers[survivor]}
            merge(tx, now=self.now, bounds=BOUNDS, **numbers, **SAID)
        self.into[merged] = survivor
        after = self.all_points()
        self.only_between(before, after, {merged, survivor})
        self.settles_to_what_it_paid(before, after, head)

    @precondition(lambda self: self.into)
    @rule(pick=picks)
    def unmerge(self, pick: int) -> None:
        merged = sorted(self.into)[pick % len(self.into)]
        survivor = self.into[merged]
        if survivor in self.into:
            with pytest.raises(errors.MergeRefused), transaction(self.engine) as tx:
                unmerge(tx, merged=self.numbers[merged], now=self.now, **SAID)
            return
        before, head = self.all_points(), self.head()
        with transaction(self.engine) as tx:
            done = unmerge(tx, merged=self.numbers[merged], now=self.now, bounds=BOUNDS, **SAID)
        del self.into[merged]
        after = self.all_points()
        self.only_between(before, after, {merged, survivor})
        self.settles_to_what_it_paid(before, after, head)
        has = after[merged]
        assert has.available + has.pending - has.debt == done.points + done.pending - done.debt
        for short in done.shortage:
            assert short.short > 0 or short.expired > 0
            assert short.points >= short.short + short.expired
        assert has.qualifying >= 0 and after[survivor].qualifying >= 0

    # What must hold

    @invariant()
    def the_ledger_proves_itself(self) -> None:
        prove(self.engine)
        with reading(self.engine) as tx:
            for unit in (POINTS, "qualifying"):
                assert set(store.balances(tx, [MERGED], unit).values()) <= {0}  # type: ignore[arg-type]

    @invariant()
    def nobody_gains_value(self) -> None:
        found = self.all_points()
        assert self.value_of(found) + sum(one.expired for one in found.values()) == self.worth
        assert sum(one.qualifying for one in found.values()) == self.kept == sum(map(self.left_of, self.orders))

    @invariant()
    def who_went_over_has_nothing(self) -> None:
        for name in self.into:
            has = self.points(name)
            assert (has.available, has.pending, has.held, has.debt, has.qualifying) == (0, 0, 0, 0, 0)
            with reading(self.engine) as tx:
                assert identity.find_member(tx, name) == self.numbers[self.standing(name)]

    @invariant()
    def nobody_gains_validity(self) -> None:
        lots, entries = tables.lots, tables.entries
        stored = select(lots, func.coalesce(lots.c.award, entries.c.cause).label("of"))
        with reading(self.engine) as tx:
            for lot in tx.execute(stored.join(entries, entries.c.position == lots.c.position)):
                latest = self.now + GRACE_DAYS * DAY
                assert lot.expires_at <= latest if lot.in_grace else lot.expires_at == self.first[lot.of], lot

    def only_between(self, before: dict[str, MemberBalance], after: dict[str, MemberBalance], two: set[str]) -> None:
        rest = [name for name in NAMES if name not in two]
        assert [after[name] for name in rest] == [before[name] for name in rest]
        ran_out = sum(after[name].expired - before[name].expired for name in two)
        assert ran_out >= 0  # what paid a debt comes back to a lot that has run out since
        assert self.value_of(after) + ran_out == self.value_of(before)
        was, now = ([all_[name] for name in two] for all_ in (before, after))
        for field in ("spent", "reversed", "earned", "adjusted", "pending", "qualifying"):
            assert sum(getattr(one, field) for one in now) == sum(getattr(one, field) for one in was), field
        assert sum(one.merged for one in now) == sum(one.merged for one in was)

    def settles_to_what_it_paid(
        self, before: dict[str, MemberBalance], after: dict[str, MemberBalance], head: int
    ) -> None:
        on_chain: dict[str, int] = {}
        prove(self.engine)
        with reading(self.engine) as tx:
            moved = [each for each in store.read_entries(tx, head, 2**31) if each.entry.kind.startswith("merge_")]
        for each in moved:
            assert sum(line.amount for line in each.entry.postings if line.unit == POINTS) <= BOUNDS.award
            for line in each.entry.postings:
                for account, change in ((line.source, -line.amount), (line.destination, line.amount)):
                    if line.unit == POINTS and account.endswith((":available", ":held")):
                        owner = account.rsplit(":", 1)[0]
                        on_chain[owner] = on_chain.get(owner, 0) + change
        paid = sum(one.debt for one in before.values()) - sum(one.debt for one in after.values())
        assert sum(on_chain.values()) == -paid

    # How it is asked

    def tell(self, kind: str, id_: str, name: str, payload: dict[str, Any]) -> None:
        with transaction(self.engine) as tx:
            event = Event("shop", id_, kind, name, self.now, payload)
            assert capture(tx, [event], received_at=self.now).taken == 1
        done = earn_step(self.engine, self.program, now=self.now)
        change = done.issued + done.reinstated - done.reversed
        self.kept += change
        self.worth += change

    def left_of(self, order: str) -> int:
        """Pieces that did not come back, as the shop has it."""
        lines = order_lines
        with reading(self.engine) as tx:
            kept = select(lines.c.quantity - lines.c.named - lines.c.matched).where(lines.c.order_id == order)
            return int(tx.execute(kept).scalar_one())

    def standing(self, name: str) -> str:
        while name in self.into:
            name = self.into[name]
        return name

    def number_of(self, name: str) -> MemberNumber:
        return self.numbers[self.standing(name)]

    def points(self, name: str) -> MemberBalance:
        return points_of(self.engine, self.numbers[name], self.now)

    def all_points(self) -> dict[str, MemberBalance]:
        return {name: self.points(name) for name in NAMES}

    def value_of(self, found: dict[str, MemberBalance]) -> int:
        return sum(one.available + one.pending + one.held - one.debt for one in found.values())

    def head(self) -> int:
        prove(self.engine)
        with reading(self.engine) as tx:
            return store.head(tx).position

    def fresh(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}-{self.count}"


@pytest.mark.slow
@pytest.mark.parametrize("engine_name", ENGINES)
def test_merges__any_order_of_acts__no_gain_of_value_or_validity(engine_name: str) -> None:
    machine = type("Merges", (Merges,), {"engine_name": engine_name})
    examples = (1_000 if LONG else 12) // (1 if engine_name == "sqlite" else 3)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=100 if LONG else 30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
