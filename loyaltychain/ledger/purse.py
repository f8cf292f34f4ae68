"""A member's points as a mutable working copy without I/O: every operation on them, each all or nothing.

``ledger/book.py`` loads and records; how each movement comes about is in ``purse_make``, ``purse_spend`` and
``purse_time``.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.ledger import purse_make, purse_merge, purse_spend, purse_time
from loyaltychain.ledger.lots import (
    Balance,
    Condition,
    Draws,
    Hold,
    HoldItem,
    Lapse,
    Lot,
    LotId,
    Movement,
    Redemption,
    Stamp,
)
from loyaltychain.ledger.purse_state import PurseState


class Purse:
    """What one member has. A method answers the movement and has made it true here, or raises and has changed nothing.

    All amounts are whole points, at least 1 (AssertionError otherwise); instants are unix seconds. No sequence of a
    member's own actions gains value or validity: what comes back pays what she owes first, and keeps its expiry.
    """

    def __init__(
        self,
        member: MemberNumber,
        *,
        lots: Iterable[Lot] = (),
        holds: Iterable[Hold] = (),
        debt: int = 0,
        lapses: Iterable[Lapse] = (),
    ) -> None:
        self._state = PurseState(member, lots=lots, holds=holds, debt=debt, lapses=lapses)

    @property
    def member(self) -> MemberNumber:
        """Whose points these are."""
        return self._state.member

    @property
    def debt(self) -> int:
        """What the member owes: points that were taken back after she had spent them."""
        return self._state.debt

    @property
    def owned(self) -> int:
        """What stands in her lane on chain: available points, those included that ran out unbooked, and held ones."""
        return self._state.available + self._state.held

    @property
    def pending(self) -> int:
        """What was awarded and cannot be redeemed yet."""
        return self._state.pending

    @property
    def lots(self) -> tuple[Lot, ...]:
        """The lots in this copy, in no order; spent ones may be missing."""
        return tuple(self._state.lots.values())

    @property
    def holds(self) -> tuple[Hold, ...]:
        """The open holds, those included that timed out and were not booked yet."""
        return tuple(self._state.holds.values())

    @property
    def lapses(self) -> tuple[Lapse, ...]:
        """When her points ran out, or will, because she is inactive; by instant."""
        return tuple(self._state.lapses)

    def spendable(self, at: UnixSeconds) -> int:
        """What can be redeemed at ``at``. Pending points are not among it before they were activated."""
        return sum(lot.remaining for lot in self._state.lots.values() if lot.is_spendable(at))

    def balance(self, at: UnixSeconds) -> Balance:
        """What the member has at ``at``, if nothing else happens until then; ``advance`` first what is due by then."""
        expiring: Counter[UnixSeconds] = Counter()
        for lot in self._state.lots.values():
            if lot.is_spendable(at) and lot.ends_at is not None:
                expiring[lot.ends_at] += lot.remaining
        return Balance(
            self.spendable(at), self.pending, self._state.held, self.debt, expiring=tuple(sorted(expiring.items()))
        )

    def advance(self, at: UnixSeconds, *, recorded_at: UnixSeconds) -> list[Movement]:
        """Time-outs, activations, cancellations and expiries due at or before ``at``, each at its own instant."""
        return purse_time.advance(self._state, at, recorded_at=recorded_at)

    def next_due(self) -> UnixSeconds | None:
        """When ``advance`` has something to do next; None: never."""
        return purse_time.next_due(self._state)

    def earn(
        self,
        stamp: Stamp,
        amount: int,
        *,
        award: str,
        expires_at: UnixSeconds | None,
        due_at: UnixSeconds | None = None,
        qualifying: int = 0,
        condition: Condition | None = None,
    ) -> Movement:
        """New points, available or (``due_at``) pending; ``qualifying`` ones count towards a tier besides.

        Under a rule (``stamp.rule``) she earned them herself; otherwise what she had earned was corrected.

        Args:
            condition: What pending points wait for besides time.
        """
        assert amount >= 1 and qualifying >= 0, (amount, qualifying)
        assert condition is None or due_at is not None, award
        earned = purse_make.earn(
            self._state, stamp, amount,
            award=award, expires_at=expires_at, due_at=due_at, qualifying=qualifying, condition=condition,
        )  # fmt: skip
        return self._state.apply(earned) if stamp.rule is None else self._act(earned, stamp)

    def activate(self, stamp: Stamp, lot: LotId) -> Movement:
        """A pending lot becomes spendable before its time, after it has paid what she owes."""
        return self._state.apply(purse_make.activate(self._state, stamp, self._pending(lot)))

    def cancel(self, stamp: Stamp, lot: LotId, *, qualifying: int) -> Movement:
        """A pending lot is taken back whole, with at most ``qualifying`` qualifying points."""
        return self._state.apply(purse_make.cancel(self._state, stamp, self._pending(lot), qualifying=qualifying))

    def take_back(self, stamp: Stamp, amount: int, *, award: str, qualifying: int = 0) -> Movement:
        """Take ``amount`` of an award back; never refuses. Spent lots of the award must be here (``adopt``)."""
        assert amount >= 1 and qualifying >= 0, (amount, qualifying)
        return self._state.apply(purse_make.take_back(self._state, stamp, amount, award=award, qualifying=qualifying))

    def reinstate(
        self,
        stamp: Stamp,
        amount: int,
        *,
        award: str,
        expires_at: UnixSeconds | None,
        due_at: UnixSeconds | None = None,
        qualifying: int = 0,
    ) -> Movement:
        """Give back what was taken of an award."""
        assert amount >= 1 and qualifying >= 0, (amount, qualifying)
        return self._state.apply(
            purse_make.reinstate(
                self._state, stamp, amount, award=award, expires_at=expires_at, due_at=due_at, qualifying=qualifying
            )
        )

    def redeem(self, stamp: Stamp, amount: int, *, at: UnixSeconds, reference: str | None = None) -> Movement:
        """Consume points, soonest expiry first. Raises InsufficientBalance."""
        assert amount >= 1, amount
        return self._act(purse_spend.redeem(self._state, stamp, amount, at=at, reference=reference), stamp)

    def hold(
        self,
        stamp: Stamp,
        hold_id: str,
        amount: int,
        *,
        at: UnixSeconds,
        until: UnixSeconds,
        reference: str | None = None,
        items: Sequence[HoldItem] = (),
    ) -> Movement:
        """Set points aside, soonest expiry first, until ``until`` at the latest. Raises InsufficientBalance."""
        assert amount >= 1, amount
        return self._state.apply(
            purse_spend.hold(self._state, stamp, hold_id, amount, at=at, until=until, reference=reference, items=items)
        )

    def commit(self, stamp: Stamp, hold_id: str, *, at: UnixSeconds, amount: int | None = None) -> Movement:
        """Consume a hold, or ``amount`` of it: the rest is released.

        Raises:
            HoldEnded: it has timed out.
            UnknownHold: it was never there, or was committed or released.
        """
        assert amount is None or amount >= 1, amount
        return self._act(purse_spend.commit(self._state, stamp, hold_id, at=at, amount=amount), stamp)

    def release(self, stamp: Stamp, hold_id: str, *, at: UnixSeconds) -> Movement:
        """Give a hold's points back to their lots. Raises as ``commit`` does."""
        return self._state.apply(purse_spend.release(self._state, stamp, hold_id, at=at))

    def refund(
        self, stamp: Stamp, redemption: Redemption, amount: int, *, at: UnixSeconds, grace_seconds: int
    ) -> Movement:
        """Give back points of a redemption, at most what is left of it (AssertionError), to the lots they came from.

        Those lots must be here (``adopt``). Where one has run out, the points get ``grace_seconds``, once.
        """
        assert amount >= 1 and grace_seconds >= 0, (amount, grace_seconds)
        return self._state.apply(
            purse_spend.refund(self._state, stamp, redemption, amount, at=at, grace_seconds=grace_seconds)
        )

    def adjust(
        self,
        stamp: Stamp,
        amount: int,
        *,
        at: UnixSeconds,
        expires_at: UnixSeconds | None = None,
        may_owe: bool = False,
    ) -> Movement:
        """Correct by hand: ``amount`` above zero gives, below zero takes. Raises InsufficientBalance."""
        assert amount != 0, amount
        return self._state.apply(
            purse_make.adjust(self._state, stamp, amount, at=at, expires_at=expires_at, may_owe=may_owe)
        )

    def hand_over(self, stamp: Stamp, lot_id: LotId, amount: int) -> Movement:
        """Give ``amount`` of a lot to another member, who takes it over: at most what remains (AssertionError)."""
        assert amount >= 1, amount
        return self._state.apply(purse_merge.hand_over(self._state, stamp, lot_id, amount))

    def take_over(self, stamp: Stamp, lot: Lot, amount: int) -> Movement:
        """Take over ``amount`` of another member's lot, with its award, time, expiry and due date."""
        assert amount >= 1, amount
        return self._state.apply(purse_merge.take_over(self._state, stamp, lot, amount))

    def shed_debt(self, stamp: Stamp, amount: int) -> Movement:
        """Give ``amount`` of what is owed to another member: at most all of it (AssertionError)."""
        assert amount >= 1, amount
        return self._state.apply(purse_merge.shed_debt(self._state, stamp, amount))

    def take_debt(self, stamp: Stamp, amount: int, *, at: UnixSeconds) -> Movement:
        """Take over what another member owed: what can be spent pays it, soonest expiry first; the rest is owed."""
        assert amount >= 1, amount
        return self._state.apply(purse_merge.take_debt(self._state, stamp, amount, at=at))

    def regain(self, stamp: Stamp, draws: Draws) -> Movement:
        """Get back what paid another member's debt. The lots must be here (``adopt``)."""
        return self._state.apply(purse_merge.regain(self._state, stamp, draws))

    def adopt(self, lots: Iterable[Lot]) -> None:
        """Add lots that were not loaded, because they were spent; those that are here stay as they are."""
        for lot in lots:
            assert lot.member == self.member, lot
            self._state.lots.setdefault(lot.id, self._state.dated(lot))

    def _act(self, movement: Movement, stamp: Stamp) -> Movement:
        """Make true what the member did herself: no lapse that is still to come holds after it."""
        self._state.apply(movement)
        undone = self._state.be_active(stamp)
        return replace(movement, undone=undone) if undone else movement

    def _pending(self, lot: LotId) -> Lot:
        found = self._state.lots[lot]
        assert found.due_at is not None and found.remaining, found
        return found
