"""Every member's balance and the root over all of them, folded from changes (PROTOCOL §1, §4)."""

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from loyaltychain.audit.rows import ROW, Rows
from loyaltychain.audit.word_tree import WordTree
from loyaltychain.core.amounts import LANE_MAX

LANES: Final = 8
LANE_BITS: Final = 32


class PackedWords(Mapping[int, int]):
    """A few packed words by index, in 36 bytes each; never changed."""

    def __init__(self, words: Mapping[int, int]) -> None:
        self._indexes = array("I", sorted(words))
        self._content = b"".join(words[index].to_bytes(ROW) for index in self._indexes)

    def __getitem__(self, index: int) -> int:
        at = bisect_left(self._indexes, index)
        if at == len(self._indexes) or self._indexes[at] != index:
            raise KeyError(index)
        return int.from_bytes(self._content[at * ROW : (at + 1) * ROW])

    def __iter__(self) -> Iterator[int]:
        return iter(self._indexes)

    def __len__(self) -> int:
        return len(self._indexes)


@dataclass(frozen=True, slots=True)
class Undo:
    """What stood where some changes go, to be put back."""

    words: Mapping[int, int]  # by index: the packed words that they touch
    newcomers: Sequence[int]  # members without a history


class MemberBalances(Mapping[int, int]):
    """Balances by member: of all with a history, those at 0 included, by ascending number. Never written to."""

    def __init__(self, balances: "Balances") -> None:
        self._balances = balances

    def __getitem__(self, member: int) -> int:
        if not self._balances.has(member):
            raise KeyError(member)
        return balance_in(self._balances.word(member // LANES), member)

    def __iter__(self) -> Iterator[int]:
        return self._balances.members()

    def __len__(self) -> int:
        return self._balances.count


class Balances:
    """The balances after the changes applied so far, in whole points, by member number.

    A million members with neighbouring numbers take some 13 megabytes: 4 bytes each, their history's mark, the tree.
    """

    def __init__(self) -> None:
        self.tree = WordTree()
        self.count = 0  # of members with a history
        self.supply = 0  # the sum of all balances
        self._words = Rows()
        self._marks: dict[int, int] = {}  # by index of a word: a bit for each lane that has a history

    @property
    def of(self) -> Mapping[int, int]:
        """Balance by member."""
        return MemberBalances(self)

    @property
    def root(self) -> bytes:
        """The ``balanceRoot`` (32 bytes) of what stands now."""
        return self.tree.root

    def apply(self, changes: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """Applies (member, delta) and returns the (member, balance) that would not fit a lane.

        Such a member keeps her balance, so that one bad change does not spoil her neighbours' words.
        """
        refused = []
        touched: dict[int, int] = {}
        for member, delta in changes:
            index, lane = divmod(member, LANES)
            word = touched.get(index)
            if word is None:
                word = self.word(index)
            balance = (word >> (LANE_BITS * lane) & LANE_MAX) + delta
            if 0 <= balance <= LANE_MAX:
                touched[index] = word + (delta << (LANE_BITS * lane))
                self._mark(index, lane)
                self.supply += delta
            else:
                refused.append((member, balance))
        self._write(touched)
        return refused

    def save(self, changes: Sequence[tuple[int, int]]) -> Undo:
        """What ``restore`` needs to take these changes back, once they are applied."""
        indexes = {member // LANES for member, _ in changes}
        newcomers = array("I", (member for member, _ in changes if not self.has(member)))
        return Undo(PackedWords({index: self.word(index) for index in indexes}), newcomers)

    def restore(self, undo: Undo) -> None:
        """Puts back what stood before. Later changes must have been taken back first."""
        for index, word in undo.words.items():
            self.supply += _sum_lanes(word) - _sum_lanes(self.word(index))
        self._write(undo.words)
        for member in undo.newcomers:
            index, lane = divmod(member, LANES)
            if self.has(member):  # else the change that brought her was refused
                self._marks[index] &= ~(1 << lane)
                self.count -= 1

    def copy(self) -> "Balances":
        """The same balances, to be changed on their own."""
        twin = Balances()
        twin.tree, twin.count, twin.supply = self.tree.copy(), self.count, self.supply
        twin._words, twin._marks = self._words.copy(), dict(self._marks)
        return twin

    def has(self, member: int) -> bool:
        """Whether a member has a history."""
        index, lane = divmod(member, LANES)
        return bool(self._marks.get(index, 0) >> lane & 1)

    def members(self) -> Iterator[int]:
        """The members with a history, ascending."""
        for index in sorted(self._marks):
            marks = self._marks[index]
            yield from (index * LANES + lane for lane in range(LANES) if marks >> lane & 1)

    def word(self, index: int) -> int:
        """The packed word of members ``8 * index`` to ``8 * index + 7``; lane 0 is least significant."""
        return int.from_bytes(self._words.get(index))

    @property
    def word_indexes(self) -> list[int]:
        """The words that hold a member with a history, ascending."""
        return sorted(index for index, marks in self._marks.items() if marks)

    def _write(self, words: Mapping[int, int]) -> None:
        for index, word in words.items():
            self._words.put(index, word.to_bytes(ROW))
        self.tree.write(words)

    def _mark(self, index: int, lane: int) -> None:
        marks = self._marks.get(index, 0)
        if not marks >> lane & 1:
            self._marks[index] = marks | 1 << lane
            self.count += 1


def _sum_lanes(word: int) -> int:
    return sum(word >> (LANE_BITS * lane) & LANE_MAX for lane in range(LANES))


def balance_in(word: int, member: int) -> int:
    """The balance of a member in her packed word."""
    return word >> (LANE_BITS * (member % LANES)) & LANE_MAX
