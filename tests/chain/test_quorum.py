"""vouched
└── given any numbers, one of them a lie: never more than the largest true one; with three, never less than the least
cautious
└── given any numbers, one of them a lie: never better than the best true one; with three, never worse than the worst
agree
├── given two equal answers that are the most: these, and who differs
├── given one answer alone: that
└── given no two that agree, or two pairs: RpcUnavailable, which names them
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyaltychain.chain.quorum import agree, cautious, vouched
from loyaltychain.core.errors import RpcUnavailable


@given(true=st.lists(st.integers(0, 50), min_size=1, max_size=4), lie=st.integers(0, 1000), place=st.integers(0, 4))
def test_vouched__one_lies__never_beyond_the_true_ones(true: list[int], lie: int, place: int) -> None:
    told = [*true[:place], lie, *true[place:]]

    assert vouched(told) <= max(true)
    if len(true) > 1:
        assert vouched(told) >= min(true)
    assert vouched([lie]) == lie


@given(true=st.lists(st.integers(0, 50), min_size=1, max_size=4), lie=st.integers(0, 1000), place=st.integers(0, 4))
def test_cautious__one_lies__never_better_than_the_true_ones(true: list[int], lie: int, place: int) -> None:
    told = [*true[:place], lie, *true[place:]]

    assert cautious(told, worse=int) >= min(true)
    if len(true) > 1:
        assert cautious(told, worse=int) <= max(true)
    assert cautious([lie], worse=int) == lie


@given(st.dictionaries(st.sampled_from("abcde"), st.integers(0, 2), min_size=1))
def test_agree__any_answers__two_of_one_kind_or_nothing(answers: dict[str, int]) -> None:
    votes = [list(answers.values()).count(answer) for answer in answers.values()]
    best = {answer for answer, count in zip(answers.values(), votes, strict=True) if count == max(votes)}
    if len(best) == 1 and (max(votes) > 1 or len(answers) == 1):
        winner, others = agree(answers, about="a number")
        assert {winner} == best
        assert sorted(others) == sorted(name for name, answer in answers.items() if answer != winner)
        return
    with pytest.raises(RpcUnavailable, match="do not agree about a number"):
        agree(answers, about="a number")
