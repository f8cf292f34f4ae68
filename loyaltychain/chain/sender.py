"""Carries intents to their end: one action a call, each safe to be killed in at any line.

On disk first, then out: nonce and signed bytes are committed before the bytes are sent, and the hash is ours. What
is done next is ``plan``'s decision; here it is only carried out.
"""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from eth_typing import ABI
from sqlalchemy import Engine

from loyaltychain.chain import outbox
from loyaltychain.chain.fees import FeeBid
from loyaltychain.chain.intents import ENDS, Attempt, Intent, Mined, NewIntent
from loyaltychain.chain.observe import Patience, Shelf, observe
from loyaltychain.chain.plan import LOOKS_BEFORE_BUMP, Action, Broadcast, Bump, Finish, Halt, Sign, Wait, plan
from loyaltychain.chain.profiles import Profile
from loyaltychain.chain.rehearse import Refused, explain_failure, rehearse
from loyaltychain.chain.rpc import Block, Receipt, Rpc
from loyaltychain.chain.signer import Signer, UnsignedTx
from loyaltychain.chain.taken import drop_anchor, is_taken
from loyaltychain.core import errors
from loyaltychain.core.clock import Clock
from loyaltychain.db.engine import reading, transaction
from loyaltychain.db.lock import lock


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an intent that succeeded."""

    intent_id: str
    tx_hash: bytes
    block_number: int
    block_hash: bytes
    gas_used: int
    contract_address: str | None  # of a creation, lower-case


class Sender:
    """The outbox's only consumer. One per process, and one process per signer."""

    def __init__(
        self,
        engine: Engine,
        rpc: Rpc,
        signers: Collection[Signer],
        *,
        profile: Profile,
        clock: Clock,
        abis: Sequence[ABI],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """
        Args:
            signers: Whoever may sign; an intent names one by its address.
            abis: Of the contracts whose custom errors are to be readable.
            sleep: Seconds between two looks, in ``execute`` alone.
        """
        self.engine = engine
        self.rpc = rpc
        self.profile = profile
        self._signers = {signer.address.lower(): signer for signer in signers}
        self._clock = clock
        self._abis = abis
        self._sleep = sleep
        self._patience: dict[str, Patience] = {}
        self._anchors: dict[str, Block | None] = {}

    def execute(self, intent: NewIntent, *, max_looks: int = 600) -> Outcome:
        """Ask for ``intent`` and carry it to its end, however often this was begun before.

        Raises:
            IdempotencyConflict: the id was used for something else.
            Reverted: its rehearsal was refused or it cannot be paid; nothing was signed, and calling again retries.
            IntentReverted: it failed on chain, for good.
            NonceTaken: a transaction that is not ours used the nonce, for good; it cannot happen any more.
            NotYetFinal: still on its way after ``max_looks`` looks; calling again goes on.
            ChainBehind, SendRefused, RpcUnavailable: as ``drive``.
        """
        with transaction(self.engine) as tx:
            outbox.enqueue(tx, intent, now=self._clock())
        for _ in range(max_looks):
            before = self._read(intent.id)
            now = before if before.state in ENDS else self.drive(intent.id)
            if now.state == "final":
                return _outcome(now)
            if now.is_dead:
                raise errors.NonceTaken(intent=now.id, signer=now.signer, nonce=now.nonce, reason=now.reason)
            if now.state == "reverted":
                raise errors.IntentReverted(intent=now.id, reason=now.reason, block=now.block_number)
            if now.state == "parked":
                raise errors.Reverted("Nothing was sent: its rehearsal failed.", intent=now.id, reason=now.reason)
            if now == before:
                self._sleep(self.profile.poll_seconds)
        raise errors.NotYetFinal(intent=intent.id, looks=max_looks)

    def drive(self, intent_id: str, *, least_gas: int = 0) -> Intent:
        """Carry out the intent's next action, and return the intent as it stands then; ``least_gas`` as ``rehearse``.

        ``parked`` means that nothing was signed and ``reason`` says why; the next call tries again.
        ``reverted`` without a transaction (``is_dead``) means that somebody else used its nonce, for good.

        Raises:
            WrongChain: the node serves another chain than the intent is for.
            ChainBehind: the chain has forgotten transactions that were final.
            SendRefused: the node will never take what was signed, or the signer may not sign it.
            RpcUnavailable: the chain does not answer; nothing is lost, call again.
            DatabaseBusy: somebody else works on the same intent.
        """
        shelf = self._take_down(intent_id)
        intent = shelf.intent
        if intent.state in ENDS:
            return intent
        if (chain_id := self.rpc.chain_id()) != intent.chain_id:
            raise errors.WrongChain(intent=intent_id, expected=intent.chain_id, actual=chain_id)
        patience = self._patience.get(intent_id, Patience())
        seen = observe(self.rpc, shelf, profile=self.profile, patience=patience)
        action = plan(intent, shelf.attempts, seen)
        self._act(action, shelf, head=seen.head, depth=seen.finality_depth, least_gas=least_gas)
        return self._read(intent_id)

    def _take_down(self, intent_id: str) -> Shelf:
        with reading(self.engine) as tx:
            intent = outbox.read_intent(tx, intent_id)
            in_flight = outbox.find_in_flight(tx, intent.chain_id, intent.signer)
            return Shelf(
                intent=intent,
                attempts=outbox.read_attempts(tx, intent_id),
                given=outbox.next_nonce(tx, intent.chain_id, intent.signer),
                in_flight=None if in_flight == intent_id else in_flight,
            )

    def _act(self, action: Action, shelf: Shelf, *, head: int, depth: int, least_gas: int) -> None:
        intent = shelf.intent
        match action:
            case Sign(bid):
                self._sign(intent, bid, least_gas=least_gas)
            case Broadcast(attempt):
                self._broadcast(intent, attempt)
            case Bump(previous) if intent.signer not in self._signers:
                self._broadcast(intent, previous)  # the key was exchanged; what it signed is still good
            case Bump(previous, bid):
                self._bump(intent, previous, bid)
            case Wait(receipt, is_strange):
                if is_strange:
                    self._hold_anchor(intent)
                self._wait(intent, receipt, strange_at=head if is_strange else None)
            case Finish(receipt):
                self._finish(intent, receipt)
            case Halt("nonce-taken"):
                self._give_up(shelf, head=head, depth=depth)
            case Halt("chain-behind"):
                raise errors.ChainBehind(
                    "The chain has forgotten transactions of this signer that were final.",
                    intent=intent.id,
                    nonce=intent.nonce,
                )

    def _sign(self, intent: Intent, bid: FeeBid, *, least_gas: int) -> None:
        """Rehearse, then take the nonce and keep the signed bytes in one transaction."""
        cap = self.profile.tx_gas_cap
        ready = rehearse(self.rpc, intent, bid, tx_gas_cap=cap, abis=self._abis, least_gas=least_gas)
        if isinstance(ready, Refused):
            with transaction(self.engine) as tx:
                outbox.set_parked(tx, intent, ready.reason)
            return
        used = self.rpc.nonce(intent.signer)
        with transaction(self.engine) as tx:
            # Checked again where it counts: between the look and this transaction somebody may have signed.
            lock(tx, f"nonces of {intent.signer} on {intent.chain_id}")
            other = outbox.find_in_flight(tx, intent.chain_id, intent.signer)
            if other is not None:
                raise errors.DatabaseBusy("The signer has another intent in flight.", intent=intent.id, other=other)
            nonce = max(used, outbox.next_nonce(tx, intent.chain_id, intent.signer))
            attempt = self._signed(intent, bid, nonce=nonce, gas=ready.gas)
            outbox.append_first_attempt(tx, attempt, nonce=nonce)
        self._patience.pop(intent.id, None)

    def _bump(self, intent: Intent, previous: Attempt, bid: FeeBid) -> None:
        """Keep a replacement on the same nonce; the attempts before it stay watched."""
        assert intent.nonce is not None, "plan bumps only what holds a nonce"
        attempt = self._signed(intent, bid, nonce=intent.nonce, gas=previous.gas)
        with transaction(self.engine) as tx:
            outbox.append_replacement(tx, attempt)
        self._patience.pop(intent.id, None)

    def _signed(self, intent: Intent, bid: FeeBid, *, nonce: int, gas: int) -> Attempt:
        signer = self._signers.get(intent.signer)
        if signer is None:
            raise errors.SendRefused("No key for this signer is at hand.", intent=intent.id, signer=intent.signer)
        signed = signer.sign(
            UnsignedTx(
                chain_id=intent.chain_id,
                nonce=nonce,
                target=intent.target,
                calldata=intent.calldata,
                gas=gas,
                max_fee=bid.max_fee,
                tip=bid.tip,
            )
        )
        return Attempt(signed.tx_hash, intent.id, signed.raw, gas, bid.max_fee, bid.tip, self._clock())

    def _broadcast(self, intent: Intent, attempt: Attempt) -> None:
        reason = None
        try:
            self.rpc.send_raw(attempt.raw)
        except errors.SendRefused as refusal:
            self._refused(intent, attempt, refusal)
            return
        except errors.RpcUnavailable as unclear:
            # Maybe sent counts as sent: the bytes are the same, only the chain can tell, and it is asked next.
            reason = str(unclear)
        if intent.state != "broadcast":
            with transaction(self.engine) as tx:
                outbox.set_broadcast(tx, intent, reason=reason)
        self._look_again(intent)

    def _refused(self, intent: Intent, attempt: Attempt, refusal: errors.SendRefused) -> None:
        """Judge a refusal by what we can see ourselves, where we can: wording differs from node to node.

        Missing wei, and a bid that is too low by now, pass by themselves; all else is for an engineer.
        """
        missing = attempt.gas * attempt.max_fee - self.rpc.balance(intent.signer)
        is_outbid = self.rpc.fees().base_fee > attempt.max_fee or "underpriced" in str(refusal)
        with transaction(self.engine) as tx:
            outbox.set_reason(tx, intent, f"{intent.signer} lacks {missing} wei" if missing > 0 else str(refusal))
        if missing <= 0 and not is_outbid:
            raise refusal
        patience = self._patience.get(intent.id, Patience())
        looks = LOOKS_BEFORE_BUMP if is_outbid else patience.looks + 1
        self._patience[intent.id] = replace(patience, looks=looks)

    def _wait(self, intent: Intent, receipt: Receipt | None, *, strange_at: int | None) -> None:
        if receipt is not None:
            mined = Mined.of(receipt)
            if (intent.state, intent.tx_hash, intent.block_hash) != ("mined", mined.tx_hash, mined.block_hash):
                with transaction(self.engine) as tx:
                    outbox.set_mined(tx, intent, mined)
            self._patience.pop(intent.id, None)
        else:
            self._look_again(intent, strange_at=strange_at)

    def _look_again(self, intent: Intent, *, strange_at: int | None = None) -> None:
        patience = self._patience.get(intent.id, Patience())
        since = patience.strange_since if patience.strange_since is not None else strange_at
        self._patience[intent.id] = Patience(patience.looks + 1, None if strange_at is None else since)

    def _hold_anchor(self, intent: Intent) -> None:
        if intent.nonce is not None:
            self._anchors[intent.id] = drop_anchor(self.rpc, intent, self._anchors.get(intent.id))

    def _give_up(self, shelf: Shelf, *, head: int, depth: int) -> None:
        """Write down, once it is proven, that none of the attempts can ever happen; until then look again."""
        intent = shelf.intent
        self._hold_anchor(intent)
        anchor = self._anchors.get(intent.id)
        if anchor is None or not is_taken(self.rpc, shelf.attempts, anchor, head=head, finality_depth=depth):
            self._look_again(intent, strange_at=head)
            return
        reason = f"nonce {intent.nonce} of {intent.signer} was used by a transaction that is not ours"
        with transaction(self.engine) as tx:
            outbox.set_dead(tx, intent, reason=f"{reason}, in block {anchor.number} or before")
        self._patience.pop(intent.id, None)

    def _finish(self, intent: Intent, receipt: Receipt) -> None:
        mined = Mined.of(receipt)
        if receipt.status == 1:
            with transaction(self.engine) as tx:
                outbox.set_final(tx, intent, mined)
        else:
            reason = explain_failure(self.rpc, intent, block=receipt.block_number, abis=self._abis)
            with transaction(self.engine) as tx:
                outbox.set_reverted(tx, intent, mined, reason=reason)
        self._patience.pop(intent.id, None)

    def _read(self, intent_id: str) -> Intent:
        with reading(self.engine) as tx:
            return outbox.read_intent(tx, intent_id)


def _outcome(intent: Intent) -> Outcome:
    assert intent.tx_hash is not None, intent.id
    assert intent.block_number is not None, intent.id
    assert intent.block_hash is not None, intent.id
    assert intent.gas_used is not None, intent.id
    return Outcome(
        intent_id=intent.id,
        tx_hash=intent.tx_hash,
        block_number=intent.block_number,
        block_hash=intent.block_hash,
        gas_used=intent.gas_used,
        contract_address=intent.contract_address,
    )
