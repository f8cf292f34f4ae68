"""Reserve points, and their rewards, for a redemption that is decided later: hold, then commit or release.

A hold that is never ended times out by itself; that is time's work (``sweep.py``). When the order that it refers to is
cancelled, it is released (``returns.py``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import format_instant
from loyaltychain.core.words import counted
from loyaltychain.db.engine import Tx
from loyaltychain.events import links
from loyaltychain.ledger import book
from loyaltychain.ledger.lots import Hold, HoldEndKind, HoldItem, Stamp
from loyaltychain.ledger.tables import hold_ends
from loyaltychain.ledger.types import EntryId
from loyaltychain.operations import run_out, stock
from loyaltychain.operations.cooldown import check_cooldown
from loyaltychain.operations.frozen import check_not_frozen
from loyaltychain.operations.keep import keep, open_purse
from loyaltychain.operations.recorded import check_same, find_recorded
from loyaltychain.operations.redeem import Redeemed, answer, find_stored
from loyaltychain.operations.request import Item, check_cap, check_points, check_text, check_wanted, is_same, name_of
from loyaltychain.operations.types import NO_BOUNDS, Bounds

SECONDS = 900  # a hold lasts so long unless asked otherwise
SECONDS_MAX = 604_800


@dataclass(frozen=True, slots=True)
class Held:
    """A hold. ``until`` is exclusive; ``end`` and ``ended_at`` say how and when it ended, None while it stands."""

    id: str
    member: MemberNumber
    points: int
    items: tuple[HoldItem, ...]
    reference: str | None
    created_at: UnixSeconds
    until: UnixSeconds
    end: HoldEndKind | None
    ended_at: UnixSeconds | None
    is_replay: bool = False


def hold(
    tx: Tx,
    *,
    source: str,
    id_: str,
    member: MemberNumber,
    points: int | None = None,
    items: Sequence[Item] = (),
    seconds: int = SECONDS,
    reference: str | None = None,
    now: UnixSeconds,
    bounds: Bounds = NO_BOUNDS,
) -> Held:
    """Reserve points for some time, with the stock of what they buy. Within it a commit is honoured, whatever expires.

    Args:
        points, items, reference: as for ``redeem``.
        seconds: 1 to 604,800; after them the points come back by themselves.

    Raises:
        InsufficientBalance, PriceChanged, OutOfStock, UnknownReward, IdempotencyConflict, CoolingDown, PointsFrozen,
        MemberClosed, MemberMerged, UnknownMember, InvalidOperation, OverCap: as ``redeem`` does.
    """
    name = name_of(source, id_)
    check_wanted(points, items)
    if type(seconds) is not int or not 1 <= seconds <= SECONDS_MAX:
        raise errors.InvalidOperation(f"A hold lasts from 1 to {SECONDS_MAX:,} seconds.", seconds=seconds)
    if reference is not None:
        check_text("reference", reference)
    entry_id = EntryId(f"hold:{name}")
    if find_recorded(tx, entry_id) is not None:
        done = _read(tx, name)
        same = is_same(points, items, had_points=done.points, had_items=done.items)
        terms = (done.reference, done.until - done.created_at) == (reference, seconds)
        check_same(name, same=same and terms and links.is_same(tx, done.member, member))
        return replace(done, is_replay=True)
    purse, movements = open_purse(tx, member, now)
    check_not_frozen(tx, member)
    check_cooldown(tx, member, seconds=bounds.cooldown, now=now)
    priced = stock.price(tx, items)
    amount = stock.cost_of(priced) if points is None else points
    check_cap(amount, bounds.redemption)
    until = UnixSeconds(now + seconds)
    stamp = Stamp(id=entry_id, cause=name, occurred_at=now, recorded_at=now)
    movements.append(purse.hold(stamp, name, amount, at=now, until=until, reference=reference, items=priced))
    freed = run_out.free(tx, priced, member=member, now=now)
    keep(tx, [*freed, *movements], bounds=bounds, taking=priced)
    return Held(name, member, amount, priced, reference, now, until, end=None, ended_at=None)


def commit(
    tx: Tx, *, source: str, id_: str, points: int | None = None, now: UnixSeconds, bounds: Bounds = NO_BOUNDS
) -> Redeemed:
    """Take what is held for good. What is not committed of it comes back at once.

    Args:
        points: At most what is held; None for all of it. A hold of items is committed whole.
        bounds: What one entry may move at most: points that have run out meanwhile are booked by it.

    Raises:
        UnknownHold: there is no such hold.
        HoldEnded: it was released or has timed out; the facts say which and when.
        PriceChanged: a reward costs something else now. Nothing moves.
        IdempotencyConflict: it was committed with other points.
        PointsFrozen: ledger and chain do not agree on the member's points; it can be released.
        MemberClosed, InvalidOperation.
    """
    name = name_of(source, id_)
    entry_id = EntryId(f"commit:{name}")
    if points is not None:
        check_points(points)
    is_done = find_recorded(tx, entry_id) is not None
    standing = _find(tx, name)
    amount = standing.amount if points is None else points
    if is_done:
        done = answer(tx, find_stored(tx, entry_id))
        check_same(name, same=amount == done.points)
        return replace(done, is_replay=True)
    check_not_frozen(tx, standing.member)
    purse, movements = open_purse(tx, standing.member, now)
    _check_stands(tx, standing, now)
    if amount > standing.amount or (standing.items and amount != standing.amount):
        raise errors.InvalidOperation(
            "A hold of rewards is committed whole, one of points up to what is held.", held=standing.amount
        )
    stock.price(tx, [Item(item.reward, item.quantity, item.cost) for item in standing.items])
    stamp = Stamp(id=entry_id, cause=name, occurred_at=now, recorded_at=now, details={"hold": name})
    movements.append(purse.commit(stamp, name, at=now, amount=amount))
    keep(tx, movements, bounds=bounds)
    return Redeemed(entry_id, standing.member, amount, standing.items, standing.reference, now, refunded=0)


def release(tx: Tx, *, source: str, id_: str, now: UnixSeconds, bounds: Bounds = NO_BOUNDS) -> Held:
    """Give back what is held, points and stock. ``bounds`` as in ``commit``.

    Raises:
        UnknownHold: there is no such hold.
        HoldEnded: it was committed or has timed out; the facts say which and when.
        MemberClosed.
    """
    name = name_of(source, id_)
    is_done = find_recorded(tx, EntryId(f"release:{name}")) is not None
    standing = _find(tx, name)
    before = _read(tx, name)
    if is_done and before.end == "release":
        return replace(before, is_replay=True)
    purse, movements = open_purse(tx, standing.member, now)
    _check_stands(tx, standing, now)
    stamp = Stamp(id=EntryId(f"release:{name}"), cause=name, occurred_at=now, recorded_at=now)
    movements.append(purse.release(stamp, name, at=now))
    keep(tx, movements, bounds=bounds)
    return replace(before, end="release", ended_at=now)


def read_hold(tx: Tx, *, source: str, id_: str) -> Held:
    """The hold of this name. Raises UnknownHold."""
    return _read(tx, name_of(source, id_))


def _find(tx: Tx, name: str) -> Hold:
    found = book.find_hold(tx, name)
    if found is None:
        raise errors.UnknownHold("There is no hold of this id.", hold=name[:250])
    return found[0]


def _read(tx: Tx, name: str) -> Held:
    found = _find(tx, name)
    end = tx.execute(select(hold_ends).where(hold_ends.c.hold == name)).one_or_none()
    return Held(
        name, found.member, found.amount, found.items, found.reference, found.created_at, found.until,
        end=None if end is None else end.kind, ended_at=None if end is None else UnixSeconds(end.ended_at),
    )  # fmt: skip


def _check_stands(tx: Tx, standing: Hold, now: UnixSeconds) -> None:
    """Raise HoldEnded when the hold has ended, by somebody's word or by time alone."""
    state = _read(tx, standing.id)
    how, when = state.end, state.ended_at
    if how is None and state.until <= now:
        how, when = "time-out", state.until
    if how is not None:
        words = {"commit": "was committed", "release": "was released", "time-out": "has timed out"}
        raise errors.HoldEnded(
            f"This hold of {counted(state.points, 'point')} {words[how]}.",
            hold=standing.id,
            end=how,
            ended_at=None if when is None else format_instant(when),
        )
