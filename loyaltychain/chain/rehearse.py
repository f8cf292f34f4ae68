"""A call tried out before it costs anything: would it succeed, with how much gas, and can the signer pay?

Decides whether an intent may be signed. Takes no nonce and writes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from eth_typing import ABI

from loyaltychain.chain.abi import decode_revert
from loyaltychain.chain.fees import FeeBid
from loyaltychain.chain.intents import Intent
from loyaltychain.chain.l1_fee import data_bound
from loyaltychain.chain.profiles import L1Fee
from loyaltychain.chain.rpc import Rpc
from loyaltychain.chain.signer import UnsignedTx
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


class Limits(Protocol):
    """The part of a chain profile that bounds one transaction."""

    @property
    def tx_gas_cap(self) -> int: ...
    @property
    def max_wei_per_batch(self) -> int: ...
    @property
    def l1_fee(self) -> L1Fee | None: ...


def rehearse(
    rpc: Rpc, intent: Intent, bid: FeeBid, *, limits: Limits, abis: Sequence[ABI], least_gas: int = 0
) -> Ready | Refused:
    """Whether ``intent`` can be signed now: called and estimated at the head, with a quarter above as gas limit.

    What it may cost is gas at the bid and, on a rollup, the bound of what its data costs with a quarter above, since
    layer 1's price may rise until it is mined.

    Args:
        least_gas: A limit of at least that much, as far as a part of the balance covers it: for calls that may need
            more by the time they are mined than they do now. Gas that is not used is not paid.

    Returns:
        Refused with the decoded custom error, the gas that the chain does not allow, the wei that are missing, or the
        wei that lie above what one transaction may cost.

    Raises:
        InvalidSettings: the chain does not charge for data as its profile says.
        RpcUnavailable: the node does not answer.
    """
    try:
        if intent.target is not None:
            rpc.call(intent.target, intent.calldata, sender=intent.signer)
        estimate = rpc.estimate_gas(intent.target, intent.calldata, sender=intent.signer)
    except errors.Reverted as refusal:
        return Refused(explain(refusal, abis))
    if estimate > limits.tx_gas_cap:
        return Refused(f"needs {estimate} gas, the chain allows {limits.tx_gas_cap} a transaction")
    balance = rpc.balance(intent.signer)
    spare = min(least_gas, balance // _BALANCE_PART // max(bid.max_fee, 1))
    gas = min(max(ratio_up(estimate, times=5, per=4), spare), limits.tx_gas_cap)
    data = ratio_up(data_bound(rpc, limits.l1_fee, _unsigned(intent, bid, gas)), times=5, per=4)
    cost = gas * bid.max_fee + data
    if cost > limits.max_wei_per_batch:
        return Refused(
            f"could cost {cost} wei ({gas} gas at {bid.max_fee} wei each{_for_data(data)}), and one transaction may "
            f"cost {limits.max_wei_per_batch}; it is tried again until it costs less"
        )
    if cost > balance:
        return Refused(
            f"{intent.signer} lacks {cost - balance} wei for {gas} gas at {bid.max_fee} wei each{_for_data(data)}"
        )
    return Ready(gas)


def _unsigned(intent: Intent, bid: FeeBid, gas: int) -> UnsignedTx:
    """As it will be signed, with a nonce of some size: a few bytes do not change what data costs."""
    return UnsignedTx(intent.chain_id, 2**16, intent.target, intent.calldata, gas, bid.max_fee, bid.tip)


def _for_data(wei: int) -> str:
    return f" and {wei} wei for its data on layer 1" if wei else ""


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
