"""A chain with one signer of ours and one contract that takes batches: as much of a chain as a sender can meet.

Everything that a chain does to a sender is a method here: blocks with or without his transactions, reorganisations, a
pool that forgets, somebody else with his key, ether that goes, gas that rises, a contract that is paused.
How a node talks about it is ``node``'s.
"""

from dataclasses import dataclass, field, replace
from hashlib import blake2b
from random import Random

CHAIN_ID = 7_000_000_007
FUNDS = 10**15  # wei
BASE_FEE = 100  # wei a gas
GAS_USED = 40_000
SECONDS = 12  # between two blocks


@dataclass(slots=True)
class FakeClock:
    """Stands still until it is moved."""

    now: int = 1_800_000_000

    def __call__(self) -> int:
        return self.now


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a transaction's calldata asks of the contract."""

    number: int
    prev: bytes  # hash of the batch before it
    hash: bytes
    points: int


@dataclass(frozen=True, slots=True)
class SentTx:
    """A signed transaction, as the chain reads it. ``content`` None: of somebody else with our key."""

    hash: bytes
    nonce: int
    content: Settlement | None
    gas: int
    max_fee: int
    tip: int


@dataclass(frozen=True, slots=True)
class State:
    """What a block leaves behind: our account and the contract."""

    nonce: int
    balance: int
    hashes: tuple[bytes, ...]  # of the settled batches, by number; at 0 the genesis hash
    points: int


@dataclass(frozen=True, slots=True)
class Made:
    """A block, the transactions of ours in it, and whether each succeeded."""

    number: int
    hash: bytes
    parent: bytes
    time: int
    txs: tuple[tuple[SentTx, int], ...]
    state: State


@dataclass(slots=True)
class View:
    """The canonical blocks at one moment, and where each transaction stands."""

    blocks: list[Made]
    places: dict[bytes, int]

    @property
    def head(self) -> Made:
        return self.blocks[-1]

    def copy(self) -> "View":
        return View(list(self.blocks), dict(self.places))


