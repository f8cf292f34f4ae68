"""What ``bench ledger`` posts and captures: entries and events of a SIMULATED shop, the same in every run."""

import random
from dataclasses import dataclass, field

from loyaltychain.core.amounts import POINTS, Amount, MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.events.types import Event
from loyaltychain.ledger.accounts import ISSUED, REDEEMED, available
from loyaltychain.ledger.types import Entry, EntryId, Posting
from loyaltychain.program.load import parse_program
from loyaltychain.program.types import Program

MEMBERS = 10_000
BATCH = 1_000
START = UnixSeconds(1_767_225_600)
_PROGRAM = """
name: bench
version: 1
timezone: Europe/London
currency: GBP
rules:
  - {id: spend, kind: points_per_currency_unit, event: purchase, points: 1, per: 1.00, rounding: down}
redemption: {event: redemption}
"""
_PROGRAM_HASH = "0x" + "ab" * 32


@dataclass(slots=True)
class _Shop:
    """Nine purchases, then a redemption of all that a member has; members in no order."""

    dice: random.Random = field(default_factory=lambda: random.Random(5))  # noqa: S311 - a simulation
    has: dict[int, int] = field(default_factory=dict)
    number: int = 0

    def next_move(self) -> tuple[int, int, int]:
        """(number, member, points): below zero for a redemption."""
        self.number += 1
        member = self.dice.randint(1, MEMBERS)
        if self.number % 10 == 0:
            while not self.has.get(member):
                member = self.dice.randint(1, MEMBERS)
            return self.number, member, -self.has.pop(member)
        points = self.dice.randint(1, 90)
        self.has[member] = self.has.get(member, 0) + points
        return self.number, member, points


class Entries:
    """Ready entries, batch by batch, of members whom no event is about."""

    def __init__(self) -> None:
        self._shop = _Shop()

    def batch(self) -> list[Entry]:
        """The next entries."""
        return [_entry(*self._shop.next_move()) for _ in range(BATCH)]


class Events:
    """Ready events, batch by batch; each purchase earns a point a pound."""

    def __init__(self) -> None:
        self._shop = _Shop()

    def batch(self) -> list[Event]:
        """The next events."""
        return [_event(*self._shop.next_move(), pence=self._shop.dice.randint(0, 99)) for _ in range(BATCH)]


def program() -> Program:
    """A point for each whole pound, and redemptions."""
    return parse_program(_PROGRAM)


def _entry(number: int, member: int, points: int) -> Entry:
    number_of_hers = MemberNumber(MEMBERS + member)
    cause, hers = f"till/S-{number:08}", available(number_of_hers)
    if points > 0:
        id_, kind, rule, posting = f"earn:{cause}:spend", "earn", "spend", Posting(ISSUED, hers, POINTS, Amount(points))
    else:
        id_, kind, rule, posting = f"redeem:{cause}", "redeem", None, Posting(hers, REDEEMED, POINTS, Amount(-points))
    return Entry(
        id=EntryId(id_), kind=kind, member=number_of_hers, cause=cause, rule=rule,
        program=_PROGRAM_HASH if rule else None, occurred_at=UnixSeconds(START + number), recorded_at=START,
        postings=(posting,),
    )  # fmt: skip


def _event(number: int, member: int, points: int, *, pence: int) -> Event:
    if points > 0:
        kind, payload = "purchase", {"amount": points * 100 + pence, "currency": "GBP"}
    else:
        kind, payload = "redemption", {"amount": -points, "unit": POINTS}
    return Event("shop", f"S-{number:08}", kind, f"member-{member}", UnixSeconds(START + number), payload)
