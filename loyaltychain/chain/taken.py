"""The proof that an intent's nonce is gone for good: a transaction that is not ours used it, in a block that is final.

Only the count at the head is asked for, since nodes soon drop older states: the head that showed it is remembered (its
"anchor"), and once that very block is deep enough under a later head, the count is final with it.
"""

from collections.abc import Sequence

from loyaltychain.chain.facts import Block
from loyaltychain.chain.intents import Attempt, Intent
from loyaltychain.chain.rpc import Rpc


def drop_anchor(rpc: Rpc, intent: Intent, held: Block | None) -> Block | None:
    """A canonical block by whose state the intent's nonce is used up: ``held`` while it is one, else the head.

    Returns:
        None if the nonce is free at the head, or the head moved while it was asked.
    """
    assert intent.nonce is not None, intent.id
    if held is not None and rpc.block(held.number).hash == held.hash:
        return held
    head = rpc.block("latest")
    is_used = rpc.nonce(intent.signer) > intent.nonce
    return head if is_used and rpc.block("latest") == head else None


def is_taken(rpc: Rpc, attempts: Sequence[Attempt], anchor: Block, *, head: int, finality_depth: int) -> bool:
    """Whether the anchor is final and no block holds any of the attempts: then none can ever be mined.

    Args:
        head: The newest block's number, as ``finality_depth`` was read with it.
    """
    if head - anchor.number < finality_depth:
        return False
    return all(rpc.receipt(attempt.tx_hash) is None for attempt in attempts)
