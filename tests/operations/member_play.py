"""How members act in ``test_member_machine.py``: the shop, events that are told, operations that are tried."""

from typing import Any

import pytest
from hypothesis.stateful import RuleBasedStateMachine
from sqlalchemy import ColumnElement, Engine, func, select

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading, transaction
from loyaltychain.events.capture import capture
from loyaltychain.events.types import Event
from loyaltychain.ledger import tables
from loyaltychain.operations.earn import earn_step
from loyaltychain.operations.store import read_outcomes
from loyaltychain.program.types import BonusFromAmount, Expiry, Orders, PointsPerCurrencyUnit, Program, Redemption
from tests.operations.member_model import BONUS, THRESHOLD, Model, Order, Paid
from tests.operations.member_world import do, points_of

MEMBERS = ("ann", "bob")
EXPIRY_DAYS, GRACE_DAYS, MUGS, MUG_COST = 3, 2, 4, 7


def make_program(pending_days: int | None) -> Program:
    return Program(
        name="Machine", version=1, timezone="UTC", currency="GBP",
        rules=(
            PointsPerCurrencyUnit("spend", "points_per_currency_unit", "order", 1, 100, "down", None,
                                  pending_days=pending_days, qualifying=True),
            BonusFromAmount("basket", "bonus_from_amount", "order", BONUS, THRESHOLD, pending_days=pending_days),
        ),
        redemption=Redemption("redemption"),
        orders=Orders("order", "return", "cancellation", "order_edit", "member+item, latest first", None),
        expiry=Expiry(months=None, days=EXPIRY_DAYS, end_of=None, grace_days=GRACE_DAYS),
    )  # fmt: skip


class Play(RuleBasedStateMachine):
    """What the acts have in common."""

    engine: Engine
    program: Program
    now: UnixSeconds
    count: int  # of ids given out
    position: int  # of the last event
    model: Model
    holds: dict[str, Paid]  # that nobody ended; some may have timed out
    until: dict[str, int]

    def fresh(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}-{self.count}"

    def tell(self, kind: str, id_: str, member: int, payload: dict[str, Any], at: int | None = None) -> str:
        """Capture an event and let the step decide on it. Returns the outcome."""
        occurred_at = UnixSeconds(self.now if at is None else at)
        with transaction(self.engine) as tx:
            event = Event("shop", id_, kind, MEMBERS[member - 1], occurred_at, payload)
            assert capture(tx, [event], received_at=self.now).taken == 1
        earn_step(self.engine, self.program, now=self.now)
        with reading(self.engine) as tx:
            [outcome] = read_outcomes(tx, self.position, 10)
        self.position = outcome.position
        return outcome.outcome

    def order_payload(self, name: str, bought: list[tuple[int, int]]) -> dict[str, Any]:
        content = [
            {"line": str(number), "item": f"{name}/{number}", "quantity": quantity, "amount": amount}
            for number, (quantity, amount) in enumerate(bought)
        ]
        return {"order": name, "currency": "GBP", "lines": content}

    def try_(
        self, act: Any, *, can: bool, otherwise: type[Exception] = errors.InsufficientBalance, **said: Any
    ) -> bool:
        """Do it if it ``can`` be done, and see it refused if not."""
        if can:
            do(self.engine, act, now=self.now, **said)
            return True
        with pytest.raises(otherwise):
            do(self.engine, act, now=self.now, **said)
        return False

    def can(self, member: int, points: int) -> bool:
        return points_of(self.engine, MemberNumber(member), self.now).available >= points

    def some_points(self, member: int, percent: int) -> int:
        """So much of what she can spend; she buys something before if that is nothing."""
        if not self.can(member, 1):
            self.buy(member, [(3, 4_000)], 0)
        return max(points_of(self.engine, MemberNumber(member), self.now).available * percent // 100, 1)

    def some_order(self, pick: int) -> tuple[str, Order]:
        return list(self.model.orders.items())[pick % len(self.model.orders)]

    def order_of(self, member: int, pick: int, wanted: bool) -> str | None:
        own = [name for name, order in self.model.orders.items() if order.member == member]
        return own[pick % len(own)] if wanted and own else None

    def some_hold(self, pick: int) -> tuple[str, Paid]:
        return list(self.holds.items())[pick % len(self.holds)]

    def timed_out_mugs(self) -> int:
        """Mugs whose hold is over, and nobody has put them back yet."""
        return self.reserved_mugs(tables.holds.c.until <= self.now)

    def reserved_mugs(self, *conditions: ColumnElement[bool]) -> int:
        holds = tables.holds
        standing = select(func.count()).where(
            holds.c["items"].like("%mug%"), holds.c.id.not_in(select(tables.hold_ends.c.hold)), *conditions
        )
        with reading(self.engine) as tx:
            return int(tx.execute(standing).scalar_one())

    def drawn_without_grace(self, redemption: str) -> int:
        lots, moves, redemptions = tables.lots, tables.lot_moves, tables.redemptions
        query = (
            select(func.sum(-moves.c.amount))
            .join(lots, lots.c.position == moves.c.lot)
            .join(tables.entries, tables.entries.c.position == moves.c.position)
            .join(redemptions, redemptions.c.drawn_by == tables.entries.c.id)
            .where(redemptions.c.entry_id == redemption, lots.c.in_grace == 0)
        )
        with reading(self.engine) as tx:
            return int(tx.execute(query).scalar_one() or 0)
