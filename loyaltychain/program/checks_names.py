"""What a programme file declares, by section, and whether what refers to it does."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loyaltychain.core.model_checks import Problem
from loyaltychain.core.strict_yaml import Path
from loyaltychain.core.words import nearest
from loyaltychain.program.schema import ProgramFile

_LISTED_MAX = 20


@dataclass(frozen=True, slots=True)
class Names:
    """Ids by section, also of entries that are malformed otherwise."""

    behaviours: tuple[str, ...]
    achievements: tuple[str, ...]
    streaks: tuple[str, ...]
    segments: tuple[str, ...]
    seasons: tuple[str, ...]
    objects: tuple[str, ...]
    measures: tuple[str, ...]
    tiers: tuple[str, ...]
    referrals: tuple[str, ...]

    @staticmethod
    def of(content: Mapping[str, Any]) -> "Names":
        """What the file's content declares."""
        tiers = content.get("tiers")
        levels = tiers.get("levels") if isinstance(tiers, dict) else None
        ids = [each.get("id") for each in levels if isinstance(each, dict)] if isinstance(levels, list) else []
        return Names(
            behaviours=_keys(content, "behaviours"),
            achievements=_keys(content, "achievements"),
            streaks=_keys(content, "streaks"),
            segments=_keys(content, "segments"),
            seasons=_keys(content, "seasons"),
            objects=_keys(content, "objects"),
            measures=_keys(content, "measures"),
            tiers=tuple(each for each in ids if isinstance(each, str)),
            referrals=_keys(content, "referrals"),
        )

    def are_all_in(self, said: ProgramFile) -> bool:
        """Whether nothing that is declared was malformed."""
        return (
            len(self.behaviours) == len(said.behaviours or ())
            and len(self.achievements) == len(said.achievements or ())
            and len(self.streaks) == len(said.streaks or ())
            and len(self.segments) == len(said.segments or ())
            and len(self.tiers) == len(said.tiers.levels if said.tiers is not None else ())
        )


def _keys(content: Mapping[str, Any], section: str) -> tuple[str, ...]:
    entries = content.get(section)
    return tuple(each for each in entries if isinstance(each, str)) if isinstance(entries, dict) else ()


def unknown(path: Path, word: str, known: Sequence[str], what: str, section: str) -> Iterator[Problem]:
    """A problem if ``word`` is not declared.

    Args:
        what: What it would be, with its article: "a behaviour".
        section: Where such things are declared.
    """
    if word in known:
        return
    if not known:
        hint = f" (there are none: declare it under {section})"
    elif len(known) > _LISTED_MAX:
        hint = f" (declare it under {section})"
    else:
        hint = f" (there are: {', '.join(known)})"
    yield Problem(path, f"{word!r} is not {what}{nearest(word, known) or hint}")


def all_unknown(
    path: Path, words: Iterable[str] | None, known: Sequence[str], what: str, section: str
) -> Iterator[Problem]:
    """The same of a list at ``path``."""
    for place, word in enumerate(words or ()):
        yield from unknown((*path, place), word, known, what, section)
