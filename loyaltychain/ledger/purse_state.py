"""The working copy behind a purse: balances, lots and open holds of one member, changed by movements alone."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from loyaltychain.core.amounts import POINTS, MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.ledger import accounts
from loyaltychain.ledger.lots import Draws, Hold, Lapse, Lot, LotId, Movement, Stamp, spend_order
from loyaltychain.ledger.types import AccountId


class PurseState:
    """What is true of one member now. Lots without points may be missing from it."""

    def __init__(
        self,
        member: MemberNumber,
        *,
        lots: Iterable[Lot] = (),
        holds: Iterable[Hold] = (),
        debt: int = 0,
        lapses: Iterable[Lapse] = (),
    ) -> None:
        self.member = member
        self.lapses = sorted(lapses, key=lambda lapse: lapse.at)
        self.lots: dict[LotId, Lot] = {lot.id: self.dated(lot) for lot in lots}
        self.holds: dict[str, Hold] = {hold.id: hold for hold in holds}
        self._available, self._held = accounts.available(member), accounts.held(member)
        self._pending, self._debt = accounts.pending(member), accounts.debt(member)
        self._balances: dict[AccountId, int] = {
            self._available: sum(lot.remaining for lot in self.lots.values() if lot.due_at is None),
            self._held: sum(hold.amount for hold in self.holds.values()),
            self._pending: sum(lot.remaining for lot in self.lots.values() if lot.due_at is not None),
            self._debt: -debt,
        }

    @property
    def available(self) -> int:
        """Points in the available account, those included that ran out and were not booked yet."""
        return self._balances[self._available]

    @property
    def held(self) -> int:
        """Points in open holds."""
        return self._balances[self._held]

    @property
    def pending(self) -> int:
        """Points that cannot be redeemed yet."""
        return self._balances[self._pending]

    @property
    def debt(self) -> int:
        """Points that the member owes, 0 or more."""
        return -self._balances[self._debt]

    def spendable_lots(self, at: UnixSeconds) -> list[Lot]:
        """The lots that can be redeemed from at ``at``, in the order in which they are."""
        return sorted((lot for lot in self.lots.values() if lot.is_spendable(at)), key=spend_order)

    def dated(self, lot: Lot) -> Lot:
        """The lot with the instant at which inactivity ends it: the first lapse after it was earned.

        Pending points, and those with an expiry of their own, are left alone.
        """
        if not self.lapses and lot.lapses_at is None:
            return lot
        may_lapse = lot.expires_at is None and lot.due_at is None
        ends = (lapse.at for lapse in self.lapses if may_lapse and lapse.at > lot.earned_at)
        return replace(lot, lapses_at=next(ends, None))

    def lapsed_until(self, at: UnixSeconds) -> UnixSeconds | None:
        """The last lapse at or before ``at``."""
        return max((lapse.at for lapse in self.lapses if lapse.at <= at), default=None)

    def be_active(self, stamp: Stamp) -> tuple[str, ...]:
        """Undo the lapses that this act of the member's comes in time for; their ids."""
        undone = [lapse for lapse in self.lapses if lapse.at > stamp.recorded_at and lapse.since < stamp.occurred_at]
        if undone:
            self.lapses = [lapse for lapse in self.lapses if lapse not in undone]
            self.lots = {id_: self.dated(lot) for id_, lot in self.lots.items()}
        return tuple(lapse.id for lapse in undone)

    def apply(self, movement: Movement) -> Movement:
        """Make a movement true. Gives it back."""
        entry = movement.entry
        for posting in entry.postings:
            if posting.unit == POINTS:
                self._add(posting.source, -posting.amount)
                self._add(posting.destination, posting.amount)
        made = movement.made
        if made is not None:
            self.lots[made.id] = self.dated(made)
        for lot_id, change in movement.lot_moves:
            if made is None or lot_id != made.id:
                lot = self.lots[lot_id]
                returned_by = entry.id if change > 0 else lot.returned_by
                self.lots[lot_id] = replace(lot, remaining=lot.remaining + change, returned_by=returned_by)
        for lot_id, change in movement.expired_moves:
            self.lots[lot_id] = replace(self.lots[lot_id], expired=self.lots[lot_id].expired + change)
        if movement.began is not None:
            self.holds[movement.began.id] = movement.began
        if movement.ended is not None:
            del self.holds[movement.ended[0]]
        return movement

    def _add(self, account: AccountId, change: int) -> None:
        if account in self._balances:
            self._balances[account] += change


def draw(lots: Iterable[Lot], amount: int) -> Draws:
    """``amount`` out of ``lots``, or all that they have, in the order given. Lots without points are passed over."""
    drawn: list[tuple[LotId, int]] = []
    left = amount
    for lot in lots:
        if left and lot.remaining:
            part = min(left, lot.remaining)
            drawn.append((lot.id, part))
            left -= part
    return tuple(drawn)


def part_of(draws: Sequence[tuple[LotId, int]], start: int, stop: int) -> Draws:
    """The points number ``start`` to ``stop`` (exclusive) of ``draws``, counted from 0 through all lots."""
    parts: list[tuple[LotId, int]] = []
    passed = 0
    for lot_id, amount in draws:
        size = min(stop, passed + amount) - max(start, passed)
        if size > 0:
            parts.append((lot_id, size))
        passed += amount
    return tuple(parts)


def total(draws: Iterable[tuple[LotId, int]]) -> int:
    """Points in all."""
    return sum(amount for _, amount in draws)


def negated(draws: Iterable[tuple[LotId, int]]) -> Draws:
    """The same as moves out of the lots."""
    return tuple((lot_id, -amount) for lot_id, amount in draws)
