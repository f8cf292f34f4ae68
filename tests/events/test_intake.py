"""capture with an intake, of members with other ids and of closed ones; read_event

given an event that intake does not let in (edge cases 8: too old, 9: in the future, 10: unknown or closed member)
    it leaves no event and no member; the attempt is logged, once however often it is made in one second
    when it is known already
        it is known, whatever the intake says
given the operator's own import
    age does not matter and strangers join; closed members are refused all the same
given an event that names a member by another id (edge case 10: of one who went over into her)
    it is hers, and the same event under either id, also when it came before the ids were one member's
    it is read as one of the id joined with, with its digest
"""

import json
from dataclasses import replace

import pytest
from sqlalchemy import Engine, select

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.hashing import to_hex
from loyaltychain.db.engine import Tx, transaction
from loyaltychain.events import store
from loyaltychain.events.capture import capture
from loyaltychain.events.identity import add_alias, close_member, find_member, join
from loyaltychain.events.tables import events, intake_refusals
from loyaltychain.events.types import Captured, Conflict, Event, Intake, SequencedEvent
from tests.events.builders import LATER, NOON, make_event

DAY = 86_400
STRICT = Intake(join="explicit", horizon_seconds=DAY)
OPEN = Intake()


def at(occurred_at: int, **changes: object) -> Event:
    return make_event(occurred_at=UnixSeconds(occurred_at), **changes)


def codes(captured: Captured) -> list[tuple[int, str]]:
    return [(each.index, each.code) for each in captured.refused]


def log(tx: Tx) -> list[tuple[str, str, str, int]]:
    table = intake_refusals.c
    query = select(table.source, table.event_id, table.reason, table.received_at)
    return sorted((source, name, reason, received_at) for source, name, reason, received_at in tx.execute(query))


@pytest.mark.parametrize(
    ("intake", "occurred_at", "code"),
    [
        (STRICT, LATER - DAY, None),
        (STRICT, LATER - DAY - 1, "too-old"),
        (STRICT, LATER + 300, None),
        (STRICT, LATER + 301, "in-the-future"),
        (replace(STRICT, skew_seconds=0), LATER + 1, "in-the-future"),
        (OPEN, 0, None),
        (OPEN, LATER + 301, "in-the-future"),
        (None, 0, None),
        (None, LATER + DAY, None),
    ],
)
def test_capture__time_of_the_event__let_in_or_refused(
    engine: Engine, intake: Intake | None, occurred_at: int, code: str | None
) -> None:
    with transaction(engine) as tx:
        join(tx, "ann", NOON)
        captured = capture(tx, [at(occurred_at)], received_at=LATER, intake=intake)

    assert codes(captured) == ([] if code is None else [(0, code)])
    assert captured.taken == (code is None)
    with transaction(engine) as tx:
        assert len(store.read_events(tx, 0, 10)) == (code is None)
        assert log(tx) == ([] if code is None else [("shop", "INV-1", code, LATER)])


def test_capture__unknown_member__refused_or_joined(engine: Engine) -> None:
    offered = [make_event(), make_event(id="INV-2"), make_event(id="INV-3", member_id="bob")]
    with transaction(engine) as tx:
        join(tx, "bob", NOON)
        explicit = capture(tx, offered, received_at=LATER, intake=STRICT)
        assert store.last_number(tx) == 1
    with transaction(engine) as tx:
        opened = capture(tx, offered, received_at=LATER, intake=OPEN)

    assert (explicit.taken, codes(explicit)) == (1, [(0, "unknown-member"), (1, "unknown-member")])
    assert explicit.refused[0].event == offered[0]
    assert "'ann'" in explicit.refused[0].message
    assert opened == Captured(taken=2, known=1, conflicts=())


def test_capture__stranger_with_an_old_event__does_not_join(engine: Engine) -> None:
    with transaction(engine) as tx:
        captured = capture(tx, [at(0)], received_at=LATER, intake=Intake(horizon_seconds=DAY))

        assert codes(captured) == [(0, "too-old")]
        assert store.last_number(tx) == 0


