"""The one statement that the two engines' dialects spell apart: insert what is new, leave what is there."""

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

from loyaltychain.db.engine import Tx


def insert_new(tx: Tx, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that leaves rows alone whose key is taken: ``ON CONFLICT DO NOTHING``.

    Add ``.returning(…)`` to learn which rows were new. Give rows in sorted key order: on PostgreSQL a row whose
    key another open transaction has just taken waits for it.
    """
    if tx.dialect.name == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()
