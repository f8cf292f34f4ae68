"""The SQL of orders, their lines and returns, one function a query. Decides nothing."""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any, TypeVar

from sqlalchemy import Row, Select, Table, bindparam, insert, select, tuple_, update

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.bulk import any_of, as_list, fetch
from loyaltychain.db.engine import Tx
from loyaltychain.events.tables import events, member_closures
from loyaltychain.operations.order_book import OrderBook, PairKey, ParkedReturn
from loyaltychain.operations.order_state import WHOLE, BonusState, LineState, OrderState, ReturnState
from loyaltychain.operations.tables import order_bonuses, order_lines, orders, return_lines

_IN_LIMIT = 10_000  # keys in one IN list: both engines bound a statement's parameters (SQLite: 32,766)

_ORDER = ("id", "member", "source", "event_id", "occurred_at", "currency", "program", "rules", "content")
_LINE = ("place", "item", "quantity", "amount", "award", "qualifying", "named", "matched")
_RETURN = ("source", "event_id", "line", "member", "item", "order_id", "quantity", "matched", "occurred_at")
_ORDER_VALUES, _LINE_VALUES, _RETURN_VALUES = attrgetter(*_ORDER), attrgetter(*_LINE), attrgetter(*_RETURN)

_T = TypeVar("_T")
_Row = Row[*tuple[Any, ...]]


def read_closed(tx: Tx, members: Collection[MemberNumber]) -> frozenset[MemberNumber]:
    """Those of the members that are closed."""
    found = fetch(tx, _closed(tx.dialect.name), members=as_list(members)) if members else ()
    return frozenset(MemberNumber(number) for (number,) in found)


@cache
def _closed(dialect: str) -> Select[Any]:
    return select(member_closures.c.number).where(any_of(dialect, member_closures.c.number, "members"))


def read_orders(tx: Tx, ids: Collection[str]) -> dict[str, OrderState]:
    """The orders of these ids, without their lines."""
    query = select(orders)
    found = (row for part in _parts(ids) for row in tx.execute(query.where(orders.c.id.in_(part))))
    return {row.id: OrderState(**row._mapping, is_stored=True) for row in found}


def read_lines(tx: Tx, order_ids: Collection[str]) -> Iterator[tuple[str, LineState]]:
    """All lines of these orders, with their order's id, in their places."""
    query = select(order_lines).order_by(order_lines.c.order_id, order_lines.c.place)
    for part in _parts(order_ids):
        yield from map(_line, tx.execute(query.where(order_lines.c.order_id.in_(part))))


def read_lines_of_pairs(tx: Tx, pairs: Collection[PairKey]) -> Iterator[tuple[str, LineState]]:
    """All lines on which one of these members bought that article, with their order's id."""
    for part in _parts(pairs):
        wanted = tuple_(order_lines.c.member, order_lines.c.item).in_(part)
        yield from map(_line, tx.execute(select(order_lines).where(wanted)))


def _line(row: _Row) -> tuple[str, LineState]:
    return row.order_id, LineState(
        row.line, row.place, row.item, row.quantity, row.amount, row.award, row.qualifying, row.named, row.matched,
        is_stored=True,
    )  # fmt: skip


def read_bonuses(tx: Tx, order_ids: Collection[str]) -> Iterator[tuple[str, BonusState]]:
    """The bonuses of these orders, with their order's id."""
    query = select(order_bonuses).order_by(order_bonuses.c.order_id, order_bonuses.c.rule)
    for part in _parts(order_ids):
        for row in tx.execute(query.where(order_bonuses.c.order_id.in_(part))):
            bonus = BonusState(row.rule, row.threshold, row.award, row.qualifying, bool(row.taken), is_stored=True)
            yield row.order_id, bonus


def read_returned_pairs(tx: Tx, members: Collection[MemberNumber]) -> set[PairKey]:
    """The articles that these members brought back without naming an order."""
    query = select(return_lines.c.member, return_lines.c.item).where(return_lines.c.order_id.is_(None)).distinct()
    found = (row for part in _parts(members) for row in tx.execute(query.where(return_lines.c.member.in_(part))))
    return {(MemberNumber(row.member), row.item) for row in found}


def read_returns_of_pairs(tx: Tx, pairs: Collection[PairKey]) -> Iterator[ReturnState]:
    """What these members brought back of that article without naming an order."""
    query = select(return_lines).where(return_lines.c.order_id.is_(None))
    for part in _parts(pairs):
        yield from map(_return, tx.execute(query.where(tuple_(return_lines.c.member, return_lines.c.item).in_(part))))


