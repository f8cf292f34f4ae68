"""The proof that a nonce is gone for good: a transaction that is not ours used it, in a block that is final.

Only the count at the head is asked for, since nodes soon drop older states: the head that showed it is remembered (its
"anchor"), and once that very block is deep enough under a later head, the count is final with it.
"""

from dataclasses import dataclass

from loyaltychain.chain.facts import Block
from loyaltychain.chain.observe import Shelf
from loyaltychain.chain.rpc import Rpc


@dataclass(frozen=True, slots=True)
class Anchor:
    """A canonical block, and how many transactions of the signer there are by its state."""

    block: Block
    used: int


class Anchors:
    """The anchor of each intent that is in trouble. In memory: forgetting one costs time, never correctness."""

    def __init__(self) -> None:
        self._held: dict[str, Anchor | None] = {}

    def hold(self, rpc: Rpc, shelf: Shelf) -> Anchor | None:
        """A canonical block by whose state the intent's nonce is used up, the same one for as long as it is one.

        Returns:
            None if the nonce is free at the head, or the head moved while it was asked.
        """
        held, signer = self._held.get(shelf.intent.id), shelf.intent.signer
        if held is None or rpc.block(held.block.number).hash != held.block.hash:
            held = _drop(rpc, signer, wanted_nonce(shelf))
        self._held[shelf.intent.id] = held
        return held

    def prove(self, rpc: Rpc, shelf: Shelf, *, head: int, finality_depth: int) -> Anchor | None:
        """The anchor, if it is final and no block holds any of the intent's attempts: then none can ever be mined.

        Args:
            head: The newest block's number, as ``finality_depth`` was read with it.
        """
        anchor = self.hold(rpc, shelf)
        if anchor is None or head - anchor.block.number < finality_depth:
            return None
        return anchor if all(rpc.receipt(attempt.tx_hash) is None for attempt in shelf.attempts) else None


def wanted_nonce(shelf: Shelf) -> int:
    """The intent's nonce, or the one that it would get."""
    return shelf.given if shelf.intent.nonce is None else shelf.intent.nonce


def _drop(rpc: Rpc, signer: str, nonce: int) -> Anchor | None:
    head = rpc.block("latest")
    used = rpc.nonce(signer)
    return Anchor(head, used) if used > nonce and rpc.block("latest") == head else None
