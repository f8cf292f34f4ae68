"""pack
├── given balances: it puts each into its lane, lane 0 lowest, and leaves zero words out
└── given a member or balance that fits no lane: it raises InvariantError
root
├── given nothing, or zero words alone: it is zero
├── given one word: it is that leaf hashed up 24 times beside empty siblings
├── given any words: it equals a plain recursion over the whole tree
└── given words in another order: it is the same
prove and verify
├── given any words and any index, set or not: the proof holds
└── given the proof with a bit flipped, another word, another index, or another length: it does not hold
prove_many and verify_many
├── given one index: the proof is that of prove
├── given neighbours: only what cannot be worked out from them, level by level, from the left
├── given any words and any indexes, set or not: the proof holds, and a kept tree gives the same
└── given another word, a sibling changed, lacking or too many, or no words: it does not hold
renew and write
├── given any words and any changes, to zero as well: the tree is the one over the words after them
└── given changes that are not written: the tree is the one before
roots_through
├── given words before and after any changes, with the proof from before: both roots
└── given another word, a sibling changed, lacking or too many: not both
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.core.amounts import LANE_MAX, MEMBER_MAX
from loyaltychain.core.errors import InvariantError
from loyaltychain.core.hashing import keccak256
from loyaltychain.settlement.balance_tree import (
    DEPTH,
    BalanceTree,
    prove,
    prove_many,
    root,
    roots_through,
    verify,
    verify_many,
)
from loyaltychain.settlement.words import pack

ZERO = bytes(32)

indexes = st.one_of(st.integers(0, 20), st.integers(0, 2**24 - 1), st.sampled_from([0, 2**23, 2**24 - 1]))
word_sets = st.dictionaries(indexes, st.integers(0, 2**256 - 1), max_size=12)


def plain_root(words: dict[int, int], height: int, first: int) -> bytes:
    """The node at ``height`` whose leaves begin at ``first``, straight from the definition."""
    inside = {index: word for index, word in words.items() if first <= index < first + 2**height and word}
    if not inside:
        return ZERO
    if height == 0:
        return keccak256(b"\x00" + inside[first].to_bytes(32, "big"))
    left = plain_root(inside, height - 1, first)
    right = plain_root(inside, height - 1, first + 2 ** (height - 1))
    return keccak256(b"\x01" + left + right)


def test_pack__balances__each_in_its_lane() -> None:
    balances = {1: 5, 7: LANE_MAX, 8: 9, 16: 0, MEMBER_MAX: 3}

    assert pack(balances) == {0: 5 << 32 | LANE_MAX << 224, 1: 9, 2**24 - 1: 3 << 224}


@pytest.mark.parametrize(("member", "balance"), [(0, 1), (MEMBER_MAX + 1, 1), (1, -1), (1, LANE_MAX + 1)])
def test_pack__fits_no_lane__refused(member: int, balance: int) -> None:
    with pytest.raises(InvariantError, match=f"member: {member}"):
        pack({member: balance})


@pytest.mark.parametrize("words", [{}, {0: 0, 5: 0}])
def test_root__nothing__zero(words: dict[int, int]) -> None:
    assert root(words) == ZERO


def test_root__one_word__hashed_up_beside_empty_siblings() -> None:
    node = keccak256(b"\x00" + (1 << 32).to_bytes(32, "big"))
    for _ in range(23):
        node = keccak256(b"\x01" + node + ZERO)
    node = keccak256(b"\x01" + ZERO + node)

    assert root({2**23: 1 << 32}) == node


@settings(deadline=None, max_examples=60)
@given(word_sets)
def test_root__any_words__equals_plain_recursion(words: dict[int, int]) -> None:
    assert root(words) == plain_root(words, DEPTH, 0)
    assert root(dict(sorted(words.items(), reverse=True))) == root(words)


@settings(deadline=None, max_examples=40)
@given(word_sets, indexes)
def test_prove__any_index__holds(words: dict[int, int], index: int) -> None:
    proof = prove(words, index)

    assert verify(root(words), index=index, word=words.get(index, 0), proof=proof)


@settings(deadline=None, max_examples=40)
@given(word_sets, indexes, st.integers(0, DEPTH * 256 - 1))
def test_verify__anything_changed__does_not_hold(words: dict[int, int], index: int, flipped: int) -> None:
    words = words | {index: words.get(index, 0) or 1}
    top, word, proof = root(words), words[index], list(prove(words, index))
    place, bit = divmod(flipped, 256)
    bent = proof.copy()
    bent[place] = (int.from_bytes(bent[place], "big") ^ 1 << bit).to_bytes(32, "big")

    assert not verify(top, index=index, word=word, proof=bent)
    assert not verify(top, index=index, word=word ^ 1 << bit, proof=proof)
    assert not verify(top, index=index, word=word, proof=proof[:-1])
    assert not verify(top, index=index, word=word, proof=[*proof, ZERO])
    assert not verify(top, index=index + 2**DEPTH, word=word, proof=proof)
    if words.get(index ^ 1 << place, 0) != word:
        assert not verify(top, index=index ^ 1 << place, word=word, proof=proof)


def leaf(word: int) -> bytes:
    return keccak256(b"\x00" + word.to_bytes(32, "big"))


def test_prove_many__neighbours__what_they_lack_level_by_level_from_the_left() -> None:
    words = {0: 10, 1: 11, 2: 12, 3: 13, 6: 16, 7: 17}
    pair = keccak256(b"\x01" + leaf(16) + leaf(17))

    # 1 and 2 lack 0 and 3, then nothing of their grandparent, then the node over 4 to 7, then empty siblings.
    over = keccak256(b"\x01" + ZERO + pair)
    assert prove_many(words, [1, 2]) == (leaf(10), leaf(13), over, *[ZERO] * 21)


@settings(deadline=None, max_examples=60)
@given(word_sets, st.sets(indexes, min_size=1, max_size=12))
def test_prove_many__any_indexes__holds(words: dict[int, int], wanted: set[int]) -> None:
    tree, chosen = BalanceTree(words), sorted(wanted)
    proof = tree.prove_many(chosen)

    assert tree.root == root(words)
    assert proof == prove_many(words, chosen)
    assert verify_many(tree.root, words={index: words.get(index, 0) for index in chosen}, proof=proof)
    assert tree.prove(chosen[0]) == prove(words, chosen[0]) == prove_many(words, chosen[:1])


@settings(deadline=None, max_examples=60)
@given(word_sets, st.sets(indexes, min_size=1, max_size=6), st.data())
def test_verify_many__anything_changed__does_not_hold(
    words: dict[int, int], wanted: set[int], draws: st.DataObject
) -> None:
    words = words | {index: words.get(index, 0) or 1 for index in wanted}
    top, proof = root(words), list(prove_many(words, sorted(wanted)))
    shown = {index: words[index] for index in wanted}
    victim = draws.draw(st.sampled_from(sorted(wanted)))

    assert not verify_many(top, words=shown | {victim: shown[victim] ^ 1}, proof=proof)
    assert not verify_many(top, words={}, proof=proof)
    assert not verify_many(top, words=shown, proof=[*proof, ZERO])
    if proof:
        place = draws.draw(st.integers(0, len(proof) - 1))
        bent = [*proof[:place], keccak256(proof[place]), *proof[place + 1 :]]
        assert not verify_many(top, words=shown, proof=bent)
        assert not verify_many(top, words=shown, proof=proof[:-1])


@settings(deadline=None, max_examples=60)
@given(word_sets, st.lists(word_sets, min_size=1, max_size=3))
def test_renew__any_changes__as_if_made_anew(words: dict[int, int], rounds: list[dict[int, int]]) -> None:
    tree = BalanceTree(words)
    for changes in rounds:
        before = tree.root
        renewal = tree.renew(dict(sorted(changes.items())))
        assert tree.root == before == root(words)
        tree.write(renewal)
        words = words | changes
        anew = BalanceTree({index: word for index, word in words.items() if word})
        assert tree.root == renewal.root == anew.root
        assert tree.prove_many(sorted(changes)) == anew.prove_many(sorted(changes))
        assert tree._levels == anew._levels  # no node of zero is kept


@settings(deadline=None, max_examples=60)
@given(word_sets, word_sets.filter(bool))
def test_roots_through__proof_from_before__both_roots(words: dict[int, int], changes: dict[int, int]) -> None:
    shown = {index: words.get(index, 0) for index in changes}

    both = roots_through(shown, changes, prove_many(words, sorted(changes)))

    assert both == (root(words), root(words | changes))


@settings(deadline=None, max_examples=60)
@given(word_sets, word_sets.filter(bool), st.data())
def test_roots_through__anything_changed__not_both(
    words: dict[int, int], changes: dict[int, int], draws: st.DataObject
) -> None:
    shown, proof = {index: words.get(index, 0) for index in changes}, list(prove_many(words, sorted(changes)))
    honest = (root(words), root(words | changes))
    victim = draws.draw(st.sampled_from(sorted(changes)))
    one, other = (roots_through(*pair, proof) for pair in (
        (shown | {victim: shown[victim] ^ 1}, changes), (shown, changes | {victim: changes[victim] ^ 1}),
    ))  # fmt: skip

    assert one is not None and one[0] != honest[0] and one[1] == honest[1]
    assert other is not None and other[0] == honest[0] and other[1] != honest[1]
    assert roots_through(shown, changes, [*proof, ZERO]) is None
    if proof:
        place = draws.draw(st.integers(0, len(proof) - 1))
        bent = roots_through(shown, changes, [*proof[:place], keccak256(proof[place]), *proof[place + 1 :]])
        assert bent is not None and bent[0] != honest[0]
        assert roots_through(shown, changes, proof[:-1]) is None
