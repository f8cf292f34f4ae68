"""Carries intents to their end: one action a call, each safe to be killed in at any line.

On disk first, then out: nonce and signed bytes are committed before the bytes are sent, and the hash is ours. What
is done next is ``plan``'s decision; here it is only carried out.
"""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from eth_typing import ABI
from sqlalchemy import Engine

from loyaltychain.chain import outbox
from loyaltychain.chain.fees import FeeBid
from loyaltychain.chain.intents import ENDS, Attempt, Intent, Mined, NewIntent
from loyaltychain.chain.observe import Patience, Shelf, observe
from loyaltychain.chain.outcome import Outcome as Outcome
from loyaltychain.chain.outcome import read_outcome
from loyaltychain.chain.plan import LOOKS_BEFORE_BUMP, Action, Broadcast, Bump, Finish, Halt, Sign, Wait, plan
from loyaltychain.chain.profiles import Profile
from loyaltychain.chain.rehearse import Refused, explain_failure, rehearse
from loyaltychain.chain.rpc import Receipt, Rpc
from loyaltychain.chain.signer import Signer, UnsignedTx
from loyaltychain.chain.taken import Anchors, wanted_nonce
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.clock import Clock
from loyaltychain.core.failpoints import hit
from loyaltychain.db.engine import check_fence, reading, transaction
from loyaltychain.db.lock import lock


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
        self._anchors = Anchors()
        self._said: dict[str, str | None] = {}  # what an intent was last said to wait for
        self._driven: set[str] = set()

    def now(self) -> UnixSeconds:
        """The sender's clock."""
        return self._clock()

    def has_driven(self, intent_id: str) -> bool:
        """Whether the intent was looked at since this program started."""
        return intent_id in self._driven

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
            outcome = read_outcome(now)
            if outcome is not None:
                return outcome
            if now == before:
                self._sleep(self.profile.poll_seconds)
        raise errors.NotYetFinal(intent=intent.id, looks=max_looks)

    def drive(self, intent_id: str, *, least_gas: int = 0, is_exclusive: bool = False) -> Intent:
        """Carry out the intent's next action, and return the intent as it stands then; ``least_gas`` as ``rehearse``.

        ``parked`` means that nothing was signed and ``reason`` says why; the next call tries again.
        ``reverted`` without a transaction (``is_dead``) means that somebody else used its nonce, for good; without a
        nonce either, that its signer was used by somebody else, and nothing was signed for that.

        Args:
            is_exclusive: Nobody but this database signs with the key. A person's key is used by other tools as well.

        Raises:
            WrongChain: the node serves another chain than the intent is for.
            ChainBehind: the chain has forgotten transactions that were final.
            SendRefused: the node will never take what was signed, or the signer may not sign it.
            RpcUnavailable: the chain does not answer; nothing is lost, call again.
            DatabaseBusy: somebody else works on the same intent.
        """
        shelf = replace(self._take_down(intent_id), is_exclusive=is_exclusive)
        intent = shelf.intent
        if intent.state in ENDS:
            return intent
        if (chain_id := self.rpc.chain_id()) != intent.chain_id:
            raise errors.WrongChain(intent=intent_id, expected=intent.chain_id, actual=chain_id)
        patience = self._patience.get(intent_id, Patience())
        seen = observe(self.rpc, shelf, profile=self.profile, patience=patience)
        action = plan(intent, shelf.attempts, seen)
        self._driven.add(intent_id)
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
                self._sign(shelf, bid, least_gas=least_gas)
            case Broadcast(attempt):
                self._broadcast(intent, attempt)
            case Bump(previous) if intent.signer not in self._signers:
                self._broadcast(intent, previous)  # the key was exchanged; what it signed is still good
            case Bump(previous, bid):
                self._bump(intent, previous, bid)
            case Wait(receipt, is_strange, reason):
                if is_strange:
                    self._anchors.hold(self.rpc, shelf)
                self._say(intent, reason)
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

    def _sign(self, shelf: Shelf, bid: FeeBid, *, least_gas: int) -> None:
        """Rehearse, sign, then take the nonce and keep the signed bytes in one transaction."""
        intent = shelf.intent
        ready = rehearse(self.rpc, intent, bid, limits=self.profile, abis=self._abis, least_gas=least_gas)
        if isinstance(ready, Refused):
            with transaction(self.engine) as tx:
                outbox.set_parked(tx, intent, ready.reason, now=self._clock())
            return
        used = self.rpc.nonce(intent.signer)
        if shelf.is_exclusive and 0 < shelf.given < used:
            return  # used by somebody else since the look that saw it free; the next look waits for the proof
        with reading(self.engine) as tx:
            nonce = max(used, outbox.next_nonce(tx, intent.chain_id, intent.signer))
        # Signed before the transaction, which must wait for nobody: a key may be a network away.
        attempt = self._signed(intent, bid, nonce=nonce, gas=ready.gas)
        hit("sign.before_persist")
        with transaction(self.engine) as tx:
            # Checked again where it counts: meanwhile somebody else may have signed. Then these bytes are forgotten.
            lock(tx, f"nonces of {intent.signer} on {intent.chain_id}")
            other = outbox.find_in_flight(tx, intent.chain_id, intent.signer)
            if other is not None:
                raise errors.DatabaseBusy("The signer has another intent in flight.", intent=intent.id, other=other)
            if nonce != max(used, outbox.next_nonce(tx, intent.chain_id, intent.signer)):
                raise errors.DatabaseBusy("The signer's nonce was given to another intent.", intent=intent.id)
            outbox.append_first_attempt(tx, attempt, nonce=nonce)
        hit("sign.after_persist")
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
        check_fence(self.engine)  # a worker that leads no more signs nothing
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
        hit("send.after")
        if intent.state != "broadcast":
            with transaction(self.engine) as tx:
                outbox.set_broadcast(tx, intent, reason=reason, now=self._clock())
        self._look_again(intent)

    def _refused(self, intent: Intent, attempt: Attempt, refusal: errors.SendRefused) -> None:
        """Judge a refusal by its class, and by what we can see ourselves: wording differs from node to node.

        Missing wei, and a bid that is too low by now, pass by themselves; all else is for an engineer.
        """
        kind = refusal.context.get("kind", "fatal")
        missing = attempt.gas * attempt.max_fee - self.rpc.balance(intent.signer)
        is_outbid = kind == "re-price" or self.rpc.fees().base_fee > attempt.max_fee
        with transaction(self.engine) as tx:
            outbox.set_reason(tx, intent, f"{intent.signer} lacks {missing} wei" if missing > 0 else str(refusal))
        if kind != "park" and missing <= 0 and not is_outbid:
            raise refusal
        patience = self._patience.get(intent.id, Patience())
        looks = LOOKS_BEFORE_BUMP if is_outbid else patience.looks + 1
        self._patience[intent.id] = replace(patience, looks=looks)

    def _say(self, intent: Intent, reason: str | None) -> None:
        """Write down what is waited for, and take it back when it is waited for no more."""
        if reason != self._said.get(intent.id) and (reason is not None or intent.reason == self._said.get(intent.id)):
            with transaction(self.engine) as tx:
                outbox.set_reason(tx, intent, reason)
        self._said[intent.id] = reason

    def _wait(self, intent: Intent, receipt: Receipt | None, *, strange_at: int | None) -> None:
        if receipt is not None:
            mined = Mined.of(receipt)
            if (intent.state, intent.tx_hash, intent.block_hash) != ("mined", mined.tx_hash, mined.block_hash):
                hit("mined.before_commit")
                with transaction(self.engine) as tx:
                    outbox.set_mined(tx, intent, mined, now=self._clock())
            self._patience.pop(intent.id, None)
        else:
            self._look_again(intent, strange_at=strange_at)

    def _look_again(self, intent: Intent, *, strange_at: int | None = None) -> None:
        self._patience[intent.id] = self._patience.get(intent.id, Patience()).after_a_look(strange_at=strange_at)

    def _give_up(self, shelf: Shelf, *, head: int, depth: int) -> None:
        """Write down, once it is proven, that none of the attempts can ever happen; until then look again."""
        intent = shelf.intent
        anchor = self._anchors.prove(self.rpc, shelf, head=head, finality_depth=depth)
        if anchor is None:
            self._look_again(intent, strange_at=head)
            return
        now = self._clock()
        reason = f"nonce {wanted_nonce(shelf)} of {intent.signer} was used by a transaction that is not ours"
        with transaction(self.engine) as tx:
            outbox.set_dead(tx, intent, reason=f"{reason}, in block {anchor.block.number} or before", now=now)
            outbox.insert_foreign(tx, intent, next_nonce=anchor.used, now=now)
        self._patience.pop(intent.id, None)

    def _finish(self, intent: Intent, receipt: Receipt) -> None:
        mined = Mined.of(receipt)
        if receipt.status == 1:
            hit("intent.before_final")
            with transaction(self.engine) as tx:
                outbox.set_final(tx, intent, mined, now=self._clock())
        else:
            reason = explain_failure(self.rpc, intent, block=receipt.block_number, abis=self._abis)
            with transaction(self.engine) as tx:
                outbox.set_reverted(tx, intent, mined, reason=reason, now=self._clock())
        self._patience.pop(intent.id, None)

    def _read(self, intent_id: str) -> Intent:
        with reading(self.engine) as tx:
            return outbox.read_intent(tx, intent_id)
