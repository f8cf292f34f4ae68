"""Tell of an order as a whole, again and again: which event says what is new in it. Decides nothing about points.

The first telling is an order event, a later one that differs an edit; the same again is none. What is compared is
what the worker has decided, or what was told this way and waits for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select

from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.db.lock import lock
from loyaltychain.events.links import find_survivor
from loyaltychain.events.orders import Order, parse_order
from loyaltychain.events.sequence import WRITERS
from loyaltychain.events.store import read_event, read_members
from loyaltychain.events.types import TEXT_MAX, Event, SequencedEvent
from loyaltychain.operations.order_view import OrderView, find_order
from loyaltychain.operations.shop_tables import order_revisions
from loyaltychain.operations.tables import outcomes
from loyaltychain.program.types import Program

ORDER_ID_MAX = TEXT_MAX - 12  # leaves room for the number of the revision


@dataclass(frozen=True, slots=True)
class Telling:
    """What a telling comes to: a new event, or the one that said the same (``is_known``; none when it is not ours)."""

    event: Event | None
    is_known: bool
    is_first: bool
    revision: int


@dataclass(frozen=True, slots=True)
class _Content:
    """What an order says, whoever says it."""

    member: int | str  # the number; of a stranger the id
    currency: str
    lines: tuple[tuple[str, str, int, int], ...]


def plan_telling(
    tx: Tx,
    program: Program,
    *,
    source: str,
    order_id: str,
    member: str,
    occurred_at: UnixSeconds,
    payload: Mapping[str, Any],
    now: UnixSeconds,
) -> Telling:
    """The event that this telling of an order comes to. It holds the writers' lock until the transaction ends.

    Args:
        payload: ``currency`` and ``lines``, as of an order's event; without ``order``.

    Raises:
        InvalidEvent: naming the field.
        InvalidOperation: the programme knows no orders, or the id is too long.
        OrderConflict: another source told of this order, with other content.
    """
    if program.orders is None:
        raise errors.InvalidOperation("This programme has no section `orders`: tell of events instead.")
    if len(order_id) > ORDER_ID_MAX:
        raise errors.InvalidOperation(f"An order's id has at most {ORDER_ID_MAX} characters here.", id=order_id[:200])
    lock(tx, WRITERS)
    first = Event(source, order_id, program.orders.event, member, occurred_at, dict(payload) | {"order": order_id})
    wanted = _content(tx, first)
    last, revision = _last_told(tx, program, source, order_id)
    standing = find_order(tx, order_id)
    waits = last is not None and not _is_decided(tx, last)
    if last is not None and waits:
        said, teller = _content(tx, last.event), last.event.source
    elif standing is not None:
        said, teller = _content_of(tx, standing, last), standing.order.source
    else:
        said, teller = None, source
    if said == wanted:
        return Telling(None if last is None else last.event, is_known=True, is_first=revision <= 1, revision=revision)
    if teller != source:
        raise errors.OrderConflict(
            f"The source {teller!r} told of this order with other content. Only it may change the order.",
            order=order_id,
            source=teller,
        )
    if said is None and last is None:
        return Telling(first, is_known=False, is_first=True, revision=1)
    is_edit = said is not None
    next_one = revision + 1
    while read_event(tx, source, _revised(order_id, next_one)) is not None:
        next_one += 1
    type_ = program.orders.edits if is_edit else program.orders.event
    at = UnixSeconds(max(now, occurred_at)) if is_edit else occurred_at
    event = Event(source, _revised(order_id, next_one), type_, member, at, first.payload)
    return Telling(event, is_known=False, is_first=not is_edit, revision=next_one)


def record_telling(tx: Tx, order_id: str, telling: Telling) -> None:
    """Keep in mind that this event told of the order. It was captured in this transaction."""
    assert telling.event is not None and not telling.is_known
    row = {"order_id": order_id, "revision": telling.revision, "source": telling.event.source,
           "event_id": telling.event.id}  # fmt: skip
    tx.execute(insert(order_revisions), [row])


def told_events(tx: Tx, order_id: str) -> list[SequencedEvent]:
    """The events that told of the order as a whole this way, the last first."""
    query = select(order_revisions).filter_by(order_id=order_id).order_by(order_revisions.c.revision.desc())
    found = [read_event(tx, row.source, row.event_id) for row in tx.execute(query).all()]
    return [each for each in found if each is not None]


def _last_told(tx: Tx, program: Program, source: str, order_id: str) -> tuple[SequencedEvent | None, int]:
    query = select(order_revisions).filter_by(order_id=order_id).order_by(order_revisions.c.revision.desc()).limit(1)
    row = tx.execute(query).one_or_none()
    if row is not None:
        return read_event(tx, row.source, row.event_id), row.revision
    found = read_event(tx, source, order_id)  # told as an event by itself
    if found is None:
        return None, 0
    assert program.orders is not None
    if found.event.type != program.orders.event or parse_order(found.event).order != order_id:
        raise errors.IdempotencyConflict(
            "An event of this source and id is there, and is not this order.", event=found.event.cause
        )
    return found, 1


def _is_decided(tx: Tx, found: SequencedEvent) -> bool:
    return tx.execute(select(outcomes.c.position).filter_by(position=found.position)).one_or_none() is not None


def _was_refused(tx: Tx, found: SequencedEvent) -> bool:
    row = tx.execute(select(outcomes.c.outcome).filter_by(position=found.position)).one_or_none()
    return row is not None and row.outcome == "refused"


def _revised(order_id: str, revision: int) -> str:
    return f"{order_id}@{revision}"


def _content(tx: Tx, event: Event) -> _Content:
    order: Order = parse_order(event)
    known = read_members(tx, [event.member_id]).get(event.member_id)
    number = None if known is None else find_survivor(tx, known.number) or known.number
    lines = sorted((line.line, line.item, line.quantity, line.amount) for line in order.lines)
    return _Content(event.member_id if number is None else number, order.currency, tuple(lines))


def _content_of(tx: Tx, view: OrderView, last: SequencedEvent | None) -> _Content:
    if view.order.terms.exchange is not None and last is not None and not _was_refused(tx, last):
        return _content(tx, last.event)  # its lines stand in the programme's currency, not as they were told
    lines = sorted((line.line, line.item, line.quantity, line.amount) for line in view.lines if line.quantity)
    owner = find_survivor(tx, view.order.member) or view.order.member
    return _Content(owner, view.order.currency, tuple(lines))
