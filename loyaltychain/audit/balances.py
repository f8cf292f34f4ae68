"""Every member's balance and the root over all of them, folded from changes (PROTOCOL §1, §4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from loyaltychain.audit.word_tree import WordTree
from loyaltychain.core.amounts import LANE_MAX

LANES: Final = 8
LANE_BITS: Final = 32


@dataclass(frozen=True, slots=True)
class Undo:
    """What stood where some changes go, to be put back."""

    words: dict[int, int]  # by index: the packed words that they touch
    newcomers: tuple[int, ...]  # members without a history


class Balances:
    """The balances after the changes applied so far, in whole points, by member number."""

    def __init__(self) -> None:
        self.of: dict[int, int] = {}  # members with a history, those at 0 included
        self.tree = WordTree()

    @property
    def root(self) -> bytes:
        """The ``balanceRoot`` (32 bytes) of what stands now."""
        return self.tree.root

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
        self.tree.write({index: self.word(index) for index in touched})
        return refused

    def save(self, changes: Sequence[tuple[int, int]]) -> Undo:
        """What ``restore`` needs to take these changes back, once they are applied."""
        indexes = {member // LANES for member, _ in changes}
        return Undo(
            {index: self.word(index) for index in indexes},
            tuple(member for member, _ in changes if member not in self.of),
        )

    def restore(self, undo: Undo) -> None:
        """Puts back what stood before. Later changes must have been taken back first."""
        for index, word in undo.words.items():
            for member in range(index * LANES, (index + 1) * LANES):
                if member in self.of:
                    self.of[member] = balance_in(word, member)
        for member in undo.newcomers:
            self.of.pop(member, None)
        self.tree.write(undo.words)

    def copy(self) -> "Balances":
        """The same balances, to be changed on their own."""
        twin = Balances()
        twin.of, twin.tree = dict(self.of), self.tree.copy()
        return twin

    def word(self, index: int) -> int:
        """The packed word of members ``8 * index`` to ``8 * index + 7``; lane 0 is least significant."""
        first = index * LANES
        return sum(self.of.get(first + lane, 0) << (LANE_BITS * lane) for lane in range(LANES))

    @property
    def word_indexes(self) -> list[int]:
        """The words that hold a member with a history, ascending."""
        return sorted({member // LANES for member in self.of})


def balance_in(word: int, member: int) -> int:
    """The balance of a member in her packed word."""
    return word >> (LANE_BITS * (member % LANES)) & LANE_MAX
