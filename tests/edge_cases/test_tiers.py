"""Tiers, through intake, both steps and the ledger: edge cases 7 and 45 to 48, by number, and 64

given a late event of a year that is over
    the tier is what it would have been, from then on; no late event lowers one (7)
    but an act that is taken back has never given anything, that year's qualifying points included (7, 20)
given a member who spends all that she has
    she stays in her tier (45)
given a tier whose time is over
    it is kept for the days of grace, and what is earned in them keeps it (46)
    points that leave the period and come in about the threshold do not make it swing
given one event worth several tiers
    she rises to the highest at once; later she falls by one, and hears of it thirty days before (47)
given a version without her tier
    she is in the one that the file names instead, or in the highest whose threshold she once met (48)
given two members who become one
    the higher tier and the longer streak count, not their sums (64)
"""

import pytest
from sqlalchemy import Engine

from loyaltychain.db.engine import transaction
from loyaltychain.events.types import Event
from loyaltychain.operations.merge import merge
from loyaltychain.operations.redeem import redeem
from loyaltychain.program.types import Program
from tests.edge_cases.club import act, badges_of, club, lives, status_of, streak_of, tier_of, told, visits
from tests.edge_cases.story import instant, number_of
from tests.operations.conduct.forum import balances
from tests.operations.member_world import do

LEVELS = "{id: member, name: Member, from: 0}, {id: silver, name: Silver, from: 100}, {id: gold, name: Gold, from: 300}"
OTHERS = "{id: guest, name: Guest, from: 0}, {id: bronze, name: Bronze, from: 200}, {id: star, name: Star, from: 900}"


def tiers(
    period: str = "rolling", *, levels: str = LEVELS, replaced: str = "", version: int = 1, more: str = ""
) -> Program:
    """Tiers by help; a whole campaign is worth three of them."""
    return club(
        f"""  campaign: {{event: campaigned, title: Lead a campaign., points: 300, qualifying: true}}
tiers: {{period: {period}, falls: one_down, grace_days: 14, notice_days: 30, levels: [{levels}],
        replaced: {{{replaced}}}}}
nudges: {{tier_ends: {{days: 30}}}}
streaks: {{daily: {{title: Come daily., of: [visit]}}}}
{more}""",
        version,
    )


def helped(*days: str, member: str = "ann") -> list[Event]:
    return [act("helped", f"{day} 12:00", member) for day in days]


def test_edge_7__late_event_of_a_year_that_is_over__raises_and_never_lowers(database: Engine) -> None:
    program = tiers("calendar")
    lives(database, program, *helped("2025-03-10", "2025-04-10", "2026-02-10"), by="2026-03-01 00:00")
    assert tier_of(database, "2026-03-01 00:00").id == "silver"

    lives(database, program, *helped("2025-05-10"), by="2026-03-02 00:00")

    found = tier_of(database, "2026-03-02 00:00")
    assert (found.id, found.since) == ("gold", instant("2025-05-10 12:00"))
    assert tier_of(database, "2026-12-31 23:59").id == "gold"
    lives(database, program, *helped("2024-05-10"), by="2026-03-03 00:00")
    assert tier_of(database, "2026-12-31 23:59").id == "gold"


def test_edge_7_20__act_taken_back_when_the_year_is_over__never_gave_anything(database: Engine) -> None:
    program = tiers("calendar", more="achievements: {golden: {title: Become gold., name: G, tier: gold, points: 7}}\n")
    lives(database, program, *(acts := helped("2025-03-10", "2025-04-10", "2025-12-20")), by="2026-02-01 00:00")
    assert tier_of(database, "2026-02-01 00:00").id == "gold"
    event = f"club/{acts[2].id}"
    word = told("act.retracted", "2026-02-01 12:00", event=event, fraud=False, reason="undone")
    lives(database, program, word, by="2026-02-02 00:00")

    found = tier_of(database, "2026-02-02 00:00")
    assert (found.id, [each.after for each in found.history]) == ("silver", ["silver"])
    assert not badges_of(database, "2026-02-02 00:00")["golden"].held
    assert balances(database)["ann", "available", "points"] == 200


