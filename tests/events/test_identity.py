"""join, find_member, add_alias, close_member, closed_at

given an id that nobody has
    joining gives it the next number, once
given another id of a member
    both name the same number; once more changes nothing
    when the id names somebody else
        it raises IdempotencyConflict, unless that member is closed and it was the id joined with
given a closure
    the first one stands
given an id or number that nobody has
    it raises UnknownMember
"""

import pytest
from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import transaction
from loyaltychain.events.identity import add_alias, close_member, closed_at, find_member, join
from tests.events.builders import LATER, NOON


def test_join__new_and_known__next_number_once(engine: Engine) -> None:
    with transaction(engine) as tx:
        assert [join(tx, name, NOON) for name in ("ann", "bob", "ann")] == [1, 2, 1]
    with transaction(engine) as tx:
        assert join(tx, "bob", LATER) == find_member(tx, "bob") == 2
        with pytest.raises(errors.InvalidEvent, match="member must be printable"):
            join(tx, "\n", NOON)


def test_add_alias__new_id__names_the_same_member(engine: Engine) -> None:
    with transaction(engine) as tx:
        ann = join(tx, "ann", NOON)
        add_alias(tx, "card-7", ann, NOON)
        add_alias(tx, "card-7", ann, LATER)
        add_alias(tx, "ann", ann, LATER)
    with transaction(engine) as tx:
        assert find_member(tx, "card-7") == join(tx, "card-7", LATER) == ann
        assert join(tx, "bob", LATER) == 2


def test_add_alias__id_of_somebody_else__refused(engine: Engine) -> None:
    with transaction(engine) as tx:
        ann, bob = join(tx, "ann", NOON), join(tx, "bob", NOON)
        add_alias(tx, "card-7", bob, NOON)
        for taken in ("bob", "card-7"):
            with pytest.raises(errors.IdempotencyConflict, match="names another member"):
                add_alias(tx, taken, ann, NOON)
        with pytest.raises(errors.InvalidEvent, match="member must be printable"):
            add_alias(tx, "", ann, NOON)


def test_add_alias__first_id_of_a_closed_member__goes_over(engine: Engine) -> None:
    with transaction(engine) as tx:
        ann, bob = join(tx, "ann", NOON), join(tx, "bob", NOON)
        add_alias(tx, "card-7", bob, NOON)
        close_member(tx, bob, NOON, "went over into ann")
        add_alias(tx, "bob", ann, NOON)
        add_alias(tx, "bob", ann, NOON)
        with pytest.raises(errors.IdempotencyConflict):
            add_alias(tx, "card-7", ann, NOON)
    with transaction(engine) as tx:
        assert find_member(tx, "bob") == ann
        assert (closed_at(tx, ann), closed_at(tx, bob)) == (None, NOON)


def test_close_member__twice__the_first_stands(engine: Engine) -> None:
    with transaction(engine) as tx:
        ann = join(tx, "ann", NOON)
        assert closed_at(tx, ann) is None
        close_member(tx, ann, NOON, "left")
        close_member(tx, ann, UnixSeconds(LATER), "left again")
    with transaction(engine) as tx:
        assert closed_at(tx, ann) == NOON
        assert find_member(tx, "ann") == ann


def test_identity__nobody__unknown(engine: Engine) -> None:
    nobody = MemberNumber(1)
    with transaction(engine) as tx:
        with pytest.raises(errors.UnknownMember, match=r"this id.*ann"):
            find_member(tx, "ann")
        for call in (
            lambda: closed_at(tx, nobody),
            lambda: close_member(tx, nobody, NOON, "left"),
            lambda: add_alias(tx, "ann", nobody, NOON),
        ):
            with pytest.raises(errors.UnknownMember, match="this number"):
                call()
