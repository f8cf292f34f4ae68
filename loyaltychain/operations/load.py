"""Load all that a run works on, in a few queries: purses first, which locks them, then orders and returns."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Select, select

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.hashing import to_hex
from loyaltychain.db.bulk import any_of, as_list, fetch
from loyaltychain.db.engine import Tx
from loyaltychain.db.reconciliations import find_frozen
from loyaltychain.events import links
from loyaltychain.events.store import EventRow, parse_payload
from loyaltychain.events.tables import members
from loyaltychain.events.types import SequencedEvent, known_event
from loyaltychain.ledger import book
from loyaltychain.ledger.types import EntryId
from loyaltychain.operations import order_store
from loyaltychain.operations.cooldown import last_change
from loyaltychain.operations.correct import load_corrected
from loyaltychain.operations.desk import Desk
from loyaltychain.operations.order_book import OrderBook, PairKey
from loyaltychain.operations.order_state import OrderState, Pair
from loyaltychain.operations.order_view import count_named
from loyaltychain.operations.signal_store import load_signals
from loyaltychain.operations.told import Told, read_all
from loyaltychain.operations.types import Bounds
from loyaltychain.program.types import Program


def read_for_desk(
    tx: Tx,
    program: Program,
    rows: Sequence[EventRow],
    survivors: Mapping[MemberNumber, MemberNumber],
    *,
    of: Collection[MemberNumber],
) -> list[Told]:
    """The events of these members with their parts and contents, each of the member who survives.

    Args:
        rows: As they were told: under the number that went over, and by its name.
    """
    rows = [row for row in rows if survivors.get(row.member, row.member) in of]
    numbers = as_list({row.member for row in rows})
    names = dict(fetch(tx, _names(tx.dialect.name), numbers=numbers)) if rows else {}
    return read_all(
        program,
        [
            SequencedEvent(
                row.position,
                survivors.get(row.member, row.member),
                known_event(
                    row.source, row.id, row.type, names[row.member], row.occurred_at, parse_payload(row.payload)
                ),
            )
            for row in rows
        ],
    )


@cache
def _names(dialect: str) -> Select[Any]:
    """Members' numbers, and the ids that they joined with."""
    return select(members.c.number, members.c.member_id).where(any_of(dialect, members.c.number, "numbers"))


def load_desk(tx: Tx, program: Program, told: Sequence[Told], *, now: UnixSeconds, bounds: Bounds) -> Desk:
    """The desk on which these events can be decided without another look at the database.

    Raises:
        DatabaseBusy: another transaction kept a member's points for too long.
    """
    concerned = sorted({each.found.member for each in told})
    redemptions = sorted({EntryId(f"redeem:{each.found.event.cause}") for each in told if each.role == "redemption"})
    desk = Desk(program, _digest(program), now, bounds, book.load_purses(tx, concerned))
    desk.closed = order_store.read_closed(tx, concerned)
    desk.merged = links.find_merged(tx, concerned)
    spending = sorted({each.found.member for each in told if each.role == "redemption"})
    desk.frozen = find_frozen(tx, spending)
    if bounds.cooldown:
        desk.changed = {member: last_change(tx, member) for member in spending}
    known = book.find_redemptions(tx, entry_ids=redemptions)
    desk.corrected = load_corrected(tx, told)
    desk.known = {redemption.entry_id: redemption for redemption in known}
    if program.signals:
        about = {each.signal for each in told if each.signal is not None}
        desk.signals = load_signals(tx, about=about, taken={each.found.event.cause for each in told})
    if program.orders is not None:
        desk.orders = _load_orders(tx, told, concerned)
        _load_lots(tx, desk)
        _load_refunds(tx, desk, told)
        reopened = sorted({each.reopened for each in told if each.reopened is not None})
        desk.named_before = count_named(tx, reopened) if reopened else desk.named_before
    return desk


@lru_cache(maxsize=8)
def _digest(program: Program) -> str:
    return to_hex(program.digest)


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
    found |= {id_ for each in told for id_ in (each.cancelled, each.reopened) if id_ is not None}
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
    edited |= {each.reopened for each in told if each.reopened is not None}
    for id_ in edited & named.keys():
        bought |= {(named[id_].member, line.item) for line in named[id_].lines.values()}
    return back | (bought & order_store.read_returned_pairs(tx, members))


def _load_lots(tx: Tx, desk: Desk) -> None:
    """Lots of the loaded orders that were spent: what has run out of them counts as taken back, whoever had it.

    A lot of an order that changed hands in a merge may be another number's; of it only that counts.
    """
    stored = {order.cause: order for order in desk.orders.orders.values() if order.is_stored}
    awards = {cause: [rule.id for rule in order.terms.rules] for cause, order in stored.items()}
    for lot in book.lots_of_awards(tx, awards):
        owner = stored[lot.award].member
        if owner in desk.purses:
            own = lot if lot.member == owner else replace(lot, member=owner, remaining=0)
            desk.purses[owner].adopt([own])


def _load_refunds(tx: Tx, desk: Desk, told: Sequence[Told]) -> None:
    """What was paid with points for orders of which a payment may come back, with the lots that it was drawn from."""
    parked = [each for waiting in desk.orders.parked.values() for each in waiting]
    paid = {id_ for each in told for id_ in (each.cancelled, each.reopened) if id_ is not None}
    paid |= {each.returned.order for each in told if each.returned and each.returned.order and each.returned.points}
    paid |= {each.order_id for each in parked if each.is_cancellation or each.points}
    found = book.find_redemptions(tx, references=paid)
    redemptions = [each for each in found if desk.owner(each.member) in desk.purses]
    desk.purses |= book.load_purses(tx, {each.member for each in redemptions} - desk.purses.keys())
    for redemption in redemptions:
        desk.add_redemption(redemption)
    for lot in book.lots_by_id(tx, {lot_id for each in redemptions for lot_id, _ in each.draws}):
        desk.purses[lot.member].adopt([lot])
