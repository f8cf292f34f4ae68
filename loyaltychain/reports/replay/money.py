"""A programme's rules for money played over a whole history: the step of the ledger itself, on a scratch database.

Redemptions are events' only: what apps redeemed, held or adjusted without an event is not played. Nothing expires.
"""

from collections import Counter
from dataclasses import dataclass, field

from sqlalchemy import func, select

from loyaltychain.core.amounts import POINTS, MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading
from loyaltychain.ledger import accounts
from loyaltychain.ledger.tables import entries, postings
from loyaltychain.operations.earn import earn_step
from loyaltychain.program.types import Program
from loyaltychain.reports.replay.history import Report
from loyaltychain.reports.scratch import Scratch

TAKEN_BACK = "taken back with returns"
_EVENTS_A_RUN = 5_000


@dataclass(slots=True)
class Money:
    """Points by rule, what came back of them as a rule of its own, and the net of both by member."""

    points: Counter[str] = field(default_factory=Counter)
    by_member: Counter[MemberNumber] = field(default_factory=Counter)


def play_money(scratch: Scratch, program: Program, *, now: UnixSeconds, report: Report = lambda _, __: None) -> Money:
    """Play the rules for purchases and orders over the scratch database's events."""
    done = 0
    while run := earn_step(scratch.engine, program, now=now, limit=_EVENTS_A_RUN).events:
        done += run
        report(done, scratch.last)
    return _read(scratch)


def _read(scratch: Scratch) -> Money:
    money = Money()
    amount = func.sum(postings.c.amount)
    by = (entries.c.member, entries.c.rule)
    query = (
        select(*by, postings.c.source, postings.c.destination, amount)
        .join(postings, postings.c.position == entries.c.position)
        .where(postings.c.unit == POINTS)
        .group_by(*by, postings.c.source, postings.c.destination)
    )
    with reading(scratch.engine) as tx:
        for member, rule, source, destination, points in tx.execute(query):
            sign = (source in (accounts.ISSUED, accounts.REVERSED)) - (destination == accounts.REVERSED)
            if sign and member is not None:
                is_given = source == accounts.ISSUED and rule is not None
                money.points[f"rule:{rule}" if is_given else TAKEN_BACK] += sign * points
                money.by_member[MemberNumber(member)] += sign * points
    return money
