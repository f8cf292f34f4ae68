"""The worker around the real ``plan``, as small as it can be: the real looks, bids and proofs, books in memory.

What the sender and settlement's steps do with SQL and ABI is done here with dictionaries, so that ten thousand
courses take less than a minute. The real ones run the same courses in ``real``.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from hashlib import blake2b

from loyaltychain.chain.fees import FeeBid
from loyaltychain.chain.intents import ENDS, UNSIGNED, Attempt, Intent
from loyaltychain.chain.observe import Patience, Shelf, finality_depth, observe
from loyaltychain.chain.plan import LOOKS_BEFORE_BUMP, Action, Broadcast, Bump, Finish, Halt, Sign, Wait, plan
from loyaltychain.chain.profiles import Profile
from loyaltychain.chain.taken import Anchors
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.settlement.types import State
from tests.chain.intent_builders import make_intent
from tests.crash.harness import Fuse
from tests.simulation.books import Books, commit
from tests.simulation.chain import SentTx, Settlement
from tests.simulation.course import Setting, make_batches
from tests.simulation.node import FakeNode

GAS = 50_000


class Wallet:
    """Signs; its bytes are their own hash, and ``read`` is what a node reads in them."""

    def __init__(self) -> None:
        self._signed: dict[bytes, SentTx] = {}

    def sign(self, content: Settlement, *, nonce: int, bid: FeeBid, gas: int = GAS) -> SentTx:
        text = f"{nonce} {content.hash.hex()} {bid.max_fee} {bid.tip} {gas}"
        tx = SentTx(blake2b(text.encode(), digest_size=32).digest(), nonce, content, gas, bid.max_fee, bid.tip)
        self._signed[tx.hash] = tx
        return tx

    def read(self, raw: bytes) -> SentTx:
        return self._signed[raw]


class ModelPlayer:
    """The books in memory, and one program after another on them."""

    def __init__(self, setting: Setting) -> None:
        self.wallet = Wallet()
        self.node = FakeNode(setting.chain, setting.rng, self.wallet.read, finalized_lag=setting.finalized_lag)
        self.due = make_batches(setting.rng, setting.chain.genesis)
        self.books = Books(self.due)
        self._profile = setting.profile

    def start(self, fuse: Fuse) -> "Worker":
        return Worker(self.books, self.node, self.wallet, profile=self._profile, fuse=fuse)

    def states(self) -> dict[int, State]:
        return self.books.states


class Worker:
    """One program, from its start to its death. Only ``books`` outlives it."""

    def __init__(self, books: Books, node: FakeNode, wallet: Wallet, *, profile: Profile, fuse: Fuse) -> None:
        self.books = books
        self.node = node
        self.fuse = fuse
        self._wallet = wallet
        self._profile = profile
        self._patience: dict[str, Patience] = {}
        self._anchors = Anchors()

    def retry(self) -> None:
        """The operator's ``--retry``: a halted batch once more, if what was signed for it is dead for good."""
        for batch in self.books.batches_in("halted")[:1]:
            dead = self.books.intents_of(batch.number)[-1]
            hashes = self.node.made("latest").state.hashes
            if dead.state == "reverted" and (len(hashes), hashes[-1]) == (batch.number, batch.prev):
                self._submit(batch)

    def step(self) -> None:
        """One action: submit, or what is next for the submitted batch. Raises as the real steps do."""
        unfinished = self.books.batches_in("halted") + self.books.batches_in("submitted")
        if unfinished:
            self._confirm(unfinished[0])
        elif sealed := self.books.batches_in("sealed"):
            self._submit(sealed[0])

    def _submit(self, batch: Settlement) -> None:
        turn = len(self.books.intents_of(batch.number)) + 1
        name = f"settle:{batch.number}:{turn}"
        intent = make_intent(id=name, state="pending", nonce=None)
        commit(
            self.fuse,
            partial(self.books.intents.__setitem__, name, intent),
            partial(self.books.attempts.__setitem__, name, []),
            partial(self.books.states.__setitem__, batch.number, "submitted"),
        )

    def _confirm(self, batch: Settlement) -> None:
        intent = self.books.intents_of(batch.number)[-1]
        if intent.state in UNSIGNED:
            self._guard(batch)
        if intent.state not in ENDS:
            self._drive(intent, batch)
            intent = self.books.intents[intent.id]
        if intent.state in ENDS:
            self._conclude(batch, intent)

    def _guard(self, batch: Settlement) -> None:
        hashes = self.node.made("latest").state.hashes
        if len(hashes) > batch.number:
            raise errors.ChainAhead("The chain has more batches than were sent.")
        if (len(hashes), hashes[-1]) != (batch.number, batch.prev):
            raise errors.ChainBehind("The chain has fewer batches than are final.")

    def _conclude(self, batch: Settlement, intent: Intent) -> None:
        head = self.node.block("latest").number
        depth = finality_depth(self.node, self._profile, head=head)  # type: ignore[arg-type] # what it asks is there
        hashes = self.node.made(max(head - depth, intent.block_number or 0)).state.hashes
        is_settled = len(hashes) > batch.number and hashes[batch.number] == batch.hash
        commit(self.fuse, partial(self.books.states.__setitem__, batch.number, "final" if is_settled else "halted"))
        if not is_settled:
            raise errors.IntentReverted("The chain does not hold it.")

    def _drive(self, intent: Intent, batch: Settlement) -> None:
        shelf = Shelf(
            intent=intent,
            attempts=self.books.attempts[intent.id],
            given=self.books.next_nonce(),
            in_flight=None if (other := self.books.find_in_flight()) == intent.id else other,
            is_exclusive=True,
        )
        patience = self._patience.get(intent.id, Patience())
        seen = observe(self.node, shelf, profile=self._profile, patience=patience)  # type: ignore[arg-type]
        self._act(plan(intent, shelf.attempts, seen), shelf, batch, head=seen.head, depth=seen.finality_depth)

    def _act(self, action: Action, shelf: Shelf, batch: Settlement, *, head: int, depth: int) -> None:
        intent = shelf.intent
        match action:
            case Sign(bid):
                self._sign(shelf, batch, bid)
            case Bump(_, bid):
                assert intent.nonce is not None
                self._keep(intent, self._wallet.sign(batch, nonce=intent.nonce, bid=bid))
            case Broadcast(attempt):
                self._broadcast(intent, attempt)
            case Wait(None, is_strange):
                if is_strange:
                    self._anchors.hold(self.node, shelf)  # type: ignore[arg-type]
                self._look_again(intent, strange_at=head if is_strange else None)
            case Wait(receipt):
                assert receipt is not None
                if (intent.state, intent.tx_hash, intent.block_hash) != ("mined", receipt.tx_hash, receipt.block_hash):
                    self._move(intent, "mined", tx_hash=receipt.tx_hash, block_hash=receipt.block_hash)
                self._patience.pop(intent.id, None)
            case Finish(receipt):
                end = "final" if receipt.status == 1 else "reverted"
                self._move(intent, end, tx_hash=receipt.tx_hash, block_number=receipt.block_number)
            case Halt("nonce-taken"):
                self._give_up(shelf, head=head, depth=depth)
            case Halt(problem):
                raise errors.ChainBehind(problem)

    def _sign(self, shelf: Shelf, batch: Settlement, bid: FeeBid) -> None:
        intent = shelf.intent
        if self.node.chain.is_paused or GAS * bid.max_fee > self.node.balance(intent.signer):
            self._move(intent, "parked")
            return
        used = self.node.nonce(intent.signer)
        if not 0 < shelf.given < used:
            self._keep(intent, self._wallet.sign(batch, nonce=max(used, shelf.given), bid=bid))

    def _keep(self, intent: Intent, tx: SentTx) -> None:
        now = UnixSeconds(self.node.chain.clock())
        attempt = Attempt(tx.hash, intent.id, tx.hash, tx.gas, tx.max_fee, tx.tip, now)
        commit(self.fuse, partial(self.books.append, attempt, nonce=tx.nonce))
        self._patience.pop(intent.id, None)

    def _broadcast(self, intent: Intent, attempt: Attempt) -> None:
        self.fuse.burn()
        try:
            self.node.send_raw(attempt.raw)
        except errors.SendRefused as refusal:
            kind = refusal.context["kind"]
            is_short = attempt.gas * attempt.max_fee > self.node.balance(intent.signer)
            is_outbid = kind == "re-price" or self.node.fees().base_fee > attempt.max_fee
            if kind != "park" and not is_short and not is_outbid:
                raise
            patience = self._patience.get(intent.id, Patience())
            looks = LOOKS_BEFORE_BUMP if is_outbid else patience.looks + 1
            self._patience[intent.id] = replace(patience, looks=looks)
            return
        except errors.RpcUnavailable:
            pass  # maybe sent counts as sent
        self.fuse.burn()
        if intent.state != "broadcast":
            self._move(intent, "broadcast", tx_hash=None, block_hash=None)
        self._look_again(intent, strange_at=None)

    def _give_up(self, shelf: Shelf, *, head: int, depth: int) -> None:
        anchor = self._anchors.prove(self.node, shelf, head=head, finality_depth=depth)  # type: ignore[arg-type]
        if anchor is None:
            self._look_again(shelf.intent, strange_at=head)
            return
        dead: Callable[[], None] = partial(self.books.move, shelf.intent.id, "reverted", tx_hash=None)
        commit(self.fuse, dead, partial(setattr, self.books, "foreign", max(self.books.foreign, anchor.used)))

    def _move(self, intent: Intent, to: str, **facts: object) -> None:
        commit(self.fuse, partial(self.books.move, intent.id, to, **facts))  # type: ignore[arg-type]

    def _look_again(self, intent: Intent, *, strange_at: int | None) -> None:
        patience = self._patience.get(intent.id, Patience())
        self._patience[intent.id] = patience.after_a_look(strange_at=strange_at)
