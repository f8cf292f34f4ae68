"""Several nodes as one: what changes our state counts when two of them say the same, and sends go to all.

Blocks, receipts, logs and reads of contracts need two equal answers where two nodes live; what only grows (head, final
block, nonce) is as far as two of them are. Balances, fees, rehearsals and estimates are the worse one's of two, the
second worst one's of more: a lie there costs a wait. Whose answers cannot be true is ``upstream``'s to keep.
"""

from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import TypeVar

from loyaltychain.chain.assembly import Assembly
from loyaltychain.chain.called import Called
from loyaltychain.chain.facts import Block, Fees, Log, Receipt, Transaction
from loyaltychain.chain.profiles import Profile
from loyaltychain.chain.quorum import agree, cautious, vouched
from loyaltychain.chain.rpc import BlockTag, Rpc
from loyaltychain.chain.upstream import NodeState, Upstream
from loyaltychain.core import errors
from loyaltychain.core.clock import Clock

_T = TypeVar("_T")
_LAG = 60  # seconds behind another node, where the profile does not say what silence is


class Nodes:
    """``Rpc`` over several nodes; one question at a time. Each request to a node has the time limits of its own.

    Beside what ``Rpc`` says, every method raises RpcUnavailable where the nodes do not agree, and WrongChain where all
    of them serve another chain.
    """

    def __init__(
        self,
        upstreams: Sequence[Upstream],
        profile: Profile,
        clock: Clock,
        *,
        chain_id: int | None = None,
        check: Callable[[Rpc], None] = lambda _: None,
    ) -> None:
        """
        Args:
            chain_id: The chain that is meant; None: the first node's.
            check: Raises WrongChain or Reverted for a node whose answers must not count. Asked at the first use of a
                node, and again after each trouble with it.
        """
        self._nodes = Assembly(upstreams, chain_id=chain_id, check=check)
        self._horizon, self._profile, self._clock = self._nodes.horizon, profile, clock
        self._newest: int | None = None  # block, when it was last asked for
        self.contradictions = 0  # transactions that one node took and another one refused for good

    def on_change(self, tell: Callable[[str], None]) -> None:
        """Have ``tell`` told what becomes of nodes, a sentence each."""
        self._nodes.tell = tell

    def states(self) -> list[NodeState]:
        """How each node stands that was asked so far, in the order of the settings."""
        return [standing for each in self._nodes.upstreams if (standing := each.standing) is not None]

    def chain_id(self) -> int:
        """As ``Rpc.chain_id``; a node that has gone over to another chain is out from here on."""
        with self._nodes.turn():
            for node, found in self._nodes.hear(lambda node: node.rpc.chain_id()).items():
                node.hold_against(self._nodes.chain_id, found)
            self._nodes.voters()
            assert self._nodes.chain_id is not None, "a node lives, so one has passed the check"
            return self._nodes.chain_id

    def block(self, number: int | BlockTag) -> Block:
        """As ``Rpc.block``: ``latest`` is the newest that two have."""
        with self._nodes.turn():
            if isinstance(number, int):
                return self._numbered(number)
            return self._head() if number == "latest" else self._tagged(number)

    def code(self, address: str, *, block: int | None = None) -> bytes:
        """As ``Rpc.code``."""
        return self._read(lambda rpc, number: rpc.code(address, block=number), f"the code of {address}", block)

    def storage(self, address: str, slot: int, *, block: int | None = None) -> bytes:
        """As ``Rpc.storage``."""
        return self._read(lambda rpc, number: rpc.storage(address, slot, block=number), f"a slot of {address}", block)

    def call(
        self, target: str | None, calldata: bytes, *, sender: str | None = None, block: int | None = None
    ) -> bytes:
        """As ``Rpc.call``; one with a sender and without a block is a rehearsal, at each node's own head."""
        if block is None and sender is not None:
            return self._weigh(lambda rpc: rpc.call(target, calldata, sender=sender), worse=len)

        def run(rpc: Rpc, number: int) -> Called:
            return Called.by(rpc, target, calldata, sender=sender, block=number)

        return self._read(run, f"a call to {target}", block).unwrap()

    def estimate_gas(self, target: str | None, calldata: bytes, *, sender: str) -> int:
        """As ``Rpc.estimate_gas``."""
        return self._weigh(lambda rpc: rpc.estimate_gas(target, calldata, sender=sender), worse=int)

    def logs(self, addresses: Sequence[str], *, first: int, last: int) -> list[Log]:
        """As ``Rpc.logs``. A node that has not come to ``last`` has no say: it would leave out what it lacks."""

        def read(node: Upstream) -> tuple[Log, ...]:
            node.rpc.block(last)
            return tuple(node.rpc.logs(addresses, first=first, last=last))

        if first > last:
            return []
        with self._nodes.turn():
            answers = self._nodes.hear(read)
            logs, others = agree(answers, about=f"the logs of blocks {first} to {last}")
            if self._is_final(last):
                for node in others:
                    node.quarantine(f"its logs of blocks {first} to {last} are not those of two other nodes")
            return list(logs)

    def nonce(self, address: str) -> int:
        """As ``Rpc.nonce``: what two nodes have seen used."""
        with self._nodes.turn():
            return vouched(self._nodes.hear(lambda node: node.rpc.nonce(address)).values())

    def balance(self, address: str) -> int:
        """As ``Rpc.balance``."""
        return self._weigh(lambda rpc: rpc.balance(address), worse=lambda wei: -wei)

    def fees(self) -> Fees:
        """As ``Rpc.fees``."""
        return self._weigh(lambda rpc: rpc.fees(), worse=lambda fees: fees.base_fee + fees.tip)

    def send_raw(self, raw: bytes) -> None:
        """As ``Rpc.send_raw``, to every node of the chain: one that takes it is enough."""
        with self._nodes.turn():
            refused: dict[Upstream, errors.SendRefused] = {}
            unclear: list[errors.RpcUnavailable] = []
            taken = 0
            for node in self._nodes.passed():
                try:
                    node.rpc.send_raw(raw)
                    taken += 1
                except errors.SendRefused as refusal:
                    refused[node] = refusal
                except errors.RpcUnavailable as failure:
                    unclear.append(failure)
                    if "method" in failure.context:  # no answer, as opposed to one that says nothing
                        node.fail(failure)
            if taken:
                self._count_contradictions(refused)
                return
            if unclear:
                raise unclear[0]
            raise next(iter(refused.values()), None) or self._nodes.nobody()

    def receipt(self, tx_hash: bytes) -> Receipt | None:
        """As ``Rpc.receipt``. None is no proof of anything but that no two nodes have one."""
        with self._nodes.turn():
            answers = self._nodes.hear(lambda node: node.rpc.receipt(tx_hash))
            if len(set(answers.values())) > 1:
                answers = self._without_forks(answers)
            if not answers:
                return None
            return agree(answers, about="a receipt")[0]

    def transaction(self, tx_hash: bytes) -> Transaction | None:
        """As ``Rpc.transaction``. What is taken over by it changes our state, so that one node's word is not enough."""
        with self._nodes.turn():
            return agree(self._nodes.hear(lambda node: node.rpc.transaction(tx_hash)), about="a transaction")[0]

    def ask(self, method: str, *params: object) -> object:
        """As ``Web3Rpc.ask``, of the first living node that can be asked so."""

        def run(node: Upstream) -> object:
            ask = getattr(node.rpc, "ask", None)
            if ask is None:
                raise errors.RpcUnavailable("The node refused to answer.", code=0, reason="no such request")
            return ask(method, *params)

        with self._nodes.turn():
            return self._nodes.first(run)

    def _head(self) -> Block:
        """The newest block that two nodes have; on the way, who is behind, and who cannot be right."""
        heads: dict[Upstream, Block] = {}
        for node in self._nodes.passed():
            try:
                head = node.rpc.block("latest")
            except errors.RpcUnavailable as failure:
                node.fail(failure)
                continue
            if lie := self._horizon.contradiction(head, is_head=True):
                node.quarantine(lie)
            else:
                heads[node] = head
        self._sort_out_late(heads)
        living = {node: head for node, head in heads.items() if node.is_alive}
        if not living:
            raise self._nodes.nobody()
        self._newest = vouched(head.number for head in living.values())
        return self._numbered(self._newest, known=living)

    def _sort_out_late(self, heads: Mapping[Upstream, Block]) -> None:
        """Behind is who is late by our clock too: else one node's blocks of tomorrow would put the others out."""
        newest = max((head.timestamp for head in heads.values()), default=0)
        limit = self._profile.head_alarm or _LAG
        for node, head in heads.items():
            lag = min(newest - head.timestamp, self._clock() - head.timestamp)
            node.keep_up(lag=lag if lag > limit else None)

    def _numbered(self, number: int, *, known: Mapping[Upstream, Block] = {}) -> Block:
        return self._counted(number, known=known)[0]

    def _counted(self, number: int, *, known: Mapping[Upstream, Block]) -> tuple[Block, int]:
        """The block, and how many nodes said so."""

        def read(node: Upstream) -> Block:
            block = known.get(node)
            return block if block is not None and block.number == number else node.rpc.block(number)

        answers = self._nodes.hear(read)
        for node, block in list(answers.items()):
            if lie := self._horizon.contradiction(block, is_head=False):
                node.quarantine(lie)
                del answers[node]
        if not answers:
            raise self._nodes.nobody()
        if len(answers) == 1 < len(self._nodes.voters()) and self._newest is not None and number > self._newest:
            raise errors.RpcUnavailable("Only one of the nodes has this block so far.", block=number)
        block, others = agree(answers, about=f"block {number}")
        votes = len(answers) - len(others)
        if self._is_final(number):
            for node in others:
                node.quarantine(f"it has another block {number} than two other nodes, and that is final")
            if self._profile.finality_tag is None:
                self._reach(block, votes=votes)
        return block, votes

    def _tagged(self, tag: BlockTag) -> Block:
        answers = self._nodes.hear(lambda node: node.rpc.block(tag))
        number = vouched(each.number for each in answers.values())
        if len(answers) == 1 < len(self._nodes.voters()):  # the others do not know the tag: by them the depth counts
            number = min(number, max(self._head().number - self._profile.finality_depth, 0))
        block, votes = self._counted(number, known=answers)
        if tag == self._profile.finality_tag:
            self._reach(block, votes=min(votes, len(answers)))
        return block

    def _reach(self, final: Block, *, votes: int) -> None:
        """One of several that was alone for a while must not put the others out for good by what it called final."""
        if votes > 1 or len(self._nodes.upstreams) == 1:
            self._horizon.reach(final)

    def _is_final(self, number: int) -> bool:
        if self._profile.finality_tag is None:
            return self._newest is not None and number <= self._newest - self._profile.finality_depth
        return self._horizon.block is not None and number <= self._horizon.block.number

    def _without_forks(self, answers: Mapping[Upstream, Receipt | None]) -> dict[Upstream, Receipt | None]:
        """Without those of blocks that two nodes have not, or have not yet: some nodes keep what a fork left behind."""
        newest = self._head().number
        kept: dict[Upstream, Receipt | None] = {}
        for node, receipt in answers.items():
            if receipt is None or receipt.block_number > newest:
                kept[node] = None
            elif self._numbered(receipt.block_number).hash == receipt.block_hash:
                kept[node] = receipt
        return kept

    def _count_contradictions(self, refused: Mapping[Upstream, errors.SendRefused]) -> None:
        """Of a transaction that one node took, none should say that it can never be taken."""
        for node, refusal in refused.items():
            if refusal.context.get("kind") == "fatal":
                self.contradictions += 1
                reason = refusal.context.get("reason")
                self._nodes.tell(f"Node {node.name} refused for good what another node took: {reason}")

    def _read(self, ask: Callable[[Rpc, int], _T], about: str, block: int | None) -> _T:
        """What two nodes say of the state after ``block``, or after the newest block that two have."""
        with self._nodes.turn():
            number = self._head().number if block is None else block
            return agree(self._nodes.hear(lambda node: ask(node.rpc, number)), about=f"{about} in block {number}")[0]

    def _weigh(self, ask: Callable[[Rpc], _T], *, worse: Callable[[_T], float]) -> _T:
        def run(node: Upstream) -> _T | errors.Reverted:
            try:
                return ask(node.rpc)
            except errors.Reverted as refusal:
                return refusal  # worse than anything

        with self._nodes.turn():
            answers = self._nodes.hear(run).values()
        found = cautious(answers, worse=lambda each: inf if isinstance(each, errors.Reverted) else worse(each))
        if isinstance(found, errors.Reverted):
            raise found
        return found
