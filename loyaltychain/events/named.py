"""Rows of a table that names events by ``source`` and ``event_id``, of many events at once. Decides nothing."""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Row, Table, select

from loyaltychain.db.bulk import any_of, as_list
from loyaltychain.db.engine import Tx


def read_named(tx: Tx, table: Table, keys: Iterable[tuple[str, str]]) -> Iterator[Row[Any]]:
    """The table's rows of these events, each as (source, id); one query a source, of any length."""
    ids_by_source: dict[str, list[str]] = {}
    for source, event_id in keys:
        ids_by_source.setdefault(source, []).append(event_id)
    ids = any_of(tx.dialect.name, table.c.event_id, "ids")
    for source, wanted in ids_by_source.items():
        yield from tx.execute(select(table).where(table.c.source == source, ids), {"ids": as_list(wanted)})
