"""Awards of behaviours in a pseudonymous export against the published programmes, as far as they show it.

What one award can be is worked out from the programme that it names; what stands for it is added up over all of its
entries. Whether what somebody did met the programme's conditions takes all that she did: that is counted, and said.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from loyaltychain.audit.award_file import EntryLine, Granted, OpenEntry, Source, award_of_lot
from loyaltychain.audit.award_rules import Unanswerable
from loyaltychain.audit.findings import Finding, differences, make_finding
from loyaltychain.audit.grant_rules import Ruling, rule_on
from loyaltychain.audit.grant_sums import Key, Sums
from loyaltychain.audit.postings import Move
from loyaltychain.audit.publications import Publication
from loyaltychain.core.amounts import POINTS, QUALIFYING
from loyaltychain.core.hashing import to_hex

_ISSUED: Final = "program:issued"
_REVERSED: Final = "program:reversed"
_BADGES: Final = "program:badges"
_BADGE: Final = "badge:"  # what the unit of one begins with
_KINDS: Final = frozenset({"earn", "badge", "reverse", "reinstate", "revoke"})

Programs = Mapping[str, Mapping[str, Any]]  # documents by their digest, 0x hex


class GrantCheck:
    """Holds each award of behaviours against the programme as it passes, and what they come to against its limits."""

    def __init__(self, programs: Programs, publications: Sequence[Publication]) -> None:
        self._programs = programs
        self._begins = {to_hex(each.program_hash): each.from_position for each in reversed(publications)}
        self._net: Counter[int] = Counter()  # by award, points or badges
        self._sums = Sums()
        self._run = 0  # the ``recorded_at`` that is passing
        self._sealed = 0  # entries of which nothing is known
        self.awards = self.points = self.badges = self.conditions = 0
        self.findings: list[Finding] = []

    def take(self, line: EntryLine) -> None:
        """The next entry."""
        if line.recorded_at != self._run:
            self._end_run(is_over=True)
            self._run = line.recorded_at
        entry = line.opened
        if entry is None:
            self._sealed += 1
        elif entry.granted is not None:
            self._take_granted(line, entry, entry.granted)
        else:
            self._take_other(entry)

    def finish(self) -> None:
        """The last entry has passed. Whether what the last run gave stands, only the next batch may say."""
        self._end_run(is_over=False)

    def _take_other(self, entry: OpenEntry) -> None:
        """An entry that no rule of behaviours made: time, or a hand, may have taken an award back."""
        if any(move.unit.startswith(_BADGE) for move in entry.moves):
            self._say("award-unfounded", entry, "badges moved for an achievement alone", f"one by {entry.kind}")
        award = entry.award or award_of_lot(entry.id)
        if award is not None and hash(award) in self._net:
            self._move(entry, award)

    def _take_granted(self, line: EntryLine, entry: OpenEntry, granted: Granted) -> None:
        gives = entry.kind in ("earn", "badge")
        if entry.kind not in _KINDS or (gives and (entry.rule, entry.cause) != (granted.rule, granted.cause)):
            self._say("award-unfounded", entry, f"an award of {granted.rule} for {granted.cause}", entry.kind)
            return
        moved = self._move(entry, granted.award)
        takes = entry.kind == "reverse" and granted.awarded < 0  # by a rule that takes points
        if (gives or takes) and self._is_published(line, entry, granted):
            self._judge(entry, granted, line.source, moved)

    def _move(self, entry: OpenEntry, award: str) -> int:
        """What the entry changes of what stands for the award."""
        moved = sum(map(_change, entry.moves))
        self._net[hash(award)] += moved
        self._sums.stands(hash(award), self._net[hash(award)], entry.id)
        return moved

    def _is_published(self, line: EntryLine, entry: OpenEntry, granted: Granted) -> bool:
        """Whether the programme that is named was published for the entry's position, and is at hand."""
        version = granted.version
        if entry.program not in (None, version):
            self._say("entry-program", entry, version, str(entry.program))
        begins = self._begins.get(version)
        if begins is None or begins > line.position:
            self._say("entry-program", entry, f"published for position {line.position}", version)
            return False
        if version not in self._programs:
            self._say("award-unchecked", entry, f"the rules {version}", None)
            return False
        return True

    def _judge(self, entry: OpenEntry, granted: Granted, source: Source | None, moved: int) -> None:
        document, is_badge = self._programs[granted.version], entry.kind == "badge"
        facts = {} if source is None else source.facts
        try:
            ruling = rule_on(document, granted, is_badge=is_badge, at=entry.occurred_at, facts=facts)
        except Unanswerable as problem:
            self._say("award-unchecked", entry, str(problem), None)
            return
        if ruling is None:
            self._say("award-unfounded", entry, "a rule of its programme that gives something", granted.rule)
            return
        for code, expected, actual in ruling.faults:
            self._say(code, entry, expected, actual)
        self._hold_event(entry, source, ruling)
        self._hold_amounts(entry, granted, ruling)
        if is_badge:
            self._hold_badge(entry, granted)
        else:
            self._hold_qualifying(entry, granted, ruling)
        self._sums.give(hash(granted.award), ruling.sums)
        self._sums.stands(hash(granted.award), self._net[hash(granted.award)], entry.id)
        self.awards += moved > 0
        self.badges += is_badge
        self.points += 0 if is_badge else max(moved, 0)
        self.conditions += ruling.open if moved > 0 else 0

    def _hold_amounts(self, entry: OpenEntry, granted: Granted, ruling: Ruling) -> None:
        """What the award says that it is, and what stands for it, against what it can be."""
        name, awarded = f"entry {entry.id}", granted.awarded
        self.findings += differences("award-differs", name, expected=ruling.desired, actual=granted.desired)
        if not 0 <= (awarded if ruling.desired >= 0 else -awarded) <= ruling.most:
            self._say("award-exceeds", entry, f"{ruling.most} of {ruling.desired} at most", str(awarded))
        net = self._net[hash(granted.award)]
        if entry.kind == "badge" and net > 1 and self._sealed and not _is_first(entry, granted):
            net = self._net[hash(granted.award)] = 1  # its revocation may be sealed, too
            self.conditions += 1
        if net > awarded if awarded >= 0 else net < awarded:
            code = "award-unchecked" if self._sealed else "award-exceeds"
            self._say(code, entry, f"{awarded} for the award in all", str(net))
        elif 0 <= net < awarded and _is_first(entry, granted):  # nothing else can have moved it yet
            self._say("award-differs", entry, f"{awarded} for the award", str(net))

    def _hold_event(self, entry: OpenEntry, source: Source | None, ruling: Ruling) -> None:
        if ruling.types is not None and (source is None or source.type not in ruling.types):
            actual = "no event" if source is None else source.type
            self._say("award-unfounded", entry, f"an event of {', '.join(ruling.types)}", actual)

    def _hold_qualifying(self, entry: OpenEntry, granted: Granted, ruling: Ruling) -> None:
        counted = sum(move.amount for move in entry.moves if (move.source, move.unit) == (_ISSUED, QUALIFYING))
        most = max(granted.awarded, 0) if ruling.is_qualifying else 0
        if counted > most:
            self._say("award-differs", entry, f"{most} qualifying at most", f"{counted} qualifying")

    def _hold_badge(self, entry: OpenEntry, granted: Granted) -> None:
        unit, account = f"{_BADGE}{granted.rule.partition(':')[2]}", f"member:{granted.member}:badges"
        if [tuple(move) for move in entry.moves] != [(1, _BADGES, account, unit)]:
            self._say("award-unfounded", entry, f"one {unit} for member {granted.member}", "something else")

    def _end_run(self, *, is_over: bool) -> None:
        """Look at sums. ``is_over``: no entry of the run is still to come."""
        for entry, key, most, total in self._sums.end_run():
            if key[0] == "badge" and total - most <= self._sealed:
                self.conditions += 1  # a revocation is sealed, for the reason that somebody wrote
                continue
            name, expected, actual = f"entry {entry}", _words(key, most), f"{total} in all"
            if is_over and not self._sealed:
                self.findings.append(make_finding("award-exceeds", name, expected=expected, actual=actual))
            else:
                self.findings.append(make_finding("award-unchecked", name, expected=expected, actual=actual))

    def _say(self, code: str, entry: OpenEntry, expected: str, actual: str | None) -> None:
        self.findings.append(make_finding(code, f"entry {entry.id}", expected=expected, actual=actual))


def _is_first(entry: OpenEntry, granted: Granted) -> bool:
    """Whether it is the first entry of its award: later revisions have a number."""
    return entry.id == f"{entry.kind}:{granted.award}"


def _change(move: Move) -> int:
    """Points, or badges, that are a member's by it; below zero those that are not any more."""
    if move.unit == POINTS:
        return move.amount * ((move.source in (_ISSUED, _REVERSED)) - (move.destination == _REVERSED))
    if move.unit.startswith(_BADGE):
        return move.amount * ((move.source == _BADGES) - (move.destination == _BADGES))
    return 0


def _words(key: Key, most: int) -> str:
    what = " ".join(str(part) for part in key if part is not None)
    return f"at most {most}: {what}"
