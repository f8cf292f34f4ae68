"""Orders and returns as a mutable working copy without I/O, and what a change of them is worth in points.

What an order stands for at any moment follows from its lines alone: of each line the award in proportion to what is
kept, rounded down, and each bonus while enough is kept. So partial returns add up to the award exactly, whatever their
order; and a change is worth the difference between two moments.
"""

from dataclasses import dataclass, field

from loyaltychain.core.amounts import MemberNumber, ratio_down
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.operations.match import Key
from loyaltychain.program.expiry import DAY_SECONDS
from loyaltychain.rules.terms import Terms, read_terms

WHOLE = ""  # the line of a cancellation, all of the order: no line of an order can have this id


@dataclass(slots=True, eq=False)
class LineState:
    """A line of an order. ``named`` and ``matched`` pieces came back, of ``quantity`` that were bought."""

    line: str
    place: int
    item: str
    quantity: int
    amount: int  # minor units, of all that was bought
    award: int
    qualifying: int
    named: int = 0
    matched: int = 0
    is_stored: bool = False
    is_changed: bool = False

    @property
    def kept(self) -> int:
        """Pieces that did not come back."""
        return self.quantity - self.named - self.matched

    def share(self, whole: int) -> int:
        """The part of ``whole`` that belongs to what is kept, rounded down."""
        if self.kept == self.quantity:
            return whole
        return ratio_down(whole, times=self.kept, per=self.quantity)


@dataclass(slots=True, eq=False)
class BonusState:
    """What an order earns while ``threshold`` minor units of it are kept; ``taken``: it does not stand now."""

    rule: str
    threshold: int
    award: int
    qualifying: int
    taken: bool
    is_stored: bool = False
    is_changed: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """Points and qualifying points, above zero to be given, below to be taken.

    ``worth`` and ``worth_qualifying`` are the same of the order as if nothing had come back: what an edit made of it.
    """

    points: int
    qualifying: int
    worth: int
    worth_qualifying: int


@dataclass(slots=True, eq=False)
class OrderState:
    """An order with its lines. Those without a bonus may be here with some of their lines only."""

    id: str
    member: MemberNumber
    source: str
    event_id: str
    occurred_at: UnixSeconds
    currency: str
    program: str
    rules: str
    content: str
    lines: dict[str, LineState] = field(default_factory=dict)
    bonuses: list[BonusState] = field(default_factory=list)
    is_stored: bool = False
    _points: int = 0  # what its lines' changes are worth since ``settle``
    _qualifying: int = 0
    _worth: int = 0  # the same of whole lines
    _worth_qualifying: int = 0
    _amount: int = 0  # by how much more was bought

    @property
    def cause(self) -> str:
        """The event that told of it: whose award its points are."""
        return f"{self.source}/{self.event_id}"

    @property
    def terms(self) -> Terms:
        """The rules that it was awarded by."""
        return read_terms(self.rules)

    @property
    def until(self) -> int | None:
        """The instant from which nothing of it can be returned any more; None: for ever."""
        days = self.terms.return_within_days
        return None if days is None else self.occurred_at + days * DAY_SECONDS

    @property
    def key(self) -> tuple[int, str, str]:
        """Orders are dealt with in this order."""
        return self.occurred_at, self.source, self.event_id

    def key_of(self, line: LineState) -> Key:
        """When the line was bought, in the order of a member's purchases and returns."""
        return (*self.key, line.place, "")

    def change_line(
        self,
        line: LineState,
        *,
        named: int | None = None,
        matched: int | None = None,
        bought: tuple[int, int, int, int] | None = None,
    ) -> None:
        """Say anew what came back of a line, or what was bought: quantity, amount, award, qualifying."""
        points, qualifying = line.share(line.award), line.share(line.qualifying)
        if bought is not None:
            _, amount, award, gained = bought
            self._worth += award - line.award
            self._worth_qualifying += gained - line.qualifying
            self._amount += amount - line.amount
            line.quantity, line.amount, line.award, line.qualifying = bought
        line.named = line.named if named is None else named
        line.matched = line.matched if matched is None else matched
        assert line.named >= 0 and line.matched >= 0 and line.kept >= 0, (self.id, line)
        line.is_changed = True
        self._points += line.share(line.award) - points
        self._qualifying += line.share(line.qualifying) - qualifying

    def settle(self) -> Change:
        """What all changes since the last time are worth, the bonuses that they took or gave included."""
        points, qualifying = self._points, self._qualifying
        worth, worth_qualifying, more = self._worth, self._worth_qualifying, self._amount
        self._points = self._qualifying = self._worth = self._worth_qualifying = self._amount = 0
        kept = sum(line.share(line.amount) for line in self.lines.values()) if self.bonuses else 0
        bought = sum(line.amount for line in self.lines.values()) if self.bonuses else 0
        for bonus in self.bonuses:
            taken = kept < bonus.threshold
            if taken != bonus.taken:
                bonus.taken = taken
                bonus.is_changed = True
                points += -bonus.award if taken else bonus.award
                qualifying += -bonus.qualifying if taken else bonus.qualifying
            reached = (bought >= bonus.threshold) - (bought - more >= bonus.threshold)
            worth += reached * bonus.award
            worth_qualifying += reached * bonus.qualifying
        return Change(points, qualifying, worth, worth_qualifying)


@dataclass(slots=True, eq=False)
class ReturnState:
    """A line that came back: of an order that is named (then ``line`` is that order's), or to be matched by its item.

    ``quantity - matched`` pieces are parked.
    """

    source: str
    event_id: str
    line: str
    member: MemberNumber
    item: str | None
    order_id: str | None
    quantity: int
    occurred_at: UnixSeconds
    matched: int = 0
    is_stored: bool = False
    is_changed: bool = False

    @property
    def key(self) -> Key:
        """When it came back, in the order of a member's purchases and returns."""
        return self.occurred_at, self.source, self.event_id, len(self.line), self.line

    def set_matched(self, matched: int) -> None:
        """Say anew how many pieces found their line."""
        if matched != self.matched:
            self.matched = matched
            self.is_changed = True


@dataclass(slots=True, eq=False)
class Pair:
    """All that one member bought and brought back of one article, as far as returns are matched by it."""

    lines: list[tuple[OrderState, LineState]] = field(default_factory=list)
    returns: list[ReturnState] = field(default_factory=list)

    def has_return_after(self, key: Key) -> bool:
        """Whether a line bought at ``key`` can change what was matched."""
        return any(line.key > key for line in self.returns)
