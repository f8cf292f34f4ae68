"""Sample events, maps and files."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.events.types import Event

NOON = UnixSeconds(1_767_268_800)  # 2026-01-01 12:00:00 UTC
LATER = UnixSeconds(NOON + 86_400)  # when we receive what happened at noon

SHOP_MAP = """
source: shop
id: {column: order_id}
member: {column: customer}
type: {column: kind, values: {sale: purchase, redeem: redemption}}
time: {column: at, format: iso, zone: Europe/London}
amount: {column: total, currency: GBP}
skip: [{column: customer, empty: true}]
"""
HEADER = "order_id,kind,customer,at,total\n"

ORDERS_MAP = """
source: till
id: {column: order}
member: {column: customer}
type:
  column: order
  prefixes: {C: return}
  otherwise: order
time: {column: at, format: iso, zone: UTC}
lines:
  id: {column: no}
  item: {column: item}
  quantity: {column: pieces}
  amount: {product: [pieces, price], currency_column: currency, rounding: down}
  names: {order: {column: of_order}, line: {column: of_line}}
skip: [{column: customer, empty: true}]
"""


def make_event(**changes: Any) -> Event:
    """An event of ann's, who spent 15.30 pounds."""
    fields = {
        "source": "shop",
        "id": "INV-1",
        "type": "purchase",
        "member_id": "ann",
        "occurred_at": NOON,
        "payload": {"amount": 1530, "currency": "GBP"},
    }
    return Event(**(fields | changes))


def write_file(path: Path, content: str | bytes, *, packed: bool = False) -> Path:
    """A file with this content, gzipped if asked for."""
    raw = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(raw) if packed else raw)
    return path


class Killed(BaseException):
    """What a test throws in place of a power cut."""


@contextmanager
def killed_at_commit(engine: Engine, number: int) -> Iterator[list[int]]:
    """Within it, the ``number``-th commit on the engine does not happen: it raises Killed.

    Yields a list that holds the number of commits tried so far.
    """
    tried = [0]

    def die(_connection: object) -> None:
        tried[0] += 1
        if tried[0] == number:
            raise Killed

    event.listen(engine, "commit", die)
    try:
        yield tried
    finally:
        event.remove(engine, "commit", die)
