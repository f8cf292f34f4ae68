"""points_in_words: so many points as the programme calls them, in a language, the wider one, or the file's first"""

import pytest

from loyaltychain.program.conduct import Conduct, Term
from loyaltychain.program.units import points_in_words

BIKES = Conduct(
    units=(Term("de", "Speiche", "Speichen"), Term("en", "spoke", "spokes"), Term("pt-BR", "raio", "raios"))
)


@pytest.mark.parametrize(
    ("language", "one", "many"),
    [
        ("en", "1 spoke", "1,000 spokes"),
        ("en-GB", "1 spoke", "1,000 spokes"),
        ("DE-at", "1 Speiche", "1,000 Speichen"),
        ("pt-br", "1 raio", "1,000 raios"),
        ("pt", "1 Speiche", "1,000 Speichen"),  # Brazil's word is not Portugal's: the file's first
        ("fr", "1 Speiche", "1,000 Speichen"),
    ],
)
def test_points_in_words__languages__the_nearest(language: str, one: str, many: str) -> None:
    assert (points_in_words(BIKES, 1, language), points_in_words(BIKES, 1_000, language)) == (one, many)


@pytest.mark.parametrize("conduct", [None, Conduct()])
def test_points_in_words__nothing_said__points(conduct: Conduct | None) -> None:
    assert [points_in_words(conduct, amount) for amount in (-1, 0, 1, 2)] == [
        "-1 points", "0 points", "1 point", "2 points",
    ]  # fmt: skip
