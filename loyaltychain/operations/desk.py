"""All that one run of the earn step works on, in memory, and how its entries are named. Touches no database."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.events.types import Event
from loyaltychain.ledger.lots import Movement, Redemption, Stamp
from loyaltychain.ledger.plain import Plain
from loyaltychain.ledger.purse import Purse
from loyaltychain.ledger.types import EntryId
from loyaltychain.operations.order_book import OrderBook
from loyaltychain.operations.own_events import Corrected, Correction
from loyaltychain.operations.signal_book import SignalBook
from loyaltychain.operations.types import NO_BOUNDS, Bounds
from loyaltychain.program.types import Program


@dataclass(slots=True)
class Desk:
    """Purses, orders and redemptions of the members whose events are decided on, and what was decided so far.

    Args:
        program_hash: The programme's digest as 0x hex.
        now: When entries are recorded; unix seconds.
        redemptions: By the order that they paid for.
        known: Redemptions that the ledger has already under the id that an event of this run would give it.
        merged: Who went over into one of these members, and into which.
        changed: When the ids or wallets of those who redeem changed last, where a cool-down is asked for.
        frozen: Those who redeem and cannot, because ledger and chain do not agree on their points.
        movements: What happened, in order; to be recorded.
        numbers: How many entries of a kind each cause has made.
        named_before: Of lines of orders that are reopened, what returns brought back by name before this run.
    """

    program: Program
    program_hash: str
    now: UnixSeconds
    bounds: Bounds = NO_BOUNDS
    purses: dict[MemberNumber, Purse] = field(default_factory=dict)
    orders: OrderBook = field(default_factory=OrderBook)
    redemptions: dict[str, list[Redemption]] = field(default_factory=dict)
    known: dict[EntryId, Redemption] = field(default_factory=dict)
    closed: frozenset[MemberNumber] = frozenset()
    merged: dict[MemberNumber, MemberNumber] = field(default_factory=dict)
    changed: dict[MemberNumber, UnixSeconds | None] = field(default_factory=dict)
    frozen: frozenset[MemberNumber] = frozenset()
    movements: list[Movement | Plain] = field(default_factory=list)
    numbers: Counter[tuple[str, str]] = field(default_factory=Counter)
    signals: SignalBook = field(default_factory=SignalBook)
    corrected: dict[str, Corrected] = field(default_factory=dict)  # by the name of the event
    corrections: dict[str, tuple[Correction, Event]] = field(default_factory=dict)  # of this run, by what they correct
    fates: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)  # of this run's events in ``corrected``
    named_before: Counter[tuple[str, str]] = field(default_factory=Counter)  # by order and line

    def moment(self, occurred_at: UnixSeconds) -> UnixSeconds:
        """The instant that a member's points are judged at: when it happened, and never in the future."""
        return min(occurred_at, self.now)

    def open_purse(self, member: MemberNumber, occurred_at: UnixSeconds) -> Purse:
        """The member's points, with what time did to them until then."""
        purse = self.purses[member]
        self.movements += purse.advance(self.moment(occurred_at), recorded_at=self.now)
        return purse

    def owner(self, member: MemberNumber) -> MemberNumber:
        """Who answers for this number: itself, or whom it went over into."""
        return self.merged.get(member, member)

    def numbers_of(self, member: MemberNumber) -> set[MemberNumber]:
        """The number itself, and those that went over into it."""
        return {member} | {merged for merged, survivor in self.merged.items() if survivor == member}

    def purse_to_fill(self, member: MemberNumber, occurred_at: UnixSeconds) -> Purse:
        """The member's points, for an award by an event without lines.

        What time did to them is looked at only where she owes, since it may have paid, or where what she does may
        stop points from lapsing; nothing else of it matters to whoever receives. So such an award needs none of her
        lots (``operations/plain.py``); the next who takes, or the sweep, books what is due.
        """
        purse = self.purses[member]
        return self.open_purse(member, occurred_at) if purse.debt or purse.lapses else purse

    def moved_since(self, start: int) -> list[Movement]:
        """What happened from this place in ``movements`` on, but for plain awards."""
        return [each for each in self.movements[start:] if isinstance(each, Movement)]

    def stamp(self, kind: str, cause: str, occurred_at: UnixSeconds, **details: Any) -> Stamp:
        """A stamp for the next entry of this kind and cause: ``reverse:<cause>``, then ``reverse:2:<cause>``.

        The number stands before the cause, whose end anybody may choose: no two causes can give the same id. An
        ``earn`` always has it, since the plain ones end in a rule.
        """
        self.numbers[kind, cause] += 1
        number = self.numbers[kind, cause]
        id_ = f"{kind}:{cause}" if number == 1 and kind != "earn" else f"{kind}:{number}:{cause}"
        return Stamp(EntryId(id_), cause, occurred_at, self.now, details=details or None)

    def add_redemption(self, redemption: Redemption) -> None:
        """Let orders find what paid for them."""
        if redemption.reference is not None:
            self.redemptions.setdefault(redemption.reference, []).append(redemption)

    def open_redemptions(self, order_id: str, member: MemberNumber) -> list[Redemption]:
        """What the member paid for the order with and did not get back in full, in a fixed order."""
        found = [
            each
            for each in self.redemptions.get(order_id, ())
            if self.owner(each.member) == member and each.refunded < each.amount
        ]
        return sorted(found, key=lambda each: each.entry_id)

    def count_refund(self, redemption: Redemption, amount: int) -> Redemption:
        """Keep in mind that ``amount`` more of it came back."""
        now = replace(redemption, refunded=redemption.refunded + amount)
        assert redemption.reference is not None
        listed = self.redemptions[redemption.reference]
        listed[listed.index(redemption)] = now
        return now


def entry_ids(movements: Iterable[Movement]) -> tuple[EntryId, ...]:
    """What these movements are recorded as."""
    return tuple(movement.entry.id for movement in movements)
