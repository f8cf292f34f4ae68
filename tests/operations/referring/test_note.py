"""Who sent whom, kept as events tell it: the same in any order of arrival, and whoever is concerned is named."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading, transaction
from loyaltychain.events import identity
from loyaltychain.events.capture import capture
from loyaltychain.events.sequence import next_position
from loyaltychain.events.store import read_events
from loyaltychain.events.tables import members
from loyaltychain.events.types import Event
from loyaltychain.operations.merge import merge
from loyaltychain.operations.referring.note import Noted, note_referrals, read_referrals, referrers_of, void_referrals
from loyaltychain.program.load import parse_program
from loyaltychain.rules.engine.referral_terms import ReferralTerms
from loyaltychain.rules.engine.types import ReferralFacts
from tests.database import fresh_database

NOW = UnixSeconds(1_767_571_200)
PROGRAM = parse_program("""name: Shop
version: 1
timezone: UTC
currency: EUR
behaviours:
  visit: {event: visited, title: Come in.}
referrals:
  friend:
    {event: referred, qualified_by: purchase, title: Bring somebody., days: 30, referrer: 500, referee: 200,
     hold_on: [device], signal_on: [ip], velocity: {times: 2, per: day}}
""")
TERMS = ReferralTerms.of(PROGRAM)

Known = dict[str, tuple[str | None, bool, bool, tuple[str, ...], int]]


def referred(name: str, at: int, member: str, by: str, **payload: Any) -> Event:
    return Event("app", name, "referred", member, UnixSeconds(NOW + at), {"referrer": by, **payload})


def visit(name: str, at: int, member: str, **payload: Any) -> Event:
    return Event("app", name, "visited", member, UnixSeconds(NOW + at), payload)


def tell(engine: Engine, *events: Event) -> Noted:
    """Take these in and note them, as one run of the step."""
    with transaction(engine) as tx:
        before = next_position(tx) - 1
        capture(tx, list(events), received_at=NOW)
        return note_referrals(tx, TERMS, read_events(tx, before, 1000))


def facts(engine: Engine) -> dict[str, ReferralFacts]:
    with reading(engine) as tx:
        keys = {(each.event.source, each.event.id) for each in read_events(tx, 0, 1000)}
        return {name: found for (_, name), found in read_referrals(tx, TERMS, keys).items()}


def known(engine: Engine) -> Known:
    """By referral: the referrer's id, and whether it is first, closes a ring; what is in common; its place."""
    with reading(engine) as tx:
        ids = {row.number: row.member_id for row in tx.execute(members.select())}
    return {
        name: (ids.get(each.referrer or 0), each.is_first, each.is_cycle, each.common, each.nth)
        for name, each in facts(engine).items()
    }


def test_a_referral_is_known_with_both_its_sides(engine: Engine) -> None:
    noted = tell(engine, visit("v", 0, "ann"), referred("r", 5, "bob", "ann"))
    assert known(engine) == {"r": ("ann", True, False, (), 1)}
    assert [(each.id, each.referee, each.referrer) for each in noted.linked] == [(("app", "r"), 2, 1)]
    with reading(engine) as tx:
        assert referrers_of(tx, [MemberNumber(1), MemberNumber(2)]) == {2: {1}}


def test_noting_again_changes_nothing(engine: Engine) -> None:
    tell(engine, visit("v", 0, "ann"), referred("r", 5, "bob", "ann"))
    with transaction(engine) as tx:
        assert note_referrals(tx, TERMS, read_events(tx, 0, 1000)) == Noted(set(), ())


def test_a_referrer_who_joins_later_is_known_from_then_on(engine: Engine) -> None:
    tell(engine, referred("r", 5, "bob", "ann"))
    assert known(engine)["r"][0] is None
    noted = tell(engine, visit("v", 9, "ann"))
    assert known(engine)["r"][0] == "ann"
    assert [each.id for each in noted.linked] == [("app", "r")]
    assert {member for member, _ in noted.touched} == {1, 2}


def test_edge_58__an_earlier_touch_that_comes_late_wins_and_names_who_loses(engine: Engine) -> None:
    tell(engine, visit("v", 0, "ann"), visit("w", 0, "cat"), referred("late", 9, "bob", "cat"))
    noted = tell(engine, referred("early", 5, "bob", "ann"))
    assert {name: each[1] for name, each in known(engine).items()} == {"early": True, "late": False}
    assert {(member, key[2]) for member, key in noted.touched} == {(3, "late"), (2, "late")}


def test_edge_58__the_latest_link_of_a_ring_is_the_one_that_falls(engine: Engine) -> None:
    tell(engine, visit("v", 0, "ann"), referred("2", 20, "cat", "bob"), referred("3", 30, "ann", "cat"))
    assert not any(each[2] for each in known(engine).values())
    noted = tell(engine, referred("1", 10, "bob", "ann"))
    assert {name: each[2] for name, each in known(engine).items()} == {"1": False, "2": False, "3": True}
    assert {key[2] for _, key in noted.touched} >= {"3"}


