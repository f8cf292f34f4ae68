"""What members should have, counted from what they did alone: no lots, no ledger, no code of the project.

An order keeps, of each line's award, the share of what was kept of it, rounded down; its bonus while what is kept of
it is worth the threshold. What was consumed and did not come back is paid from that; the rest is hers, owed, or gone.
"""

from dataclasses import dataclass, field

BONUS, THRESHOLD = 20, 5_000


@dataclass
class Line:
    """``bought`` pieces for ``amount`` pence together, of which ``returned`` came back."""

    bought: int
    amount: int
    returned: int = 0

    @property
    def kept(self) -> int:
        return self.bought - self.returned

    def share(self, of: int) -> int:
        return of * self.kept // self.bought


@dataclass
class Order:
    """A member's order; its points are good until before ``expires_at``."""

    member: int
    cause: str
    expires_at: int
    lines: list[Line]

    @property
    def points(self) -> int:
        worth = sum(line.share(line.amount) for line in self.lines)
        return sum(line.share(line.amount // 100) for line in self.lines) + (BONUS if worth >= THRESHOLD else 0)

    @property
    def qualifying(self) -> int:
        return sum(line.share(line.amount // 100) for line in self.lines)


@dataclass
class Paid:
    """Points consumed by a redemption, and what is left of them after refunds."""

    member: int
    amount: int
    left: int
    order: str | None
    mugs: int = 0


@dataclass
class Model:
    """All that happened, member by member."""

    orders: dict[str, Order] = field(default_factory=dict)
    paid: dict[str, Paid] = field(default_factory=dict)
    adjusted: dict[int, int] = field(default_factory=dict)

    def value(self, member: int) -> int:
        """What the member must have: spendable, pending and held, less what she owes, and what expired of it."""
        kept = sum(order.points for order in self.orders.values() if order.member == member)
        consumed = sum(paid.left for paid in self.paid.values() if paid.member == member)
        return kept + self.adjusted.get(member, 0) - consumed

    def qualifying(self, member: int) -> int:
        return sum(order.qualifying for order in self.orders.values() if order.member == member)

    def cancel(self, name: str) -> None:
        """All that is left of an order comes back, and all that it was paid with."""
        for line in self.orders[name].lines:
            line.returned = line.bought
        for paid in self.paid.values():
            if paid.order == name and paid.member == self.orders[name].member:
                paid.left = 0
