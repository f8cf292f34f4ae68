"""What a tool found, and which of it stands in the reviewed list of accepted findings. Runs nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

import yaml


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """``place`` is ``Contract.function`` or what the tool has instead; it does not move when lines do."""

    tool: str
    detector: str
    place: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """One entry of the list. ``place`` may have ``*`` in it."""

    tool: str
    detector: str
    place: str
    why: str

    def covers(self, finding: Finding) -> bool:
        same = (self.tool, self.detector) == (finding.tool, finding.detector)
        return same and fnmatchcase(finding.place, self.place)


@dataclass(slots=True)
class Outcome:
    """What became of one tool: ``skipped`` says why it did not run; ``notes`` what it covered."""

    tool: str
    skipped: str | None = None
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_accepted(path: Path) -> list[Accepted]:
    """The reviewed list. Raises ValueError for an entry that lacks something, its reason first of all."""
    entries = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    accepted = []
    for entry in entries:
        if set(entry) != {"tool", "detector", "place", "why"} or not all(
            str(value).strip() for value in entry.values()
        ):
            raise ValueError(f"an accepted finding has tool, detector, place and why, and no more: {entry}")
        accepted.append(Accepted(**{name: str(value) for name, value in entry.items()}))
    return accepted


def unexplained(outcome: Outcome, accepted: Iterable[Accepted]) -> list[Finding]:
    """The findings that no entry covers, and one for each entry of this tool that covers nothing any more."""
    mine = [entry for entry in accepted if entry.tool == outcome.tool]
    new = [finding for finding in outcome.findings if not any(entry.covers(finding) for entry in mine)]
    return sorted(new) + [_outlived(entry) for entry in mine if not _occurs(entry, outcome.findings)]


def _occurs(entry: Accepted, findings: Sequence[Finding]) -> bool:
    return any(entry.covers(finding) for finding in findings)


def _outlived(entry: Accepted) -> Finding:
    text = f"accepted, and found no longer: take {entry.place} out of the list"
    return Finding(entry.tool, entry.detector, entry.place, text)
