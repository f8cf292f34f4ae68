"""What a programme calls its points, in a language. Pure."""

from loyaltychain.core.words import counted
from loyaltychain.program.conduct import Conduct, Term

_POINTS = Term("en", "point", "points")


def unit_words(conduct: Conduct | None, language: str = "en") -> Term:
    """What a point is called in this language (BCP 47), else in the wider one, else in the file's first, else point.

    ``de-AT`` takes what is said for ``de``; case does not matter.
    """
    terms = {} if conduct is None else {each.language.lower(): each for each in conduct.units}
    wanted = language.lower()
    while wanted:
        if wanted in terms:
            return terms[wanted]
        wanted = wanted.rpartition("-")[0]
    return next(iter(terms.values()), _POINTS)


def in_unit(amount: int, unit: Term) -> str:
    """``1 spoke``, ``20 spokes``."""
    return counted(amount, unit.one, unit.other)


def points_in_words(conduct: Conduct | None, amount: int, language: str = "en") -> str:
    """So many points, as the programme calls them."""
    return in_unit(amount, unit_words(conduct, language))
