"""Give committed entries their positions. An order of commits exists only after them, so this is a step of its own."""

import hashlib

from loyaltychain.db.engine import Tx
from loyaltychain.db.lock import lock
from loyaltychain.ledger import store
from loyaltychain.ledger.order import order
from loyaltychain.ledger.types import EntryId


def sequence(tx: Tx) -> int:
    """Give every committed entry without a position the next one, without gaps, and extend the hash chain.

    One sequencer at a time: another waits for the end of this transaction. The order is that of
    ``ledger/order.py``; an entry that becomes visible later gets a later position, whatever its clock says.

    Returns:
        How many entries got a position.

    Raises:
        DatabaseBusy: another sequencer kept its turn for too long.
    """
    lock(tx, "ledger.sequence")
    waiting, balances = store.read_waiting(tx)
    last = store.head(tx)
    places: list[tuple[int, EntryId, bytes]] = []
    chain = last.hash
    for position, entry in enumerate(order(waiting, balances), start=last.position + 1):
        chain = next_head(chain, position=position, recorded_at=entry.recorded_at, digest=entry.digest)
        places.append((position, entry.id, chain))
    store.insert_positions(tx, places)
    return len(places)


def next_head(previous: bytes, *, position: int, recorded_at: int, digest: bytes) -> bytes:
    """The hash chain's 32 bytes at ``position``, from those at the position before.

    Source: docs/PROTOCOL.md, section 6.
    """
    return hashlib.sha256(previous + position.to_bytes(8) + recorded_at.to_bytes(8) + digest).digest()