@pytest.mark.parametrize("intake", [None, OPEN, STRICT])
def test_capture__closed_member__refused_always(engine: Engine, intake: Intake | None) -> None:
    with transaction(engine) as tx:
        ann = join(tx, "ann", NOON)
        add_alias(tx, "card-7", ann, NOON)
        capture(tx, [make_event()], received_at=NOON)
        close_member(tx, ann, LATER, "left")
        offered = [make_event(), make_event(id="INV-2"), make_event(id="INV-3", member_id="card-7")]
        captured = capture(tx, offered, received_at=LATER, intake=intake)

    assert (captured.taken, captured.known) == (0, 1)
    assert codes(captured) == [(1, "member-closed"), (2, "member-closed")]


def test_capture__refused_again__logged_once_a_second(engine: Engine) -> None:
    with transaction(engine) as tx:
        first = capture(tx, [make_event(), make_event()], received_at=LATER, intake=STRICT)
    with transaction(engine) as tx:
        capture(tx, [make_event(), make_event(source="web")], received_at=LATER, intake=STRICT)
        capture(tx, [make_event()], received_at=UnixSeconds(LATER + 1), intake=STRICT)

    assert codes(first) == [(0, "unknown-member"), (1, "unknown-member")]
    with transaction(engine) as tx:
        assert log(tx) == [
            ("shop", "INV-1", "unknown-member", LATER),
            ("shop", "INV-1", "unknown-member", LATER + 1),
            ("web", "INV-1", "unknown-member", LATER),
        ]
        documents = set(tx.execute(select(intake_refusals.c.document)).scalars())
        assert make_event().document in [json.loads(document) for document in documents]


def test_capture__known_event__known_whatever_the_intake(engine: Engine) -> None:
    with transaction(engine) as tx:
        capture(tx, [make_event()], received_at=NOON)
        captured = capture(tx, [make_event()], received_at=UnixSeconds(LATER + DAY), intake=STRICT)
        other = capture(tx, [at(NOON + 1)], received_at=UnixSeconds(LATER + DAY), intake=STRICT)

        assert captured == Captured(taken=0, known=1, conflicts=())
        assert other == Captured(taken=0, known=0, conflicts=(Conflict(0, at(NOON + 1)),))
        assert log(tx) == []


def test_capture__under_another_id__the_same_event(engine: Engine) -> None:
    by_card = make_event(member_id="card-7")
    with transaction(engine) as tx:
        ann = join(tx, "ann", NOON)
        add_alias(tx, "card-7", ann, NOON)
        first = capture(tx, [by_card, make_event()], received_at=LATER, intake=STRICT)
    with transaction(engine) as tx:
        again = capture(tx, [make_event(), by_card], received_at=LATER)
        found = store.read_events(tx, 0, 10)
        digest = tx.execute(select(events.c.digest)).scalar_one()

    assert (first.taken, first.known, again.known) == (1, 1, 2)
    assert found == [SequencedEvent(1, ann, make_event())]
    assert digest == to_hex(make_event().digest)


def test_capture__of_a_member_who_went_over__known_and_taken(engine: Engine) -> None:
    with transaction(engine) as tx:
        capture(tx, [make_event(member_id="bob"), make_event(id="INV-2")], received_at=NOON)
        bob, ann = find_member(tx, "bob"), find_member(tx, "ann")
        close_member(tx, bob, NOON, "went over into ann")
        add_alias(tx, "bob", ann, NOON)
    with transaction(engine) as tx:
        offered = [make_event(member_id="bob"), make_event(id="INV-3", member_id="bob"), make_event(member_id="ann")]
        captured = capture(tx, offered, received_at=LATER, intake=STRICT)
        found = store.read_events(tx, 0, 10)

    # What was bob's stays bob's; INV-1 in ann's name is other content.
    assert captured == Captured(taken=1, known=1, conflicts=(Conflict(2, offered[2]),))
    assert [(each.member, each.event.id, each.event.member_id) for each in found] == [
        (bob, "INV-1", "bob"),
        (ann, "INV-2", "ann"),
        (ann, "INV-3", "ann"),
    ]


def test_read_event__by_name__with_position_and_member(engine: Engine) -> None:
    offered = [make_event(member_id="bob"), make_event(id="INV-2"), make_event(source="web")]
    with transaction(engine) as tx:
        capture(tx, offered, received_at=LATER)

        assert store.read_event(tx, "shop", "INV-2") == SequencedEvent(2, MemberNumber(2), offered[1])
        assert store.read_event(tx, "web", "INV-1") == SequencedEvent(3, MemberNumber(2), offered[2])
        assert store.read_event(tx, "web", "INV-2") is None
