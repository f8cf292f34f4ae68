"""What several nodes say, made one answer: two that agree, or nothing. Pure.

Where only one node can answer, its word counts: one node that lives is a chain with one node.
"""

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from typing import TypeVar

from loyaltychain.core.errors import RpcUnavailable

_Name = TypeVar("_Name", bound=Hashable)
_Answer = TypeVar("_Answer", bound=Hashable)
_Any = TypeVar("_Any")


def vouched(numbers: Iterable[int]) -> int:
    """The largest number that two have reached: of a thing that only grows. Of one alone, its own.

    One node's lie can make it smaller than it is (two nodes), never larger.
    """
    ordered = sorted(numbers, reverse=True)
    return ordered[min(1, len(ordered) - 1)]


def cautious(answers: Iterable[_Any], *, worse: Callable[[_Any], float]) -> _Any:
    """Of what need not be the same everywhere: the worst of one or two, the second worst of more.

    One node's lie can make it worse than it is (two nodes), which costs a wait, never better.
    """
    ordered = sorted(answers, key=worse, reverse=True)
    return ordered[0 if len(ordered) < 3 else 1]


def agree(answers: Mapping[_Name, _Answer], *, about: str) -> tuple[_Answer, Collection[_Name]]:
    """The answer that two gave, or that the only one gave; and who said something else.

    Raises RpcUnavailable where no two agree, or two pairs do.
    """
    counts = Counter(answers.values()).most_common(2)
    winner, votes = counts[0]
    is_split = len(counts) == 2 and counts[1][1] == votes
    if (len(answers) > 1 and votes < 2) or is_split:
        shown = "; ".join(f"{name}: {_short(answer)}" for name, answer in answers.items())
        raise RpcUnavailable(
            f"The nodes do not agree about {about}. If it stays so, one of them lies or is on another chain: "
            "`loyaltychain doctor` compares them; take it out of `rpc`.",
            answers=shown,
        )
    return winner, [name for name, answer in answers.items() if answer != winner]


def _short(answer: object) -> str:
    text = "0x" + answer.hex() if isinstance(answer, bytes) else str(answer)
    return text if len(text) <= 80 else f"{text[:80]}…"
