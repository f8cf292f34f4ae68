"""unmerge
├── right after a merge: everything is as it was, and both are members of their own again
├── what is left of her lots goes back; what was spent, expired or came back with goods is told lot by lot
├── points of events that named her ids go back, the survivor's own stay, by hand given ones too
├── pending points go back pending, and those that became due meanwhile go back due
├── her orders go back: later returns are hers, and charge nothing that had expired
├── debts: what paid hers at the merge comes back to its lots, what is still owed of it is hers again
├── she can be merged again, and undone again; a chain comes apart in the order in which it was made
├── what each redeemed meanwhile is refunded to whom it was charged
└── refused: nobody went over, the survivor went over or is closed, or holds points; by an actor who is one of the two
"""

import pytest
from sqlalchemy import Engine

from loyaltychain.actions.log import read_actions
from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.db.engine import reading, transaction
from loyaltychain.events import identity
from loyaltychain.operations import holds
from loyaltychain.operations.adjust import adjust
from loyaltychain.operations.identities import add_identity, close
from loyaltychain.operations.redeem import redeem
from loyaltychain.operations.refund import refund
from loyaltychain.operations.types import Bounds
from loyaltychain.operations.unmerge import LotShortage, Unmerged
from tests.operations.member_world import DAY, GRACE, NOW, after, do, give, join, points_of
from tests.operations.people_world import SAID, buy, open_lots, owe, part, proven, tell, unite, worth


@pytest.fixture
def ann(engine: Engine) -> MemberNumber:
    return join(engine)


@pytest.fixture
def bob(engine: Engine, ann: MemberNumber) -> MemberNumber:
    return join(engine, "bob")


def spend(engine: Engine, member: MemberNumber, points: int, id_: str = "r") -> None:
    do(engine, redeem, id_=id_, member=member, points=points)


def test_unmerge__at_once__everything_as_it_was(engine: Engine, ann: MemberNumber, bob: MemberNumber) -> None:
    give(engine, ann, 30, "till/1")
    give(engine, bob, 50, "till/2", expires_at=after(DAY), qualifying=50)
    give(engine, bob, 20, "till/3", due_at=after(DAY))
    do(engine, adjust, id_="a", member=bob, points=5, reason="goodwill", actor="eve@shop")
    before = {member: (open_lots(engine, member), points_of(engine, member)) for member in (ann, bob)}
    unite(engine, bob, ann)

    done = part(engine, bob)

    assert done == Unmerged(done.link, points=55, pending=20, debt=0, qualifying=50, shortage=())
    assert (done.link.ended_at, done.link.end_reason, done.link.end_actor) == (NOW, "two persons", "eve@shop")
    assert {member: (open_lots(engine, member), points_of(engine, member)) for member in (ann, bob)} == before
    with reading(engine) as tx:
        assert identity.find_member(tx, "bob") == bob
        assert [action.subject for action in read_actions(tx, action="member.unmerge")] == [f"member:{bob}"]
    assert buy(engine, "S-1", "bob", 700)["issued"] == 7
    assert points_of(engine, bob).earned == 50 + 20 + 7
    proven(engine)


def test_unmerge__spent_meanwhile__shortage_by_lot(engine: Engine, ann: MemberNumber, bob: MemberNumber) -> None:
    give(engine, ann, 30, "till/1")
    give(engine, bob, 50, "till/2", expires_at=after(DAY))
    give(engine, bob, 20, "till/3", expires_at=after(2 * DAY))
    unite(engine, bob, ann)
    spend(engine, ann, 45)

    done = part(engine, bob, now=after(DAY))

    assert done.shortage == (LotShortage("earn:till/2:spend", points=50, back=0, expired=5, short=45),)
    assert (done.points, open_lots(engine, ann), open_lots(engine, bob)) == (
        20, [("till/1", NOW, None, None, 0, 30)], [("till/3", NOW, after(2 * DAY), None, 0, 20)],
    )  # fmt: skip
    assert points_of(engine, bob, after(DAY)).merged == -50
    proven(engine)


def test_unmerge__later_events__go_by_the_id_that_they_name(
    engine: Engine, ann: MemberNumber, bob: MemberNumber
) -> None:
    with transaction(engine) as tx:
        identity.add_alias(tx, "bob@work", bob, NOW)
    unite(engine, bob, ann)
    buy(engine, "S-1", "bob", 1_000)
    buy(engine, "S-2", "bob@work", 2_000, item="mug")
    buy(engine, "S-3", "ann", 4_000, item="pot")
    do(engine, adjust, id_="a", member=ann, points=8, reason="goodwill", actor="eve@shop")

    done = part(engine, bob)

    assert (done.points, done.qualifying) == (30, 30)
    assert (points_of(engine, bob).available, points_of(engine, ann).available) == (30, 48)
    assert (points_of(engine, bob).qualifying, points_of(engine, ann).qualifying) == (30, 40)
    proven(engine)


