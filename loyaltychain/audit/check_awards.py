"""Awards of a pseudonymous export against the published rules, worked out anew.

What an event was worth is the operator's word: nothing on chain has it. That the award follows from it by the rules
that were published is worked out; that the entries are the ledger's is for ``check_export``.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from loyaltychain.audit.award_file import EventLine, OpenEntry, Source
from loyaltychain.audit.award_rules import Given, Unanswerable, award, is_order
from loyaltychain.audit.findings import Finding, differences, make_finding
from loyaltychain.audit.postings import Move
from loyaltychain.core.amounts import POINTS, QUALIFYING

_ISSUED: Final = "program:issued"

Programs = Mapping[str, Mapping[str, Any]]  # documents of published programmes by their digest, 0x hex


@dataclass(frozen=True, slots=True)
class _Event:
    """The event whose awards are passing."""

    source: Source
    cause: str
    program: str
    left: dict[str, Given]  # what its rules give and no entry gave yet


class AwardCheck:
    """Works out each award as it passes. Awards of one event come together, and events in their order."""

    def __init__(self, programs: Programs) -> None:
        self._programs = programs
        self._causes: set[int] = set()  # hashes of those that gave something
        self._event: _Event | None = None
        self._last = 0  # the position of the last event that gave something
        self.awards = self.points = 0  # that are exactly what the rules give
        self.other_awards = self.other_points = 0  # by the recorded rules of an order
        self.idle_events = 0
        self.refused: Counter[str] = Counter()
        self.findings: list[Finding] = []

    def take(self, entry: OpenEntry, source: Source | None) -> None:
        """An entry, and the event that it is said to come from."""
        if entry.kind != "earn":
            return
        if entry.rule is None:
            self.other_awards += 1
            self.other_points += _issued(entry.moves, POINTS)
        elif source is None or entry.program is None:
            self._doubt(entry, expected="an event, and the rules that gave it", actual="none")
        elif self._is_begun(entry, entry.program, source):
            self._judge(entry, entry.rule)

    def take_idle(self, line: EventLine) -> None:
        """An event that gave nothing: whether every programme at hand that reads it gives nothing for it."""
        self.idle_events += 1
        if line.outcome != "nothing":
            self.refused[line.outcome] += 1
            return
        given = [points for each in self._programs.values() if (points := _idle_points(each, line.source)) is not None]
        if given and min(given) > 0:
            self._miss(f"event {line.source.position}", min(given))

    def finish(self) -> None:
        """The last event has passed. What was only counted is said: whoever could give so, could give anything."""
        self._close()
        if self.other_awards:
            counted = f"{self.other_awards} awards of {self.other_points} points by rules that an order was kept with"
            self.findings.append(
                make_finding("award-unchecked", "edits of orders", expected="awards worked out anew", actual=counted)
            )

    def _is_begun(self, entry: OpenEntry, program: str, source: Source) -> bool:
        """Whether the entry belongs to the event that is passing, which it may begin, and whose rules can be asked."""
        if self._event is None or source.position != self._event.source.position:
            self._close()
            if hash(entry.cause) in self._causes or source.position <= self._last:
                actual = f"event {source.position} of {entry.cause}"
                self._doubt(entry, expected="an event that gave nothing before", actual=actual)
                return False
            self._causes.add(hash(entry.cause))
            self._last = source.position
            self._event = self._begin(entry, program, source)
            return self._event is not None
        event = self._event
        if (event.cause, event.program, event.source) == (entry.cause, program, source):
            return True
        self._doubt(entry, expected=f"event {source.position} of {event.cause}, told as before", actual=entry.cause)
        return False

    def _begin(self, entry: OpenEntry, program: str, source: Source) -> _Event | None:
        if program not in self._programs:
            self._cannot(entry, f"the rules {program}")
            return None
        try:
            given = award(self._programs[program], source.type, source.facts)
        except Unanswerable as problem:
            self._cannot(entry, str(problem))
            return None
        return _Event(source, entry.cause, program, given)

    def _judge(self, entry: OpenEntry, rule: str) -> None:
        assert self._event is not None, entry
        given = self._event.left.pop(rule, None)
        if given is None:
            expected = f"one award by each rule for {self._event.source.type}"
            self._doubt(entry, expected=expected, actual=f"another one, by {rule}")
            return
        actual = Given(_issued(entry.moves, POINTS), _issued(entry.moves, QUALIFYING))
        if actual == given:
            self.awards += 1
            self.points += given.points
        self.findings += differences("award-differs", f"entry {entry.id}", expected=_say(given), actual=_say(actual))

    def _close(self) -> None:
        """The event has passed: whether it was given all that its rules give."""
        if self._event is not None:
            for rule, given in self._event.left.items():
                if given.points:
                    self._miss(f"event {self._event.source.position}, rule {rule}", given.points)
        self._event = None

    def _doubt(self, entry: OpenEntry, *, expected: str, actual: str) -> None:
        self.findings.append(make_finding("award-unfounded", f"entry {entry.id}", expected=expected, actual=actual))

    def _cannot(self, entry: OpenEntry, lacking: str) -> None:
        self.findings.append(make_finding("award-unchecked", f"entry {entry.id}", expected=lacking, actual=None))

    def _miss(self, subject: str, points: int) -> None:
        self.findings.append(make_finding("award-missing", subject, expected=f"{points} points", actual="0 points"))


def _idle_points(document: Mapping[str, Any], source: Source) -> int | None:
    """What a programme gives for an event that gave nothing; None where it does not read it, or reads it as an order:
    one that is told again gives nothing the second time."""
    if is_order(document, source.type):
        return None
    try:
        given = award(document, source.type, source.facts)
    except Unanswerable:
        return None
    return sum(each.points for each in given.values()) if given else None


def _issued(moves: Iterable[Move], unit: str) -> int:
    """What was newly given."""
    return sum(move.amount for move in moves if move.source == _ISSUED and move.unit == unit)


def _say(given: Given) -> str:
    return f"{given.points} points, {given.qualifying} qualifying"