@dataclass(slots=True)
class FakeChain:
    """
    Args:
        depth: No reorganisation takes more blocks than that; a block with as many on top is final.
        is_guarded: Whether the contract takes each number once and in order. Without that only the nonce protects.
        nonce: How many transactions the key had before we came.
    """

    rng: Random
    clock: FakeClock
    depth: int
    genesis: bytes = bytes(32)
    is_guarded: bool = True
    nonce: int = 0
    base_fee: int = BASE_FEE
    is_paused: bool = False
    pool: dict[int, list[SentTx]] = field(default_factory=dict)
    sent: dict[bytes, SentTx] = field(default_factory=dict)  # whatever reached a node, taken or not
    nonce_faults: list[str] = field(default_factory=list)
    orphans: dict[bytes, Made] = field(default_factory=dict)  # by transaction: a block that held it and is no more
    _made: int = 0
    view: View = field(init=False)

    def __post_init__(self) -> None:
        state = State(self.nonce, FUNDS, (self.genesis,), 0)
        self.view = View([Made(0, self._next_hash(), bytes(32), self.clock(), (), state)], {})

    @property
    def state(self) -> State:
        """At the head."""
        return self.view.head.state

    @property
    def final(self) -> int:
        """Number of the newest block that no reorganisation takes away."""
        return max(self.view.head.number - self.depth, 0)

    def take(self, tx: SentTx) -> str | None:
        """Into the pool, or why not, in a node's words. Kept beside others on the same nonce: nodes differ."""
        rivals = self.pool.get(tx.nonce, [])
        if tx in rivals or tx.hash in self.view.places:
            return "already known"
        if tx.nonce < self.state.nonce:
            return "nonce too low"
        if tx.gas * tx.max_fee > self.state.balance:
            return "insufficient funds for gas * price + value"
        if any(rival.max_fee * 110 > tx.max_fee * 100 for rival in rivals):
            return "replacement transaction underpriced"
        self.pool[tx.nonce] = [*rivals, tx]
        return None

    def note(self, tx: SentTx) -> None:
        """Somebody has sent this: from now on it can be mined, whatever the node answers."""
        if tx.content is not None and tx.hash not in self.sent:
            self.nonce_faults += [fault for other in self.sent.values() if (fault := self._compare(tx, other))]
        self.sent[tx.hash] = tx

    def add_block(self, *, is_empty: bool = False) -> None:
        """One more block, with what the pool has and the base fee lets in."""
        head, state, txs = self.view.head, self.state, []
        self.clock.now += SECONDS
        while not is_empty and len(txs) < 3:
            payable = [tx for tx in self.pool.get(state.nonce, ()) if self._is_payable(tx, state)]
            if not payable:
                break
            tx = self.rng.choice(payable)
            state, status = self._run(tx, state)
            txs.append((tx, status))
            self.view.places[tx.hash] = head.number + 1
        for nonce in [nonce for nonce in self.pool if nonce < state.nonce]:
            del self.pool[nonce]
        made = Made(head.number + 1, self._next_hash(), head.hash, self.clock(), tuple(txs), state)
        self.view.blocks.append(made)

    def reorganise(self, blocks: int, *, keeps: float) -> None:
        """Other blocks in place of the newest; each transaction in them goes back to the pool, or is forgotten."""
        blocks = min(blocks, self.depth, len(self.view.blocks) - 1)
        lost = [self.view.blocks.pop() for _ in range(blocks)]
        for tx in [tx for made in reversed(lost) for tx, _ in made.txs]:
            del self.view.places[tx.hash]
            self.orphans[tx.hash] = next(made for made in lost if any(held.hash == tx.hash for held, _ in made.txs))
            if self.rng.random() < keeps:
                self.pool.setdefault(tx.nonce, []).append(tx)
        for _ in range(blocks):
            self.add_block(is_empty=self.rng.random() < 0.5)

    def use_key(self) -> None:
        """Somebody else sends a transaction with our key, on the next nonce that he sees."""
        nonce = self.state.nonce
        tx = SentTx(self._next_hash(), nonce, None, 21_000, 40 * BASE_FEE, BASE_FEE)
        self.pool.setdefault(nonce, []).append(tx)

    def set_balance(self, wei: int) -> None:
        """Ether leaves or comes, in a block of its own."""
        self.add_block(is_empty=True)
        head = self.view.blocks[-1]
        self.view.blocks[-1] = replace(head, state=replace(head.state, balance=wei))

    def ours(self, number: int) -> list[SentTx]:
        """The canonical transactions that settled a batch of this number."""
        found = [tx for made in self.view.blocks for tx, status in made.txs if status == 1]
        return [tx for tx in found if tx.content is not None and tx.content.number == number]

    def _is_payable(self, tx: SentTx, state: State) -> bool:
        return tx.max_fee >= self.base_fee and tx.gas * tx.max_fee <= state.balance

    def _run(self, tx: SentTx, state: State) -> tuple[State, int]:
        price = min(tx.max_fee, self.base_fee + tx.tip)
        paid = replace(state, nonce=state.nonce + 1, balance=state.balance - GAS_USED * price)
        content = tx.content
        if content is None:
            return paid, 1
        is_next = content.number == len(state.hashes) and content.prev == state.hashes[-1]
        if self.is_paused or (self.is_guarded and not is_next):
            return paid, 0
        hashes = (*state.hashes[: content.number], content.hash, *state.hashes[content.number + 1 :])
        return replace(paid, hashes=hashes, points=state.points + content.points), 1

    def _compare(self, tx: SentTx, other: SentTx) -> str | None:
        """What is wrong about sending ``tx`` after ``other``, both ours."""
        assert tx.content is not None and other.content is not None
        number, before = tx.content.number, other.content.number
        if tx.nonce == other.nonce and number != before:
            return f"batch {number} was sent on nonce {tx.nonce}, which batch {before} has"
        if tx.nonce != other.nonce and number == before and not self._is_dead(other):
            return f"batch {number} was sent on nonce {tx.nonce}, and on {other.nonce} as well"
        return None

    def _is_dead(self, tx: SentTx) -> bool:
        """Whether a final block proves that this one will never count: another took its nonce, or it failed there."""
        for made in self.view.blocks[: self.final + 1]:
            for mined, status in made.txs:
                if mined.nonce == tx.nonce:
                    return mined.content != tx.content or status == 0
        return False

    def _next_hash(self) -> bytes:
        self._made += 1
        return blake2b(self._made.to_bytes(8), digest_size=32).digest()