def test_unmerge__pending__goes_back_as_it_stands(engine: Engine, ann: MemberNumber, bob: MemberNumber) -> None:
    give(engine, bob, 50, "till/2", due_at=after(DAY))
    give(engine, bob, 20, "till/3", due_at=after(3 * DAY))
    unite(engine, bob, ann)

    done = part(engine, bob, now=after(2 * DAY))

    assert (done.points, done.pending, done.shortage) == (50, 20, ())
    assert points_of(engine, bob, after(3 * DAY)).available == 70
    proven(engine)


def test_unmerge__orders__go_back(engine: Engine, ann: MemberNumber, bob: MemberNumber) -> None:
    buy(engine, "S-1", "bob", 4_000, pieces=4)
    unite(engine, bob, ann)
    buy(engine, "S-2", "bob", 2_000, pieces=2, item="mug")
    buy(engine, "S-3", "ann", 1_000, item="pot")
    part(engine, bob)

    for name, order in (("R-1", "S-1"), ("R-2", "S-2")):
        tell(engine, "return", name, "bob", {"order": order, "lines": [{"line": "1", "quantity": 1}]})
    told = tell(engine, "return", "R-3", "bob", {"order": "S-3", "lines": [{"line": "1", "quantity": 1}]})
    by_item = tell(engine, "return", "R-4", "bob", {"lines": [{"line": "x", "item": "cup", "quantity": 1}]})

    assert (told["reason"], by_item["taken_back"]) == ("foreign-order", 10)
    assert (points_of(engine, bob).available, points_of(engine, ann).available) == (30, 10)
    proven(engine)


def test_unmerge__expired_meanwhile__not_charged_with_the_return(
    engine: Engine, ann: MemberNumber, bob: MemberNumber
) -> None:
    buy(engine, "S-1", "bob", 4_000)
    give(engine, bob, 50, "till/2")
    unite(engine, bob, ann)
    part(engine, bob, now=after(4 * DAY))

    tell(engine, "return", "R-1", "bob", {"order": "S-1", "lines": [{"line": "1", "quantity": 1}]})

    assert points_of(engine, bob, after(4 * DAY)).available == 50
    assert (points_of(engine, bob).debt, points_of(engine, ann).debt) == (0, 0)
    proven(engine)


def test_unmerge__debt_that_the_survivor_paid__comes_back(engine: Engine, ann: MemberNumber, bob: MemberNumber) -> None:
    owe(engine, bob, 40, "till/2")
    give(engine, ann, 30, "till/1", expires_at=after(DAY))
    unite(engine, bob, ann)
    assert points_of(engine, ann).debt == 10

    done = part(engine, bob, bounds=Bounds(award=7, redemption=9))

    assert (done.debt, points_of(engine, bob).debt, points_of(engine, ann).debt) == (40, 40, 0)
    assert open_lots(engine, ann) == [("till/1", NOW, after(DAY), None, 0, 30)]
    proven(engine)


def test_unmerge__debt_that_awards_paid_since__is_paid(engine: Engine, ann: MemberNumber, bob: MemberNumber) -> None:
    owe(engine, bob, 40, "till/2")
    unite(engine, bob, ann)
    buy(engine, "S-1", "bob", 1_500)
    buy(engine, "S-2", "ann", 1_000, item="pot")

    assert part(engine, bob).debt == 15
    assert (points_of(engine, bob).debt, points_of(engine, ann).debt) == (15, 0)
    proven(engine)


def test_unmerge__her_points_paid_the_survivors_debt__short(
    engine: Engine, ann: MemberNumber, bob: MemberNumber
) -> None:
    owe(engine, ann, 40, "till/1")
    give(engine, bob, 60, "till/2")
    unite(engine, bob, ann)

    done = part(engine, bob)

    assert done.shortage == (LotShortage("earn:till/2:spend", points=60, back=20, expired=0, short=40),)
    assert worth(engine, bob) == 20
    proven(engine)


