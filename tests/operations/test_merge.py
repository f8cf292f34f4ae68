"""merge
├── lots go over with award, time, expiry, due date and grace; debts and qualifying points add
├── a debt of either is paid from what the other can spend, soonest expiry first: the value is what it was
├── what is larger than the caps let a batch settle goes in parts
├── the same merge again is the same answer; at once: one wins
└── refused: herself, a member who went over, a closed one, one with a hold or a wallet, by an actor who is one of them
"""

from typing import Any

import pytest
from sqlalchemy import Engine

from loyaltychain.actions.log import read_actions
from loyaltychain.core import errors
from loyaltychain.core.amounts import LANE_MAX, MemberNumber
from loyaltychain.db.engine import reading, transaction
from loyaltychain.events import identity
from loyaltychain.operations import holds
from loyaltychain.operations.act_details import lots_digest
from loyaltychain.operations.identities import close
from loyaltychain.operations.merge import Merged, merge
from loyaltychain.operations.people_rows import read_moved
from loyaltychain.operations.redeem import redeem
from loyaltychain.operations.refund import refund
from loyaltychain.operations.types import Bounds
from tests.operations.member_world import (
    DAY,
    GRACE,
    NOW,
    after,
    at_once,
    do,
    entry_ids,
    give,
    join,
    points_of,
)
from tests.operations.people_world import SAID, open_lots, owe, proven, unite, worth


@pytest.fixture
def ann(engine: Engine) -> MemberNumber:
    return join(engine)


@pytest.fixture
def bob(engine: Engine, ann: MemberNumber) -> MemberNumber:
    return join(engine, "bob")


def test_merge__lots__go_over_as_they_are(engine: Engine, ann: MemberNumber, bob: MemberNumber) -> None:
    give(engine, ann, 30, "shop/1")
    give(engine, bob, 50, "shop/2", expires_at=after(DAY), at=after(-DAY))
    give(engine, bob, 20, "shop/3", due_at=after(DAY), qualifying=20)
    before = open_lots(engine, ann) + open_lots(engine, bob)

    link = unite(engine, bob, ann).link

    assert (link.points, link.pending, link.debt, link.qualifying) == (50, 20, 0, 20)
    assert open_lots(engine, ann) == sorted(before, key=repr)
    found = points_of(engine, ann)
    assert (found.available, found.pending, found.qualifying, found.merged) == (80, 20, 20, 70)
    assert (points_of(engine, bob).available, points_of(engine, bob).qualifying, open_lots(engine, bob)) == (0, 0, [])
    with reading(engine) as tx:
        assert identity.find_member(tx, "bob") == ann
        [action] = read_actions(tx, action="member.merge")
        lots = lots_digest(read_moved(tx, link.id))
    assert (action.subject, action.actor, dict(action.details or {})) == (
        f"member:{bob}", "eve@shop",
        {"survivor": ann, "link": link.id, "points": 50, "pending": 20, "debt": 0, "qualifying": 20, "lots": lots},
    )  # fmt: skip
    proven(engine)


def test_merge__points_in_grace__get_no_second_one(engine: Engine, ann: MemberNumber, bob: MemberNumber) -> None:
    give(engine, bob, 50, "shop/2", expires_at=after(DAY))
    do(engine, redeem, id_="r", member=bob, points=50)
    do(engine, refund, id_="f", redemption="app/r", reason="broken", grace_seconds=GRACE, now=after(DAY))

    unite(engine, bob, ann, now=after(DAY))

    assert open_lots(engine, ann) == [("shop/2", NOW, after(DAY + GRACE), None, 1, 50)]
    proven(engine)


@pytest.mark.parametrize(("hers", "has", "owes"), [(30, 0, 10), (40, 0, 0), (70, 30, 0)])
def test_merge__debt__paid_from_what_the_other_can_spend(
    engine: Engine, ann: MemberNumber, bob: MemberNumber, hers: int, has: int, owes: int
) -> None:
    owe(engine, bob, 40, "shop/2")
    give(engine, ann, hers - 10, "shop/1")
    give(engine, ann, 10, "shop/4", expires_at=after(DAY))
    value = worth(engine, ann, bob)

    unite(engine, bob, ann)

    found = points_of(engine, ann)
    assert (found.available, found.debt, points_of(engine, bob).debt) == (has, owes, 0)
    assert worth(engine, ann) == worth(engine, ann, bob) == value
    proven(engine)


def test_merge__survivor_owes__what_comes_in_pays(engine: Engine, ann: MemberNumber, bob: MemberNumber) -> None:
    owe(engine, ann, 40, "shop/1")
    give(engine, bob, 30, "shop/2")
    give(engine, bob, 30, "shop/3", due_at=after(DAY))

    unite(engine, bob, ann)

    found = points_of(engine, ann)
    assert (found.available, found.pending, found.debt) == (0, 30, 10)
    assert points_of(engine, ann, after(DAY)).available == 20  # pending ones pay when they are due
    proven(engine)


def test_merge__both_owe__debts_add(engine: Engine, ann: MemberNumber, bob: MemberNumber) -> None:
    owe(engine, ann, 40, "shop/1")
    owe(engine, bob, 30, "shop/2")

    assert unite(engine, bob, ann).link.debt == 30
    assert points_of(engine, ann).debt == 70
    proven(engine)


