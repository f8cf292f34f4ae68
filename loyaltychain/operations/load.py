"""Load all that a run works on, in a few queries: purses first, which locks them, then orders and returns."""

from collections.abc import Sequence

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.hashing import to_hex
from loyaltychain.db.engine import Tx
from loyaltychain.ledger import book
from loyaltychain.ledger.types import EntryId
from loyaltychain.operations import order_store
from loyaltychain.operations.desk import Desk
from loyaltychain.operations.order_book import OrderBook, PairKey
from loyaltychain.operations.order_state import OrderState, Pair
from loyaltychain.operations.recorded import keep_id
from loyaltychain.operations.told import Told
from loyaltychain.operations.types import Bounds
from loyaltychain.program.types import Program


def load_desk(tx: Tx, program: Program, told: Sequence[Told], *, now: UnixSeconds, bounds: Bounds) -> Desk:
    """The desk on which these events can be decided without another look at the database.

    Raises:
        DatabaseBusy: another transaction kept a member's points for too long.
    """
    members = sorted({each.found.member for each in told})
    redemptions = sorted({EntryId(f"redeem:{each.found.event.cause}") for each in told if each.role == "redemption"})
    for id_ in redemptions:  # an app may be redeeming by the same id, and of another member
        keep_id(tx, id_)
    desk = Desk(program, to_hex(program.digest), now, bounds, book.load_purses(tx, members))
    desk.closed = order_store.read_closed(tx, members)
    known = book.find_redemptions(tx, entry_ids=redemptions)
    desk.known = {redemption.entry_id: redemption for redemption in known}
    if program.orders is not None:
        desk.orders = _load_orders(tx, told, members)
        _load_lots(tx, desk)
        _load_refunds(tx, desk, told)
    return desk


def _load_orders(tx: Tx, told: Sequence[Told], members: Sequence[MemberNumber]) -> OrderBook:
    """The orders that events name, with all their lines; and of each article that came back all lines it was bought on.

    Orders with a bonus are whole in either case, because a bonus hangs on all of an order.
    """
    named = order_store.read_orders(tx, _named(told))
    _add_lines(tx, named, named)
    pairs = _pairs(tx, told, named, members)
    by_article: dict[str, OrderState] = {}
    lines = [(id_, line) for id_, line in order_store.read_lines_of_pairs(tx, pairs) if id_ not in named]
    by_article = order_store.read_orders(tx, {id_ for id_, _ in lines})
    for id_, line in lines:
        by_article[id_].lines[line.line] = line
    every = named | by_article
    for id_, bonus in order_store.read_bonuses(tx, every):
        every[id_].bonuses.append(bonus)
    _add_lines(tx, by_article, [id_ for id_, order in by_article.items() if order.bonuses])
    found = OrderBook(pairs={pair: Pair() for pair in pairs})
    for order in every.values():
        found.add_order(order)
    for line_back in order_store.read_returns_of_pairs(tx, pairs):
        found.add_return(line_back)
    for parked in order_store.read_parked(tx, {each.order.order for each in told if each.order is not None}):
        found.park(parked)
        found.returns += parked.lines
    return found


def _named(told: Sequence[Told]) -> set[str]:
    found = {each.order.order for each in told if each.order is not None}
    found |= {each.cancelled for each in told if each.cancelled is not None}
    return found | {each.returned.order for each in told if each.returned is not None and each.returned.order}


def _add_lines(tx: Tx, to: dict[str, OrderState], ids: Sequence[str] | dict[str, OrderState]) -> None:
    for id_, line in order_store.read_lines(tx, list(ids)):
        to[id_].lines[line.line] = line


def _pairs(tx: Tx, told: Sequence[Told], named: dict[str, OrderState], members: Sequence[MemberNumber]) -> set[PairKey]:
    """The articles of which something comes back in this run, or came back before and is bought or changed now."""
    back = {
        (each.found.member, str(line.item))
        for each in told
        if each.returned is not None and each.returned.order is None
        for line in each.returned.lines
    }
    bought = {(each.found.member, line.item) for each in told if each.order for line in each.order.lines}
    edited = {each.order.order for each in told if each.order is not None and each.role == "edit"}
    for id_ in edited & named.keys():
        bought |= {(named[id_].member, line.item) for line in named[id_].lines.values()}
    return back | (bought & order_store.read_returned_pairs(tx, members))


def _load_lots(tx: Tx, desk: Desk) -> None:
    """Lots of the loaded orders that were spent: what has run out of them counts as taken back."""
    stored = {order.cause for order in desk.orders.orders.values() if order.is_stored}
    for lot in book.lots_of_awards(tx, stored):
        if lot.member in desk.purses:
            desk.purses[lot.member].adopt([lot])


def _load_refunds(tx: Tx, desk: Desk, told: Sequence[Told]) -> None:
    """What was paid with points for orders of which a payment may come back, with the lots that it was drawn from."""
    parked = [each for waiting in desk.orders.parked.values() for each in waiting]
    paid = {each.cancelled for each in told if each.cancelled is not None}
    paid |= {each.returned.order for each in told if each.returned and each.returned.order and each.returned.points}
    paid |= {each.order_id for each in parked if each.is_cancellation or each.points}
    redemptions = [each for each in book.find_redemptions(tx, references=paid) if each.member in desk.purses]
    for redemption in redemptions:
        desk.add_redemption(redemption)
    for lot in book.lots_by_id(tx, {lot_id for each in redemptions for lot_id, _ in each.draws}):
        desk.purses[lot.member].adopt([lot])
