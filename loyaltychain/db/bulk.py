"""Many rows at once, and rows by many keys, by each engine's fastest way."""

import json
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Delete, Select, Table, any_, bindparam, cast, delete, func, select
from sqlalchemy.dialects import postgresql

from loyaltychain.db.engine import Tx, driver
from loyaltychain.db.insert import insert_new
from loyaltychain.db.tables import String


def insert_rows(tx: Tx, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Add rows, each a tuple of all the table's columns in their order: COPY on PostgreSQL, executemany on SQLite.

    Raises:
        ConstraintRefused: a row breaks a constraint, or its key is there. None of the rows is added.
    """
    if not rows:
        return
    if tx.dialect.name == "sqlite":
        tx.exec_driver_sql(_insertion(table), rows)
        return
    with driver(tx) as connection, connection.cursor() as cursor, cursor.copy(_copying(table)) as copy:
        write = copy.write_row
        for row in rows:
            write(row)


def put_rows(tx: Tx, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """As ``insert_rows``, each row instead of the one that has its key, the table's first column, if there is one."""
    assert table.primary_key.columns.keys() == [table.columns[0].name], table.name
    if not rows:
        return
    if tx.dialect.name == "sqlite":
        tx.exec_driver_sql(_insertion(table, "INSERT OR REPLACE"), rows)
        return
    tx.execute(_deletion(table), {"keys": as_list([row[0] for row in rows])})
    insert_rows(tx, table, rows)


def add_rows(tx: Tx, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """As ``insert_rows``, but what has the key of a row that is there is left out."""
    if not rows:
        return
    if tx.dialect.name == "sqlite":
        tx.exec_driver_sql(_insertion(table, then=" ON CONFLICT DO NOTHING"), rows)
    else:
        names = table.columns.keys()
        tx.execute(insert_new(tx, table), [dict(zip(names, row, strict=True)) for row in rows])


def fetch(tx: Tx, query: Select[Any] | CompoundSelect[Any], **parameters: Any) -> list[tuple[Any, ...]]:
    """All rows that the query finds, as the driver has them: plain tuples of plain values.

    A query that is made once and kept (by engine, see ``any_of``) saves what it takes to put it together and look it
    up: as much as to read some hundred rows.
    """
    result = tx.execute(query, parameters)
    assert result.cursor is not None, query
    rows: list[tuple[Any, ...]] = result.cursor.fetchall()  # type: ignore[assignment]  # drivers give tuples
    result.close()
    return rows


def any_of(dialect: str, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """``column IN`` a list of any length, which is given as the one parameter ``name`` by ``as_list``.

    It goes as JSON, which costs the client a fifth of what an array does.

    Args:
        dialect: ``tx.dialect.name``.
    """
    if dialect == "postgresql":
        values = func.json_array_elements_text(cast(bindparam(name, type_=String), postgresql.JSON)).table_valued(
            "value"
        )
        return column == any_(func.array(select(cast(values.c.value, column.type)).scalar_subquery()))
    # Not a join: SQLite then may read the list once for each row of the table.
    values = func.json_each(bindparam(name, type_=String)).table_valued("value")
    return column.in_(select(values.c.value))


def as_list(values: Iterable[int] | Iterable[str]) -> str:
    """The values as the parameter of ``any_of``."""
    return json.dumps(list(values), ensure_ascii=False)


@cache
def _insertion(table: Table, how: str = "INSERT", then: str = "") -> str:
    places = ", ".join("?" * len(table.columns))
    return f"{how} INTO {table.name} ({_columns(table)}) VALUES ({places}){then}"


@cache
def _deletion(table: Table) -> Delete:
    return delete(table).where(any_of("postgresql", table.columns[0], "keys"))


@cache
def _copying(table: Table) -> str:
    return f"COPY {table.name} ({_columns(table)}) FROM STDIN"


def _columns(table: Table) -> str:
    return ", ".join(f'"{column.name}"' for column in table.columns)
