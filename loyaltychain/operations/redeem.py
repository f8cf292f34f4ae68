"""Redeem points at once: for a number of points, or for rewards at their price. Reserves nothing (``holds.py``)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.events import links
from loyaltychain.ledger import book
from loyaltychain.ledger.lots import HoldItem, Redemption, Stamp
from loyaltychain.ledger.types import EntryId
from loyaltychain.operations import run_out, stock
from loyaltychain.operations.cooldown import check_cooldown
from loyaltychain.operations.frozen import check_not_frozen
from loyaltychain.operations.keep import items_document, items_from, keep, open_purse
from loyaltychain.operations.recorded import check_same, find_recorded, read_recorded
from loyaltychain.operations.request import Item, check_cap, check_text, check_wanted, is_same, name_of
from loyaltychain.operations.types import NO_BOUNDS, Bounds


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A redemption as it was recorded. ``refunded`` is what came back of its points until now."""

    entry_id: EntryId
    member: MemberNumber
    points: int
    items: tuple[HoldItem, ...]
    reference: str | None
    occurred_at: UnixSeconds
    refunded: int
    is_replay: bool = False


def redeem(
    tx: Tx,
    *,
    source: str,
    id_: str,
    member: MemberNumber,
    points: int | None = None,
    items: Sequence[Item] = (),
    reference: str | None = None,
    now: UnixSeconds,
    bounds: Bounds = NO_BOUNDS,
) -> Redeemed:
    """Take points for good, those that expire soonest first. The same request again is answered as the first time.

    Args:
        points: So many; or else ``items``, whose costs add up and whose stock falls.
        reference: What it pays for: an order's id. Its return or cancellation refunds it.

    Raises:
        InsufficientBalance: less can be spent now.
        PriceChanged, OutOfStock, UnknownReward: an item cannot be had as quoted.
        IdempotencyConflict: the id was used for another redemption.
        CoolingDown: her ids or wallet changed a short time ago.
        PointsFrozen: ledger and chain do not agree on her points.
        MemberClosed, MemberMerged, UnknownMember, InvalidOperation, OverCap.
    """
    cause = name_of(source, id_)
    check_wanted(points, items)
    if reference is not None:
        check_text("reference", reference)
    entry_id = EntryId(f"redeem:{cause}")
    if find_recorded(tx, entry_id) is not None:
        done = find_redemption(tx, entry_id)
        same = is_same(points, items, had_points=done.points, had_items=done.items)
        check_same(cause, same=same and done.reference == reference and links.is_same(tx, done.member, member))
        return replace(done, is_replay=True)
    purse, movements = open_purse(tx, member, now)
    check_not_frozen(tx, member)
    check_cooldown(tx, member, seconds=bounds.cooldown, now=now)
    priced = stock.price(tx, items)
    amount = stock.cost_of(priced) if points is None else points
    check_cap(amount, bounds.redemption)
    details = {"items": items_document(priced)} if priced else None
    stamp = Stamp(id=entry_id, cause=cause, occurred_at=now, recorded_at=now, details=details)
    movements.append(purse.redeem(stamp, amount, at=now, reference=reference))
    freed = run_out.free(tx, priced, member=member, now=now)
    keep(tx, [*freed, *movements], bounds=bounds, taking=priced)
    return Redeemed(entry_id, member, amount, priced, reference, now, refunded=0)


def find_redemption(tx: Tx, name: str) -> Redeemed:
    """A redemption by its ``source/id``, by that of the hold that was committed, or by its entry's id.

    Raises:
        UnknownRedemption: there is none, or both a redemption and a hold have this name.
    """
    return answer(tx, find_stored(tx, name))


def find_stored(tx: Tx, name: str) -> Redemption:
    """The same as the ledger has it."""
    ids = [EntryId(name), EntryId(f"redeem:{name}"), EntryId(f"commit:{name}")]
    found = book.find_redemptions(tx, entry_ids=ids)
    if not found:
        raise errors.UnknownRedemption("There is no redemption of this id.", redemption=name[:250])
    if len(found) > 1:
        raise errors.UnknownRedemption(
            "A redemption and a hold have this id: name the entry instead.", entries=[each.entry_id for each in found]
        )
    return found[0]


def answer(tx: Tx, stored: Redemption) -> Redeemed:
    """What a caller is told of a redemption."""
    entry = read_recorded(tx, stored.entry_id)
    assert entry is not None, stored.entry_id
    return Redeemed(
        entry_id=stored.entry_id,
        member=stored.member,
        points=stored.amount,
        items=_items(tx, entry.details),
        reference=stored.reference,
        occurred_at=entry.occurred_at,
        refunded=stored.refunded,
    )


def _items(tx: Tx, details: dict[str, object]) -> tuple[HoldItem, ...]:
    """What was had for the points: as the redemption says, or its hold."""
    if "hold" in details:
        found = book.find_hold(tx, str(details["hold"]))
        assert found is not None, details
        return found[0].items
    return items_from(details.get("items", ()))  # type: ignore[arg-type]
