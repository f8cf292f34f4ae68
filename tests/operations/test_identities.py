"""add_identity: another id names the member; once more changes nothing; another's, a closed or merged one: refused
read_identities: all ids and merges, of either side
close: for ever; with a hold, a debt, a waiting approval or after a merge: refused with the reason

check_cooldown: after an id was added, members were merged or parted, or a wallet was bound or changed
├── redemptions and holds are refused until the instant that is told; commits, refunds and returns go on
└── so are redemptions by event, whatever moment they tell of: the moment of deciding counts
"""

import pytest
from sqlalchemy import Engine

from loyaltychain.actions.log import read_actions
from loyaltychain.chain.tables import intents
from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import reading, transaction
from loyaltychain.events import identity
from loyaltychain.events.capture import capture
from loyaltychain.events.types import Event
from loyaltychain.operations import holds
from loyaltychain.operations.approvals import propose_adjustment, reject
from loyaltychain.operations.earn import earn_step
from loyaltychain.operations.identities import (
    Identities,
    Identity,
    add_identity,
    close,
    find_number,
    read_identities,
)
from loyaltychain.operations.redeem import redeem
from loyaltychain.operations.refund import refund
from loyaltychain.operations.store import read_outcomes
from loyaltychain.operations.types import Bounds
from tests.operations.member_world import DAY, NOW, after, do, give, join, take_back
from tests.operations.people_world import PROGRAM, SAID, part, unite

SLOW = Bounds(cooldown=DAY)


@pytest.fixture
def ann(engine: Engine) -> MemberNumber:
    return join(engine)


def shut(engine: Engine, member: MemberNumber) -> int:
    with transaction(engine) as tx:
        return close(tx, member=member, **SAID)


def identities(engine: Engine, member: MemberNumber) -> Identities:
    with reading(engine) as tx:
        return read_identities(tx, member)


def test_add_identity__new__names_the_member(engine: Engine, ann: MemberNumber) -> None:
    for _ in range(2):
        with transaction(engine) as tx:
            added = add_identity(tx, member=ann, member_id="ann@work", **SAID)
        assert added == Identity("ann@work", "alias", ann, NOW)
    with reading(engine) as tx:
        assert identity.find_member(tx, "ann@work") == find_number(tx, "ann@work") == ann
        assert [each.subject for each in read_actions(tx, action="member.alias")] == ["member:1"]
    with transaction(engine) as tx:
        assert add_identity(tx, member=ann, member_id="ann", **SAID).kind == "joined"


def test_add_identity__anothers__refused(engine: Engine, ann: MemberNumber) -> None:
    bob = join(engine, "bob")
    with pytest.raises(errors.IdempotencyConflict), transaction(engine) as tx:
        add_identity(tx, member=ann, member_id="bob", **SAID)
    unite(engine, bob, ann)
    with pytest.raises(errors.MemberMerged), transaction(engine) as tx:
        add_identity(tx, member=bob, member_id="new", **SAID)
    shut(engine, ann)
    with pytest.raises(errors.MemberClosed), transaction(engine) as tx:
        add_identity(tx, member=ann, member_id="new", **SAID)


def test_read_identities__merged__both_sides(engine: Engine, ann: MemberNumber) -> None:
    bob = join(engine, "bob")
    with transaction(engine) as tx:
        add_identity(tx, member=bob, member_id="bob@work", **SAID)
    link = unite(engine, bob, ann).link

    hers, his = identities(engine, ann), identities(engine, bob)

    assert [(each.member_id, each.kind, each.number) for each in hers.ids] == [
        ("ann", "joined", ann), ("bob", "merged", bob), ("bob@work", "merged", bob),
    ]  # fmt: skip
    assert (hers.merged_into, his.merged_into, hers.links, his.links) == (None, ann, (link,), (link,))
    assert [each.member_id for each in his.ids] == ["bob", "bob@work"]
    ended = part(engine, bob, now=after(9)).link
    assert (identities(engine, bob).merged_into, identities(engine, bob).links) == (None, (ended,))
    with reading(engine) as tx:
        assert find_number(tx, "bob") == bob
        with pytest.raises(errors.UnknownMember):
            find_number(tx, "nobody")
    with pytest.raises(errors.UnknownMember):
        identities(engine, MemberNumber(99))


def test_close__nothing_open__for_ever(engine: Engine, ann: MemberNumber) -> None:
    give(engine, ann, 5)

    assert shut(engine, ann) == NOW
    with transaction(engine) as tx:
        assert close(tx, member=ann, **(SAID | {"now": after(9)})) == NOW
    with pytest.raises(errors.MemberClosed):
        do(engine, redeem, id_="r", member=ann, points=1)
    with reading(engine) as tx:
        assert [each.subject for each in read_actions(tx, action="member.close")] == ["member:1"]


