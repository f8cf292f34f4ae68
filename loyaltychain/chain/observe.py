"""One look at the chain for one intent: all that ``plan`` has to know, read in an order that cannot flatter.

Reads only. The head comes first, so that a block mined meanwhile makes depth look smaller, never larger.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from loyaltychain.chain.fees import CeilingReached, FeeBid, next_fees
from loyaltychain.chain.intents import Attempt, Intent
from loyaltychain.chain.node_errors import is_unknown_tag
from loyaltychain.chain.plan import Observation
from loyaltychain.chain.profiles import Profile
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core.errors import RpcUnavailable


@dataclass(frozen=True, slots=True)
class Patience:
    """How often we have looked already. Lives in memory: forgetting it costs time, never correctness."""

    looks: int = 0
    strange_since: int | None = None


@dataclass(frozen=True, slots=True)
class Shelf:
    """What the database holds about one intent and its signer."""

    intent: Intent
    attempts: Sequence[Attempt]
    given: int  # one more than the largest nonce that the signer ever got
    in_flight: str | None  # another intent of the signer that holds a nonce and has not ended


def observe(rpc: Rpc, shelf: Shelf, *, profile: Profile, patience: Patience) -> Observation:
    """What the chain shows now. Raises RpcUnavailable."""
    intent, attempts = shelf.intent, shelf.attempts
    head = rpc.block("latest").number
    nonce = rpc.nonce(intent.signer)
    found = [receipt for attempt in attempts if (receipt := rpc.receipt(attempt.tx_hash)) is not None]
    return Observation(
        head=head,
        nonce=nonce,
        given=shelf.given,
        receipts={receipt.tx_hash: receipt for receipt in found},
        canonical={receipt.block_number: rpc.block(receipt.block_number).hash for receipt in found},
        finality_depth=finality_depth(rpc, profile, head=head),
        bid=_bid(rpc, intent, attempts, profile=profile),
        in_flight=shelf.in_flight,
        looks=patience.looks,
        strange_since=patience.strange_since,
    )


def finality_depth(rpc: Rpc, profile: Profile, *, head: int) -> int:
    """Blocks on top of a block that make it final now: as many as the node has above its own tag, where it knows one.

    Raises RpcUnavailable when the node does not answer, or will not just now (a rate limit); a node that answers and
    does not know the tag is no such case.
    """
    if profile.finality_tag is None:
        return profile.finality_depth
    try:
        return max(head - rpc.block(profile.finality_tag).number, 0)
    except RpcUnavailable as refusal:
        if not _does_not_know(refusal):
            raise
        return profile.finality_depth


def _does_not_know(refusal: RpcUnavailable) -> bool:
    """Only then does the depth count: it is less than what the tag stands for on most chains."""
    facts = refusal.context
    if "number" in facts:
        return True
    code = facts.get("code")
    return isinstance(code, int) and is_unknown_tag(code, str(facts.get("reason")))


def _bid(rpc: Rpc, intent: Intent, attempts: Sequence[Attempt], *, profile: Profile) -> FeeBid | CeilingReached:
    if not attempts:
        return next_fees(None, rpc.fees(), profile)
    newest = attempts[-1]
    bid = next_fees(FeeBid(newest.max_fee, newest.tip), rpc.fees(), profile)
    affordable = rpc.balance(intent.signer) // newest.gas
    if isinstance(bid, FeeBid) and bid.max_fee > affordable:
        # A node would refuse the replacement; the attempt that it holds is still good.
        return CeilingReached(bid, affordable)
    return bid