def test_edge_55__a_device_that_the_referrer_showed_before_is_in_common(engine: Engine) -> None:
    tell(engine, visit("v", 0, "ann", device="d1", ip="::1"))
    tell(engine, referred("r", 5, "bob", "ann", device="d1", ip="::1"), referred("s", 6, "cat", "ann", device="d2"))
    assert {name: each[3] for name, each in known(engine).items()} == {"r": ("device", "ip"), "s": ()}


def test_edge_55__when_the_referrers_visit_comes_late_the_referral_is_named(engine: Engine) -> None:
    tell(engine, visit("v", 9, "ann", device="d1"), referred("r", 5, "bob", "ann", device="d1"))
    assert known(engine)["r"][3] == ()
    noted = tell(engine, visit("w", 1, "ann", device="d1"))
    assert known(engine)["r"][3] == ("device",)
    assert {(member, key[2]) for member, key in noted.touched} == {(1, "r"), (2, "r")}


def test_values_are_kept_as_hashes(engine: Engine) -> None:
    tell(engine, visit("v", 0, "ann", device="dev-4711"), referred("r", 5, "bob", "ann", device="dev-4711"))
    with reading(engine) as tx:
        for table in ("referrals", "member_traits"):
            assert "4711" not in str(tx.exec_driver_sql(f"SELECT * FROM {table}").all())


def test_edge_55__one_person_with_two_accounts_sent_herself_once_they_are_merged(engine: Engine) -> None:
    tell(engine, visit("v", 0, "ann"), referred("r", 5, "bob", "ann"))
    with transaction(engine) as tx:
        ann, bob = identity.find_member(tx, "ann"), identity.find_member(tx, "bob")
        merge(tx, merged=bob, survivor=ann, reason="one person", actor="eve", now=NOW)
    assert facts(engine)["r"].is_self


def test_a_referral_that_was_taken_back_frees_the_next(engine: Engine) -> None:
    tell(
        engine,
        visit("v", 0, "ann"),
        visit("w", 0, "cat"),
        referred("1", 5, "bob", "ann"),
        referred("2", 9, "bob", "cat"),
    )
    with transaction(engine) as tx:
        touched = void_referrals(tx, TERMS, {("app", "1"): True})
        assert void_referrals(tx, TERMS, {("app", "1"): True, ("app", "none"): True}) == set()
    assert {(2, "2"), (3, "2")} <= {(member, key[2]) for member, key in touched}
    assert {name: each[1] for name, each in known(engine).items()} == {"1": False, "2": True}
    with transaction(engine) as tx:
        touched = void_referrals(tx, TERMS, {("app", "1"): False})
    assert {(2, "2"), (3, "2")} <= {(member, key[2]) for member, key in touched}
    assert {name: each[1] for name, each in known(engine).items()} == {"1": True, "2": False}


NAMES = ["ann", "bob", "cat", "dan"]
EVENT = st.builds(
    lambda n, at, member, by, device: (
        visit(f"e{n}", at, member, device=device) if by is None else referred(f"e{n}", at, member, by, device=device)
    ),
    st.integers(0, 10_000), st.integers(0, 2 * 86_400), st.sampled_from(NAMES), st.sampled_from([None, *NAMES]),
    st.sampled_from(["d1", "d2", "d3"]),
)  # fmt: skip
EVENTS = st.lists(EVENT, max_size=12, unique_by=lambda each: each.id)
SLOW = [HealthCheck.too_slow]


@given(events=EVENTS, seed=st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None, suppress_health_check=SLOW)
def test_the_order_of_arrival_does_not_matter(events: list[Event], seed: Any) -> None:
    found = []
    for order in (events, seed.sample(events, len(events))):
        database = fresh_database("sqlite")
        for each in order:
            tell(database, each)
        tell(database, *(visit(f"{name}-end", 3 * 86_400, name) for name in NAMES))  # all have joined
        found.append(known(database))
        database.dispose()
    assert found[0] == found[1]


@given(batches=st.lists(st.lists(EVENT, max_size=4), max_size=5), void=st.integers(0, 20))
@settings(max_examples=40, deadline=None, suppress_health_check=SLOW)
def test_every_referral_that_becomes_another_is_named(batches: list[list[Event]], void: int) -> None:
    database = fresh_database("sqlite")
    seen: set[str] = set()
    for events in batches:
        fresh = {each.id: each for each in events if each.id not in seen}
        seen |= fresh.keys()
        before = facts(database)
        noted = tell(database, *fresh.values())
        _compare(before, facts(database), noted.touched)
    before = facts(database)
    chosen = [("app", name) for index, name in enumerate(sorted(before)) if index == void % max(len(before), 1)]
    with transaction(database) as tx:
        touched = void_referrals(tx, TERMS, dict.fromkeys(chosen, True))
    _compare({name: each for name, each in before.items() if ("app", name) not in chosen}, facts(database), touched)
    database.dispose()


def _compare(before: dict[str, ReferralFacts], after: dict[str, ReferralFacts], touched: Any) -> None:
    named = {(member, key[2]) for member, key in touched}
    for name, was in before.items():
        now = after[name]
        if now != was:
            assert (now.referee, name) in named, name
            assert now.referrer is None or (now.referrer, name) in named, name