def test_unmerge__again_and_again__points_are_what_they_were(
    engine: Engine, ann: MemberNumber, bob: MemberNumber
) -> None:
    give(engine, bob, 50, "till/2", qualifying=50)
    for number in range(3):
        unite(engine, bob, ann)
        buy(engine, f"S-{number}", "bob", 1_000, item=f"cup-{number}")
        done = part(engine, bob)
        assert (done.points, done.shortage) == (60 + 10 * number, ())
        unite(engine, ann, bob)
        assert part(engine, ann).points == 0
    assert (points_of(engine, bob).available, points_of(engine, bob).qualifying) == (80, 80)
    assert worth(engine, ann) == points_of(engine, ann).qualifying == 0
    proven(engine)


def test_unmerge__chain__comes_apart_in_order(engine: Engine, ann: MemberNumber, bob: MemberNumber) -> None:
    cara = join(engine, "cara")
    for number, member in enumerate((ann, bob, cara), start=1):
        give(engine, member, 10 * number, f"till/{number}")
    unite(engine, cara, bob)
    unite(engine, bob, ann)
    buy(engine, "S-1", "cara", 500)

    with pytest.raises(errors.MergeRefused) as refusal:
        part(engine, cara)
    assert (refusal.value.context["code"], refusal.value.context["survivor"]) == ("merged-on", ann)

    part(engine, bob)
    assert (worth(engine, ann), worth(engine, bob), worth(engine, cara)) == (10, 55, 0)
    part(engine, cara)
    assert (worth(engine, ann), worth(engine, bob), worth(engine, cara)) == (10, 20, 35)
    proven(engine)


def test_unmerge__redemptions__refunded_to_whom_they_were_charged(
    engine: Engine, ann: MemberNumber, bob: MemberNumber
) -> None:
    give(engine, bob, 50, "till/2", expires_at=after(DAY))
    spend(engine, bob, 20, "before")
    unite(engine, bob, ann)
    spend(engine, ann, 10, "meanwhile")
    part(engine, bob)

    for name in ("before", "meanwhile"):
        do(engine, refund, id_=f"f-{name}", redemption=f"app/{name}", reason="broken", grace_seconds=GRACE)

    assert (points_of(engine, bob).available, points_of(engine, ann).available) == (40, 10)
    assert {lot[2] for lot in open_lots(engine, bob) + open_lots(engine, ann)} == {after(DAY)}
    proven(engine)


def test_unmerge__not_merged__refused(engine: Engine, ann: MemberNumber, bob: MemberNumber) -> None:
    with pytest.raises(errors.MergeRefused) as refusal:
        part(engine, bob)
    assert refusal.value.context["code"] == "not-merged"
    with pytest.raises(errors.UnknownMember):
        part(engine, MemberNumber(99))
    unite(engine, bob, ann)
    part(engine, bob)
    with pytest.raises(errors.MergeRefused):
        part(engine, bob)


def test_unmerge__open_hold__refused(engine: Engine, ann: MemberNumber, bob: MemberNumber) -> None:
    give(engine, bob, 30, "till/2")
    unite(engine, bob, ann)
    do(engine, holds.hold, id_="h", member=ann, points=10)

    with pytest.raises(errors.MergeRefused) as refusal:
        part(engine, bob)
    assert refusal.value.context["code"] == "open-hold"

    do(engine, holds.commit, id_="h")
    assert part(engine, bob).points == 20


def test_unmerge__closed_survivor__refused(engine: Engine, ann: MemberNumber, bob: MemberNumber) -> None:
    unite(engine, bob, ann)
    with transaction(engine) as tx:
        close(tx, member=ann, **SAID)

    with pytest.raises(errors.MemberClosed):
        part(engine, bob)
    assert tell(engine, "order", "S-1", "bob", {})["reason"] == "member-closed"


@pytest.mark.parametrize("actor", ["Bob ", "ANN", "ann@work", "bob@home", "cara"])
def test_unmerge__by_one_of_them__refused(engine: Engine, ann: MemberNumber, bob: MemberNumber, actor: str) -> None:
    with transaction(engine) as tx:
        add_identity(tx, member=ann, member_id="ann@work", **SAID)
        add_identity(tx, member=bob, member_id="bob@home", **SAID)
    unite(engine, join(engine, "cara"), bob)
    unite(engine, bob, ann)

    with pytest.raises(errors.InvalidOperation):
        part(engine, bob, actor=actor)

    with reading(engine) as tx:
        assert (identity.find_member(tx, "bob"), read_actions(tx, action="member.unmerge")) == (ann, [])
    assert part(engine, bob, actor="ann's aunt").link.end_actor == "ann's aunt"
