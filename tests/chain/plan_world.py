"""A model of a database, a chain and a sender that dies: small enough to try thousands of schedules on ``plan``.

The chain forgets and reorganises, up to the depth that counts as final. The real sender on a real chain is tested in
``test_sender`` and ``tests/crash``.
"""

from dataclasses import dataclass, field, replace

from loyaltychain.chain.fees import FeeBid
from loyaltychain.chain.intents import TRANSITIONS, Attempt, Intent, IntentState
from loyaltychain.chain.plan import Broadcast, Bump, Finish, Halt, Observation, Sign, Wait, plan
from loyaltychain.chain.rpc import Receipt
from tests.chain.intent_builders import NONCE, make_attempt, make_hash, make_intent, make_receipt


class KilledError(Exception):
    """The program died at this line."""


@dataclass
class World:
    """A database, a chain that forgets and reorganises up to its depth, and a program that may die at each line."""

    depth: int
    intent: Intent = field(default_factory=lambda: make_intent(state="pending", nonce=None))
    attempts: list[Attempt] = field(default_factory=list)
    blocks: list[bytes | None] = field(default_factory=lambda: [None])  # which of our attempts each block holds
    forks: int = 0  # gives blocks of another fork another hash
    hashes: list[bytes] = field(default_factory=lambda: [make_hash(1_000)])
    pool: set[bytes] = field(default_factory=set)
    looks: int = 0
    signatures: list[int] = field(default_factory=list)  # nonce of each

    def add_block(self, *, mine: bool) -> None:
        holds = max(self.pool) if mine and self.pool and not self.used() else None
        self.blocks.append(holds)
        self.hashes.append(make_hash(1_000 + len(self.blocks) + 1_000 * self.forks))
        if self.used():
            self.pool.clear()

    def used(self) -> bool:
        return any(self.blocks)

    def reorganise(self, blocks: int) -> None:
        """Forget the newest blocks, and what they held, as many as may not count as final; grow as many empty ones."""
        blocks = min(blocks, len(self.blocks) - 1, self.depth)
        self.forks += 1
        del self.blocks[len(self.blocks) - blocks :]
        del self.hashes[len(self.hashes) - blocks :]
        for _ in range(blocks):
            self.add_block(mine=False)

    def look(self) -> Observation:
        receipts = [
            make_receipt(block_number=number, block_hash=self.hashes[number], tx_hash=holds)
            for number, holds in enumerate(self.blocks)
            if holds is not None
        ]
        return Observation(
            head=len(self.blocks) - 1,
            nonce=NONCE + self.used(),
            given=NONCE if self.intent.nonce is None else NONCE + 1,
            receipts={receipt.tx_hash: receipt for receipt in receipts},
            canonical=dict(enumerate(self.hashes)),
            finality_depth=self.depth,
            bid=FeeBid(max_fee=100 * (len(self.attempts) + 1), tip=1),
            looks=self.looks,
        )

    def run_once(self, *, die_at: int | None = None) -> None:
        """One action as the sender carries it out; lines 1 and 2 are where it may die."""
        if self.intent.state in ("final", "reverted"):
            return
        match plan(self.intent, self.attempts, self.look()):
            case Sign(bid) | Bump(_, bid):
                self._die(1, die_at)
                nonce = NONCE if self.intent.nonce is None else self.intent.nonce
                self.signatures.append(nonce)
                number = len(self.attempts) + 1
                self.attempts.append(make_attempt(number, max_fee=bid.max_fee))
                self.intent = replace(self.intent, nonce=nonce)
                self._move("signed")
                self.looks = 0
            case Broadcast(attempt):
                self._die(1, die_at)
                if not self.used():
                    self.pool = {attempt.tx_hash}
                self._die(2, die_at)
                if self.intent.state != "broadcast":
                    self._move("broadcast")
                self.looks += 1
            case Wait(None):
                self.looks += 1
            case Wait(receipt):
                self._die(1, die_at)
                self._move("mined", receipt)
                self.looks = 0
            case Finish(receipt):
                self._die(1, die_at)
                self._move("final", receipt)
            case Halt(problem):
                raise AssertionError(f"nothing strange has happened: {problem}")

    def _die(self, line: int, die_at: int | None) -> None:
        if line == die_at:
            raise KilledError

    def _move(self, state: IntentState, receipt: Receipt | None = None) -> None:
        assert state in TRANSITIONS[self.intent.state]
        self.intent = replace(self.intent, state=state, block_hash=receipt and receipt.block_hash)
