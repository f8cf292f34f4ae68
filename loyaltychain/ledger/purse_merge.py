"""What goes over from one member to another when two become one, or two again: lots, debt, and what paid it.

Pure: each function answers the movement of one of the two and changes nothing. Between them the points stand in
``program:merged``. Lots keep award, time, expiry and due date; points that come in pay what is owed first, and a debt
that comes in takes what can be spent first.
"""

from dataclasses import replace

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.ledger import accounts
from loyaltychain.ledger.lots import Draws, Lot, LotId, Movement, Stamp
from loyaltychain.ledger.purse_make import bring, make_entry
from loyaltychain.ledger.purse_state import PurseState, draw, negated, part_of, total

OUT, IN = "merge_out", "merge_in"


def hand_over(state: PurseState, stamp: Stamp, lot_id: LotId, amount: int) -> Movement:
    """``amount`` of a lot leaves the member."""
    lot = state.lots[lot_id]
    assert amount <= lot.remaining, (lot, amount)
    bucket = accounts.available if lot.due_at is None else accounts.pending
    entry = make_entry(state, stamp, OUT, [(bucket(state.member), accounts.MERGED, amount)], lot=lot_id)
    return Movement(entry, lot_moves=((lot_id, -amount),))


def take_over(state: PurseState, stamp: Stamp, lot: Lot, amount: int) -> Movement:
    """``amount`` of another member's lot comes in."""
    came = bring(
        state, stamp, IN, accounts.MERGED, amount, award=lot.award, expires_at=lot.expires_at, due_at=lot.due_at,
        earned_at=lot.earned_at, details={"lot": lot.id},
    )  # fmt: skip
    if came.made is None:
        return came
    rest = came.made.amount
    same = replace(
        lot, id=came.made.id, member=state.member, earned_at=came.made.earned_at, amount=rest, remaining=rest,
        expired=0, returned_by=None,
    )  # fmt: skip
    return replace(came, made=same)


def shed_debt(state: PurseState, stamp: Stamp, amount: int) -> Movement:
    """``amount`` of what the member owes leaves her."""
    assert amount <= state.debt, (state.debt, amount)
    return Movement(make_entry(state, stamp, OUT, [(accounts.MERGED, accounts.debt(state.member), amount)]))


def take_debt(state: PurseState, stamp: Stamp, amount: int, *, at: UnixSeconds) -> Movement:
    """``amount`` of what another one owed comes in."""
    paid = draw(state.spendable_lots(at), amount)
    lines = [
        (accounts.available(state.member), accounts.MERGED, total(paid)),
        (accounts.debt(state.member), accounts.MERGED, amount - total(paid)),
    ]
    return Movement(make_entry(state, stamp, IN, lines), lot_moves=negated(paid))


def regain(state: PurseState, stamp: Stamp, draws: Draws) -> Movement:
    """What was paid for another one's debt comes back to the lots that paid it, after what is owed now."""
    paid = min(state.debt, total(draws))
    back = part_of(draws, paid, total(draws))
    member = state.member
    lines = [
        (accounts.MERGED, accounts.debt(member), paid),
        (accounts.MERGED, accounts.available(member), total(back)),
    ]
    return Movement(make_entry(state, stamp, IN, lines), lot_moves=back)
