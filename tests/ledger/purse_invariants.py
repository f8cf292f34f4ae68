"""What always holds of one member's points, whatever happened to them, compared with the machine's model."""

from collections import Counter
from dataclasses import replace

from hypothesis.stateful import RuleBasedStateMachine, invariant

from loyaltychain.ledger import accounts
from loyaltychain.ledger.lots import Lot
from loyaltychain.ledger.purse import Purse
from tests.ledger.builders import ANN


class PurseInvariants(RuleBasedStateMachine):
    """Whoever inherits keeps these up to date."""

    now: int
    purse: Purse
    fold: Counter[str]  # balances, from the postings of points
    lots: dict[str, Lot]  # as they were made
    kept: Counter[str]  # points by award: given less taken back
    taken: Counter[str]
    adjusted: int
    consumed: int

    @invariant()
    def value_is_neither_made_nor_lost(self) -> None:
        purse = self.purse
        ran_out = self.fold[accounts.EXPIRED]
        given = self.kept.total() + self.adjusted
        assert given == purse.owned + purse.pending - purse.debt + self.consumed + ran_out
        assert self.consumed - purse.debt <= given  # nobody consumes more than she keeps, but by owing it
        assert self.fold[accounts.REDEEMED] == self.consumed
        assert self.fold[accounts.REVERSED] == self.taken.total()

    @invariant()
    def accounts_lots_and_holds_agree(self) -> None:
        purse, held = self.purse, sum(hold.amount for hold in self.purse.holds)
        assert self.fold[accounts.held(ANN)] == held
        assert self.fold[accounts.available(ANN)] == purse.owned - held
        assert self.fold[accounts.pending(ANN)] == purse.pending
        assert self.fold[accounts.debt(ANN)] == -purse.debt
        ready = sum(lot.remaining for lot in purse.lots if lot.due_at is None)
        assert (ready, sum(lot.remaining for lot in purse.lots) - ready) == (purse.owned - held, purse.pending)
        assert min(purse.owned - held, held, purse.pending, purse.debt) >= 0
        assert all(lot.remaining + lot.expired <= lot.amount for lot in purse.lots)
        assert all(min(lot.remaining, lot.expired) >= 0 for lot in purse.lots)

    @invariant()
    def no_lot_changes_its_terms(self) -> None:
        for lot in self.purse.lots:
            terms = replace(lot, remaining=lot.amount, expired=0, returned_by=None, lapses_at=None)
            assert terms == self.lots[lot.id]

    @invariant()
    def balance_is_what_can_be_spent(self) -> None:
        balance = self.purse.balance(self.now)
        assert balance.available == self.purse.spendable(self.now) <= self.purse.owned
        assert all(instant > self.now for instant, _ in balance.expiring)
        assert sum(points for _, points in balance.expiring) <= balance.available
