"""Cursors: how far each step has got. Moved in the transaction that holds the step's result."""

from sqlalchemy import select, update

from loyaltychain.core import errors
from loyaltychain.db.cursors import cursors
from loyaltychain.db.engine import Tx, is_read_only
from loyaltychain.db.insert import insert_new


def read_cursor(tx: Tx, step: str) -> int:
    """The position up to which ``step`` is done; 0 before it has begun.

    In a write transaction it also locks the cursor, so that two workers on one step take turns.

    Raises:
        DatabaseBusy: another worker kept the cursor for too long.
    """
    query = select(cursors.c.position).where(cursors.c.step == step)
    if is_read_only(tx):
        return tx.execute(query).scalar_one_or_none() or 0
    found = tx.execute(query.with_for_update()).scalar_one_or_none()
    if found is None:
        tx.execute(insert_new(tx, cursors), [{"step": step, "position": 0}])
        found = tx.execute(query.with_for_update()).scalar_one()
    return int(found)


def move_cursor(tx: Tx, step: str, position: int, *, expected: int | None = None) -> None:
    """Record that ``step`` is done up to ``position``.

    Args:
        expected: where the caller read the cursor, if it did so in an earlier transaction.

    Raises:
        InvariantError: the cursor stands at or beyond ``position``, or not where the caller expected it: another
            worker has done this work.
    """
    current = read_cursor(tx, step)
    if current >= position or expected not in (None, current):
        raise errors.InvariantError(
            "The cursor is not where this step left it.",
            step=step, current=current, expected=expected, wanted=position,
        )  # fmt: skip
    tx.execute(update(cursors).where(cursors.c.step == step).values(position=position))
