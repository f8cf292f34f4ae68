"""A node in front of the fake chain, as ``Rpc``: it stands still, loses replies, refuses in every client's words.

Between any two answers the chain may go on. ``pending_nonce`` is what our code never asks, because nodes lie there.
"""

from collections.abc import Callable
from random import Random
from typing import Any, NoReturn

from loyaltychain.chain.facts import Block, Fees, Receipt
from loyaltychain.chain.send_errors import clients, judge_send
from loyaltychain.core import errors
from tests.chain.sending import refuse
from tests.simulation.chain import CHAIN_ID, GAS_USED, FakeChain, Made, SentTx, View

#: Everything that any client is known to say to a transaction, and two sentences that nobody knows.
SENTENCES = [*sorted({sentence for client in clients() for sentence in client.sentences}), "", "out of cheese"]


class FakeNode:
    """One node, for one signer.

    Args:
        decode: What the bytes say that are sent.
        finalized_lag: How many blocks its tag ``finalized`` is behind what is final in fact.
    """

    def __init__(
        self, chain: FakeChain, rng: Random, decode: Callable[[bytes], SentTx], *, finalized_lag: int = 0
    ) -> None:
        self.chain = chain
        self.is_calm = False
        self.happen: Callable[[], None] = lambda: None  # what the chain may do meanwhile
        self._rng = rng
        self._decode = decode
        self._finalized_lag = finalized_lag
        self._frozen: View | None = None

    def freeze(self) -> None:
        """Serve this moment's chain from now on: the node has lost its peers, or stands on a fork."""
        self._frozen = self.chain.view.copy()

    def thaw(self) -> None:
        self._frozen = None

    @property
    def view(self) -> View:
        """As this node knows it. May fail, and the chain may move before it answers."""
        if not self.is_calm:
            drawn = self._rng.random()
            if drawn < 0.02:
                self._lose()
            if drawn > 0.97:
                self.happen()
        return self._frozen or self.chain.view

    def chain_id(self) -> int:
        return CHAIN_ID

    def block(self, number: int | str) -> Block:
        made = self.made(number)
        return Block(made.number, made.hash, made.parent, made.time)

    def made(self, number: int | str) -> Made:
        """The whole block."""
        view = self.view
        if number == "latest":
            return view.head
        if isinstance(number, str):
            number = max(view.head.number - self.chain.depth - self._finalized_lag, 0)
        if number >= len(view.blocks):
            raise errors.RpcUnavailable("No such block.", number=number)
        return view.blocks[number]

    def nonce(self, address: str) -> int:
        """Now and then the count of some blocks ago: another node behind the same name."""
        blocks = self.view.blocks
        is_late = not self.is_calm and self._rng.random() < 0.05
        return blocks[-min(self._rng.randint(1, 4), len(blocks)) if is_late else -1].state.nonce

    def balance(self, address: str) -> int:
        return self.view.head.state.balance

    def fees(self) -> Fees:
        assert self.view
        return Fees(self.chain.base_fee, 2)

    def receipt(self, tx_hash: bytes) -> Receipt | None:
        view = self.view
        number = view.places.get(tx_hash)
        made = None if number is None else view.blocks[number]
        if made is None and not self.is_calm and self._rng.random() < 0.3:
            made = self.chain.orphans.get(tx_hash)  # it has not heard of the reorganisation
        if made is None:
            return None
        status = next(status for tx, status in made.txs if tx.hash == tx_hash)
        return Receipt(tx_hash, made.number, made.hash, status, GAS_USED, None)

    def pending_nonce(self) -> int:
        """What ``eth_getTransactionCount(…, "pending")`` says: now and then what is true."""
        state, pool = self.chain.state, self.chain.pool
        counted = state.nonce
        while counted in pool:
            counted += 1
        return counted if self.is_calm or self._rng.random() < 0.6 else state.nonce + self._rng.randint(0, 2)

    def send_raw(self, raw: bytes) -> None:
        tx = self._decode(raw)
        drawn = 1.0 if self.is_calm else self._rng.random()
        self.chain.note(tx)
        if drawn < 0.1:
            self._lose(maybe_sent=True)
        said = self.chain.take(tx)
        if drawn < 0.2:
            self._lose(maybe_sent=True)
        if drawn < 0.35:
            said = self._rng.choice(SENTENCES)  # a lie, or another node's answer
        if said is not None and judge_send(said) != "has-it":
            refuse(said)(raw)

    def _lose(self, **facts: Any) -> NoReturn:
        raise errors.RpcUnavailable("The line is down.", **facts)
