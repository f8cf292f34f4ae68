"""match

given what was brought back of an article
    it takes from the latest purchases before it that still have something
    what finds none stays unmatched
    a purchase whose time is over is passed over
given any purchases and returns
    it is what a plain search, piece by piece, finds, in whatever order they are given
"""

from hypothesis import given
from hypothesis import strategies as st

from loyaltychain.operations.match import Bought, BroughtBack, Key, match


def at(when: int, event: str = "E", place: int = 0) -> Key:
    return when, "shop", event, place, ""


def test_match__several_purchases__latest_first() -> None:
    bought = [Bought(at(1), 3), Bought(at(2), 1), Bought(at(4), 9)]

    assert match(bought, [BroughtBack(at(3), 2)]) == ([1, 1, 0], [2])
    assert match(bought, [BroughtBack(at(3), 5)]) == ([3, 1, 0], [4])
    assert match(bought, [BroughtBack(at(5), 8), BroughtBack(at(3), 2)]) == ([1, 1, 8], [8, 2])


def test_match__same_instant__by_event_then_by_place() -> None:
    bought = [Bought(at(1, "A", 0), 1), Bought(at(1, "A", 1), 1), Bought(at(1, "C"), 1)]

    assert match(bought, [BroughtBack(at(1, "B"), 1)]) == ([0, 1, 0], [1])


def test_match__time_is_over__passed_over() -> None:
    bought = [Bought(at(1), 1), Bought(at(2), 1, until=9), Bought(at(3), 1, until=10)]

    assert match(bought, [BroughtBack(at(9), 3)]) == ([1, 0, 1], [2])


def test_match__nothing__nothing() -> None:
    assert match([], []) == ([], [])
    assert match([Bought(at(1), 0)], [BroughtBack(at(2), 1)]) == ([0], [0])


keys = st.tuples(st.integers(0, 5), st.just("shop"), st.sampled_from("ABC"), st.integers(0, 3), st.just(""))


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Bought], list[BroughtBack]]:
    found = draw(st.lists(keys, unique=True, max_size=9))
    cut = draw(st.integers(0, len(found)))
    untils = st.integers(0, 6) | st.none()
    bought = [Bought(key, draw(st.integers(0, 4)), draw(untils)) for key in found[:cut]]
    return bought, [BroughtBack(key, draw(st.integers(1, 5))) for key in found[cut:]]


@given(histories(), st.randoms(use_true_random=False))
def test_match__any_history__as_piece_by_piece(history: tuple[list[Bought], list[BroughtBack]], random: object) -> None:
    bought, brought_back = history
    left = {line.key: line.free for line in bought}
    expected: dict[Key, int] = {}
    for line in sorted(brought_back, key=lambda line: line.key):
        expected[line.key] = 0
        for _ in range(line.quantity):
            fits = [
                each.key
                for each in bought
                if each.key < line.key and left[each.key] and (each.until is None or line.key[0] < each.until)
            ]
            if fits:
                left[max(fits)] -= 1
                expected[line.key] += 1
    random.shuffle(bought)  # type: ignore[attr-defined]
    random.shuffle(brought_back)  # type: ignore[attr-defined]

    matched, found = match(bought, brought_back)

    assert found == [expected[line.key] for line in brought_back]
    assert matched == [line.free - left[line.key] for line in bought]
    assert sum(matched) == sum(found)