def test_close__something_open__refused_with_the_reason(engine: Engine, ann: MemberNumber) -> None:
    def refusal() -> object:
        with pytest.raises(errors.CloseRefused) as caught:
            shut(engine, ann)
        return caught.value.context["code"]

    give(engine, ann, 50)
    do(engine, holds.hold, id_="h", member=ann, points=50)
    assert refusal() == "open-hold"
    do(engine, holds.commit, id_="h")
    take_back(engine, ann, 50)
    assert refusal() == "debt"
    give(engine, ann, 50, "shop/2")
    do(
        engine, propose_adjustment, id_="a", member=ann, points=9, reason="x", actor="eve",
        bounds=Bounds(approve_above=5, approve_seconds=60),
    )  # fmt: skip
    assert refusal() == "pending-approval"
    bob = join(engine, "bob")
    unite(engine, ann, bob)
    assert refusal() == "merged"
    with pytest.raises(errors.CloseRefused) as caught:
        shut(engine, bob)
    assert caught.value.context["approvals"] == ["app/a"]
    with transaction(engine) as tx:
        reject(tx, id_="app/a", **(SAID | {"actor": "adam"}))
    assert shut(engine, bob) == NOW


def test_close__timed_out_hold_and_lapsed_approval__closed(engine: Engine, ann: MemberNumber) -> None:
    give(engine, ann, 50)
    do(engine, holds.hold, id_="h", member=ann, points=50, seconds=60)
    do(
        engine, propose_adjustment, id_="a", member=ann, points=9, reason="x", actor="eve",
        bounds=Bounds(approve_above=5, approve_seconds=60),
    )  # fmt: skip
    with transaction(engine) as tx:
        assert close(tx, member=ann, **(SAID | {"now": after(60)})) == after(60)


def change(engine: Engine, ann: MemberNumber, what: str) -> None:
    if what == "alias":
        with transaction(engine) as tx:
            add_identity(tx, member=ann, member_id="ann@work", **SAID)
    elif what == "wallet":
        row = {
            "id": f"wallet:ab12cd34:executeRebind:{ann}:1:0011", "chain_id": 1, "signer": "0x01", "calldata": "0x",
            "digest": "0x02", "state": "final", "created_at": NOW,
        }  # fmt: skip
        with transaction(engine) as tx:
            tx.execute(intents.insert(), [row, row | {"id": "wallet:ab12cd34:executeRebind:12:1:0011",
                                                      "created_at": after(DAY)}])  # fmt: skip
    else:
        unite(engine, join(engine, "bob"), ann, now=NOW - 9 if what == "unmerge" else NOW)
        if what == "unmerge":
            part(engine, MemberNumber(2))


@pytest.mark.parametrize("what", ["alias", "merge", "unmerge", "wallet"])
def test_cooldown__after_a_change__nothing_is_spent_until_then(engine: Engine, ann: MemberNumber, what: str) -> None:
    give(engine, ann, 50)
    do(engine, redeem, id_="before", member=ann, points=5, bounds=SLOW)
    do(engine, holds.hold, id_="held", member=ann, points=5, seconds=2 * DAY, bounds=SLOW) if what in (
        "alias",
        "wallet",
    ) else None
    change(engine, ann, what)

    for act, id_ in ((redeem, "r"), (holds.hold, "h")):
        with pytest.raises(errors.CoolingDown, match="she can spend from") as refusal:
            do(engine, act, id_=id_, member=ann, points=5, bounds=SLOW, now=after(DAY - 1))
        assert refusal.value.context["from"] == format_instant(after(DAY))
        do(engine, act, id_=f"{id_}-off", member=ann, points=1, now=after(DAY - 1))  # no such setting: at once
    if what in ("alias", "wallet"):
        do(engine, holds.commit, id_="held", bounds=SLOW)
    do(engine, refund, id_="f", redemption="app/before", reason="broken", grace_seconds=0, bounds=SLOW)
    assert do(engine, redeem, id_="before", member=ann, points=5, bounds=SLOW).is_replay
    assert do(engine, redeem, id_="r", member=ann, points=5, bounds=SLOW, now=after(DAY)).points == 5


def test_cooldown__no_change__spends(engine: Engine, ann: MemberNumber) -> None:
    give(engine, ann, 50)

    assert do(engine, redeem, id_="r", member=ann, points=5, bounds=SLOW).points == 5


def test_cooldown__redemption_by_event__judged_by_when_it_is_decided(engine: Engine, ann: MemberNumber) -> None:
    give(engine, ann, 50, at=after(-DAY))
    change(engine, ann, "alias")
    for told_at, id_, happened_at in ((after(1), "T-1", after(-1)), (after(2), "T-2", NOW), (after(DAY), "T-3", NOW)):
        with transaction(engine) as tx:
            event = Event("shop", id_, "redemption", "ann", happened_at, {"amount": 5, "unit": "points"})
            capture(tx, [event], received_at=told_at)
        earn_step(engine, PROGRAM, now=told_at, bounds=SLOW)

    with reading(engine) as tx:
        found = read_outcomes(tx, 0, 10)
    assert [each.outcome for each in found] == ["refused", "refused", "posted"]
    for refused in found[:2]:  # dating it before the change helps nobody
        assert refused.explanation["reason"] == "cooling-down"
        assert refused.explanation["facts"]["from"] == format_instant(after(DAY))
