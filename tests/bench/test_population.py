"""population
├── as many distinct members as asked, all of them in the programme; points within their bounds
├── the same in every run, on every Python
├── some 217 points on average, most of them far less than the largest
└── newer members are drawn more often
"""

import hashlib
from statistics import mean, median

import pytest

from loyaltychain.bench.population import draw_credits


@pytest.mark.parametrize("percent", [5, 20, 100])
def test_draw_credits__as_many_members_as_asked(percent: int) -> None:
    drawn = draw_credits(400, percent=percent)

    assert len(drawn) == 400
    assert list(drawn) == sorted(drawn)
    assert min(drawn) >= 1
    assert max(drawn) <= 400 * 100 // percent
    assert all(10 <= points <= 5_000 for points in drawn.values())


def test_draw_credits__same_seed__same_on_every_machine() -> None:
    text = repr(draw_credits(1_000, percent=20))

    assert text == repr(draw_credits(1_000, percent=20))
    assert text != repr(draw_credits(1_000, percent=20, seed=2))
    assert (
        hashlib.sha256(text.encode()).hexdigest() == "2cd6f157f3c1acedf6a059827d0ec6cd84fc838e0cdfad6592b5d7c2775b776d"
    )


def test_draw_credits__many__the_stated_average_and_skew() -> None:
    points = list(draw_credits(10_000, percent=100).values())

    assert 210 <= mean(points) <= 225
    assert median(points) < mean(points) < max(points) / 5


def test_draw_credits__a_fifth_of_the_members__rather_the_newer_ones() -> None:
    newer = sum(member > 25_000 for member in draw_credits(10_000, percent=20))

    assert 5_500 < newer < 7_500
