"""Which intent of a batch counts, and how another one takes its place.

A batch's intents are ``settle:<n>``, then ``settle:<n>:2``, ``settle:<n>:3`` …; the newest one counts. Each asks for
the same settlement, or the ones before for a batch that is void; and the contract takes a batch number once, so none of
them can count a point twice. Whether the
one before is dead, so that a successor may be asked for, is decided where that is proven: in ``submit``.
"""

from loyaltychain.chain import outbox
from loyaltychain.chain.intents import ENDS, Intent, NewIntent
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx


def intent_id(batch_id: int, turn: int = 1) -> str:
    """The name of a batch's first intent, second …"""
    return f"settle:{batch_id}" if turn == 1 else f"settle:{batch_id}:{turn}"


def intents_of(tx: Tx, batch_id: int) -> list[Intent]:
    """A batch's intents, the newest one last; empty before it is submitted."""
    found: list[Intent] = []
    while (intent := outbox.find_intent(tx, intent_id(batch_id, len(found) + 1))) is not None:
        found.append(intent)
    return found


def next_intent_id(tx: Tx, batch_id: int) -> str:
    """The name of the intent behind those that have ended; not the first one where a batch of this number was void."""
    return intent_id(batch_id, sum(intent.state in ENDS for intent in intents_of(tx, batch_id)) + 1)


def newest_intent(tx: Tx, batch_id: int) -> Intent:
    """The one intent of a batch that counts. Raises InvariantError before it is submitted."""
    found = intents_of(tx, batch_id)
    if not found:
        raise errors.InvariantError("This batch was never submitted.", batch=batch_id)
    return found[-1]


def append_successor(tx: Tx, batch_id: int, *, settler: str, now: UnixSeconds) -> str:
    """Ask for the batch's settlement once more, through ``settler``. The caller has proof that the last one is dead.

    Returns:
        The new intent's id.
    """
    found = intents_of(tx, batch_id)
    last = found[-1]
    successor = NewIntent(
        id=next_intent_id(tx, batch_id),
        chain_id=last.chain_id,
        signer=settler,
        target=last.target,
        calldata=last.calldata,
    )
    outbox.enqueue(tx, successor, now=now)
    return successor.id
