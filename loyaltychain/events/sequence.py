"""Gapless positions for events: what every later step counts by.

``capture`` calls ``append`` in its own transaction, so that a file's order survives whatever the size of a chunk.
Writers exclude each other until they commit, hence a position that is visible has every smaller one before it.
"""

from collections.abc import Sequence

from loyaltychain.db.engine import Tx
from loyaltychain.db.lock import lock
from loyaltychain.events import store

WRITERS = "events.writers"  # the name of the lock that every writer of members and events holds


def append(tx: Tx, keys: Sequence[store.Key]) -> None:
    """Give these events, which were inserted in this transaction, the next positions in this order."""
    lock(tx, WRITERS)
    store.insert_positions(tx, keys, after=store.last_position(tx))


def sequence(tx: Tx) -> int:
    """Give every event that has no position yet the next one, and return how many there were.

    Events that ``capture`` took have theirs already; this finds those that came into the table another way.
    """
    lock(tx, WRITERS)
    waiting = store.read_unsequenced(tx)
    store.insert_positions(tx, waiting, after=store.last_position(tx))
    return len(waiting)
