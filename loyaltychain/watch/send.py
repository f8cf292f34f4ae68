"""Transactions of a key of one's own without a database: one at a time, from the rehearsal to its receipt.

Keeps nothing that outlives the process. Whoever is killed in the middle begins again by asking the chain how far
things are: a transaction that is still on its way has the next nonce, and the next one replaces it or comes too late.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import selector
from loyaltychain.chain.fees import CeilingReached, FeeBid, FeeLimits, next_fees
from loyaltychain.chain.rehearse import explain
from loyaltychain.chain.rpc import Receipt, Rpc
from loyaltychain.chain.signer import Signer, UnsignedTx
from loyaltychain.core import errors
from loyaltychain.core.amounts import ratio_up
from loyaltychain.core.hashing import to_hex

LOOKS_BEFORE_BUMP: Final = 12  # at a transaction without a receipt
LOOKS_MAX: Final = 240
LOOKS_AFTER_NONCE: Final = 3  # for a receipt, once the nonce is used
_FAILED_CALL: Final = to_hex(selector("FailedCall()"))


class Limits(FeeLimits, Protocol):
    """What a chain profile says that a sender has to keep to."""

    @property
    def poll_seconds(self) -> int: ...
    @property
    def tx_gas_cap(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Refused:
    """The chain would refuse the call, or it needs more gas than one may have. Nothing was signed."""

    reason: str
    is_too_large: bool  # a smaller part of the work may do


class Courier:
    """Sends calls to one contract with one key, and waits for them."""

    def __init__(
        self, rpc: Rpc, signer: Signer, limits: Limits, *, target: str, sleep: Callable[[float], object] = time.sleep
    ) -> None:
        self.address = signer.address
        self._rpc = rpc
        self._signer = signer
        self._limits = limits
        self.target = target
        self._sleep = sleep

    @property
    def gas_cap(self) -> int:
        """Gas that the chain allows a transaction."""
        return self._limits.tx_gas_cap

    def send(self, calldata: bytes, *, gas_max: int) -> Receipt | Refused:
        """The receipt of the mined call, whatever became of it there; or why nothing was sent.

        Args:
            gas_max: What its rehearsal may need.

        Raises:
            RpcUnavailable: the node does not answer, or the transaction stays away; ask the chain, then try again.
            InsufficientFunds: the key cannot pay.
            SendRefused: the node will never take it.
        """
        needed = self.rehearse(calldata, gas_max=gas_max)
        if isinstance(needed, Refused):
            return needed
        gas = min(ratio_up(needed, times=5, per=4), self._limits.tx_gas_cap)
        nonce = self._rpc.nonce(self.address)
        bid: FeeBid | None = None
        sent: list[bytes] = []
        for look in range(LOOKS_MAX):
            if look % LOOKS_BEFORE_BUMP == 0:
                bid = self._post(calldata, nonce, gas, bid, sent)
            if receipt := self._find(sent):
                return receipt
            if self._rpc.nonce(self.address) > nonce:
                # Ours, if the node is a moment behind with its receipts; else somebody used the key's nonce.
                if receipt := self._find_late(sent):
                    return receipt
                break
            self._sleep(self._limits.poll_seconds)
        raise errors.RpcUnavailable("The transaction did not come into a block.", signer=self.address, nonce=nonce)

    def rehearse(self, calldata: bytes, *, gas_max: int) -> int | Refused:
        """Gas that the call needs at the head, or why it may not be sent."""
        gas_max = min(gas_max, self._limits.tx_gas_cap)
        try:
            needed = self._rpc.estimate_gas(self.target, calldata, sender=self.address)
        except errors.Reverted as refusal:
            reason = explain(refusal, [artifacts.load("PointsLedger").abi])
            # A judge that ran out of gas says nothing, and the ledger then says no more than that its call failed.
            return Refused(reason, is_too_large=refusal.context.get("data") in (None, "0x", _FAILED_CALL))
        if needed > gas_max:
            return Refused(f"needs {needed:,} gas, {gas_max:,} are allowed", is_too_large=True)
        return needed

    def _post(self, calldata: bytes, nonce: int, gas: int, previous: FeeBid | None, sent: list[bytes]) -> FeeBid | None:
        """Sign and send at the first bid or at a higher one; at the ceiling, what was sent has to do."""
        bid = next_fees(previous, self._rpc.fees(), self._limits)
        if isinstance(bid, CeilingReached):
            if previous is None:
                raise errors.RpcUnavailable("The chain asks more for gas than may be paid.", ceiling=bid.ceiling)
            return previous
        missing = gas * bid.max_fee - self._rpc.balance(self.address)
        if missing > 0 and previous is None:
            raise errors.InsufficientFunds(
                f"{self.address} lacks {missing} wei for this challenge: send it some, the challenge window runs.",
                gas=gas,
            )
        chain_id = self._rpc.chain_id()
        signed = self._signer.sign(
            UnsignedTx(chain_id, nonce, self.target, calldata, gas=gas, max_fee=bid.max_fee, tip=bid.tip)
        )
        sent.append(signed.tx_hash)
        try:
            self._rpc.send_raw(signed.raw)
        except errors.RpcUnavailable:
            pass  # maybe sent counts as sent: receipts and the nonce tell
        except errors.SendRefused:
            if previous is None:
                raise
        return bid

    def _find_late(self, sent: list[bytes]) -> Receipt | None:
        for _ in range(LOOKS_AFTER_NONCE):
            if receipt := self._find(sent):
                return receipt
            self._sleep(self._limits.poll_seconds)
        return self._find(sent)

    def _find(self, sent: list[bytes]) -> Receipt | None:
        return next((receipt for tx_hash in sent if (receipt := self._rpc.receipt(tx_hash))), None)
