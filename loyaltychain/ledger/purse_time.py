"""What time alone does to a member's points: holds time out, pending points become due, lots run out.

Lots run out by their age, or all at once because their member was inactive.

Answers what is due next, one movement at a time. Reads no clock.
"""

from collections.abc import Iterator

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.ledger import accounts
from loyaltychain.ledger.lots import Lot, LotId, Movement, Stamp
from loyaltychain.ledger.purse_make import activate, cancel, make_entry
from loyaltychain.ledger.purse_spend import let_go
from loyaltychain.ledger.purse_state import PurseState
from loyaltychain.ledger.types import EntryId

CLOCK = "clock/"  # what the cause of such an entry begins with

_Due = tuple[UnixSeconds, int, str]  # instant, rank within it, hold or lot

_TIME_OUT, _ACTIVATION, _EXPIRY = range(3)  # what comes back or becomes due in an instant can run out in it


def next_due(state: PurseState) -> UnixSeconds | None:
    """When something is due next; None if nothing ever is."""
    return min((instant for instant, _, _ in _due(state)), default=None)


def advance(state: PurseState, at: UnixSeconds, *, recorded_at: UnixSeconds) -> list[Movement]:
    """Make true all that is due at or before ``at``, by instant, and answer it."""
    movements: list[Movement] = []
    reached: UnixSeconds | None = None  # what a time-out gave back to a lot that had run out, runs out then, not before
    while (due := min((due for due in _due(state) if due[0] <= at), default=None)) is not None:
        reached = due[0] if reached is None else max(reached, due[0])
        movements.append(state.apply(_happen(state, due, reached, recorded_at)))
    return movements


def _due(state: PurseState) -> Iterator[_Due]:
    for hold in state.holds.values():
        yield hold.until, _TIME_OUT, hold.id
    for lot in state.lots.values():
        if lot.remaining:
            if lot.due_at is not None:
                yield lot.due_at, _ACTIVATION, lot.id
            elif lot.ends_at is not None:
                yield lot.ends_at, _EXPIRY, lot.id


def _happen(state: PurseState, due: _Due, occurred_at: UnixSeconds, recorded_at: UnixSeconds) -> Movement:
    _, rank, name = due

    def stamp(kind: str) -> Stamp:
        return Stamp(EntryId(f"{kind}:{name}"), f"{CLOCK}{name}", occurred_at, recorded_at)

    if rank == _TIME_OUT:
        return let_go(state, stamp("release"), state.holds[name], at=occurred_at, kind="time-out")
    lot = state.lots[LotId(name)]
    if rank == _EXPIRY:
        return _expire(state, stamp("expire"), lot)
    if lot.condition is not None and lot.condition.otherwise == "cancel":
        return cancel(state, stamp("reverse"), lot, qualifying=lot.condition.qualifying)
    return activate(state, stamp("activate"), lot)


def _expire(state: PurseState, stamp: Stamp, lot: Lot) -> Movement:
    """All that is left of a lot runs out. Each time that points come back to it makes one more such entry possible.

    Its id says where the lot's own ends: callers choose parts of both ids, and may choose "@".
    """
    again = f"expire:@{len(lot.id)}:{lot.id}@{lot.returned_by}"
    id_ = stamp.id if lot.returned_by is None else EntryId(again)
    why = None if lot.expires_at is not None else {"because": "inactivity"}
    named = Stamp(id_, stamp.cause, stamp.occurred_at, stamp.recorded_at, details=why)
    entry = make_entry(state, named, "expire", [(accounts.available(state.member), accounts.EXPIRED, lot.remaining)])
    return Movement(entry, lot_moves=((lot.id, -lot.remaining),), expired_moves=((lot.id, lot.remaining),))
