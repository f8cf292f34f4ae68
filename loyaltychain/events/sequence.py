"""Gapless positions for events: what every later step counts by.

An event gets its position in the transaction that takes it in. Writers exclude each other until they commit, hence a
position that is visible has every smaller one before it.
"""

from loyaltychain.db.engine import Tx
from loyaltychain.db.lock import lock
from loyaltychain.events import store

WRITERS = "events.writers"  # the name of the lock that every writer of members and events holds


def next_position(tx: Tx) -> int:
    """The position of the event that is taken in next, held until this transaction ends."""
    lock(tx, WRITERS)
    return store.last_position(tx) + 1
