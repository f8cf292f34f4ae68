"""The way of points from one member's purse into another's, entry by entry, in pairs. Works on purses alone.

Each pair is of one lot, or a part of it: what a batch can settle bounds an entry, and an entry moves the points of one
member.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from loyaltychain.core.amounts import QUALIFYING, Amount, MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.ledger import accounts
from loyaltychain.ledger.lots import Lot, LotId, Movement, Stamp
from loyaltychain.ledger.purse import Purse
from loyaltychain.ledger.types import Entry, EntryId, Posting
from loyaltychain.operations.types import Bounds


@dataclass(slots=True)
class Passage:
    """From ``giver`` to ``taker``.

    Args:
        name: Ends the entries' ids; unique for ever.
        cause: Of the entries.
        movements: What happened, in order; to be recorded.
        moved: (the giver's lot, the taker's entry, points) of every pair of a lot; with points below zero, the taker's
            lot that paid the giver's debt.
        count: Pairs until now.
    """

    giver: Purse
    taker: Purse
    name: str
    cause: str
    now: UnixSeconds
    bounds: Bounds
    movements: list[Movement] = field(default_factory=list)
    moved: list[tuple[LotId, EntryId, int]] = field(default_factory=list)
    count: int = 0

    def pass_lots(self, lots: Iterable[Lot]) -> int:
        """Pass all that remains of these lots of the giver's, the oldest first. Returns how many points it was."""
        passed = 0
        for lot in sorted(lots, key=lambda each: (each.earned_at, each.id)):
            for part in _split(lot.remaining, min(self.bounds.award, self.bounds.redemption)):
                self.count += 1
                self.movements.append(
                    self.giver.hand_over(self._stamp("merge_out", to=self.taker.member), lot.id, part)
                )
                came = self.taker.take_over(self._stamp("merge_in", of=self.giver.member), lot, part)
                self.movements.append(came)
                self.moved.append((lot.id, came.entry.id, part))
                passed += part
        return passed

    def pass_debt(self, amount: int) -> None:
        """Pass so much of what the giver owes; the taker's spendable points pay it first."""
        for part in _split(amount, self.bounds.redemption):
            self.count += 1
            stamp = self._stamp("merge_in", of=self.giver.member, debt=True)
            came = self.taker.take_debt(stamp, part, at=self.now)
            self.movements.append(came)
            self.moved += [(lot, came.entry.id, change) for lot, change in came.lot_moves]
            self.movements.append(self.giver.shed_debt(self._stamp("merge_out", to=self.taker.member, debt=True), part))

    def pay_back(self, lot: LotId, amount: int) -> None:
        """The other way round: what the giver's lot paid of the taker's debt comes back, and is owed by the taker."""
        for part in _split(amount, min(self.bounds.award, self.bounds.redemption)):
            self.count += 1
            owed = self._stamp("merge_out", to=self.giver.member, debt=True)
            self.movements.append(self.taker.take_debt(owed, part, at=self.now))
            back = self._stamp("merge_in", of=self.taker.member, debt=True)
            self.movements.append(self.giver.regain(back, ((lot, part),)))

    def pass_qualifying(self, amount: int) -> None:
        """Pass so many qualifying points in one pair. They keep the periods in which they were made."""
        if amount:
            self.count += 1
            self.movements += _pair(
                amount, self.giver.member, self.taker.member, "merge_out", "merge_in",
                self._stamp("merge_out", to=self.taker.member), self._stamp("merge_in", of=self.giver.member),
            )  # fmt: skip

    def _stamp(self, kind: str, **details: object) -> Stamp:
        id_ = EntryId(f"{kind}:{self.count}:{self.name}")
        return Stamp(id_, self.cause, self.now, self.now, details=details)


def requalify(
    entry_id: EntryId, amount: int, *, giver: MemberNumber, taker: MemberNumber, occurred_at: UnixSeconds,
    now: UnixSeconds,
) -> list[Movement]:  # fmt: skip
    """Count the qualifying points of one entry as another member's, in the period in which they were made.

    Args:
        amount: Below zero for those that the entry took.
    """
    ids = (EntryId(f"requalify:out:{entry_id}"), EntryId(f"requalify:in:{entry_id}"))
    out, in_ = (Stamp(id_, f"requalify:{entry_id}", occurred_at, now, details={"entry": entry_id}) for id_ in ids)
    if amount < 0:
        giver, taker = taker, giver
    return _pair(abs(amount), giver, taker, "requalify", "requalify", out, in_)


def _pair(
    amount: int, giver: MemberNumber, taker: MemberNumber, out_kind: str, in_kind: str, out: Stamp, in_: Stamp
) -> list[Movement]:
    given = Posting(accounts.qualifying(giver), accounts.MERGED, QUALIFYING, Amount(amount))
    taken = Posting(accounts.MERGED, accounts.qualifying(taker), QUALIFYING, Amount(amount))
    return [
        Movement(
            Entry(
                id=stamp.id, kind=kind, member=member, cause=stamp.cause, rule=None, program=None,
                occurred_at=stamp.occurred_at, recorded_at=stamp.recorded_at, postings=(posting,),
                details=stamp.details,
            )
        )
        for kind, stamp, member, posting in ((out_kind, out, giver, given), (in_kind, in_, taker, taken))
    ]  # fmt: skip


def _split(amount: int, most: int) -> Iterator[int]:
    """``amount`` in parts of at most ``most``."""
    while amount > 0:
        part = min(amount, max(most, 1))
        yield part
        amount -= part


def pass_on(
    giver: Purse, taker: Purse, *, name: EntryId, cause: str, now: UnixSeconds, bounds: Bounds
) -> list[Movement]:
    """What came back to a member who went over goes on to the survivor at once: all that she has."""
    passage = Passage(giver, taker, name, cause, now, bounds)
    passage.pass_lots([lot for lot in giver.lots if lot.remaining])
    return passage.movements