def test_merge__larger_than_caps__goes_in_parts(engine: Engine, ann: MemberNumber, bob: MemberNumber) -> None:
    give(engine, bob, 50, "shop/2")
    give(engine, ann, 25, "shop/1")
    owe(engine, bob, 0 + 60, "shop/3")  # she pays it with the 50, and owes 10

    unite(engine, bob, ann, bounds=Bounds(award=4, redemption=7))

    assert points_of(engine, ann).available == 15
    assert len(entry_ids(engine, "merge_in")) == 2  # 7 and 3 of the debt
    give(engine, ann, 10, "shop/5")
    assert len(entry_ids(engine, "merge_out")) == 2
    cara = join(engine, "cara")
    unite(engine, ann, cara, bounds=Bounds(award=4, redemption=7))
    assert points_of(engine, cara).available == 25
    assert len(entry_ids(engine, "merge_in")) == 2 + 4 + 3  # 15 and 10 by at most 4
    proven(engine)


def test_merge__again__the_same_answer(engine: Engine, ann: MemberNumber, bob: MemberNumber) -> None:
    first = unite(engine, bob, ann)
    give(engine, ann, 5)

    again = unite(engine, bob, ann, reason="another reason", actor="adam", now=after(9))

    assert again == Merged(first.link, is_replay=True)


def test_merge__at_once__one_wins(shared: Engine) -> None:
    ann, bob = join(shared), join(shared, "bob")
    give(shared, bob, 50)

    def act(number: int) -> Any:
        return unite(shared, bob, ann) if number % 2 else unite(shared, ann, bob)

    answers = at_once(6, act)

    links = {answer.link for answer in answers if isinstance(answer, Merged)}
    assert len(links) == 1
    assert sum(isinstance(answer, errors.MergeRefused) for answer in answers) == 3
    assert worth(shared, ann, bob) == 50
    proven(shared)


def test_merge__against_redemptions_at_once__no_point_is_lost_or_made(shared: Engine) -> None:
    ann, bob = join(shared), join(shared, "bob")
    give(shared, bob, 50)

    def act(number: int) -> Any:
        if number == 0:
            return unite(shared, bob, ann)
        return do(shared, redeem, id_=f"r-{number}", member=bob, points=10)

    answers = at_once(5, act)

    spent = sum(not isinstance(answer, Exception) for answer in answers) - 1
    assert worth(shared, ann, bob) == points_of(shared, ann).available == 50 - 10 * spent
    assert points_of(shared, bob).available == 0
    proven(shared)


@pytest.mark.parametrize(
    ("merged", "survivor", "code"),
    [("bob", "cara", "merged-elsewhere"), ("cara", "bob", "survivor-merged"), ("ann", "bob", "survivor-merged")],
)
def test_merge__who_went_over__refused(
    engine: Engine, ann: MemberNumber, bob: MemberNumber, merged: str, survivor: str, code: str
) -> None:
    numbers = {"ann": ann, "bob": bob, "cara": join(engine, "cara")}
    unite(engine, bob, ann)

    with pytest.raises(errors.MergeRefused) as refusal:
        unite(engine, numbers[merged], numbers[survivor])

    assert refusal.value.context["code"] == code


def test_merge__closed__refused(engine: Engine, ann: MemberNumber, bob: MemberNumber) -> None:
    with transaction(engine) as tx:
        close(tx, member=bob, **SAID)

    for pair in ((ann, bob), (bob, ann)):
        with pytest.raises(errors.MemberClosed):
            unite(engine, *pair)


def test_merge__open_hold__refused_until_it_is_over(engine: Engine, ann: MemberNumber, bob: MemberNumber) -> None:
    give(engine, bob, 30)
    do(engine, holds.hold, id_="h", member=bob, points=10, seconds=60)

    with pytest.raises(errors.MergeRefused) as refusal:
        unite(engine, bob, ann)

    assert (refusal.value.context["code"], refusal.value.context["holds"]) == ("open-hold", ["app/h"])
    unite(engine, bob, ann, now=after(60))
    assert points_of(engine, ann, after(60)).available == 30
    proven(engine)


def test_merge__survivors_hold__stands(engine: Engine, ann: MemberNumber, bob: MemberNumber) -> None:
    give(engine, ann, 30)
    do(engine, holds.hold, id_="h", member=ann, points=10)

    unite(engine, bob, ann)

    assert do(engine, holds.commit, id_="h").points == 10


def test_merge__wallet__refused(engine: Engine, ann: MemberNumber, bob: MemberNumber) -> None:
    with pytest.raises(errors.MergeRefused, match="let it leave") as refusal:
        unite(engine, bob, ann, wallet="0x" + "ab" * 20)

    assert refusal.value.context["code"] == "wallet-bound"


def test_merge__too_much_together__refused(engine: Engine, ann: MemberNumber, bob: MemberNumber) -> None:
    give(engine, ann, LANE_MAX - 5)
    give(engine, bob, 6, "shop/2")

    with pytest.raises(errors.BalanceTooLarge):
        unite(engine, bob, ann)


@pytest.mark.parametrize("changes", [{"actor": "Bob "}, {"actor": "ann"}, {"reason": ""}, {"survivor": 2}])
def test_merge__senseless__refused(
    engine: Engine, ann: MemberNumber, bob: MemberNumber, changes: dict[str, Any]
) -> None:
    with pytest.raises(errors.InvalidOperation):
        unite(engine, **({"merged": bob, "survivor": ann} | changes))


def test_merge__unknown__refused(engine: Engine, ann: MemberNumber) -> None:
    with pytest.raises(errors.UnknownMember), transaction(engine) as tx:
        merge(tx, merged=MemberNumber(99), survivor=ann, **SAID)
    with pytest.raises(errors.UnknownMember), transaction(engine) as tx:
        merge(tx, merged=ann, survivor=MemberNumber(99), **SAID)
