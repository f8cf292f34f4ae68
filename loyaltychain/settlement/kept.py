"""The balances after the last batch, kept in memory from one seal to the next: a seal costs what it changes.

Nothing here is stored, and nothing is believed for being here: what is kept is kept with the hash of the batch after
which it stands, is made anew from the batches' rows where that is not the last one, and has that batch's root or is
refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from loyaltychain.core.amounts import LANE_MAX, MEMBER_MAX
from loyaltychain.core.errors import InvariantError, RootMismatch
from loyaltychain.db.engine import Tx
from loyaltychain.settlement import store
from loyaltychain.settlement.balance_tree import BalanceTree, Renewal
from loyaltychain.settlement.types import Batch
from loyaltychain.settlement.words import LANE_BITS, LANES, pack


@dataclass(frozen=True, slots=True)
class Step:
    """What a batch makes of the balances before it: its root, and what shows the root to whoever has the one before."""

    words: dict[int, int]  # before the batch: those in which it changes a lane, by ascending index
    after: dict[int, int]  # the same words after it
    proof: tuple[bytes, ...]  # their siblings, which are the same before and after
    root: bytes  # after the batch
    _nodes: Renewal


class Balances:
    """All balances as packed words with their tree."""

    def __init__(self, balances: Mapping[int, int]) -> None:
        self._words = pack(balances)
        self._tree = BalanceTree(self._words)

    @property
    def root(self) -> bytes:
        """32 bytes; zero where nobody has a point."""
        return self._tree.root

    def step(self, deltas: Mapping[int, int]) -> Step:
        """What ``deltas`` (member number to change) would make of these balances, which stay as they are.

        Raises InvariantError for a member, or a balance after it, that fits no lane.
        """
        indexes = sorted({member // LANES for member in deltas})
        words = {index: self._words.get(index, 0) for index in indexes}
        after = words.copy()
        for member, delta in deltas.items():
            index, lane = divmod(member, LANES)
            balance = (after[index] >> LANE_BITS * lane & LANE_MAX) + delta
            if not (1 <= member <= MEMBER_MAX and 0 <= balance <= LANE_MAX):
                raise InvariantError("This member's balance fits no lane.", member=member, balance=balance)
            after[index] += delta << LANE_BITS * lane
        nodes = self._tree.renew(after)
        return Step(words, after, self._tree.prove_many(indexes), nodes.root, nodes)

    def take(self, step: Step) -> None:
        """Become what ``step``, the last that was asked for, makes of these balances."""
        for index, word in step.after.items():
            if word:
                self._words[index] = word
            else:
                self._words.pop(index, None)
        self._tree.write(step._nodes)


class BalanceKeeper:
    """What one process keeps between its seals of one database. A new one knows nothing."""

    def __init__(self) -> None:
        self._hash: bytes | None = None  # of the batch after which ``_balances`` stand; None if they must be made anew
        self._balances = Balances({})

    def after(self, tx: Tx, batch: Batch | None) -> Balances:
        """The balances after ``batch``, the newest that is not void; None for the beginning.

        Raises RootMismatch if the rows of the batches do not have the root that ``batch`` names.
        """
        if batch is None:
            return Balances({})
        if self._hash != batch.hash:
            self._hash, self._balances = None, Balances({})  # not both at once in memory
            self._balances = Balances(store.settled_balances(tx, batch.header.batch_id))
            self._hash = batch.hash
        if self._balances.root != batch.header.balance_root:
            self._hash = None
            raise RootMismatch(
                "The updates of all batches do not give the balances that the last one commits to.",
                batch=batch.header.batch_id, field="balance_root", expected=batch.header.balance_root,
                found=self._balances.root,
            )  # fmt: skip
        return self._balances

    def move_on(self, balances: Balances, step: Step, batch: Batch) -> None:
        """Keep what ``step`` makes of ``balances``: ``batch`` is durable. What was not moved on is made anew once."""
        self._hash = None  # until it is whole
        balances.take(step)
        self._hash, self._balances = batch.hash, balances
