"""The nodes of a chain together: who may speak now, what each of them says, and who hears of it when that changes.

Knows states, not blocks: what the answers come to is ``nodes``'s.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from loyaltychain.chain.horizon import Horizon
from loyaltychain.chain.rpc import Rpc
from loyaltychain.chain.upstream import NodeState, Upstream, is_no_voice
from loyaltychain.core import errors

_T = TypeVar("_T")


class Assembly:
    """Everything but ``turn`` is called within a turn."""

    def __init__(self, upstreams: Sequence[Upstream], *, chain_id: int | None, check: Callable[[Rpc], None]) -> None:
        """
        Args:
            chain_id: The chain that is meant; None: the first node's.
            check: Raises WrongChain or Reverted for a node whose answers must not count.
        """
        self.upstreams = tuple(upstreams)
        self.chain_id = chain_id
        self.horizon = Horizon()
        self.tell: Callable[[str], None] = lambda _: None
        self._check = check
        self._lock = threading.RLock()
        self._told: dict[str, NodeState] = {}

    @contextmanager
    def turn(self) -> Iterator[None]:
        """One question at a time; at its end, what has become of nodes is told."""
        with self._lock:
            try:
                yield
            finally:
                self._announce()

    def passed(self) -> list[Upstream]:
        """The nodes of this chain, also those that are behind, after checking whoever is due."""
        for node in self.upstreams:
            if node.is_due:
                found = node.check(self.chain_id, self._check, self.horizon)
                self.chain_id = found if self.chain_id is None else self.chain_id
        return [node for node in self.upstreams if node.is_passed]

    def voters(self) -> list[Upstream]:
        """Those whose answers count now; one at least. Raises as ``nobody``."""
        alive = [node for node in self.passed() if node.is_alive]
        if not alive:
            raise self.nobody()
        return alive

    def hear(self, ask: Callable[[Upstream], _T]) -> dict[Upstream, _T]:
        """What each voter says; one at least.

        Raises:
            RpcUnavailable: none has a say in it (the first one's refusal), or none answers.
            WrongChain: as ``nobody``.
        """
        answers: dict[Upstream, _T] = {}
        refusals: list[errors.RpcUnavailable] = []
        for node in self.voters():
            try:
                answers[node] = ask(node)
            except errors.RpcUnavailable as failure:
                if is_no_voice(failure):
                    refusals.append(failure)
                else:
                    node.fail(failure)
        if not answers:
            raise refusals[0] if refusals else self.nobody()
        return answers

    def first(self, ask: Callable[[Upstream], _T]) -> _T:
        """What the first voter says that says anything. Raises as ``hear``."""
        refusals: list[errors.RpcUnavailable] = []
        for node in self.voters():
            try:
                return ask(node)
            except errors.RpcUnavailable as failure:
                if is_no_voice(failure):
                    refusals.append(failure)
                else:
                    node.fail(failure)
        raise refusals[0] if refusals else self.nobody()

    def nobody(self) -> errors.LoyaltyError:
        """The error for when no node can be used: WrongChain if all of them are of another one."""
        troubles = [node.trouble for node in self.upstreams]
        if all(isinstance(trouble, errors.WrongChain) for trouble in troubles):
            assert troubles[0] is not None
            return troubles[0]
        states = [f"{one.name}: {one.state}: {one.reason}" for node in self.upstreams if (one := node.standing)]
        return errors.RpcUnavailable("No node of the chain can be used just now.", nodes="; ".join(states))

    def _announce(self) -> None:
        for node in self.upstreams:
            now = node.standing
            before = self._told.get(node.name)
            if now is None or (before is not None and before.state == now.state):
                continue
            self._told[node.name] = now
            if before is None and now.state == "alive":
                continue  # as it should be
            self.tell(f"Node {now.name} is {now.state}" + ("." if now.reason is None else f": {now.reason}"))
