"""propose_adjustment
├── up to the limit, or without one: it is an adjustment
├── above it, up or down: it waits for a second person, and nothing moves
├── given the same again: the same answer, before and after the decision; other content is a conflict
└── given a member herself, an unknown, closed or merged one, or more than the caps: refused at once

approve
├── the adjustment is made as it can be made then, with both names in the entry
├── given the actor or the key that asked, however the one is written and rotated the other, or the member: refused
├── given it is too late, or was decided on: refused; the same decision again is the same answer
├── given too few points by then: refused, and it goes on waiting
├── given a member who went over into another one meanwhile: it is hers
└── at once: one adjustment

reject, list_approvals
adjust
└── above the limit without a second person: it raises ApprovalNeeded
"""

from typing import Any

import pytest
from sqlalchemy import Engine

from loyaltychain.actions.log import read_actions
from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.db.engine import reading, transaction
from loyaltychain.operations.adjust import Adjusted, adjust
from loyaltychain.operations.approvals import (
    Approval,
    approve,
    list_approvals,
    propose_adjustment,
    read_approval,
    reject,
)
from loyaltychain.operations.identities import close
from loyaltychain.operations.recorded import read_recorded
from loyaltychain.operations.redeem import redeem
from loyaltychain.operations.request import is_named
from loyaltychain.operations.types import Bounds
from tests.operations.member_world import DAY, NOW, after, at_once, do, give, join, points_of, prove
from tests.operations.people_world import SAID, unite

TWO = Bounds(approve_above=1_000, approve_seconds=7 * DAY)


@pytest.fixture
def ann(engine: Engine) -> MemberNumber:
    return join(engine)


def ask(engine: Engine, member: MemberNumber, points: int = 5_000, **changes: Any) -> Adjusted | Approval:
    said: dict[str, Any] = {
        "id_": "a", "member": member, "points": points, "reason": "goodwill", "actor": "eve", "bounds": TWO,
    }  # fmt: skip
    return do(engine, propose_adjustment, **(said | changes))


def decide(engine: Engine, act: Any = approve, **changes: Any) -> Approval:
    said: dict[str, Any] = {"id_": "app/a", "actor": "adam", "reason": "well argued", "now": NOW}
    said |= {"bounds": TWO} if act is approve else {}
    with transaction(engine) as tx:
        return act(tx, **(said | changes))  # type: ignore[no-any-return]


def refusal(engine: Engine, **changes: Any) -> object:
    with pytest.raises(errors.ApprovalRefused) as caught:
        decide(engine, **changes)
    return caught.value.context["code"]


@pytest.mark.parametrize(("points", "bounds"), [(1_000, TWO), (5_000, Bounds())])
def test_propose__small__adjusted_at_once(engine: Engine, ann: MemberNumber, points: int, bounds: Bounds) -> None:
    done = ask(engine, ann, points, bounds=bounds)

    assert isinstance(done, Adjusted)
    assert points_of(engine, ann).available == points
    with reading(engine) as tx:
        assert [(each.actor, each.subject) for each in read_actions(tx)] == [("eve", "entry:adjust:app/a")]


@pytest.mark.parametrize("points", [1_001, -1_001])
def test_propose__large__waits(engine: Engine, ann: MemberNumber, points: int) -> None:
    asked = ask(engine, ann, points, key="key:k1", may_owe=True)

    assert asked == Approval(
        "app/a", ann, points, "goodwill", "eve", "key:k1", None, True, NOW, after(7 * DAY), "pending", None, None, None,
        None,
    )  # fmt: skip
    assert (points_of(engine, ann).adjusted, asked.entry_id) == (0, None)
    with reading(engine) as tx:
        assert read_approval(tx, "app/a", now=NOW) == asked
        [action] = read_actions(tx)
    assert (action.action, action.actor, action.subject) == ("adjustment.request", "key:k1", "entry:adjust:app/a")


def test_propose__again__the_same_answer(engine: Engine, ann: MemberNumber) -> None:
    ask(engine, ann)
    again = ask(engine, ann, now=after(5))
    assert isinstance(again, Approval)
    assert (again.is_replay, again.requested_at) == (True, NOW)
    with pytest.raises(errors.IdempotencyConflict):
        ask(engine, ann, 6_000)
    with pytest.raises(errors.IdempotencyConflict):
        ask(engine, ann, 6)
    decide(engine)
    done = ask(engine, ann)
    assert isinstance(done, Adjusted)
    assert (done.is_replay, done.points, points_of(engine, ann).available) == (True, 5_000, 5_000)


def test_propose__what_cannot_be__refused_at_once(engine: Engine, ann: MemberNumber) -> None:
    bob = join(engine, "bob")
    unite(engine, bob, ann)
    for changes, expected in (
        ({"actor": "ann"}, errors.InvalidOperation),
        ({"actor": " BOB"}, errors.InvalidOperation),
        ({"reason": " "}, errors.InvalidOperation),
        ({"member": bob}, errors.MemberMerged),
        ({"member": MemberNumber(99)}, errors.UnknownMember),
        ({"bounds": Bounds(award=4_999, approve_above=1_000)}, errors.OverCap),
    ):
        with pytest.raises(expected):
            ask(engine, **({"member": ann} | changes))
    with transaction(engine) as tx:
        close(tx, member=ann, **SAID)
    with pytest.raises(errors.MemberClosed):
        ask(engine, ann)
    with reading(engine) as tx:
        assert list_approvals(tx, now=NOW) == []


