"""When blocks were made, in unix seconds: asked of the node once each, or as a log file has them.

The times of a file are its maker's word. No other clock is asked.
"""

from collections.abc import Iterable, Mapping

from loyaltychain.chain.rpc import Rpc


class BlockTimes:
    """Times by block number."""

    def __init__(self, rpc: Rpc | None, known: Mapping[int, int] | None = None) -> None:
        """``known`` count only where there is no node to ask."""
        self._rpc = rpc
        self._times: dict[int, int] = dict(known or {}) if rpc is None else {}

    def of(self, block: int) -> int | None:
        """The time of a block; None where nobody can tell. Raises RpcUnavailable when the node does not answer."""
        if block not in self._times and self._rpc is not None:
            self._times[block] = self._rpc.block(block).timestamp
        return self._times.get(block)

    def of_all(self, blocks: Iterable[int]) -> dict[int, int]:
        """The times of those that can be told."""
        return {block: time for block in sorted(set(blocks)) if (time := self.of(block)) is not None}
