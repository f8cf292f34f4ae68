"""From a false batch to the calls that have it voided: which function, which words, which siblings, in how many calls.

Pure, and built from logs alone. Asks no node, sends nothing.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from loyaltychain.audit.balances import Balances
from loyaltychain.audit.headers import Header
from loyaltychain.audit.lies import Fraud, Lie
from loyaltychain.audit.word_tree import DEPTH, WordTree
from loyaltychain.watch.calls import (
    LAST_WORD,
    Budget,
    Call,
    Size,
    WordProof,
    challenge_call,
    fits,
    retrace_call,
)

_LANES: Final = 8
_LANE_BITS: Final = 32
_LANE_MAX: Final = 2**_LANE_BITS - 1


@dataclass(frozen=True, slots=True)
class Dispute:
    """A batch in question, and what stood before it.

    ``changes`` are (member, delta in points) by ascending member, empty where the data are malformed; ``words`` are the
    packed words before the batch by index, at least those that the changes touch and that are not zero; ``tree`` is the
    tree over all words before it.
    """

    previous: Header
    disputed: Header
    data: bytes
    changes: tuple[tuple[int, int], ...]
    words: Mapping[int, int]
    tree: WordTree


def open_dispute(lie: Lie, before: Balances | None) -> Dispute:
    """The dispute over a lie; ``before`` are the balances before it, for a fraud that needs words."""
    changes = tuple(lie.changes)
    if before is None:
        return Dispute(lie.previous, lie.disputed, lie.data, changes, words={}, tree=WordTree())
    words = {member // _LANES: before.word(member // _LANES) for member, _ in changes}
    return Dispute(lie.previous, lie.disputed, lie.data, changes, words, before.tree)


def next_call(dispute: Dispute, fraud: Fraud, *, next_word: int = 0, budget: Budget, most: int | None = None) -> Call:
    """The next call that proves this fraud, for a caller whose retracing of the batch stands at ``next_word``.

    Args:
        most: How many words it may open at most, where the chain refused more.
    """
    if not fraud.needs_words:
        return challenge_call(dispute.previous, dispute.disputed, dispute.data, WordProof())
    if fraud is Fraud.LANE_LEFT:
        return _lane_call(dispute)
    return _retrace_call(dispute, next_word=next_word, budget=budget, most=most)


def retraced_root(dispute: Dispute, next_word: int) -> bytes:
    """The root (32 bytes) of the words before the batch with those below ``next_word`` changed: what the contract's
    ``retracing`` must say of a caller who came so far."""
    return _tree_at(dispute, next_word).root


def word_challenge(dispute: Dispute, index: int, *, new_word: int, new_tree: WordTree) -> Call:
    """The call that shows one word under both roots; ``new_tree`` is the disputed batch's own, if anybody has it."""
    proof = WordProof(
        index=index,
        old_word=dispute.words.get(index, 0),
        old_siblings=dispute.tree.siblings([index]),
        new_word=new_word,
        new_siblings=new_tree.siblings([index]),
    )
    return challenge_call(dispute.previous, dispute.disputed, dispute.data, proof)


def changed_words(dispute: Dispute) -> Iterator[tuple[int, int | None]]:
    """Each word that the data touch and its value after them, None where a balance leaves its lane; ascending."""
    for index, changes in groupby(dispute.changes, key=lambda change: change[0] // _LANES):
        word: int | None = dispute.words.get(index, 0)
        for member, delta in changes:
            word = None if word is None else _change(word, member, delta)
        yield index, word


def _change(word: int, member: int, delta: int) -> int | None:
    shift = _LANE_BITS * (member % _LANES)
    balance = (word >> shift & _LANE_MAX) + delta
    return word + (delta << shift) if 0 <= balance <= _LANE_MAX else None


def _lane_call(dispute: Dispute) -> Call:
    """One word and its path before the batch: after it, the word could not be any. The liar's tree is not needed."""
    index = next(index for index, word in changed_words(dispute) if word is None)
    proof = WordProof(index, dispute.words.get(index, 0), dispute.tree.siblings([index]))
    return challenge_call(dispute.previous, dispute.disputed, dispute.data, proof)


def _retrace_call(dispute: Dispute, *, next_word: int, budget: Budget, most: int | None) -> Call:
    tree = _tree_at(dispute, next_word)
    indexes = [index for index, _ in changed_words(dispute) if index >= next_word]
    taken = min(_cut(dispute, indexes, budget), len(indexes) if most is None else most)
    some = indexes[:taken]
    return retrace_call(
        dispute.previous,
        dispute.disputed,
        dispute.data,
        last_word=LAST_WORD if taken == len(indexes) else some[-1],
        old_words=[dispute.words.get(index, 0) for index in some],
        siblings=tree.siblings(some) if some else [],
    )


def _tree_at(dispute: Dispute, next_word: int) -> WordTree:
    """The tree with the words below ``next_word`` as they are after the batch."""
    done = {index: word for index, word in changed_words(dispute) if index < next_word and word is not None}
    tree = dispute.tree.copy()
    tree.write(done)
    return tree


def _cut(dispute: Dispute, indexes: Sequence[int], budget: Budget) -> int:
    """How many of the words one call can open: at least one, for the bound is no proof that it cannot."""
    updates = Counter(member // _LANES for member, _ in dispute.changes)
    changes = nodes = 0
    for taken, index in enumerate(indexes):
        changes += updates[index]
        nodes += DEPTH if taken == 0 else (index ^ indexes[taken - 1]).bit_length() - 1
        size = Size(dispute.data[0], len(dispute.data), len(dispute.changes), changes, nodes)
        if taken > 0 and not fits(budget, size):
            return taken
    return len(indexes)
