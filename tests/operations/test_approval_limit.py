"""check_alone, by adjust and propose_adjustment: what one person may adjust a day without a second one
├── up to the limit, up and down added up, however the name is written: adjusted; what goes beyond it waits
├── names that are made up give a key no more room
├── what a second person agreed to, what waits and what was refused counts for nothing; other persons have their own
├── an adjustment is forgotten 24 hours later; one whose clock was late is not overlooked
├── a limit of the day works without one for each, and the other way round
└── at once: no two find room for themselves where there is room for one
"""

from typing import Any

import pytest
from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.db.engine import reading, transaction
from loyaltychain.operations.adjust import Adjusted, adjust
from loyaltychain.operations.approval_limit import adjusted_alone
from loyaltychain.operations.approvals import Approval, approve, propose_adjustment
from loyaltychain.operations.types import Bounds
from tests.operations.member_world import DAY, after, at_once, do, give, join, points_of, prove

TWO = Bounds(approve_above=100, approve_a_day=250)


@pytest.fixture
def ann(engine: Engine) -> MemberNumber:
    return join(engine)


def ask(engine: Engine, member: MemberNumber, points: int, id_: str, **changes: Any) -> Adjusted | Approval:
    said: dict[str, Any] = {"reason": "goodwill", "actor": "eve", "bounds": TWO, "key": "key:k1"}
    return do(engine, propose_adjustment, **({"id_": id_, "member": member, "points": points} | said | changes))


def test_adjust__many_small_ones__those_beyond_the_day_s_limit_wait(engine: Engine, ann: MemberNumber) -> None:
    for number, (points, actor) in enumerate([(100, "eve"), (-50, "EVE "), (100, "ｅｖｅ")]):
        assert isinstance(ask(engine, ann, points, f"{number}", actor=actor), Adjusted)

    for points in (1, -1):
        asked = ask(engine, ann, points, f"more{points}", actor="Eve")
        assert isinstance(asked, Approval)
    assert points_of(engine, ann).adjusted == 150
    assert isinstance(ask(engine, ann, 100, "0"), Adjusted)  # the same again is the same answer
    assert isinstance(ask(engine, ann, 100, "adam", actor="adam", key="key:k2"), Adjusted)
    prove(engine)


def test_adjust__names_made_up__the_key_counts(engine: Engine, ann: MemberNumber) -> None:
    done = [ask(engine, ann, 100, f"{number}", actor=f"eve-{number}") for number in range(3)]

    assert [type(each) for each in done] == [Adjusted, Adjusted, Approval]
    assert isinstance(ask(engine, ann, 100, "by hand", actor="eve-3", key=None), Adjusted)


def test_adjust__beyond_the_day_s_limit__raises_by_itself(engine: Engine, ann: MemberNumber) -> None:
    said: dict[str, Any] = {"member": ann, "reason": "goodwill", "actor": "eve", "bounds": TWO}
    for number in range(2):
        do(engine, adjust, id_=f"{number}", points=100, **said)

    with pytest.raises(errors.ApprovalNeeded) as caught:
        do(engine, adjust, id_="2", points=51, **said)

    assert caught.value.context == {"points": 51, "limit_a_day": 250, "adjusted": 200}
    do(engine, adjust, id_="3", points=51, approved_by="adam", **said)
    do(engine, adjust, id_="4", points=50, **said)
    with pytest.raises(errors.ApprovalNeeded):
        do(engine, adjust, id_="5", points=1, **said)


def test_adjust__approved_ones__count_for_nobody(engine: Engine, ann: MemberNumber) -> None:
    ask(engine, ann, 5_000, "large")
    with transaction(engine) as tx:
        approve(tx, id_="app/large", actor="adam", key="key:k2", reason="well argued", now=after(1), bounds=TWO)
    ask(engine, ann, 5_000, "waits")
    with pytest.raises(errors.InsufficientBalance):
        ask(engine, join(engine, "bob"), -100, "refused")

    with reading(engine) as tx:
        assert [
            adjusted_alone(tx, name, key=f"key:k{key}", now=after(2)) for name, key in (("eve", 1), ("adam", 2))
        ] == [0, 0]


@pytest.mark.parametrize(("seconds", "waits"), [(DAY - 1, True), (DAY, False)])
def test_adjust__a_day_later__forgotten(engine: Engine, ann: MemberNumber, seconds: int, waits: bool) -> None:
    give(engine, ann, 300)
    for number, points in enumerate([-100, -100, -50]):
        ask(engine, ann, points, f"{number}")

    asked = ask(engine, ann, 1, "later", now=after(seconds))

    assert isinstance(asked, Approval if waits else Adjusted)


def test_adjusted_alone__late_clock_and_many_lines__none_is_overlooked(engine: Engine, ann: MemberNumber) -> None:
    ask(engine, ann, 7, "first", now=after(DAY - 10))
    ask(engine, ann, 7, "late", now=after(DAY - 600))
    for number in range(501):  # more than the log is read at once
        ask(engine, ann, 1, f"{number}", actor="adam", now=after(DAY), bounds=Bounds())

    with reading(engine) as tx:
        counted = [adjusted_alone(tx, "eve", now=after(at)) for at in (DAY, 2 * DAY - 300, 2 * DAY)]
        assert counted == [14, 7, 0]
        assert adjusted_alone(tx, "adam", now=after(DAY)) == 501


@pytest.mark.parametrize(
    ("bounds", "alone", "waits"),
    [
        (Bounds(approve_a_day=250), 250, 251),
        (Bounds(approve_a_day=0), None, 1),
        (Bounds(approve_above=100), 100, 101),
        (Bounds(approve_above=300, approve_a_day=250), 250, 251),
    ],
)
def test_adjust__one_limit_or_the_other(
    engine: Engine, ann: MemberNumber, bounds: Bounds, alone: int | None, waits: int
) -> None:
    assert isinstance(ask(engine, ann, waits, "waits", bounds=bounds), Approval)
    if alone is not None:
        assert isinstance(ask(engine, ann, alone, "alone", bounds=bounds), Adjusted)


def test_adjust__at_once__room_for_two_is_taken_by_two(shared: Engine) -> None:
    members = [join(shared, f"m{number}") for number in range(6)]

    answers = at_once(
        6, lambda number: ask(shared, members[number], 100, f"{number}", actor=("eve", "EVE")[number % 2], key=None)
    )

    assert sorted(type(each).__name__ for each in answers) == ["Adjusted"] * 2 + ["Approval"] * 4
    assert sum(points_of(shared, member).adjusted for member in members) == 200
    prove(shared)
