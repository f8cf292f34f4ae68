"""list_refused

given events that were decided, refused when decided, and not let in
    the refused ones, those that came last first, with code and sentence; at most as many as asked for
given every code that intake knows
    there is a sentence for it
"""

from typing import get_args

from sqlalchemy import Engine

from loyaltychain.db.engine import reading, transaction
from loyaltychain.events import identity
from loyaltychain.events.capture import capture
from loyaltychain.events.types import Event, Intake, RefusalCode
from loyaltychain.operations.earn import earn_step
from loyaltychain.operations.refused import _AT_THE_DOOR, RefusedEvent, list_refused
from tests.operations.member_play import make_program
from tests.operations.member_world import NOW, after, join


def test_list_refused__decided_and_at_the_door__newest_first(engine: Engine) -> None:
    join(engine)
    bob = join(engine, "bob")
    spend = {"amount": 90, "unit": "points"}
    with transaction(engine) as tx:
        capture(tx, [Event("shop", "R-1", "redemption", "ann", NOW, spend)], received_at=NOW)
    earn_step(engine, make_program(None), now=NOW)
    with transaction(engine) as tx:
        identity.close_member(tx, bob, NOW, "asked for it")
        told = [Event("shop", "B-1", "order", "bob", NOW, {}), Event("shop", "Z-1", "order", "zoe", NOW, {})]
        capture(tx, told[:1], received_at=after(1))
        capture(tx, told[1:], received_at=after(2), intake=Intake(join="explicit"))

    with reading(engine) as tx:
        found = list_refused(tx)
        assert list_refused(tx, limit=2) == found[:2]
    assert found == [
        RefusedEvent(
            after(2), "shop", "Z-1", "zoe", "unknown-member", "No member had this id, and members have to join first.",
            is_taken=False,
        ),
        RefusedEvent(
            after(1), "shop", "B-1", "bob", "member-closed", "The member's account was closed.", is_taken=False
        ),
        RefusedEvent(
            NOW, "shop", "R-1", "ann", "insufficient-balance", "90 points wanted, 0 available.", is_taken=True
        ),
    ]  # fmt: skip


def test_list_refused__each_code_of_intake__has_a_sentence() -> None:
    assert set(_AT_THE_DOOR) == set(get_args(RefusalCode))
