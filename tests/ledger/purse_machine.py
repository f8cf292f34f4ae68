"""Anything that can happen to one member's points while time moves forward, with a model of value and of validity.

Value: what she was given, less what was taken back, is what she has, consumed or let run out, less what she owes.
Validity: no point gets a later expiry than it was given, but for one grace when a refund finds that it has run out.

The model counts what was asked for; it knows nothing of how the purse chooses lots. A subclass may keep movements in
a database, and go on with what it loads from there.
"""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from loyaltychain.core import errors
from loyaltychain.core.amounts import POINTS
from loyaltychain.ledger import accounts
from loyaltychain.ledger.lots import Lot, Movement, Redemption, Stamp, spend_order
from loyaltychain.ledger.purse import Purse
from loyaltychain.ledger.purse_state import total
from tests.ledger.builders import ANN
from tests.ledger.purse_builders import GRACE, START, stamp
from tests.ledger.purse_invariants import PurseInvariants

AMOUNTS = st.integers(1, 60)
SPANS = st.integers(1, 50)
PICKS = st.integers(0, 1_000)


class PurseMachine(PurseInvariants):
    """Without a database: the purse in memory is all there is."""

    @initialize()
    def begin(self) -> None:
        self.now = START
        self.number = 0
        self.purse = Purse(ANN)
        self.fold: Counter[str] = Counter()  # balances, from the postings of points
        self.lots: dict[str, Lot] = {}  # as they were made
        self.out: Counter[str] = Counter()  # points of each lot that are held or consumed
        self.kept: Counter[str] = Counter()  # points by award: given less taken back
        self.taken: Counter[str] = Counter()
        self.terms: dict[str, tuple[int | None, int | None]] = {}  # expires_at, due_at by award
        self.redemptions: dict[str, Redemption] = {}
        self.adjusted = self.consumed = 0

    def keep(self, movements: list[Movement]) -> None:
        """What a database would be told."""

    def find_award(self, award: str) -> None:
        """Add the award's spent lots to the purse."""

    def find_redemption(self, id_: str) -> Redemption:
        """The redemption, and its lots added to the purse."""
        return self.redemptions[id_]

    def has_run_out(self, lot: str) -> bool:
        """Whether the points of a lot are gone now."""
        return self.lots[lot].has_expired(self.now)

    def stamp(self, kind: str) -> Stamp:
        self.number += 1
        return stamp(f"{kind}:{self.number}", self.now)

    def follow(self, *movements: Movement) -> None:
        """Let the model see what moved, and judge it."""
        for movement in movements:
            for posting in movement.entry.postings:
                if posting.unit == POINTS:
                    self.fold[posting.source] -= posting.amount
                    self.fold[posting.destination] += posting.amount
            if movement.made:
                assert movement.made.id not in self.lots
                self.lots[movement.made.id] = movement.made
            self._judge_netting(movement)
            if movement.entry.kind in ("redeem", "hold"):
                self.out.update({lot: -amount for lot, amount in movement.lot_moves})
            if movement.entry.kind in ("release", "commit", "refund"):
                self._judge_return(movement)
            if movement.entry.kind in ("activate", "expire"):
                self._judge_clock(movement)
        self.keep(list(movements))

    def _judge_netting(self, movement: Movement) -> None:
        """Nothing comes to be spent while she owes."""
        brought = [lot for lot, amount in movement.lot_moves if amount > 0 and self.lots[lot].due_at is None]
        assert not brought or self.purse.debt == 0

    def _judge_return(self, movement: Movement) -> None:
        """Points go back to where they were drawn from, never more than were, or through a refund's grace lot."""
        back = Counter({lot: amount for lot, amount in movement.lot_moves if lot != movement.entry.id})
        assert all(0 < amount <= self.out[lot] for lot, amount in back.items())
        self.out.subtract(back)
        assert movement.made is None or movement.entry.kind == "refund"

    @rule(span=SPANS)
    def wait(self, span) -> None:
        self.now += span

    @rule()
    def wait_for_what_is_due(self) -> None:
        self.now = max(self.now, self.purse.next_due() or 0)  # the very instant: intervals are half-open

    @rule()
    def sweep(self) -> None:
        before = self.purse.balance(self.now)
        activated = sum(lot.remaining for lot in self.purse.lots if lot.due_at and lot.due_at <= self.now)
        movements = self.purse.advance(self.now, recorded_at=self.now)
        self.follow(*movements)
        assert self.purse.next_due() is None or self.purse.next_due() > self.now
        assert self.purse.advance(self.now, recorded_at=self.now) == []
        after = self.purse.balance(self.now)
        assert after.pending == before.pending - activated
        assert after.available == self.purse.owned - after.held  # nothing unbooked is left

    def _judge_clock(self, movement: Movement) -> None:
        if movement.entry.kind == "activate" and movement.made:
            old = self.lots[movement.entry.id.removeprefix("activate:")]
            kept = replace(old, id=movement.made.id, due_at=None, amount=0, remaining=0, condition=None)
            assert replace(movement.made, amount=0, remaining=0, earned_at=old.earned_at) == kept
        if movement.entry.kind == "expire":
            [(lot, amount)] = movement.expired_moves
            assert movement.lot_moves == ((lot, -amount),)
            assert self.has_run_out(lot)
        assert movement.entry.occurred_at <= self.now

    @rule(amount=AMOUNTS, life=st.none() | SPANS, pending=st.none() | SPANS, qualifying=st.integers(0, 5))
    def buy(self, amount, life, pending, qualifying) -> None:
        named = self.stamp("earn")
        due_at = None if pending is None else self.now + pending
        expires_at = None if life is None else (due_at or self.now) + life
        owed = self.purse.debt
        movement = self.purse.earn(
            named, amount, award=named.cause, expires_at=expires_at, due_at=due_at, qualifying=qualifying
        )
        self.kept[named.cause] += amount
        self.terms[named.cause] = (expires_at, due_at)
        assert self.purse.debt == (owed if pending else max(owed - amount, 0))
        if movement.made:
            assert (movement.made.expires_at, movement.made.due_at) == (expires_at, due_at)
        self.follow(movement)

    @precondition(lambda self: any(self.kept.values()))
    @rule(pick=PICKS, share=AMOUNTS)
    def return_goods(self, pick, share) -> None:
        awards = [award for award, kept in self.kept.items() if kept]
        award = awards[pick % len(awards)]
        self.find_award(award)
        amount = min(share, self.kept[award])
        spendable = {lot.id: lot for lot in self.purse.lots if lot.is_spendable(self.now)}
        movement = self.purse.take_back(self.stamp("reverse"), amount, award=award)
        self.kept[award] -= amount
        self.taken[award] += amount
        for lot, _ in movement.lot_moves:
            assert self.lots[lot].award == award or lot in spendable
        own = [lot for lot in self.purse.lots if lot.award == award]
        if any(self.lots[lot].award != award for lot, _ in movement.lot_moves):  # others' points come after her own
            assert not any(lot.remaining or lot.expired for lot in own)
        if self.fold[accounts.debt(ANN)] != -self.purse.debt:  # owing comes last
            assert self.purse.spendable(self.now) == 0
            assert not any(lot.remaining or lot.expired for lot in own)
        self.follow(movement)

    @precondition(lambda self: any(self.taken.values()))
    @rule(pick=PICKS, share=AMOUNTS)
    def return_was_a_mistake(self, pick, share) -> None:
        awards = [award for award, taken in self.taken.items() if taken]
        award = awards[pick % len(awards)]
        amount = min(share, self.taken[award])
        expires_at, due_at = self.terms[award]
        due_at = due_at if due_at and due_at > self.now else None
        named = self.stamp("reinstate")
        movement = self.purse.reinstate(named, amount, award=award, expires_at=expires_at, due_at=due_at)
        self.kept[award] += amount
        self.taken[award] -= amount
        self.follow(movement)

    @rule(amount=AMOUNTS)
    def redeem(self, amount) -> None:
        self._draw(amount, lambda: self.purse.redeem(self.stamp("redeem"), amount, at=self.now))

    @precondition(lambda self: self.purse.spendable(self.now))
    @rule(span=SPANS, parts=st.integers(1, 3))
    def redeem_all_wait_and_refund(self, span, parts) -> None:
        """What would prolong points, if anything did."""
        points = self.purse.spendable(self.now)
        self.redeem(points)
        id_ = f"redeem:{self.number}"
        self.now += span
        for _ in range(parts):
            left = self.redemptions[id_].amount - self.redemptions[id_].refunded
            if left:
                self._refund(id_, -(-points // parts))

    @rule(amount=AMOUNTS, span=SPANS)
    def hold(self, amount, span) -> None:
        def draw() -> Movement:
            named = self.stamp("hold")
            return self.purse.hold(named, f"h{self.number}", amount, at=self.now, until=self.now + span)

        self._draw(amount, draw)

    def _draw(self, amount, draw) -> None:
        lots = sorted((lot for lot in self.purse.lots if lot.is_spendable(self.now)), key=spend_order)
        if amount > sum(lot.remaining for lot in lots):
            before = (self.purse.lots, self.purse.holds, self.purse.owned, self.purse.debt)
            with pytest.raises(errors.InsufficientBalance):
                draw()
            assert (self.purse.lots, self.purse.holds, self.purse.owned, self.purse.debt) == before
            return
        movement = draw()
        drawn = {lot: -change for lot, change in movement.lot_moves}
        assert list(drawn) == [lot.id for lot in lots][: len(drawn)]  # soonest expiry first
        assert all(drawn[lot.id] == lot.remaining for lot in lots[: len(drawn) - 1])
        self._count_redemption(movement)
        self.follow(movement)

    def _count_redemption(self, movement: Movement) -> None:
        if movement.redemption:
            assert total(movement.redemption.draws) == movement.redemption.amount
            self.redemptions[movement.entry.id] = movement.redemption
            self.consumed += movement.redemption.amount

    @precondition(lambda self: self.purse.holds)
    @rule(pick=PICKS, share=st.none() | AMOUNTS)
    def commit(self, pick, share) -> None:
        hold = self.purse.holds[pick % len(self.purse.holds)]
        amount = None if share is None else min(share, hold.amount)
        if hold.until <= self.now:
            with pytest.raises(errors.HoldEnded):
                self.purse.commit(self.stamp("commit"), hold.id, at=self.now, amount=amount)
            return
        movement = self.purse.commit(self.stamp("commit"), hold.id, at=self.now, amount=amount)
        assert movement.redemption.amount == (amount or hold.amount)
        self._count_redemption(movement)
        self.follow(movement)

    @precondition(lambda self: self.purse.holds)
    @rule(pick=PICKS)
    def release(self, pick) -> None:
        hold = self.purse.holds[pick % len(self.purse.holds)]
        if hold.until > self.now:
            self.follow(self.purse.release(self.stamp("release"), hold.id, at=self.now))

    @precondition(lambda self: any(one.refunded < one.amount for one in self.redemptions.values()))
    @rule(pick=PICKS, share=AMOUNTS)
    def refund(self, pick, share) -> None:
        ids = [id_ for id_, one in self.redemptions.items() if one.refunded < one.amount]
        self._refund(ids[pick % len(ids)], share)

    def _refund(self, id_, share) -> None:
        redemption = self.find_redemption(id_)
        assert redemption == self.redemptions[redemption.entry_id]
        amount = min(share, redemption.amount - redemption.refunded)
        owed = self.purse.debt
        movement = self.purse.refund(self.stamp("refund"), redemption, amount, at=self.now, grace_seconds=GRACE)
        self._judge_refund(redemption, amount, owed, movement)
        done = redemption.refunded + amount
        self.redemptions[redemption.entry_id] = replace(redemption, refunded=done)
        self.consumed -= amount
        self.follow(movement)

    def _judge_refund(self, redemption: Redemption, amount: int, owed: int, movement: Movement) -> None:
        """Point by point: the first ones pay what is owed, each other goes back to its lot or gets its one grace."""
        points = [lot for lot, part in redemption.draws for _ in range(part)]
        unpaid = points[redemption.refunded : redemption.refunded + amount][owed:]
        late = [lot for lot in unpaid if self.has_run_out(lot) and not self.lots[lot].in_grace]
        expected = Counter(unpaid) - Counter(late)
        assert {lot: part for lot, part in movement.lot_moves if lot != movement.entry.id} == expected
        assert self.purse.debt == max(owed - amount, 0)
        assert (movement.made is None) == (not late)
        if movement.made:
            made = movement.made
            assert (made.amount, made.in_grace, made.expires_at) == (len(late), True, self.now + GRACE)
        self.out.subtract(Counter(points[redemption.refunded : redemption.refunded + amount]) - expected)

    @rule(amount=st.integers(-60, 60).filter(bool), life=st.none() | SPANS, may_owe=st.booleans())
    def adjust(self, amount, life, may_owe) -> None:
        spendable = self.purse.spendable(self.now)
        named = self.stamp("adjust")
        expires_at = None if life is None else self.now + life
        if amount < 0 and -amount > spendable and not may_owe:
            with pytest.raises(errors.InsufficientBalance):
                self.purse.adjust(named, amount, at=self.now)
            return
        self.adjusted += amount
        self.follow(self.purse.adjust(named, amount, at=self.now, expires_at=expires_at, may_owe=may_owe))
