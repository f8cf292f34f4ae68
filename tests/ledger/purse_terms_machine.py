"""The machine with what ends points besides their age and gives them besides time: lapses, and conditions.

The model says of each lot when it came to be; a lapse ends those that were there before it, unless the member was
active in time. It knows nothing of how the purse tells.
"""

from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from loyaltychain.core.amounts import POINTS
from loyaltychain.ledger.lots import Condition, Lapse, Lot, Movement
from loyaltychain.ledger.purse import Purse
from tests.ledger.builders import ANN
from tests.ledger.purse_builders import stamp
from tests.ledger.purse_machine import AMOUNTS, PICKS, SPANS, PurseMachine


class TermsMachine(PurseMachine):
    @initialize()
    def begin(self) -> None:
        super().begin()
        self.lapses: dict[str, Lapse] = {}  # that stand
        self.came_at: dict[str, int] = {}  # when each lot came to be
        self.signalled: set[str] = set()
        self.otherwise: dict[str, str] = {}  # of lots that wait for a review

    def warn(self, lapse: Lapse) -> None:
        """Let the purse know of a lapse to come."""
        held, purse = self.purse.holds, self.purse
        self.purse = Purse(ANN, lots=purse.lots, holds=held, debt=purse.debt, lapses=self.lapses.values())

    def follow(self, *movements: Movement) -> None:
        for movement in movements:
            entry = movement.entry
            if movement.made:
                self.came_at[movement.made.id] = entry.occurred_at
            acts = entry.kind in ("redeem", "commit") or entry.rule is not None
            undone = {id_ for id_, lapse in self.lapses.items() if acts and lapse.at > self.now}
            assert set(movement.undone) == undone
            for id_ in undone:
                del self.lapses[id_]
            if entry.kind == "activate" and entry.cause.startswith("clock/"):
                assert self.otherwise.get(entry.id.removeprefix("activate:"), "give") == "give"
            if entry.kind == "reverse" and (entry.cause.startswith("clock/") or entry.id in self.signalled):
                award, points = entry.details["award"], sum(p.amount for p in entry.postings if p.unit == POINTS)
                assert entry.id in self.signalled or self.otherwise[entry.id.removeprefix("reverse:")] == "cancel"
                self.kept[award] -= points
                self.taken[award] += points
        super().follow(*movements)

    def has_run_out(self, lot: str) -> bool:
        made = self.lots[lot]
        may_lapse = made.expires_at is None and made.due_at is None
        lapsed = any(self.came_at[lot] < lapse.at <= self.now for lapse in self.lapses.values())
        return super().has_run_out(lot) or (may_lapse and lapsed)

    @rule(span=SPANS)
    def tell_of_inactivity(self, span) -> None:
        if all(lapse.at <= self.now for lapse in self.lapses.values()):  # one is to come at most
            self.number += 1
            lapse = Lapse(f"n{self.number}", since=self.now - 1, at=self.now + span)
            self.lapses[lapse.id] = lapse
            self.warn(lapse)

    @rule(amount=AMOUNTS, life=st.none() | SPANS, days=SPANS, qualifying=st.booleans(), gives=st.booleans())
    def buy_and_wait_for_a_review(self, amount, life, days, qualifying, gives) -> None:
        named, due_at = replace(self.stamp("earn"), rule="review"), self.now + days
        expires_at = None if life is None else due_at + life
        counted = amount * qualifying
        condition = Condition("approved", "rejected", "give" if gives else "cancel", counted)
        movement = self.purse.earn(
            named, amount, award=named.cause, expires_at=expires_at, due_at=due_at, qualifying=counted,
            condition=condition,
        )  # fmt: skip
        self.kept[named.cause] += amount
        self.terms[named.cause] = (expires_at, due_at)
        self.otherwise[named.id] = condition.otherwise
        self.follow(movement)

    @precondition(lambda self: self.waiting())
    @rule(pick=PICKS, gives=st.booleans())
    def review(self, pick, gives) -> None:
        """A decision about pending points, before time has decided."""
        lot = self.waiting()[pick % len(self.waiting())]
        spendable, owed = self.purse.spendable(self.now), self.purse.debt
        id_ = f"activate:{lot.id}" if gives else f"reverse:{lot.id}"
        if gives:
            movement = self.purse.activate(stamp(id_, self.now), lot.id)
            assert self.purse.debt == max(owed - lot.remaining, 0)
        else:
            self.signalled.add(id_)
            qualifying = 0 if lot.condition is None else lot.condition.qualifying
            movement = self.purse.cancel(stamp(id_, self.now), lot.id, qualifying=qualifying)
            assert (self.purse.spendable(self.now), self.purse.debt) == (spendable, owed)
        assert movement.lot_moves[0] == (lot.id, -lot.remaining)
        self.follow(movement)

    def waiting(self) -> list[Lot]:
        found = [lot for lot in self.purse.lots if lot.remaining and lot.due_at is not None and lot.due_at > self.now]
        return sorted(found, key=lambda lot: lot.id)

    @invariant()
    def what_can_be_spent_is_what_has_not_run_out(self) -> None:
        good = [lot for lot in self.purse.lots if lot.due_at is None and not self.has_run_out(lot.id)]
        assert self.purse.spendable(self.now) == sum(lot.remaining for lot in good)
