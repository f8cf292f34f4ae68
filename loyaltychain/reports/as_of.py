"""What members had at any moment, past or future. Reads only.

``recorded``: what was known then, which is what was answered then; later entries change nothing of it. ``occurred``:
what was so then by all that is known today. In the future both are today's knowledge: pending points become due, lots
run out and holds time out by then.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from loyaltychain.core.amounts import POINTS, QUALIFYING, MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.events import identity
from loyaltychain.ledger import accounts, term_store
from loyaltychain.ledger.lots import Hold, Lapse, Lot, LotId, spend_order
from loyaltychain.ledger.purse import Purse
from loyaltychain.ledger.types import AccountId, EntryId
from loyaltychain.operations.balance import MemberBalance
from loyaltychain.reports import rows

Knowledge = Literal["recorded", "occurred"]
_AT_ONCE = 500  # members a query

_Flow = tuple[str, str, str]  # unit, source, destination


@dataclass(frozen=True, slots=True)
class Standing:
    """A member at a moment: her balance, and the lots and holds behind it."""

    balance: MemberBalance
    purse: Purse


def read_as_of(tx: Tx, member: MemberNumber, *, at: UnixSeconds, by: Knowledge = "recorded") -> MemberBalance:
    """The member's points at ``at``, by what was known then or by what is known today. Raises UnknownMember.

    By ``occurred`` a figure can be below zero: points that were spent before the event that brought them was told.
    """
    identity.closed_at(tx, member)
    return load_at(tx, [member], at=at, by=by)[0].balance


def stream_as_of(
    tx: Tx, *, at: UnixSeconds, by: Knowledge = "recorded", after: int = 0, limit: int | None = None
) -> Iterator[Standing]:
    """All members above the number ``after`` at ``at``, by number, ``limit`` of them at most. Memory stays flat."""
    left = limit
    while left is None or left > 0:
        wanted = rows.numbers(tx, after=after, limit=_AT_ONCE if left is None else min(_AT_ONCE, left))
        if not wanted:
            return
        yield from load_at(tx, wanted, at=at, by=by)
        after = wanted[-1]
        left = None if left is None else left - len(wanted)


def load_at(tx: Tx, members: Sequence[MemberNumber], *, at: UnixSeconds, by: Knowledge) -> list[Standing]:
    """These members at ``at``, in this order."""
    scope = rows.Scope(by, at)
    flows: dict[int, Counter[_Flow]] = {member: Counter() for member in members}
    for row in rows.moved_in(tx, scope, members):
        flows[row.member][row.unit, row.source, row.destination] += int(row.amount)
    lots: dict[int, dict[LotId, Lot]] = {member: {} for member in members}
    for row in rows.lots_in(tx, scope, members):
        lots[row.member][row.id] = _lot(row, max(int(row.remaining), 0))
    _add_conditions(tx, lots)
    holds: dict[int, dict[str, list[rows.Found]]] = {member: {} for member in members}
    for row in rows.holds_in(tx, scope, members):
        holds[row.member].setdefault(row.hold, []).append(row)
        lots[row.member].setdefault(row.id, _lot(row, 0))  # spent, and a time-out gives points back to it
    lapses: dict[int, list[Lapse]] = {member: [] for member in members}
    for row in rows.lapses_in(tx, scope, members):
        lapses[row.member].append(Lapse(row.id, row.since, row.at))
    closed = rows.closures(tx, members)
    return [
        _stand(
            Purse(
                member,
                lots=lots[member].values(),
                holds=[_hold(draws) for draws in holds[member].values()],
                debt=max(-_balance(flows[member], accounts.debt(member)), 0),
                lapses=lapses[member],
            ),
            flows[member], at=at, closed_at=closed.get(member),
        )
        for member in members
    ]  # fmt: skip


def _stand(purse: Purse, flows: Counter[_Flow], *, at: UnixSeconds, closed_at: UnixSeconds | None) -> Standing:
    member = purse.member
    for movement in purse.advance(at, recorded_at=at):  # what is due by then has happened, booked or not
        for posting in movement.entry.postings:
            flows[posting.unit, posting.source, posting.destination] += posting.amount
    balance = MemberBalance(
        member=member,
        at=at,
        available=_balance(flows, accounts.available(member)),
        pending=_balance(flows, accounts.pending(member)),
        held=_balance(flows, accounts.held(member)),
        debt=-_balance(flows, accounts.debt(member)),
        expiring=purse.balance(at).expiring,
        qualifying=_balance(flows, accounts.qualifying(member), QUALIFYING),
        spent=_balance(flows, accounts.REDEEMED),
        expired=_balance(flows, accounts.EXPIRED),
        reversed=_balance(flows, accounts.REVERSED),
        earned=-_balance(flows, accounts.ISSUED),
        adjusted=-_balance(flows, accounts.ADJUSTED),
        closed_at=closed_at if closed_at is not None and closed_at <= at else None,
        merged=-_balance(flows, accounts.MERGED),
    )
    return Standing(balance, purse)


def _add_conditions(tx: Tx, lots: Mapping[int, dict[LotId, Lot]]) -> None:
    """What pending lots wait for besides time."""
    pending = {lot.id: lot for of in lots.values() for lot in of.values() if lot.due_at is not None}
    for lot_id, condition in term_store.read_conditions(tx, pending).items():
        lots[pending[lot_id].member][lot_id] = replace(pending[lot_id], condition=condition)


def _balance(flows: Counter[_Flow], account: AccountId, unit: str = POINTS) -> int:
    return sum(
        amount * ((destination == account) - (source == account))
        for (of, source, destination), amount in flows.items()
        if of == unit
    )


def _lot(row: rows.Found, remaining: int) -> Lot:
    return Lot(
        row.id, row.member, row.award, row.earned_at, row.expires_at, row.due_at, bool(row.in_grace),
        amount=row.amount, remaining=remaining,
    )  # fmt: skip


def _hold(draws: Sequence[rows.Found]) -> Hold:
    first = draws[0]
    inside = sorted(((_lot(row, 0), int(row.drawn)) for row in draws), key=lambda draw: spend_order(draw[0]))
    return Hold(
        first.hold, EntryId(first.entry_id), first.member, first.held, first.created_at, first.until, None, (),
        draws=tuple((lot.id, drawn) for lot, drawn in inside),
    )  # fmt: skip
