"""Each entry's programme against those that were published (PROTOCOL §7)."""

from bisect import bisect_right
from collections.abc import Sequence

from loyaltychain.audit.findings import Finding, differences, make_finding
from loyaltychain.audit.publications import Publication, in_force
from loyaltychain.audit.store import octets
from loyaltychain.audit.walk_ledger import ProvenEntry


class ProgramCheck:
    """Holds entries against publications. Remembers what it found: between two publications all entries are alike."""

    def __init__(self, publications: Sequence[Publication]) -> None:
        self._publications = publications
        self._beginnings = sorted(each.from_position for each in publications)
        self._good: set[tuple[str, int]] = set()  # (programme, how many publications have begun)

    def check(self, entry: ProvenEntry) -> list[Finding]:
        """Nothing when the entry was made under no rules, or under those in force at its position."""
        if entry.program is None:
            return []
        key = (entry.program, bisect_right(self._beginnings, entry.position))
        if key in self._good:
            return []
        found = self._check(entry, octets(entry.program))
        if not found:
            self._good.add(key)
        return found

    def _check(self, entry: ProvenEntry, program: bytes) -> list[Finding]:
        begun = [each for each in self._publications if each.from_position <= entry.position]
        if not any(each.program_hash == program for each in begun):
            expected = f"published for position {entry.position}"
            return [make_finding("entry-program", entry.entry_id, expected=expected, actual=entry.program)]
        current = in_force(self._publications, entry.position)
        assert current is not None, entry
        return differences("program-superseded", entry.entry_id, expected=current.program_hash, actual=program)
