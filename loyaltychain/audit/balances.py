"""Every member's balance and the root over all of them, folded from changes (PROTOCOL §1, §4)."""

from collections.abc import Sequence
from typing import Final

from loyaltychain.audit.word_tree import WordTree
from loyaltychain.core.amounts import LANE_MAX

LANES: Final = 8
LANE_BITS: Final = 32


class Balances:
    """The balances after the changes applied so far, in whole points, by member number."""

    def __init__(self) -> None:
        self.of: dict[int, int] = {}  # members with a history, those at 0 included
        self._tree = WordTree()

    @property
    def root(self) -> bytes:
        """The ``balanceRoot`` (32 bytes) of what stands now."""
        return self._tree.root

    @property
    def supply(self) -> int:
        """The sum of all balances."""
        return sum(self.of.values())

    def apply(self, changes: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """Applies (member, delta) and returns the (member, balance) that would not fit a lane.

        Such a member keeps her balance, so that one bad change does not spoil her neighbours' words.
        """
        refused = []
        touched = set()
        for member, delta in changes:
            balance = self.of.get(member, 0) + delta
            if 0 <= balance <= LANE_MAX:
                self.of[member] = balance
                touched.add(member // LANES)
            else:
                refused.append((member, balance))
        self._tree.write({index: self.word(index) for index in touched})
        return refused

    def word(self, index: int) -> int:
        """The packed word of members ``8 * index`` to ``8 * index + 7``; lane 0 is least significant."""
        first = index * LANES
        return sum(self.of.get(first + lane, 0) << (LANE_BITS * lane) for lane in range(LANES))

    @property
    def word_indexes(self) -> list[int]:
        """The words that hold a member with a history, ascending."""
        return sorted({member // LANES for member in self.of})
