"""Why behaviours make nothing of an event
├── a condition that fails: the field, what it is and what is needed; several at once; of the object; one's own
├── nobody for whom it would be: no owner, no recipient, an unknown doer
├── a behaviour that only counts, or does not, or may, by how its member stood then
├── one that granted something already is left out
├── a signal, a measure, an object's making, and a type that nobody asks for
"""

from typing import Any

import pytest

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.program.behaviours import After, Behaviour, Condition, Gate, Measure, ObjectKind, Points, Signal
from loyaltychain.program.conduct import Conduct
from loyaltychain.rules.engine.state import State
from loyaltychain.rules.engine.types import Fact, ObjectFacts
from loyaltychain.rules.uncounted import why_uncounted

ANN = MemberNumber(1)
LONG = Condition("length", "at_least", 80)
CONDUCT = Conduct(
    objects=(ObjectKind("answer", "answered"),),
    measures=(Measure("score", "sum", ("vote",), "value"),),
    behaviours=(
        Behaviour("comment", ("commented",), "Comment.", where=(LONG, Condition("kind", "one_of", ("a", "b"))),
                  points=Points(5), gate=Gate((Signal("approved"),), ("rejected",), 3, "cancel")),
        Behaviour("read", ("commented", "seen"), "Read."),
        Behaviour("thanked", ("commented",), "Be thanked.", to="owner", points=Points(1)),
        Behaviour("modest", ("modest",), "Be modest.", where=(Condition("is_own", "is", False),), points=Points(1)),
        Behaviour("back", ("returned",), "Return.", segments=("away",), after=After("read", 9), tiers=("a", "b")),
        Behaviour("early", ("returned",), "Be early.", ends=UnixSeconds(1)),
        Behaviour("shown", ("returned",), "Show it.", proof=("code",)),
        Behaviour("modest-too", ("returned",), "Be modest."),
        Behaviour("bought", ("rated",), "Rate it.", where=(Condition("verified", "is", True),), points=Points(1)),
        Behaviour("first", ("modest",), "Be first.", where=(Condition("object.rank", "is", 1),), points=Points(1)),
    ),
)  # fmt: skip


def told(
    type_: str, *roles: Any, counted: tuple[str, ...] = (), owner: MemberNumber = ANN, **payload: Any
) -> list[str]:
    about = ObjectFacts("a1", "answer", owner, UnixSeconds(0), rank=2)
    fact = Fact(UnixSeconds(1), "s", "1", type_, payload, ANN, roles, about)
    return why_uncounted(CONDUCT, 2, type_, {ANN: (fact, State())} if roles else {}, counted=counted)


def test_condition__fails__field_value_and_what_is_needed() -> None:
    found = told("commented", "actor", length=12, kind="c", counted=("behaviour:thanked",))
    assert found == [
        "It is no act of comment: length is 12, and at least 80 is needed; kind is c, and a or b is needed.",
        "It does not count as read: it is an act for oneself, or on something of one's own.",
    ]
    assert told("commented", "actor")[0].startswith("It is no act of comment: length is not there, and")


def test_condition__of_the_object_and_ones_own__in_words() -> None:
    assert told("modest", "actor", "owner") == [
        "It is no act of modest: it is on something of the doer's own.",
        "It is no act of first: object.rank: 1 is needed.",
    ]


def test_truth__as_files_and_payloads_write_it() -> None:
    assert told("rated", "actor") == ["It is no act of bought: verified is not there, and true is needed."]
    assert told("rated", "actor", verified=False) == ["It is no act of bought: verified is false, and true is needed."]


def test_nobody__for_whom_it_would_be__says_who_is_missing() -> None:
    assert told("commented", "actor", length=99, kind="a")[-1] == (
        "It is no act of thanked: nobody who is known owns an object that it is about."
    )
    assert told("seen") == ["It is no act of read: its doer is nobody who is known."]


def test_behaviour_without_points__in_its_time_proven_for_others__else_why_it_does_not_count() -> None:
    back, *others = told("returned", "actor", owner=MemberNumber(2))
    assert back == (
        "It may count as back, which gives no points by itself: only within 9 days of the first read, only for members "
        "in the tier a or b, only for members in the segment away, at that time."
    )
    assert others == [
        "It does not count as early: it lies outside its dates.",
        "It does not count as shown: it came without a good proof.",
        "It counts as modest-too, which gives no points by itself: Be modest.",
    ]


def test_granted__already__is_left_out() -> None:
    assert told("seen", "actor", counted=("behaviour:read",)) == []


@pytest.mark.parametrize(
    ("type_", "words"),
    [
        ("approved", "It speaks of acts that wait or may be taken back: comment."),
        ("rejected", "It speaks of acts that wait or may be taken back: comment."),
        ("vote", "It counts for what is told of the object: score."),
        ("answered", "It makes an object, and nothing else."),
        ("sneezed", "No behaviour of version 2 goes by events of the type sneezed."),
    ],
)
def test_no_act__of_any__what_it_is_instead(type_: str, words: str) -> None:
    assert told(type_, "actor") == [words]
    assert told("loyaltychain.member.zone", "actor") == []
