"""The sender's whole brain: from what the database holds and what the chain shows to the one next action.

Pure. Reads nothing, signs nothing, sends nothing. Whatever it answers is safe to do twice, and safe to be killed in.
The nonce is what makes an intent happen once: it is taken once, kept by every attempt, and never given back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from loyaltychain.chain.facts import Receipt
from loyaltychain.chain.fees import CeilingReached, FeeBid
from loyaltychain.chain.intents import ENDS, Attempt, Intent

#: Looks in a row, with this one, that show a puzzling nonce before we believe it: one node of several may lag.
LOOKS_BEFORE_HALT = 3
#: A node may have dropped what it took; sending the same bytes again can do no harm.
LOOKS_BEFORE_RESEND = 4
LOOKS_BEFORE_BUMP = 12

#: What is waited for, in words for the operator. They name no figure that changes from look to look.
AT_THE_CEILING = (
    "the chain asks more for gas than may be paid (max_wei_per_gas and max_fee_multiple of its profile, and the "
    "signer's balance); what is signed is sent again, and it goes on once gas is cheaper"
)
FOREIGN = "a transaction that is not ours used a nonce of this signer, it seems; believed once that is final"
FORGOTTEN = "the chain has forgotten transactions of this signer, it seems; believed once that is final"


@dataclass(frozen=True, slots=True)
class Observation:
    """What the chain shows at one look.

    Args:
        head: Number of the newest block, read before everything else.
        nonce: Transactions of the signer in blocks up to the head.
        given: One more than the largest nonce that the database ever gave to the signer.
        receipts: By hash, of those of our attempts that some block holds.
        canonical: Hash of the canonical block at each receipt's height.
        finality_depth: Blocks on top of a transaction's own before it counts as final.
        bid: What the next attempt would offer.
        in_flight: Another intent of this signer that holds a nonce and has not ended, if any.
        is_exclusive: Whether nobody but this database signs with the key, so that a nonce that it did not give out is
            a reason to stop. The first nonce that it gives is the chain's, whoever used the ones before.
        looks: Looks before this one since our newest attempt was sent (or since this program started).
        strange_looks: Looks in a row before this one that found the nonce used by nobody we know, or forgotten by the
            chain.
        strange_since: The head when the nonce was first found used by nobody we know, or forgotten by the chain;
            None when it was in order at the last look.
    """

    head: int
    nonce: int
    given: int
    receipts: Mapping[bytes, Receipt]
    canonical: Mapping[int, bytes]
    finality_depth: int
    bid: FeeBid | CeilingReached
    in_flight: str | None = None
    is_exclusive: bool = False
    looks: int = 0
    strange_looks: int = 0
    strange_since: int | None = None


@dataclass(frozen=True, slots=True)
class Sign:
    """Rehearse the call, take a nonce and sign the first attempt with this bid."""

    bid: FeeBid


@dataclass(frozen=True, slots=True)
class Broadcast:
    """Send these very bytes (again)."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Bump:
    """Sign a replacement of this attempt on the same nonce, with this bid."""

    previous: Attempt
    bid: FeeBid


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do but look again. ``receipt``: mined, not deep enough to be final."""

    receipt: Receipt | None = None
    is_strange: bool = False  # the nonce is not what it should be; count these looks apart
    reason: str | None = None  # what is waited for, if it is more than time


@dataclass(frozen=True, slots=True)
class Finish:
    """Final: done if the receipt's status is 1, reverted if it is 0."""

    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Halt:
    """Stop signing and call an engineer. An intent without a nonce can be given up as well: it was never signed."""

    problem: Literal["nonce-taken", "chain-behind"]


Action = Sign | Broadcast | Bump | Wait | Finish | Halt


def plan(intent: Intent, attempts: Sequence[Attempt], seen: Observation) -> Action:
    """The one next action for an intent that has not ended.

    Args:
        attempts: All of the intent's, oldest first; none exactly while it holds no nonce.
    """
    assert intent.state not in ENDS, intent.state
    assert (intent.nonce is None) == (not attempts), "a nonce is taken together with its first attempt"
    if intent.nonce is None:
        return _first(seen)
    newest = attempts[-1]
    receipt = _landed(attempts, seen)
    if receipt is not None:
        is_final = seen.head - receipt.block_number >= seen.finality_depth
        return Finish(receipt) if is_final else Wait(receipt)
    if seen.nonce < intent.nonce:
        # Nothing of ours can be mined before the chain has found again what it has forgotten.
        return _puzzled(intent.nonce, seen)
    if intent.state == "mined" or (intent.state == "signed" and seen.looks == 0):
        # A reorganisation took the block away (nodes need not keep the transaction then), or nobody knows
        # whether the newest attempt was ever sent.
        return Broadcast(newest)
    if seen.nonce > intent.nonce:
        return _puzzled(intent.nonce, seen)
    is_overdue = seen.looks >= LOOKS_BEFORE_BUMP
    if is_overdue and isinstance(seen.bid, FeeBid):
        return Bump(newest, seen.bid)
    if intent.state == "signed" or seen.looks % LOOKS_BEFORE_RESEND == LOOKS_BEFORE_RESEND - 1:
        return Broadcast(newest)
    return Wait(reason=AT_THE_CEILING if is_overdue else None)


def _first(seen: Observation) -> Action:
    """One nonce in flight a signer: a second one could be mined only after the first, and hides its troubles."""
    if seen.in_flight is not None:
        return Wait()
    if seen.nonce < seen.given or (seen.is_exclusive and 0 < seen.given < seen.nonce):
        return _puzzled(seen.given, seen)
    if isinstance(seen.bid, CeilingReached):
        return Wait(reason=AT_THE_CEILING)
    return Sign(seen.bid)


def _landed(attempts: Sequence[Attempt], seen: Observation) -> Receipt | None:
    """The receipt of whichever attempt stands in a canonical block. A receipt from another block is hearsay."""
    for attempt in attempts:
        receipt = seen.receipts.get(attempt.tx_hash)
        if receipt is not None and seen.canonical.get(receipt.block_number) == receipt.block_hash:
            return receipt
    return None


def _puzzled(nonce: int, seen: Observation) -> Action:
    """The nonce is used and no attempt of ours is mined, or the chain has forgotten nonces that were final.

    Believed after several looks and as many blocks as make things final, because "not found" proves nothing.
    """
    is_used = seen.nonce > nonce
    since = seen.strange_since
    is_enough = seen.strange_looks + 1 >= LOOKS_BEFORE_HALT
    if since is None or not is_enough or seen.head - since < seen.finality_depth:
        return Wait(is_strange=True, reason=FOREIGN if is_used else FORGOTTEN)
    return Halt("nonce-taken" if is_used else "chain-behind")
