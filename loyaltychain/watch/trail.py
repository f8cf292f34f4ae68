"""Follows a deployment's logs up to the newest block: asks for new ones only, and goes back where the chain did.

Two copies of what the logs came to are kept from a while ago. A chain that was reorganised below what was read is read
again from the newest of them that still is of it; where neither is, from the beginning. Nothing outlives the process.
"""

from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import Final

from loyaltychain.audit.block_times import BlockTimes
from loyaltychain.audit.chain_log import Pin, fetch_chain_log
from loyaltychain.audit.manifest import Manifest
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core.errors import RpcUnavailable
from loyaltychain.watch.forward import Forward

#: Blocks between the two copies, and at least so many behind the newest block is the older one.
ANCHOR_BLOCKS: Final = 512
#: Looks in a row at a head below the one before, until the chain counts as shorter and not the node as behind.
BEHIND_MAX: Final = 20
#: Looks in a row without whole logs after which everything is read again, at the latest.
READ_ALL_AFTER: Final = 64


@dataclass(frozen=True, slots=True)
class _Stand:
    """What the logs came to at a block."""

    pin: Pin
    forward: Forward


class Times(BlockTimes):
    """Times of blocks, of which those behind a block can be forgotten."""

    def forget_after(self, block: int) -> None:
        """Of blocks that may not be the same any more."""
        self._times = {number: time for number, time in self._times.items() if number <= block}


class Trail:
    """The logs of one deployment, read forward."""

    def __init__(self, rpc: Rpc, manifest: Manifest, *, anchor_blocks: int = ANCHOR_BLOCKS) -> None:
        self.times = Times(rpc)
        self._rpc = rpc
        self._manifest = manifest
        self._anchor_blocks = anchor_blocks
        self._now: _Stand | None = None
        self._anchors: list[_Stand] = []  # at most two, the older one first
        self._doubts = 0  # looks in a row at which the logs were not whole
        self._behind = 0  # looks in a row at which the head was below what was read

    def follow(self, pin: Pin) -> Forward:
        """What all logs up to ``pin`` come to. Another object than before where the chain or a doubt made it go back.

        Raises:
            RpcUnavailable: the node does not answer, is behind what it served before, or the chain was reorganised
                meanwhile; look again.
        """
        start = self._start(pin)
        first = self._manifest.first_block if start is None else start.pin.number + 1
        if start is not self._now:
            self.times.forget_after(first - 1)
        logs = fetch_chain_log(self._rpc, replace(self._manifest, first_block=first), pin=pin).logs
        forward = Forward(self._manifest) if start is None else start.forward
        if any(start is anchor for anchor in self._anchors):
            forward = forward.copy()
        forward.take(logs)
        self._now = _Stand(pin, forward)
        return forward

    def keep(self) -> None:
        """The logs read so far are whole, as far as the ledger's own word goes: something to go back to."""
        assert self._now is not None, "somebody followed"
        pin = self._now.pin
        before = [] if self._doubts else self._anchors[-1:]
        if not before or pin.number >= before[0].pin.number + self._anchor_blocks:
            self._anchors = [*before, _Stand(pin, self._now.forward.copy())]
        self._doubts = 0

    def doubt(self) -> None:
        """The logs read so far are not whole: a node that kept some back may come round, and is asked again.

        What came since the newest copy is read again at each look; everything at the second, fourth, eighth ... one.
        """
        self._doubts += 1

    def _start(self, head: Pin) -> _Stand | None:
        """Where to go on from; None: at the beginning."""
        now = self._now
        if now is not None and not self._doubts:
            self._refuse_behind(now, head)
            if self._is_canonical(now.pin, head):
                return now
        if self._is_all_doubted:
            return None
        while self._anchors and not self._is_canonical(self._anchors[-1].pin, head):
            self._anchors.pop()
        if self._anchors:
            return self._anchors[-1]
        return now if now is not None and self._doubts > 1 and self._is_canonical(now.pin, head) else None

    @property
    def _is_all_doubted(self) -> bool:
        doubts = self._doubts
        return doubts > 1 and (doubts & (doubts - 1) == 0 or doubts % READ_ALL_AFTER == 0)

    def _is_canonical(self, known: Pin, head: Pin) -> bool:
        return known.number <= head.number and self._rpc.block(known.number).hash == known.hash

    def _refuse_behind(self, now: _Stand, head: Pin) -> None:
        """A head below what was read: of a shorter chain, or of a node that is behind. A node's is no news."""
        is_behind = head.number < now.pin.number and all(
            self._is_canonical(pin, head) for pin in _known_below(now.forward, head)
        )
        self._behind = self._behind + 1 if is_behind else 0
        if 0 < self._behind <= BEHIND_MAX:
            raise RpcUnavailable(
                "The node is behind what it served before: ask it again, or ask another one.",
                block=head.number,
                before=now.pin.number,
            )


def _known_below(forward: Forward, head: Pin) -> list[Pin]:
    """The newest block at or below ``head`` of which a log is known, if there is one."""
    at = bisect_right(forward.facts, head.number, key=lambda fact: fact.place.block_number)
    return [Pin(fact.place.block_number, fact.place.block_hash) for fact in forward.facts[max(at - 1, 0) : at]]