def test_edge_45__everything_spent__stays_in_her_tier(database: Engine) -> None:
    lives(database, tiers(), *helped("2026-01-05", "2026-01-06", "2026-01-07"))
    do(database, redeem, id_="1", member=number_of(database), points=300, now=instant("2026-01-08 12:00"))
    lives(database, tiers(), *visits(9))

    assert balances(database)["ann", "available", "points"] == 5
    found = tier_of(database, "2026-01-10 12:00")
    assert (found.id, found.points) == ("gold", 300)


def test_edge_46__time_is_over__grace_and_what_is_earned_in_it(database: Engine) -> None:
    lives(database, tiers(), act("campaigned", "2026-03-10 12:00"))
    found = tier_of(database, "2027-03-20 12:00")
    assert (found.id, found.falls_at, found.to_stay) == ("gold", instant("2027-03-24 00:00"), 300)

    lives(database, tiers(), act("campaigned", "2027-03-20 13:00"))

    assert tier_of(database, "2027-04-30 12:00").id == "gold"


def test_edge_46__points_swing_about_the_threshold__the_tier_does_not(database: Engine) -> None:
    firsts, fifteenths = (f"2026-{month:02}-01" for month in (1, 2, 3)), (f"2027-{month:02}-15" for month in (1, 2, 3))
    lives(database, tiers(), *helped(*firsts, *fifteenths))

    seen = [tier_of(database, f"2027-{month:02}-{day} 12:00") for month in (1, 2, 3) for day in (10, 20)]

    assert [(each.id, each.points) for each in seen] == 3 * [("gold", 200), ("gold", 300)]
    assert len(seen[-1].history) == 2


def test_edge_47__several_at_once_up__down_by_one_with_notice(database: Engine) -> None:
    lives(database, tiers(), act("campaigned", "2026-03-10 12:00"))
    assert tier_of(database, "2026-03-10 12:00").id == "gold"

    before, due = status_of(database, "2027-02-21 23:59"), status_of(database, "2027-02-22 00:00")
    assert (before.nudges, [each.about for each in due.nudges]) == ((), ["tier_ends"])
    assert due.tier is not None and (due.tier.falls_to, due.tier.is_notice_due) == ("silver", True)
    assert tier_of(database, "2027-03-23 23:59").id == "gold"
    assert tier_of(database, "2027-03-24 00:00").id == "silver"


@pytest.mark.parametrize(("replaced", "becomes"), [("gold: star, member: guest", "star"), ("", "bronze")])
def test_edge_48__her_tier_is_no_more__never_without_one(database: Engine, replaced: str, becomes: str) -> None:
    lives(database, tiers(), act("campaigned", "2026-03-10 12:00"))

    lives(database, tiers(levels=OTHERS, replaced=replaced, version=2))

    found = tier_of(database, "2026-04-10 12:00")
    assert (found.id, found.history[-1].why) == (becomes, "replaced")


def test_edge_64__two_become_one__higher_tier_and_longer_streak(database: Engine) -> None:
    bobs = [*helped("2026-01-05", "2026-01-06", "2026-01-07", member="bob"), *visits(9, 10, member="bob")]
    lives(database, tiers(), *helped("2026-01-05"), *visits(5, 6, 7, 8), *bobs, by="2026-01-10 13:00")
    ann, bob = number_of(database), number_of(database, "bob")
    with transaction(database) as tx:
        merge(tx, merged=bob, survivor=ann, reason="one person", actor="eve", now=instant("2026-01-10 14:00"))
    lives(database, tiers(), *visits(11))

    assert tier_of(database, "2026-01-11 13:00").id == "gold"
    assert streak_of(database, "2026-01-11 13:00").length == 3
