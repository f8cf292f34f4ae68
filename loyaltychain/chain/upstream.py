"""One of several nodes: what state it is in, why, and when it is asked again. What its answers mean is ``nodes``'s.

``alive``: asked, and its answers count. ``behind``: on the right chain, and too old to count. ``unreachable``: it
failed, and is left alone for a while. ``quarantined``: what it said cannot be true beside what we know, so nothing that
it says counts before it has passed the checks again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from loyaltychain.chain.backoff import Backoff
from loyaltychain.chain.horizon import Horizon
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core import errors

State = Literal["alive", "behind", "unreachable", "quarantined"]


@dataclass(frozen=True, slots=True)
class NodeState:
    """How a node stands. ``reason`` is None exactly while it is alive."""

    name: str
    state: State
    reason: str | None


class Upstream:
    """A node, under a name that may be shown."""

    def __init__(
        self,
        name: str,
        rpc: Rpc,
        *,
        failing: Backoff | None = None,
        lying: Backoff | None = None,
    ) -> None:
        self.name, self.rpc = name, rpc
        self.trouble: errors.LoyaltyError | None = None
        self._failing = failing or Backoff(first=1.0, longest=60.0)
        self._lying = lying or Backoff(first=10.0, longest=600.0)
        self._state: State | None = None  # None: never asked
        self._reason: str | None = None

    def __str__(self) -> str:
        return self.name

    @property
    def is_alive(self) -> bool:
        return self._state == "alive"

    @property
    def is_passed(self) -> bool:
        """Whether it has passed the checks, and nothing has happened since."""
        return self._state in ("alive", "behind")

    @property
    def is_due(self) -> bool:
        """Whether it is to be checked (again) now."""
        return not self.is_passed and self._failing.left() == 0 and self._lying.left() == 0

    @property
    def standing(self) -> NodeState | None:
        """None before it was ever asked."""
        return None if self._state is None else NodeState(self.name, self._state, self._reason)

    def check(self, chain_id: int | None, check: Callable[[Rpc], None], horizon: Horizon) -> int | None:
        """Whether it serves the chain that is meant, and knows what is final.

        Returns:
            Its chain's id, if it is alive by that; None: it is unreachable or quarantined now.
        """
        try:
            found = self.rpc.chain_id()
            if not self.hold_against(chain_id, found):
                return None
            check(self.rpc)
            head = self.rpc.block("latest")
            known = horizon.block
            blocks = [head] if known is None or head.number < known.number else [head, self.rpc.block(known.number)]
        except errors.InvariantError as trouble:  # another chain, no contract of ours, or an answer that is none of its
            self.quarantine(trouble.message, trouble)
            return None
        except errors.RpcUnavailable as failure:
            self.fail(failure)
            return None
        for block in blocks:
            if lie := horizon.contradiction(block, is_head=block is head):
                self.quarantine(lie)
                return None
        self._move("alive", None)
        return found

    def hold_against(self, chain_id: int | None, found: int) -> bool:
        """Whether the id that it gives is the one that is meant; else it is quarantined now."""
        if chain_id in (None, found):
            return True
        trouble = errors.WrongChain(
            f"This is another chain: its id is {found}, and {chain_id} is meant; use nodes of that chain."
        )
        self.quarantine(trouble.message, trouble)
        return False

    def keep_up(self, *, lag: int | None) -> None:
        """It told its newest block; ``lag``: seconds that it is behind, where that is too much to count."""
        self._failing.succeed()
        if lag is None:
            self._lying.succeed()
            self._move("alive", None)
        else:
            self._move("behind", f"its newest block is {lag} s behind another node's")

    def fail(self, failure: errors.RpcUnavailable) -> None:
        """It did not answer, or in no way that can be read; or it contradicts itself."""
        facts = failure.context
        if "contradiction" in facts:
            self.quarantine(str(facts["contradiction"]))
            return
        asked = facts.get("again_in")
        self._failing.fail(asked=float(asked) if isinstance(asked, int) else None)
        self.trouble = failure
        reason = facts.get("reason")
        self._move("unreachable", failure.message if reason is None else f"{failure.message} ({reason})")

    def quarantine(self, reason: str, trouble: errors.LoyaltyError | None = None) -> None:
        """What it said cannot be true."""
        self._lying.fail()
        self.trouble = trouble or errors.RpcUnavailable("A node said what cannot be true.", reason=reason)
        self._move("quarantined", reason)

    def _move(self, state: State, reason: str | None) -> None:
        self._state, self._reason = state, reason


def is_no_voice(refusal: errors.RpcUnavailable) -> bool:
    """Whether a node answered that it does not know (such a block, such a tag, so old a state): no failure of its."""
    return "number" in refusal.context or "code" in refusal.context


def name_nodes(urls: Sequence[str]) -> list[str]:
    """A name for each: its host, and a number where two have the same one."""
    hosts = [urlsplit(url).netloc.rpartition("@")[2] or "node" for url in urls]
    return [f"{host} ({place})" if hosts.count(host) > 1 else host for place, host in enumerate(hosts, start=1)]
