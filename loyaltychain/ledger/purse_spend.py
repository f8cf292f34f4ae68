"""What a member does with her points: redeem, hold, commit, release, and what a refund gives back.

Pure: each function answers the movement and changes nothing. Whatever comes back pays what she owes first, and goes
to the lots that it was drawn from, whose expiry stays what it was.
"""

from collections.abc import Sequence
from dataclasses import replace

from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import format_instant
from loyaltychain.ledger import accounts
from loyaltychain.ledger.lots import Draws, Hold, HoldEndKind, HoldItem, Lot, LotId, Movement, Redemption, Stamp
from loyaltychain.ledger.purse_make import make_entry
from loyaltychain.ledger.purse_state import PurseState, draw, negated, part_of, total


def redeem(state: PurseState, stamp: Stamp, amount: int, *, at: UnixSeconds, reference: str | None) -> Movement:
    """Consume points. Raises InsufficientBalance."""
    draws = _draw_all(state, amount, at)
    entry = make_entry(state, stamp, "redeem", [(accounts.available(state.member), accounts.REDEEMED, amount)])
    redemption = Redemption(entry.id, state.member, entry.id, amount, refunded=0, reference=reference, draws=draws)
    return Movement(entry, lot_moves=negated(draws), redemption=redemption)


def hold(
    state: PurseState,
    stamp: Stamp,
    hold_id: str,
    amount: int,
    *,
    at: UnixSeconds,
    until: UnixSeconds,
    reference: str | None,
    items: Sequence[HoldItem],
) -> Movement:
    """Set points aside until ``until``. Raises InsufficientBalance."""
    assert until > at and hold_id not in state.holds, (hold_id, at, until)
    draws = _draw_all(state, amount, at)
    lines = [(accounts.available(state.member), accounts.held(state.member), amount)]
    entry = make_entry(state, stamp, "hold", lines)
    began = Hold(hold_id, entry.id, state.member, amount, at, until, reference, tuple(items), draws)
    return Movement(entry, lot_moves=negated(draws), began=began)


def commit(state: PurseState, stamp: Stamp, hold_id: str, *, at: UnixSeconds, amount: int | None) -> Movement:
    """Consume what is held, or its first ``amount``: the rest comes back. Raises UnknownHold, HoldEnded."""
    held = _open_hold(state, hold_id, at)
    consumed = held.amount if amount is None else amount
    assert 1 <= consumed <= held.amount, (hold_id, consumed)
    paid, back = _give_back(state, part_of(held.draws, consumed, held.amount))
    member = state.member
    lines = [
        (accounts.held(member), accounts.REDEEMED, consumed),
        (accounts.held(member), accounts.debt(member), paid),
        (accounts.held(member), accounts.available(member), total(back)),
    ]
    entry = make_entry(state, stamp, "commit", lines, hold=hold_id)
    redemption = Redemption(
        entry.id, member, held.entry_id, consumed,
        refunded=0, reference=held.reference, draws=part_of(held.draws, 0, consumed),
    )  # fmt: skip
    return Movement(entry, lot_moves=back, ended=(hold_id, "commit", at), redemption=redemption)


def release(state: PurseState, stamp: Stamp, hold_id: str, *, at: UnixSeconds) -> Movement:
    """Give back what is held. Raises UnknownHold, HoldEnded."""
    return let_go(state, stamp, _open_hold(state, hold_id, at), at=at, kind="release")


def let_go(state: PurseState, stamp: Stamp, held: Hold, *, at: UnixSeconds, kind: HoldEndKind) -> Movement:
    """End a hold without a redemption. A lot that has run out meanwhile gets no grace."""
    paid, back = _give_back(state, held.draws)
    member = state.member
    lines = [
        (accounts.held(member), accounts.debt(member), paid),
        (accounts.held(member), accounts.available(member), total(back)),
    ]
    entry = make_entry(state, stamp, "release", lines)
    return Movement(entry, lot_moves=back, ended=(held.id, kind, at))


def refund(
    state: PurseState, stamp: Stamp, redemption: Redemption, amount: int, *, at: UnixSeconds, grace_seconds: int
) -> Movement:
    """Give back the next ``amount`` of a redemption, in the order in which it was drawn.

    What was drawn from lots that have run out is one new lot, in grace until ``at + grace_seconds``; points that are
    in grace already get no more of it.
    """
    done = redemption.refunded
    assert redemption.member == state.member, redemption
    assert done + amount <= redemption.amount, (redemption, amount)
    paid, back = _give_back(state, part_of(redemption.draws, done, done + amount))
    late = tuple((lot_id, part) for lot_id, part in back if _gets_grace(state.lots[lot_id], at, grace_seconds))
    in_time = tuple((lot_id, part) for lot_id, part in back if (lot_id, part) not in late)
    member = state.member
    lines = [
        (accounts.REDEEMED, accounts.debt(member), paid),
        (accounts.REDEEMED, accounts.available(member), total(back)),
    ]
    entry = make_entry(state, stamp, "refund", lines, redemption=redemption.entry_id)
    given_back = Movement(entry, lot_moves=in_time, refunded=(redemption.entry_id, amount))
    if not late:
        return given_back
    made = _make_grace_lot(state, LotId(entry.id), late, expires_at=UnixSeconds(at + grace_seconds))
    return replace(given_back, made=made, lot_moves=(*in_time, (made.id, made.amount)))


def _gets_grace(lot: Lot, at: UnixSeconds, grace_seconds: int) -> bool:
    return grace_seconds > 0 and lot.has_expired(at) and not lot.in_grace


def _make_grace_lot(state: PurseState, lot_id: LotId, late: Draws, *, expires_at: UnixSeconds) -> Lot:
    """One lot for all: its award is that of most of the points, so that a return finds them."""
    parts = [(state.lots[drawn], part) for drawn, part in late]
    by_award: dict[str, int] = {}
    for lot, part in parts:
        by_award[lot.award] = by_award.get(lot.award, 0) + part
    award = max(by_award, key=lambda award: by_award[award])  # the first drawn of equals
    earned_at = min(lot.earned_at for lot, _ in parts)
    amount = total(late)
    return Lot(lot_id, state.member, award, earned_at, expires_at, None, True, amount=amount, remaining=amount)


def _draw_all(state: PurseState, amount: int, at: UnixSeconds) -> Draws:
    lots = state.spendable_lots(at)
    spendable = sum(lot.remaining for lot in lots)
    if amount > spendable:
        raise errors.InsufficientBalance(
            f"{amount:,} points wanted, {spendable:,} available.", wanted=amount, available=spendable
        )
    return draw(lots, amount)


def _give_back(state: PurseState, draws: Draws) -> tuple[int, Draws]:
    """How much of ``draws`` pays what is owed, the first drawn first, and what goes back to the lots."""
    paid = min(state.debt, total(draws))
    return paid, part_of(draws, paid, total(draws))


def _open_hold(state: PurseState, hold_id: str, at: UnixSeconds) -> Hold:
    held = state.holds.get(hold_id)
    if held is None:
        raise errors.UnknownHold("This member has no open hold of this id.", hold=hold_id)
    if held.until <= at:
        raise errors.HoldEnded("This hold has timed out.", hold=hold_id, until=format_instant(held.until))
    return held
