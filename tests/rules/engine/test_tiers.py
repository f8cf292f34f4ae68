"""Tiers

given qualifying points
    EDGE 47: several tiers up at once; down by one step, with notice
    a tier that was reached is kept for the period at least
    EDGE 46: grace: what is earned in it still counts, so nobody oscillates at the threshold
given points that are spent
    EDGE 45: spending never demotes
given returns
    EDGE 20: qualifying points fall, and with them a tier that was bought and returned
    what was earned otherwise still carries the tier
given other levels in a later version
    EDGE 48: who was in one that is no more is mapped, and keeps it as long
    a higher threshold takes nothing away
given the moment between
    points to the next tier, points to stay, and what becomes of it are told
"""

from dataclasses import replace

import pytest

from loyaltychain.program.achievements import Tier, Tiers
from loyaltychain.rules.engine.state import State
from loyaltychain.rules.engine.tier_standing import stand_among_tiers
from tests.rules.engine.making import MONDAY, Decisions, fact, fold_all
from tests.rules.engine.streaking import at
from tests.rules.engine.tiering import CALENDAR, EVER, LEVELS, ROLLING, engine_of, ladder_of, standing, tier, told


def test_edge_47_several_up_at_once_and_down_by_one_with_notice() -> None:
    facts = [told("2026-03-10 12:00", 1000)]
    assert tier(ROLLING, facts, "2026-03-10 11:59") == "gold"  # a state knows no time before its latest fact
    assert tier(ROLLING, facts, "2027-03-23 23:59") == "gold"
    assert tier(ROLLING, facts, "2027-03-24 00:00") == "silver"
    assert tier(ROLLING, facts, "2028-04-06 23:59") == "silver"
    assert tier(ROLLING, facts, "2028-04-07 00:00") == "member"
    assert not standing(ROLLING, facts, "2027-02-07 23:59").is_notice_due
    now = standing(ROLLING, facts, "2027-02-08 00:00")
    assert (now.is_notice_due, now.falls_to, now.falls_at) == (True, "silver", at("2027-03-24 00:00"))


def test_to_what_was_earned_where_the_programme_says_so() -> None:
    steep = replace(ROLLING, falls="to_earned")
    facts = [told("2026-03-10 12:00", 1000), told("2026-09-10 12:00", 100)]
    assert tier(steep, facts, "2027-09-23 23:59") == "gold"  # carried again by 1100 in September
    assert tier(steep, facts, "2027-09-24 00:00") == "member"


def test_history_says_when_and_why() -> None:
    facts = [told("2026-03-10 12:00", 600), told("2026-05-10 12:00", 400), told("2028-05-10 12:00", 1)]
    assert [(each.before, each.after, each.why) for each in standing(ROLLING, facts, "2028-05-10 13:00").history] == [
        ("member", "silver", "earned"),
        ("silver", "gold", "earned"),
        ("gold", "silver", "not earned again in time"),
    ]


def test_edge_46_what_is_earned_in_grace_still_counts() -> None:
    facts = [told("2026-03-10 12:00", 1000), told("2026-12-01 12:00", 600)]
    assert tier(ROLLING, facts, "2027-12-14 23:59") == "gold"  # 1600 in December carried it again
    late = [told("2026-03-10 12:00", 1000), told("2027-03-20 12:00", 1000)]
    assert tier(ROLLING, late, "2028-03-20 12:00") == "gold"
    assert len(standing(ROLLING, late, "2027-03-30 12:00").history) == 1


def test_edge_46_points_at_the_threshold_do_not_make_a_tier_oscillate() -> None:
    facts = [told(f"2026-{month:02}-01 12:00", 1000 if month == 1 else (-1) ** month) for month in range(1, 13)]
    engine = engine_of(ROLLING)
    state, seen = engine.new_state(), []
    for each in facts:
        engine.apply(state, each, Decisions())
        seen.append(ladder_of(engine).tier_at(state, each.at))
    assert set(seen) == {"gold"}


def test_a_calendar_year_s_tier_is_kept_through_the_next() -> None:
    facts = [told("2026-11-10 12:00", 1000)]
    assert tier(CALENDAR, facts, "2027-12-31 23:59") == "gold"
    assert tier(CALENDAR, facts, "2028-01-14 23:59") == "gold"
    assert tier(CALENDAR, facts, "2028-01-15 00:00") == "silver"
    again = [*facts, told("2027-05-01 12:00", 600), told("2028-01-10 12:00", 400)]  # in the days of grace
    assert tier(CALENDAR, again, "2028-12-31 23:59") == "gold"
    split = [told("2026-11-10 12:00", 600), told("2027-02-01 12:00", 600)]
    assert tier(CALENDAR, split, "2027-06-01 12:00") == "silver"


