"""Has one false batch voided: call after call with a key of one's own, until the ledger says that it is void.

Keeps nothing of its own: before each call the ledger is asked how far this key's retracing came, so that a watcher that
was killed goes on where it stopped. Never sends what its rehearsal refuses.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from loyaltychain.audit.lies import Lie
from loyaltychain.audit.rebuild import Rebuilt
from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import decode_output, encode_call
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core import errors
from loyaltychain.core.hashing import to_hex
from loyaltychain.watch.calls import Budget, Call
from loyaltychain.watch.proofs import Dispute, next_call, open_dispute, retraced_root
from loyaltychain.watch.send import Courier, Refused

#: Attempts in a row that may come no further, refused ones included, before the challenge is given up for this look.
IDLE_MAX: Final = 30


@dataclass(frozen=True, slots=True)
class Sent:
    """A call of ours that was mined. ``next_word``: where the retracing stands; None after a one-word challenge."""

    function: str
    words: int
    calldata: int  # bytes
    tx_hash: bytes
    gas_used: int
    succeeded: bool
    next_word: int | None


@dataclass(frozen=True, slots=True)
class Ended:
    """How a challenge ended: void by us or by somebody else; or why it could not be carried through."""

    is_void: bool
    reason: str | None


def dispute_over(lie: Lie, rebuilt: Rebuilt) -> Dispute:
    """The dispute over a lie that the logs hold."""
    before = rebuilt.balances_before(lie.disputed.batch_id) if lie.fraud.needs_words else None
    return open_dispute(lie, before)


def plan_calls(lie: Lie, rebuilt: Rebuilt, budget: Budget) -> list[Call]:
    """All calls that somebody who begins now would send."""
    dispute = dispute_over(lie, rebuilt)
    calls = [next_call(dispute, lie.fraud, budget=budget)]
    while not calls[-1].is_last:
        calls.append(next_call(dispute, lie.fraud, next_word=calls[-1].next_word or 0, budget=budget))
    return calls


def void_batch(
    rpc: Rpc, courier: Courier, lie: Lie, rebuilt: Rebuilt, *, budget: Budget, on_sent: Callable[[Sent], None]
) -> Ended:
    """Send what it takes to have the batch voided.

    Raises:
        RpcUnavailable: the node does not answer; calling again goes on where the ledger stands then.
        InsufficientFunds, SendRefused: the key cannot send.
        InvariantError: the ledger and these logs disagree on a root on the way.
    """
    dispute = dispute_over(lie, rebuilt)
    most: int | None = None
    idle, furthest = 0, -1
    while idle < IDLE_MAX:
        if not is_standing(rpc, courier.target, lie):
            return Ended(is_void=True, reason=None)
        next_word = _next_word(rpc, courier, lie, dispute)
        idle, furthest = (0, next_word) if next_word > furthest else (idle + 1, furthest)
        call = next_call(dispute, lie.fraud, next_word=next_word, budget=budget, most=most)
        # Planned by the budget, sent at whatever the chain allows: a batch must not stand for a budget.
        outcome = courier.send(call.calldata, gas_max=courier.gas_cap)
        if not isinstance(outcome, Refused):
            on_sent(
                Sent(
                    function=call.function,
                    words=call.words,
                    calldata=len(call.calldata),
                    tx_hash=outcome.tx_hash,
                    gas_used=outcome.gas_used,
                    succeeded=outcome.status == 1,
                    next_word=call.next_word,
                )
            )
        elif outcome.is_too_large and call.words > 1 and call.next_word is not None:
            most = call.words // 2
        elif is_standing(rpc, courier.target, lie) and _next_word(rpc, courier, lie, dispute) == next_word:
            return Ended(is_void=False, reason=outcome.reason)
    return Ended(is_void=False, reason=f"no further than word {furthest} after {IDLE_MAX} attempts")


def is_standing(rpc: Rpc, ledger: str, lie: Lie) -> bool:
    """Whether the ledger still has the lie's own hash for its id. In place of a void batch stands the one before."""
    try:
        answer = _ask(rpc, ledger, "batchHashOf", lie.disputed.batch_id)
    except errors.Reverted:
        return False  # so long ago that the ledger does not know it any more, or reorganised away
    return bool(answer == lie.batch_hash)


def _next_word(rpc: Rpc, courier: Courier, lie: Lie, dispute: Dispute) -> int:
    """Where this key's retracing stands; the root there must be ours as well."""
    next_word, root = _ask(rpc, courier.target, "retracing", lie.disputed.batch_id, courier.address)
    if next_word and root != (ours := retraced_root(dispute, next_word)):
        raise errors.InvariantError(
            "The ledger's retracing came to another root than these logs give: the node's logs are not the ledger's.",
            batch=lie.disputed.batch_id,
            next_word=next_word,
            ledger=to_hex(root),
            logs=to_hex(ours),
        )
    return int(next_word)


def _ask(rpc: Rpc, ledger: str, function: str, *arguments: object) -> Any:
    """``Any``: the answer's type is the contract's to say."""
    abi = artifacts.load("PointsLedger").abi
    return decode_output(abi, function, rpc.call(ledger, encode_call(abi, function, arguments)))
