"""What brings points to a member or takes them back: awards, activation, cancelling, reversals, corrections.

Pure: each function answers the movement and changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from loyaltychain.core import errors
from loyaltychain.core.amounts import POINTS, QUALIFYING, Amount, Unit
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.ledger import accounts
from loyaltychain.ledger.lots import Condition, Draws, Lot, LotId, Movement, Stamp, spend_order
from loyaltychain.ledger.purse_state import PurseState, draw, negated, total
from loyaltychain.ledger.types import AccountId, Entry, Posting

Line = tuple[AccountId, AccountId, int] | tuple[AccountId, AccountId, int, Unit]


def make_entry(state: PurseState, stamp: Stamp, kind: str, lines: Sequence[Line], **details: Any) -> Entry:
    """An entry of this member's; lines that move nothing are left out, ``details`` come before the stamp's."""
    said: Mapping[str, Any] = {**details, **(stamp.details or {})}
    return Entry(
        id=stamp.id,
        kind=kind,
        member=state.member,
        cause=stamp.cause,
        rule=stamp.rule,
        program=stamp.program,
        occurred_at=stamp.occurred_at,
        recorded_at=stamp.recorded_at,
        postings=tuple(
            Posting(source, destination, unit[0] if unit else POINTS, Amount(amount))
            for source, destination, amount, *unit in lines
            if amount
        ),
        details=said or None,
    )


def earn(
    state: PurseState,
    stamp: Stamp,
    amount: int,
    *,
    award: str,
    expires_at: UnixSeconds | None,
    due_at: UnixSeconds | None,
    qualifying: int,
    condition: Condition | None,
) -> Movement:
    """New points: they pay what the member owes, the rest is a lot; pending ones pay only when they are due."""
    counted = (accounts.ISSUED, accounts.qualifying(state.member), qualifying, QUALIFYING)
    return bring(
        state, stamp, "earn", accounts.ISSUED, amount, award=award, expires_at=expires_at, due_at=due_at,
        condition=condition, more=[counted],
    )  # fmt: skip


def reinstate(
    state: PurseState,
    stamp: Stamp,
    amount: int,
    *,
    award: str,
    expires_at: UnixSeconds | None,
    due_at: UnixSeconds | None,
    qualifying: int,
) -> Movement:
    """Points that were taken back come back, as a lot with the expiry they had; lapsed ones with their lapse."""
    counted = (accounts.REVERSED, accounts.qualifying(state.member), qualifying, QUALIFYING)
    if expires_at is None and due_at is None:
        lapses = [lot.lapses_at for lot in state.lots.values() if lot.award == award and lot.lapses_at is not None]
        expires_at = min((at for at in lapses if at <= stamp.recorded_at), default=None)
    return bring(
        state, stamp, "reinstate", accounts.REVERSED, amount, award=award, expires_at=expires_at, due_at=due_at,
        more=[counted], details={"award": award},
    )  # fmt: skip


def activate(state: PurseState, stamp: Stamp, lot: Lot) -> Movement:
    """All that is left of a pending lot becomes a lot that can be redeemed, after it has paid what is owed."""
    source = accounts.pending(state.member)
    brought = bring(
        state, stamp, "activate", source, lot.remaining, award=lot.award, expires_at=lot.expires_at, due_at=None,
        earned_at=lot.earned_at, came_at=stamp.occurred_at, in_grace=lot.in_grace,
    )  # fmt: skip
    return replace(brought, lot_moves=((lot.id, -lot.remaining), *brought.lot_moves))


def cancel(state: PurseState, stamp: Stamp, lot: Lot, *, qualifying: int) -> Movement:
    """All that is left of a pending lot is taken back, with as many qualifying points; what can be spent stays."""
    assert lot.due_at is not None and lot.remaining, lot
    counted = min(qualifying, lot.remaining)  # a return may have taken some of both already
    lines: list[Line] = [
        (accounts.pending(state.member), accounts.REVERSED, lot.remaining),
        (accounts.qualifying(state.member), accounts.REVERSED, counted, QUALIFYING),
    ]
    return Movement(make_entry(state, stamp, "reverse", lines, award=lot.award), lot_moves=((lot.id, -lot.remaining),))


def take_back(state: PurseState, stamp: Stamp, amount: int, *, award: str, qualifying: int) -> Movement:
    """Take points whose reason fell away: the award's own, pending ones first; then others, soonest expiry first.

    Points of the award that ran out count as taken. What nobody has any more is owed. Others' lots that have run out
    by ``stamp.occurred_at`` are left to their expiry.
    """
    own = sorted((lot for lot in state.lots.values() if lot.award == award), key=spend_order)
    waiting = draw([lot for lot in own if lot.due_at is not None], amount)
    ready = draw([lot for lot in own if lot.due_at is None], amount - total(waiting))
    gone = _draw_expired(own, amount - total(waiting) - total(ready))
    left = amount - total(waiting) - total(ready) - total(gone)
    others = draw([lot for lot in state.spendable_lots(stamp.occurred_at) if lot.award != award], left)
    entry = make_entry(
        state,
        stamp,
        "reverse",
        [
            (accounts.pending(state.member), accounts.REVERSED, total(waiting)),
            (accounts.available(state.member), accounts.REVERSED, total(ready) + total(others)),
            (accounts.EXPIRED, accounts.REVERSED, total(gone)),
            (accounts.debt(state.member), accounts.REVERSED, left - total(others)),
            (accounts.qualifying(state.member), accounts.REVERSED, qualifying, QUALIFYING),
        ],
        award=award,
    )
    return Movement(entry, lot_moves=negated(waiting + ready + others), expired_moves=negated(gone))


def adjust(
    state: PurseState, stamp: Stamp, amount: int, *, at: UnixSeconds, expires_at: UnixSeconds | None, may_owe: bool
) -> Movement:
    """A correction by hand, up or down; down beyond what can be redeemed only if the member may owe the rest.

    Raises:
        InsufficientBalance: it takes more than can be redeemed, and nothing may be owed.
    """
    if amount > 0:
        return bring(
            state, stamp, "adjust", accounts.ADJUSTED, amount, award=stamp.id, expires_at=expires_at, due_at=None
        )  # no event's award, though an event may have the same cause: a return takes nothing of it as its own
    wanted = -amount
    draws = draw(state.spendable_lots(at), wanted)
    if total(draws) < wanted and not may_owe:
        raise errors.InsufficientBalance(
            f"{wanted:,} points to be taken, {total(draws):,} available.", wanted=wanted, available=total(draws)
        )
    lines = [
        (accounts.available(state.member), accounts.ADJUSTED, total(draws)),
        (accounts.debt(state.member), accounts.ADJUSTED, wanted - total(draws)),
    ]
    return Movement(make_entry(state, stamp, "adjust", lines), lot_moves=negated(draws))


def bring(
    state: PurseState,
    stamp: Stamp,
    kind: str,
    source: AccountId,
    amount: int,
    *,
    award: str,
    expires_at: UnixSeconds | None,
    due_at: UnixSeconds | None,
    earned_at: UnixSeconds | None = None,
    came_at: UnixSeconds | None = None,
    in_grace: bool = False,
    condition: Condition | None = None,
    more: Sequence[Line] = (),
    details: Mapping[str, Any] | None = None,
) -> Movement:
    """Points from ``source``: into debt first unless they are pending, the rest into a lot of the entry's id."""
    member = state.member
    paid = min(state.debt, amount) if due_at is None else 0
    rest = amount - paid
    target = accounts.available(member) if due_at is None else accounts.pending(member)
    lines: list[Line] = [(source, accounts.debt(member), paid), (source, target, rest), *more]
    entry = make_entry(state, stamp, kind, lines, **(details or {}))
    if not rest:
        return Movement(entry)
    earned = stamp.occurred_at if earned_at is None else earned_at
    if expires_at is None:  # a lapse that has been is no matter of points that come after it, whenever they were earned
        earned = max(earned, state.lapsed_until(stamp.recorded_at if came_at is None else came_at) or earned)
    made = Lot(
        LotId(entry.id), member, award, earned, expires_at, due_at, in_grace, amount=rest, remaining=rest,
        condition=condition,
    )  # fmt: skip
    return Movement(entry, made=made, lot_moves=((made.id, rest),))


def _draw_expired(lots: Sequence[Lot], amount: int) -> Draws:
    return draw([replace(lot, remaining=lot.expired) for lot in lots if lot.expired], amount)
