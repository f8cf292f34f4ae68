"""The newest block that is final, as far as we were told. What a node says later must not lie before it."""

from loyaltychain.chain.facts import Block


class Horizon:
    """Only ever moves on. In memory: forgetting it costs a check, never correctness."""

    def __init__(self) -> None:
        self._final: Block | None = None

    @property
    def block(self) -> Block | None:
        """The newest final block; None before one was told."""
        return self._final

    def reach(self, final: Block) -> None:
        """Take over a final block, if it is newer."""
        if self._final is None or final.number > self._final.number:
            self._final = final

    def contradiction(self, block: Block, *, is_head: bool) -> str | None:
        """Why ``block`` cannot be true beside the newest final one; None where it can.

        Args:
            is_head: Whether the node calls it its newest: it may not lie below the final one then.
        """
        final = self._final
        if final is None:
            return None
        if is_head and block.number < final.number:
            return f"its newest block is {block.number}, and {final.number} was final before"
        if block.number > final.number and block.timestamp < final.timestamp:
            return f"block {block.number} is older by its time than the final block {final.number}"
        if block.number == final.number and block.hash != final.hash:
            return f"it has another block {final.number}, which was final before"
        return None