def test_approve__waiting__made_with_both_names(engine: Engine, ann: MemberNumber) -> None:
    ask(engine, ann, key="key:k1", expires_at=after(DAY))

    done = decide(engine, key="key:k2", now=after(60))

    assert (done.state, done.decided_by, done.decided_key, done.decision_reason, done.decided_at, done.entry_id) == (
        "approved", "adam", "key:k2", "well argued", after(60), "adjust:app/a",
    )  # fmt: skip
    with reading(engine) as tx:
        entry = read_recorded(tx, done.entry_id)
        assert [each.action for each in read_actions(tx)] == [
            "adjustment.approve", "adjustment.make", "adjustment.request",
        ]  # fmt: skip
    assert entry is not None
    assert entry.details == {
        "reason": "goodwill", "actor": "eve", "approved_by": "adam", "expires_at": after(DAY),
    }  # fmt: skip
    assert (points_of(engine, ann).available, entry.occurred_at) == (5_000, after(60))
    prove(engine)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"actor": "Eve "}, "same-actor"),
        ({"actor": "ＥＶＥ"}, "same-actor"),
        ({"key": "key:k1"}, "same-key"),
        ({"key": "key:k2", "namesakes": ["key:k1", "key:k2"]}, "same-key"),
        ({"actor": "ann"}, "beneficiary"),
        ({"now": after(7 * DAY)}, "lapsed"),
    ],
)
def test_approve__not_theirs__refused(engine: Engine, ann: MemberNumber, changes: dict[str, Any], code: str) -> None:
    ask(engine, ann, key="key:k1")

    assert refusal(engine, **changes) == code
    assert points_of(engine, ann).adjusted == 0


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("José", "Jose\u0301", True), ("STRASSE", "straße", True), ("ﬁona", "FIONA", True), ("İ", "i̇", True),
     ("eve", "eva", False), ("José", "Jose", False)],
)  # fmt: skip
def test_is_named__however_it_is_written(one: str, other: str, expected: bool) -> None:
    assert is_named(one, ["adam", other]) == is_named(other, ["adam", one]) == expected


def test_approve__decided__refused_or_the_same_answer(engine: Engine, ann: MemberNumber) -> None:
    ask(engine, ann)
    first = decide(engine)

    again = decide(engine, now=after(9 * DAY))

    assert (again.is_replay, again.decided_at) == (True, first.decided_at)
    assert refusal(engine, actor="ada") == "ended"
    assert refusal(engine, act=reject) == "ended"
    with pytest.raises(errors.UnknownApproval):
        decide(engine, id_="app/b")


def test_approve__too_few_points_by_then__refused_and_waits(engine: Engine, ann: MemberNumber) -> None:
    give(engine, ann, 2_000)
    ask(engine, ann, -2_000)
    do(engine, redeem, id_="r", member=ann, points=1)

    with pytest.raises(errors.InsufficientBalance):
        decide(engine)
    with pytest.raises(errors.OverCap):
        decide(engine, bounds=Bounds(redemption=1_999))

    give(engine, ann, 1, "shop/2")
    assert decide(engine).state == "approved"
    assert points_of(engine, ann).available == 0


def test_approve__merged_meanwhile__the_survivors(engine: Engine, ann: MemberNumber) -> None:
    bob = join(engine, "bob")
    ask(engine, bob)
    unite(engine, bob, ann)

    assert refusal(engine, actor="ann") == "beneficiary"
    decide(engine)

    assert points_of(engine, ann).available == 5_000
    assert isinstance(ask(engine, ann), Adjusted)


def test_approve__at_once__one_adjustment(shared: Engine) -> None:
    ann = join(shared)
    ask(shared, ann)

    answers = at_once(4, lambda number: decide(shared, actor=f"adam-{number}"))

    assert sum(isinstance(answer, Approval) for answer in answers) == 1
    assert points_of(shared, ann).available == 5_000


def test_reject__waiting__nothing_moves_ever(engine: Engine, ann: MemberNumber) -> None:
    ask(engine, ann)

    done = decide(engine, reject, actor="eve")  # who asked may take it back

    assert (done.state, done.entry_id) == ("rejected", None)
    assert decide(engine, reject, actor="eve").is_replay
    assert refusal(engine) == "ended"
    again = ask(engine, ann)
    assert isinstance(again, Approval)
    assert (again.state, points_of(engine, ann).adjusted) == ("rejected", 0)


def test_list_approvals__by_state__oldest_first_and_in_pages(engine: Engine, ann: MemberNumber) -> None:
    for number in range(5):
        ask(engine, ann, id_=f"a{number}", now=after(number // 2))
    decide(engine, id_="app/a1", now=after(5))
    decide(engine, reject, id_="app/a2", now=after(5))

    def ids(**asked: Any) -> list[str]:
        with reading(engine) as tx:
            return [each.id for each in list_approvals(tx, **({"now": after(9)} | asked))]

    assert ids() == ["app/a0", "app/a1", "app/a2", "app/a3", "app/a4"]
    assert ids(limit=2) + ids(limit=2, after="app/a1") + ids(limit=2, after="app/a3") == ids()
    assert (ids(state="pending"), ids(state="approved"), ids(state="rejected")) == (
        ["app/a0", "app/a3", "app/a4"], ["app/a1"], ["app/a2"],
    )  # fmt: skip
    assert ids(state="lapsed", now=after(7 * DAY + 1)) == ["app/a0", "app/a3"]
    with pytest.raises(errors.UnknownApproval):
        ids(after="app/none")


def test_adjust__large__needs_a_second_person(engine: Engine, ann: MemberNumber) -> None:
    with pytest.raises(errors.ApprovalNeeded, match="1,000 points"):
        do(engine, adjust, id_="a", member=ann, points=1_001, reason="goodwill", actor="eve", bounds=TWO)
