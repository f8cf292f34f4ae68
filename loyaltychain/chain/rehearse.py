"""A call tried out before it costs anything: would it succeed, with how much gas, and can the signer pay?

Decides whether an intent may be signed. Takes no nonce and writes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from eth_typing import ABI

from loyaltychain.chain.abi import decode_revert
from loyaltychain.chain.fees import FeeBid
from loyaltychain.chain.intents import Intent
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core import errors
from loyaltychain.core.amounts import ratio_up
from loyaltychain.core.hashing import from_hex


@dataclass(frozen=True, slots=True)
class Ready:
    """The call would succeed and can be paid."""

    gas: int  # limit to sign with


@dataclass(frozen=True, slots=True)
class Refused:
    """The call would fail, or cannot be paid; nothing was signed."""

    reason: str


#: Part of the signer's balance that ``least_gas`` may bind: replacements at higher bids have to be payable as well.
_BALANCE_PART = 4


def rehearse(
    rpc: Rpc, intent: Intent, bid: FeeBid, *, tx_gas_cap: int, abis: Sequence[ABI], least_gas: int = 0
) -> Ready | Refused:
    """Whether ``intent`` can be signed now: its estimate at the head, a quarter above it as gas limit.

    Args:
        least_gas: A limit of at least that much, as far as a part of the balance covers it: for calls that may need
            more by the time they are mined than they do now. Gas that is not used is not paid.

    Returns:
        Refused with the decoded custom error, the gas that the chain does not allow, or the wei that are missing.
    """
    try:
        estimate = rpc.estimate_gas(intent.target, intent.calldata, sender=intent.signer)
    except errors.Reverted as refusal:
        return Refused(explain(refusal, abis))
    if estimate > tx_gas_cap:
        return Refused(f"needs {estimate} gas, the chain allows {tx_gas_cap} a transaction")
    balance = rpc.balance(intent.signer)
    spare = min(least_gas, balance // _BALANCE_PART // max(bid.max_fee, 1))
    gas = min(max(ratio_up(estimate, times=5, per=4), spare), tx_gas_cap)
    missing = gas * bid.max_fee - balance
    if missing > 0:
        return Refused(f"{intent.signer} lacks {missing} wei for {gas} gas at {bid.max_fee} wei each")
    return Ready(gas)


def explain_failure(rpc: Rpc, intent: Intent, *, block: int, abis: Sequence[ABI]) -> str:
    """Why the intent's transaction in ``block`` failed, as far as the state there still tells.

    Raises RpcUnavailable if the node answers neither there nor at the head.
    """
    try:
        return _explain_at(rpc, intent, block, abis)
    except errors.RpcUnavailable:
        # Nodes drop the state of old blocks after minutes; not knowing why must not keep the intent from its end.
        return f"{_explain_at(rpc, intent, None, abis)} (asked at the head: the state of block {block} is gone)"


def _explain_at(rpc: Rpc, intent: Intent, block: int | None, abis: Sequence[ABI]) -> str:
    try:
        rpc.call(intent.target, intent.calldata, sender=intent.signer, block=block)
    except errors.Reverted as refusal:
        return explain(refusal, abis)
    return "failed in its block; the same call succeeds after it (out of gas, or the state was changed by then)"


def explain(refusal: errors.Reverted, abis: Sequence[ABI]) -> str:
    """The custom error in readable form, or the node's words where there is none."""
    data = refusal.context.get("data")
    if isinstance(data, str) and len(data) > 2:
        return decode_revert(abis, from_hex(data))
    return str(refusal.context.get("reason") or "reverted without a reason")
