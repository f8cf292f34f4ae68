"""Referrals: who is given what, when, and who is not."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.rules.engine.types import Retraction
from tests.rules.engine.making import DAY, MONDAY, program_of, taken_back
from tests.rules.engine.referring import Said, Told, World, buy, referred, told

FRIEND = """referrals:
  friend:
    event: referred
    qualified_by: purchase
    title: Bring somebody who buys.
    days: 30
    referrer: 500
    referee: 200
"""
REFUNDED = "    retracted_by: [refund]\n"
LATER = 365 * DAY
ANN, BOB, CAT, DAN = 1, 2, 3, 4


def said(*events: Told, more: str = "", until: int = LATER, aliases: dict[int, int] | None = None) -> Said:
    return World(program_of(FRIEND + more), list(events), aliases or {}).said(until=until)


def both(name: str, referrer: tuple[int, str, str | None], referee: tuple[int, str, str | None]) -> Said:
    return {f"{name} referrer": referrer, f"{name} referee": referee}


def given_both(name: str) -> Said:
    return both(name, (500, "given", None), (200, "given", None))


def none_of(name: str, reason: str) -> Said:
    return both(name, (0, "given", reason), (0, "given", reason))


def test_both_are_paid_when_the_referee_qualifies_and_not_before() -> None:
    events = referred("r", 0, BOB, ANN), buy("b", 5 * DAY, BOB)
    waiting = (0, "pending", "not-yet")
    assert said(*events, until=4 * DAY) == both("r", waiting, waiting)
    assert said(*events, until=5 * DAY) == given_both("r")


def test_the_grants_say_who_sent_whom_and_what_qualified() -> None:
    world = World(program_of(FRIEND), [referred("r", 0, BOB, ANN), buy("b", 5 * DAY, BOB)])
    (grant,) = world.grants(until=LATER)[ANN]  # type: ignore[index]
    assert (grant.rule, grant.cause, grant.occurrence, grant.desired) == ("referral:friend", "app/r", "referrer", 500)
    assert grant.inputs == {"side": "referrer", "referrer": ANN, "referee": BOB, "qualified_by": "app/b"}
    assert grant.at == MONDAY + 5 * DAY  # points live from when they were earned


@pytest.mark.parametrize(("at", "is_in_time"), [(30 * DAY - 1, True), (30 * DAY, False)])
def test_an_act_that_qualifies_counts_within_the_days_alone(at: int, is_in_time: bool) -> None:
    found = said(referred("r", 0, BOB, ANN), buy("b", at, BOB))
    assert found == (given_both("r") if is_in_time else none_of("r", "timed-out"))


def test_what_happened_before_the_referral_does_not_qualify() -> None:
    assert said(buy("b", 0, BOB), referred("r", 1, BOB, ANN)) == none_of("r", "timed-out")


def test_conditions_are_of_the_qualifying_event() -> None:
    where = "    where: {amount: {at_least: 2000}}\n"
    small, large = buy("s", DAY, BOB, 1999), buy("l", 2 * DAY, BOB, 2000)
    assert said(referred("r", 0, BOB, ANN), small, more=where) == none_of("r", "timed-out")
    assert said(referred("r", 0, BOB, ANN), small, large, more=where) == given_both("r")


def test_only_the_first_qualifying_event_pays() -> None:
    assert said(referred("r", 0, BOB, ANN), buy("b1", DAY, BOB), buy("b2", 2 * DAY, BOB)) == given_both("r")


def test_a_referrer_whom_nobody_knows_pays_nobody() -> None:
    assert said(referred("r", 0, BOB, None), buy("b", DAY, BOB)) == {"r referee": (0, "given", "rejected")}


# EDGE 55: aliases, device, payment instrument.


def test_edge_55__self_referral_through_an_alias_is_refused() -> None:
    found = said(referred("r", 0, BOB, ANN), buy("b", DAY, BOB), aliases={BOB: ANN})
    assert set(found.values()) == {(0, "given", "self-dealing")}


HOLD = "    hold_on: [device, payment]\n    signal_on: [ip]\n"
ANNS = told("a", 0, "visit", ANN, device="d1", payment="card-9", ip="10.0.0.1")


@pytest.mark.parametrize("shared", [{"device": "d1"}, {"payment": "card-9"}])
def test_edge_55__a_device_or_card_in_common_holds_both_sides_and_shows_which(shared: dict[str, str]) -> None:
    events = [ANNS, referred("r", DAY, BOB, ANN, **shared), buy("b", 2 * DAY, BOB)]
    held = (0, "held", "held")
    assert said(*events, more=HOLD) == both("r", held, held)
    for member, grants in World(program_of(FRIEND + HOLD), events).grants(until=LATER).items():
        assert [each.inputs["common"] for each in grants] == [list(shared)], member


def test_edge_55__a_moderator_releases_or_ends_what_is_held() -> None:
    events = ANNS, referred("r", DAY, BOB, ANN, device="d1"), buy("b", 2 * DAY, BOB)
    approved = told("m", 9 * DAY, "referral_approved", DAN, event="app/r")
    rejected = replace(approved, type="referral_rejected")
    assert said(*events, approved, more=HOLD) == given_both("r")
    assert said(*events, rejected, more=HOLD) == none_of("r", "rejected")
    assert said(*events, approved, replace(rejected, id="m2"), more=HOLD) == given_both("r")  # the first word stands


@pytest.mark.parametrize("party", [ANN, BOB])
def test_edge_55__nobody_approves_what_they_gain_by(party: int) -> None:
    events = ANNS, referred("r", DAY, BOB, ANN, device="d1"), buy("b", 2 * DAY, BOB)
    own = told("m", 9 * DAY, "referral_approved", party, event="app/r")
    assert set(said(*events, own, more=HOLD).values()) == {(0, "held", "held")}


def test_edge_55__what_the_referrer_showed_only_later_does_not_hold() -> None:
    later = replace(ANNS, at=2 * DAY)
    assert said(later, referred("r", DAY, BOB, ANN, device="d1"), buy("b", 3 * DAY, BOB), more=HOLD) == given_both("r")


def test_edge_56__one_address_is_a_signal_and_no_hold() -> None:
    events = [ANNS, referred("r", DAY, BOB, ANN, ip="10.0.0.1"), buy("b", 2 * DAY, BOB)]
    assert said(*events, more=HOLD) == given_both("r")
    for grants in World(program_of(FRIEND + HOLD), events).grants(until=LATER).values():
        assert [each.inputs["signals"] for each in grants] == [["ip"]]


# EDGE 57: a refund inside the window.


def test_edge_57__points_wait_until_no_refund_can_come() -> None:
    events = referred("r", 0, BOB, ANN), buy("b", 5 * DAY, BOB)
    waiting = both("r", (500, "pending", None), (200, "pending", None))
    assert said(*events, more=REFUNDED, until=35 * DAY - 1) == waiting
    assert said(*events, more=REFUNDED, until=35 * DAY) == given_both("r")


def test_edge_57__a_refund_inside_the_window_cancels_both_awards() -> None:
    events = referred("r", 0, BOB, ANN), buy("b", 5 * DAY, BOB), told("x", 34 * DAY, "refund", BOB, event="app/b")
    assert said(*events, more=REFUNDED) == none_of("r", "retracted")


def test_edge_57__the_same_told_as_a_retraction_of_the_purchase() -> None:
    taken = buy("b", 5 * DAY, BOB, retraction=taken_back(34 * DAY))
    assert said(referred("r", 0, BOB, ANN), taken, more=REFUNDED) == none_of("r", "retracted")
    late = buy("b", 5 * DAY, BOB, retraction=taken_back(35 * DAY))
    assert said(referred("r", 0, BOB, ANN), late, more=REFUNDED) == given_both("r")


def test_edge_57__a_refund_after_the_window_or_of_something_else_changes_nothing() -> None:
    events = referred("r", 0, BOB, ANN), buy("b", 5 * DAY, BOB)
    for refund in (
        told("x", 35 * DAY, "refund", BOB, event="app/b"),
        told("x", 6 * DAY, "refund", BOB, event="app/other"),
        told("x", 6 * DAY, "refund", BOB, order="other"),
        told("x", 6 * DAY, "refund", CAT, event="app/b"),
    ):
        assert said(*events, refund, more=REFUNDED) == given_both("r"), refund


def test_edge_57__whoever_buys_again_in_time_qualifies_after_all() -> None:
    events = referred("r", 0, BOB, ANN), buy("b", DAY, BOB), told("x", 2 * DAY, "refund", BOB)
    assert said(*events, more=REFUNDED) == none_of("r", "retracted")
    assert said(*events, buy("b2", 3 * DAY, BOB), more=REFUNDED) == given_both("r")


def test_a_referral_that_was_taken_back_or_was_fraud_gives_nothing_and_frees_the_next() -> None:
    first = replace(referred("r1", 0, BOB, ANN), retraction=taken_back(9))
    later = referred("r2", 5, BOB, CAT), buy("b", DAY, BOB)
    assert said(first, *later) == none_of("r1", "retracted") | given_both("r2")
    fraud = replace(first, retraction=Retraction("app/gone", UnixSeconds(MONDAY), is_fraud=True))
    assert said(fraud, *later) == none_of("r1", "fraud") | given_both("r2")


# EDGE 58: cycles, chains, first touch.


def test_edge_58__first_touch_wins() -> None:
    found = said(referred("r2", 5, BOB, CAT), referred("r1", 0, BOB, ANN), buy("b", DAY, BOB))
    assert found == given_both("r1") | none_of("r2", "once")


def test_edge_58__whoever_closes_a_ring_is_refused() -> None:
    ring = referred("r1", 0, BOB, ANN), referred("r2", 5, CAT, BOB), referred("r3", 9, ANN, CAT)
    bought = [buy(f"b{member}", DAY + member, member) for member in (ANN, BOB, CAT)]
    assert said(*ring, *bought) == given_both("r1") | none_of("r3", "cycle") | both(
        "r2", (500, "given", None), (200, "given", None)
    )


def test_edge_58__a_ring_of_two_is_one_too() -> None:
    found = said(referred("r1", 0, BOB, ANN), referred("r2", 5, ANN, BOB), buy("b", 8, BOB), buy("a", 9, ANN))
    assert found == given_both("r1") | none_of("r2", "cycle")


def test_edge_58__an_account_that_did_nothing_itself_is_paid_for_nobody() -> None:
    chain = referred("r1", 0, BOB, ANN), referred("r2", 5, CAT, BOB), referred("r3", 9, DAN, CAT)
    found = said(*chain, buy("b", DAY, DAN))
    assert found == (
        none_of("r1", "timed-out") | none_of("r2", "timed-out")
        | both("r3", (0, "given", "chain"), (200, "given", None))
    )  # fmt: skip


def test_edge_58__whoever_bought_before_is_no_empty_account() -> None:
    chain = referred("r1", 0, BOB, ANN), referred("r2", 5, CAT, BOB)
    assert said(*chain, buy("b", DAY, BOB), buy("c", 2 * DAY, CAT)) == given_both("r1") | given_both("r2")
    late = said(*chain, buy("b", 3 * DAY, BOB), buy("c", 2 * DAY, CAT))
    assert late == given_both("r1") | both("r2", (0, "given", "chain"), (200, "given", None))


# Velocity and caps.


def crowd(size: int, at: int = 0) -> list[Told]:
    """So many whom Ann sent, one a minute, and who buy the next day."""
    return [
        event
        for n in range(10, 10 + size)
        for event in (referred(f"r{n}", at + 60 * n, n, ANN), buy(f"b{n}", at + DAY + 60 * n, n))
    ]


def test_more_in_a_day_than_is_likely_waits_for_a_word() -> None:
    found = said(*crowd(4), more="    velocity: {times: 3, per: day}\n")
    held = (0, "held", "velocity")
    assert found == given_both("r10") | given_both("r11") | given_both("r12") | both("r13", held, held)


def test_caps_are_the_referrers_and_the_referee_keeps_hers() -> None:
    found = said(*crowd(3), more="    caps: [{times: 2, per: year}]\n")
    assert found == given_both("r10") | given_both("r11") | both("r12", (0, "given", "cap-times"), (200, "given", None))
    found = said(*crowd(2), more="    caps: [{points: 700, per: year}]\n")
    assert found == given_both("r10") | both("r11", (200, "given", "cap-points"), (200, "given", None))


def test_what_a_cap_suppressed_comes_back_when_an_earlier_one_is_refunded() -> None:
    more = REFUNDED + "    caps: [{times: 2, per: year}]\n"
    named = told("x", 5 * DAY, "refund", 10, event="app/b10")
    nameless = told("x", 5 * DAY, "refund", 10)
    for refund in (named, nameless):
        found = said(*crowd(3), refund, more=more)
        assert found == none_of("r10", "retracted") | given_both("r11") | given_both("r12"), refund


def test_a_shared_cap_is_asked_of_what_members_share() -> None:
    found = said(*crowd(3), more="    caps: [{points: 1200, per: ever, shared: true}]\n")
    assert found == given_both("r10") | given_both("r11") | both(
        "r12", (200, "given", "shared-cap"), (200, "given", None)
    )


# The order of arrival.

STORY = [
    ANNS,
    referred("r1", 10, BOB, ANN, device="d1"),
    referred("r2", 20, CAT, BOB),
    referred("r3", 30, ANN, CAT),
    referred("r4", 40, DAN, ANN, ip="10.0.0.1"),
    referred("r5", 35, DAN, BOB),
    referred("r6", 50, 5, ANN),
    buy("b2", DAY, BOB),
    buy("b3", DAY, CAT),
    buy("b4", DAY, DAN),
    buy("b1", 2 * DAY, ANN),
    buy("b5", 2 * DAY, 5),
    told("x", 3 * DAY, "refund", DAN, event="app/b4"),
    told("m", 4 * DAY, "referral_approved", 9, event="app/r1"),
]


@given(order=st.permutations(STORY), until=st.integers(0, 40 * DAY))
@settings(max_examples=60, deadline=None)
def test_the_order_of_arrival_does_not_matter(order: list[Told], until: int) -> None:
    more = HOLD + REFUNDED + "    velocity: {times: 2, per: day}\n    caps: [{times: 2, per: month}]\n"
    assert said(*order, more=more, until=until) == said(*STORY, more=more, until=until)


@given(events=st.lists(st.sampled_from(STORY), unique_by=lambda each: each.id), until=st.integers(0, 40 * DAY))
@settings(max_examples=60, deadline=None)
def test_no_side_has_more_than_its_points_and_none_without_the_other_qualifying(events: list[Told], until: int) -> None:
    found = said(*events, more=REFUNDED, until=until)
    bought = {each.member for each in events if each.type == "purchase"}
    for name, (awarded, _, _) in found.items():
        referral = next(each for each in events if each.id == name.split()[0])
        assert 0 <= awarded <= (500 if name.endswith("referrer") else 200)
        assert not awarded or (referral.member in bought and referral.member != referral.payload["referrer"])