def read_parked(tx: Tx, order_ids: Collection[str]) -> Iterator[ParkedReturn]:
    """The returns and cancellations that wait for one of these orders."""
    same = (events.c.source == return_lines.c.source) & (events.c.id == return_lines.c.event_id)
    query = (
        select(return_lines, events.c.payload)
        .join(events, same)
        .where(return_lines.c.matched == 0)
        .order_by(return_lines.c.source, return_lines.c.event_id, return_lines.c.line)
    )
    for part in _parts(order_ids):
        rows = tx.execute(query.where(return_lines.c.order_id.in_(part)))
        for _, same_event in groupby(rows, key=lambda row: (row.source, row.event_id)):
            lines = list(same_event)
            row = lines[0]
            is_cancellation = row.line == WHOLE  # not by the payload, which may hold more than is asked for
            points = None if is_cancellation else json.loads(row.payload).get("points")
            yield ParkedReturn(
                row.source, row.event_id, MemberNumber(row.member), UnixSeconds(row.occurred_at), row.order_id,
                points=points, is_cancellation=is_cancellation, lines=[_return(each) for each in lines],
            )  # fmt: skip


def _return(row: _Row) -> ReturnState:
    return ReturnState(
        row.source, row.event_id, row.line, MemberNumber(row.member), row.item, row.order_id, row.quantity,
        UnixSeconds(row.occurred_at), row.matched, is_stored=True,
    )  # fmt: skip


def write(tx: Tx, book: OrderBook) -> None:
    """Insert what is new in the book and update what changed; nothing else is touched."""
    new = [order for order in book.orders.values() if not order.is_stored]
    _insert(tx, orders, _ORDER, [_ORDER_VALUES(order) for order in new])
    lines = [(order, line) for order in book.orders.values() for line in order.lines.values()]
    fresh = [(order.id, order.member, *_LINE_VALUES(line), line.line) for order, line in lines if not line.is_stored]
    _insert(tx, order_lines, ("order_id", "member", *_LINE, "line"), fresh)
    _update_lines(tx, [(order, line) for order, line in lines if line.is_stored and line.is_changed])
    _write_bonuses(tx, book.orders.values())
    _write_returns(tx, book.returns)


def _update_lines(tx: Tx, changed: Sequence[tuple[OrderState, LineState]]) -> None:
    statement = (
        update(order_lines)
        .where(order_lines.c.order_id == bindparam("of_order"), order_lines.c.line == bindparam("of_line"))
        .values({name: bindparam(f"new_{name}") for name in _LINE})
    )
    rows = [
        {"of_order": order.id, "of_line": line.line, **{f"new_{name}": getattr(line, name) for name in _LINE}}
        for order, line in changed
    ]
    if rows:
        tx.execute(statement, rows)


def _write_bonuses(tx: Tx, of: Iterable[OrderState]) -> None:
    bonuses = [(order, bonus) for order in of for bonus in order.bonuses]
    fresh = [
        (order.id, bonus.rule, bonus.threshold, bonus.award, bonus.qualifying, int(bonus.taken))
        for order, bonus in bonuses
        if not bonus.is_stored
    ]
    _insert(tx, order_bonuses, ("order_id", "rule", "threshold", "award", "qualifying", "taken"), fresh)
    statement = (
        update(order_bonuses)
        .where(order_bonuses.c.order_id == bindparam("of_order"), order_bonuses.c.rule == bindparam("of_rule"))
        .values(taken=bindparam("now"))
    )
    rows = [
        {"of_order": order.id, "of_rule": bonus.rule, "now": int(bonus.taken)}
        for order, bonus in bonuses
        if bonus.is_stored and bonus.is_changed
    ]
    if rows:
        tx.execute(statement, rows)


def _write_returns(tx: Tx, returns: Sequence[ReturnState]) -> None:
    _insert(tx, return_lines, _RETURN, [_RETURN_VALUES(line) for line in returns if not line.is_stored])
    key = [return_lines.c[name] == bindparam(f"of_{name}") for name in ("source", "event_id", "line")]
    rows = [
        {"of_source": line.source, "of_event_id": line.event_id, "of_line": line.line, "now": line.matched}
        for line in returns
        if line.is_stored and line.is_changed
    ]
    if rows:
        tx.execute(update(return_lines).where(*key).values(matched=bindparam("now")), rows)


def _insert(tx: Tx, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Append rows by the driver itself: a large shop's orders have hundreds of thousands of lines."""
    if not rows:
        return
    compiled = insert(table).compile(dialect=tx.dialect, column_keys=list(columns))
    if not compiled.positional:
        tx.exec_driver_sql(str(compiled), [dict(zip(columns, row, strict=True)) for row in rows])
        return
    pick = itemgetter(*(columns.index(name) for name in compiled.positiontup or ()))
    tx.exec_driver_sql(str(compiled), [pick(row) for row in rows])


def _parts(keys: Collection[_T]) -> Iterator[list[_T]]:
    listed = sorted(keys)  # type: ignore[type-var]
    return (listed[start : start + _IN_LIMIT] for start in range(0, len(listed), _IN_LIMIT))
