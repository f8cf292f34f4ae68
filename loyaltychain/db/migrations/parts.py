"""The parts that a version builds tables from, with the names that ``db/tables.py`` gives to constraints."""

import sqlalchemy as sa
from alembic import op


def number(name: str, *, null: bool = False) -> sa.Column[int]:
    """An amount, a position, an instant."""
    return sa.Column(name, sa.BigInteger(), nullable=null, autoincrement=False)


def position(name: str = "position") -> sa.Column[int]:
    """The key of a table in which each row has a position."""
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column(name, kind, nullable=False, autoincrement=False)


def text(name: str, *, null: bool = False) -> sa.Column[str]:
    """An id, a hash as 0x-hex, canonical JSON."""
    return sa.Column(name, sa.Text(), nullable=null)


def key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    """The primary key."""
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def unique(table: str, *columns: str) -> sa.UniqueConstraint:
    """No two rows alike in these columns."""
    return sa.UniqueConstraint(*columns, name=f"uq_{table}_{columns[0]}")


def check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    """A condition that each row keeps."""
    return sa.CheckConstraint(condition, name=f"ck_{table}_{name}")


def refers(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    """A reference to ``target``, "table.column"."""
    return sa.ForeignKeyConstraint([column], [target], name=f"fk_{table}_{column}_{target.partition('.')[0]}")


def index(table: str, column: str) -> None:
    """Create an index on one column."""
    op.create_index(f"ix_{table}_{column}", table, [column])
