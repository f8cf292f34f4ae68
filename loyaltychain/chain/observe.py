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
from loyaltychain.chain.pulse import ChainPulse, take_pulse
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core.errors import RpcUnavailable


@dataclass(frozen=True, slots=True)
class Patience:
    """How often we have looked already. Lives in memory: forgetting it costs time, never correctness."""

    looks: int = 0
    strange_looks: int = 0
    strange_since: int | None = None

    def after_a_look(self, *, strange_at: int | None) -> "Patience":
        """With one more look, which found the nonce strange at this head; None: it was in order."""
        if strange_at is None:
            return Patience(self.looks + 1)
        since = strange_at if self.strange_since is None else self.strange_since
        return Patience(self.looks + 1, self.strange_looks + 1, since)


@dataclass(frozen=True, slots=True)
class Shelf:
    """What the database holds about one intent and its signer."""

    intent: Intent
    attempts: Sequence[Attempt]
    given: int  # one more than the largest nonce that the signer ever got
    in_flight: str | None  # another intent of the signer that holds a nonce and has not ended
    is_exclusive: bool = False  # nobody but this database signs with the key


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
        is_exclusive=shelf.is_exclusive,
        looks=patience.looks,
        strange_looks=patience.strange_looks,
        strange_since=patience.strange_since,
    )


def finality_depth(rpc: Rpc, profile: Profile, *, head: int) -> int:
    """Blocks on top of a block that make it final now.

    With ``tag`` as many as the node has above its own tag, with ``depth`` as many as the profile says, with ``both``
    the larger number of the two. A node that answers and does not know the tag makes the depth count with ``tag``; with
    ``both`` nothing is final by such a node.

    Raises RpcUnavailable when the node does not answer, or will not just now (a rate limit).
    """
    if profile.finality_tag is None:
        return profile.finality_depth
    try:
        by_tag = max(head - rpc.block(profile.finality_tag).number, 0)
    except RpcUnavailable as refusal:
        if not _does_not_know(refusal):
            raise
        if profile.finality == "both":
            raise RpcUnavailable(
                f"The node does not know which block is {profile.finality_tag!r}, and nothing is final without that "
                f"on {profile.name}: use a node that knows.",
                tag=profile.finality_tag,
            ) from refusal
        return profile.finality_depth
    return max(by_tag, profile.finality_depth) if profile.finality == "both" else by_tag


def read_pulse(rpc: Rpc, profile: Profile, *, now: int) -> ChainPulse:
    """How old the newest block is, and the newest final one. Raises RpcUnavailable.

    The final one is not asked for where its age alarms nobody.
    """
    head = rpc.block("latest")
    if profile.final_alarm is None:
        return take_pulse(now=now, head_time=head.timestamp, final_time=None)
    final = rpc.block(max(head.number - finality_depth(rpc, profile, head=head.number), 0))
    return take_pulse(now=now, head_time=head.timestamp, final_time=final.timestamp)


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
    affordable = min(rpc.balance(intent.signer), profile.max_wei_per_batch) // newest.gas
    if isinstance(bid, FeeBid) and bid.max_fee > affordable:
        # It would be refused, by a node or by us; the attempt that the node holds is still good.
        return CeilingReached(bid, affordable)
    return bid