def test_of_all_time_nobody_falls_but_by_returns() -> None:
    facts = [told("2026-01-10 12:00", 600), told("2029-01-10 12:00", 400)]
    assert tier(EVER, facts, "2040-01-01 00:00") == "gold"
    assert standing(EVER, facts, "2040-01-01 00:00").falls_at is None
    assert tier(EVER, [*facts, told("2030-01-10 12:00", -1)], "2040-01-01 00:00") == "silver"


def test_edge_45_spending_never_demotes() -> None:
    """Only what is told as qualifying counts; what is spent is never told so."""
    facts = [told("2026-01-10 12:00", 1000), fact("spent", at("2026-02-01 12:00") - MONDAY, "redeemed", {"amount": -9})]
    assert tier(ROLLING, facts, "2026-02-02 12:00") == "gold"


@pytest.mark.parametrize("tiers", [ROLLING, CALENDAR, EVER])
def test_edge_20_what_was_bought_and_returned_gives_no_tier(tiers: Tiers) -> None:
    facts = [told("2026-03-10 12:00", 1000), told("2026-03-12 12:00", -1000)]
    now = standing(tiers, facts, "2026-03-12 12:00")
    assert (now.id, now.points) == ("member", 0)
    assert [each.why for each in now.history] == ["earned", "taken back"]
    partly = [told("2026-03-10 12:00", 1000), told("2026-03-12 12:00", -400)]
    assert tier(tiers, partly, "2026-03-12 12:00") == "silver"


@pytest.mark.parametrize("tiers", [ROLLING, CALENDAR, EVER])
def test_edge_20_what_was_earned_otherwise_still_carries_the_tier(tiers: Tiers) -> None:
    facts = [told("2026-03-10 12:00", 1000), told("2026-03-11 12:00", 700), told("2026-03-12 12:00", -700)]
    assert tier(tiers, facts, "2026-12-31 12:00") == "gold"


def test_edge_48_who_was_in_a_tier_that_is_no_more_is_mapped() -> None:
    old, facts = engine_of(ROLLING), [told("2026-03-10 12:00", 1000)]
    levels = (Tier("guest", "Guest", 0), Tier("bronze", "Bronze", 300), Tier("star", "Star", 2000))
    renamed = engine_of(Tiers(levels, "rolling", grace_days=14, replaced=(("gold", "star"), ("member", "guest"))))
    closest = engine_of(Tiers(levels, "rolling", grace_days=14))
    for new, expected in ((renamed, "star"), (closest, "bronze")):
        state = fold_all(old, facts).state
        new.apply(state, told("2026-04-01 12:00", 1), Decisions())
        ladder = ladder_of(new)
        assert ladder.tier_at(state, at("2027-03-23 12:00")) == expected
        assert stand_among_tiers(ladder, state, at("2026-04-02 12:00")).history[-1].why == "replaced"
    newcomer = old.new_state()
    renamed.apply(newcomer, told("2026-04-01 12:00", 1), Decisions())
    assert ladder_of(renamed).tier_at(newcomer, at("2026-04-02 12:00")) == "guest"


def test_edge_48_a_higher_threshold_takes_nothing_away() -> None:
    old, state = engine_of(ROLLING), State()
    state = fold_all(old, [told("2026-03-10 12:00", 1000)]).state
    new = engine_of(Tiers((*LEVELS[:2], Tier("gold", "Gold", 5000)), "rolling", grace_days=14))
    new.apply(state, told("2026-04-01 12:00", 10), Decisions())
    new.apply(state, told("2026-04-02 12:00", -10), Decisions())
    assert ladder_of(new).tier_at(state, at("2027-03-23 12:00")) == "gold"
    assert ladder_of(new).tier_at(state, at("2027-03-24 12:00")) == "silver"


def test_gap_and_what_is_needed_to_stay() -> None:
    facts = [told("2026-03-10 12:00", 800), told("2026-06-10 12:00", 100)]
    now = standing(ROLLING, facts, "2026-07-01 12:00")
    assert now.next is not None
    assert (now.id, now.points, now.next.id, now.next.missing) == ("silver", 900, "gold", 100)
    assert now.to_stay == 500  # on the last day neither of the two counts any more
    staying = [*facts, told("2027-06-20 12:00", 500)]
    assert tier(ROLLING, staying, "2028-01-01 12:00") == "silver"
