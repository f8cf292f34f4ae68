"""Streaks over missed days

given a missed day and a freeze
    EDGE 36: it is used by itself, and the history shows it
    without one the streak is lost, and the next act begins another
    freezes come with the length, and never more than the programme allows
given a late event for the missed day
    EDGE 38: the streak is repaired, and the freeze is there again
given a restored streak
    EDGE 37: it survives until the end of the next period
    an act after the loss counts for it, too
given a pause
    its days are not missed; an act on one counts
    one that starts in the past, or makes no sense, is refused with the reason
"""

import pytest

from loyaltychain.rules.engine.status import status
from tests.rules.engine.making import fold_all
from tests.rules.engine.streaking import act, at, days, rewards, standing, streak_engine, told

PLAIN = "period: day"


FROZEN = "period: day, freezes: {initial: 1, every: 3, most: 2}"


def test_edge_36_a_freeze_is_used_by_itself_and_the_history_shows_it() -> None:
    engine = streak_engine(FROZEN)
    facts = [*days(5, 6), *days(8, 8)]
    now = standing(engine, facts, "2026-01-08 13:00")
    assert (now.length, now.freezes) == (3, 1)  # one used on the 7th, one earned with the third day
    assert [(each.day, each.how) for each in now.history] == [("2026-01-07", "frozen")]
    waiting = standing(engine, days(5, 6), "2026-01-08 13:00")
    assert (waiting.length, waiting.freezes) == (2, 0)
    assert [each.how for each in waiting.history] == ["frozen"]
    assert waiting.alive_until == at("2026-01-09 00:00")


def test_with_a_freeze_in_hand_the_day_to_act_by_and_the_end_are_two() -> None:
    now = standing(streak_engine(FROZEN), days(5, 6), "2026-01-06 13:00")
    assert (now.act_by, now.alive_until) == (at("2026-01-08 00:00"), at("2026-01-09 00:00"))


def test_without_a_freeze_the_streak_is_lost_and_another_begins() -> None:
    now = standing(streak_engine(PLAIN), [*days(5, 8), *days(10, 11)], "2026-01-11 13:00")
    assert (now.length, now.longest) == (2, 4)


def test_freezes_are_capped() -> None:
    assert standing(streak_engine(FROZEN), days(1, 20), "2026-01-20 13:00").freezes == 2


def test_edge_38_a_late_event_repairs_the_streak_and_returns_the_freeze() -> None:
    engine = streak_engine(FROZEN)
    without = [*days(5, 6), *days(8, 8)]
    late = act("2026-01-07 12:00")
    assert standing(engine, without, "2026-01-08 13:00").freezes == 1
    now = standing(engine, [*without, late], "2026-01-08 13:00")
    assert (now.length, now.freezes, now.history) == (4, 2, ())


def test_edge_37_a_restored_streak_survives_until_the_end_of_the_next_period() -> None:
    engine = streak_engine(PLAIN)
    facts = [*days(5, 8), told("streak.restored", "2026-01-10 20:00", streak="daily")]
    assert standing(engine, days(5, 8), "2026-01-10 20:00").length == 0
    now = standing(engine, facts, "2026-01-10 21:00")
    assert (now.length, now.alive_until) == (4, at("2026-01-12 00:00"))
    assert standing(engine, facts, "2026-01-11 23:59").length == 4
    assert standing(engine, [*facts, *days(11, 11)], "2026-01-11 13:00").length == 5
    assert standing(engine, facts, "2026-01-12 00:00").length == 0


def test_edge_37_an_act_after_the_loss_belongs_to_the_restored_streak() -> None:
    engine = streak_engine("period: day, rewards: {5: 50}")
    facts = [*days(5, 8), act("2026-01-10 10:00"), told("streak.restored", "2026-01-10 20:00")]
    now = standing(engine, facts, "2026-01-10 21:00")
    assert (now.length, now.is_filled) == (5, True)
    assert rewards(fold_all(engine, facts)) == [("5", 50, None)]
    twice = [*facts, told("streak.restored", "2026-01-10 21:00")]
    assert standing(engine, twice, "2026-01-10 22:00").length == 5


def test_paused_days_are_not_missed_and_an_act_on_one_counts() -> None:
    engine = streak_engine(PLAIN)
    pause = told("streak.paused", "2026-01-06 13:00", streak="daily", **{"from": "2026-01-07", "to": "2026-01-09"})
    facts = [*days(5, 6), pause]
    assert standing(engine, facts, "2026-01-10 23:59").length == 2
    assert standing(engine, facts, "2026-01-11 00:00").length == 0
    assert standing(engine, facts, "2026-01-08 12:00").is_paused
    assert standing(engine, [*facts, *days(8, 8), *days(10, 10)], "2026-01-10 13:00").length == 4


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        ({"from": "2026-01-05", "to": "2026-01-09"}, "it starts in the past"),
        ({"from": "2026-01-09", "to": "2026-01-08"}, "it ends before it starts"),
        ({"from": "tomorrow", "to": "2026-01-08"}, "from and to are no dates such as 2026-05-01"),
        ({"from": "2026-01-09", "to": "2028-01-08"}, "it is longer than a year"),
        ({"from": "2026-01-09", "to": "2026-01-10", "streak": "weekly"}, "there is no such streak"),
    ],
)
def test_a_pause_that_cannot_be_is_refused_with_the_reason(payload: dict[str, str], why: str) -> None:
    engine = streak_engine(PLAIN)
    facts = [*days(5, 6), told("streak.paused", "2026-01-06 13:00", **payload)]
    assert [each["why"] for each in status(engine, fold_all(engine, facts).state, at("2026-01-06 14:00")).refused] == [
        why
    ]
    assert standing(engine, facts, "2026-01-08 00:00").length == 0
