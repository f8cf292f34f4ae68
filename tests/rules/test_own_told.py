"""own_words

given one of the system's own events about a member
    it says what is asked for
    when it names a streak or an achievement that there is not: that it does nothing, with the nearest that there is
    when it was refused: why
given another type
    nothing
"""

from collections.abc import Mapping

import pytest

from loyaltychain.program.load import parse_program
from loyaltychain.rules.own_told import own_words
from tests.program.conduct_builders import SHORT_TEXT

PROGRAM = parse_program(
    SHORT_TEXT
    + "streaks: {weekly: {title: Reply., of: reply, period: week}}\n"
    + "achievements:\n  first: {title: Reply., name: First, count: {of: reply, times: 1}}\n"
)
PAUSE: dict[str, object] = {"streak": "weekly", "from": "2026-08-01", "to": "2026-08-14"}


def words(kind: str, payload: Mapping[str, object], *refused: str) -> list[str]:
    assert PROGRAM.conduct is not None
    return own_words(PROGRAM.conduct, f"loyaltychain.{kind}", payload, [{"why": each} for each in refused])


@pytest.mark.parametrize(
    ("kind", "payload", "said"),
    [
        (
            "act.retracted",
            {"event": "app/1", "fraud": True, "reason": "a farm"},
            "It takes app/1 back, as fraud: a farm.",
        ),
        ("act.retracted", {"event": "app/1"}, "It takes app/1 back."),
        ("member.zone", {"zone": "Asia/Tokyo"}, "It says that the member lives in Asia/Tokyo."),
        ("streak.paused", PAUSE, "It asks to pause the streak weekly from 2026-08-01 through 2026-08-14."),
        ("streak.restored", {"streak": "weekly"}, "It gives the streak weekly back, where it was lost."),
        ("badge.revoked", {"achievement": "first", "reason": "copied"}, "It revokes the badge first: copied."),
    ],
)
def test_own_words__what_is_asked_for(kind: str, payload: dict[str, object], said: str) -> None:
    assert words(kind, payload) == [said]


def test_own_words__names_what_there_is_not__that_it_does_nothing() -> None:
    assert words("streak.paused", PAUSE | {"streak": "weekli"})[1:] == [
        "There is no streak 'weekli' (did you mean 'weekly'?): it does nothing."
    ]
    assert words("badge.revoked", {"achievement": "zzz"})[1:] == ["There is no achievement 'zzz': it does nothing."]


def test_own_words__refused__why() -> None:
    assert words("streak.paused", PAUSE, "it starts in the past")[1:] == ["It was not done: it starts in the past."]


def test_own_words__another_type__nothing() -> None:
    assert words("member.merged", {}) == []
