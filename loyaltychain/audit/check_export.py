"""The entries of a pseudonymous export against the batches on chain: their heads, and what they move.

Entries are walked from the first to each head that a batch commits to, so that none can be left out or altered. What a
sealed entry moves shows in its batch alone, and as much as can be told of it is said.
"""

from collections import Counter
from collections.abc import Sequence

from loyaltychain.audit.award_file import EntryLine
from loyaltychain.audit.findings import Finding, differences, make_finding
from loyaltychain.audit.postings import fold_moves
from loyaltychain.audit.settled import SettledBatch
from loyaltychain.audit.walk_ledger import extend_head
from loyaltychain.core.hashing import ZERO_HASH


class ChainCheck:
    """Walks the entries from one batch's head to the next, and adds up what they move."""

    def __init__(self, batches: Sequence[SettledBatch]) -> None:
        """``batches`` are those that stand, in their order."""
        self._batches = batches
        self._head = ZERO_HASH
        self._waiting = self._sealed_here = 0  # entries, and sealed ones, since the last batch
        self._moved: Counter[int] = Counter()
        self.position = self.sealed = self.reached = 0
        self.findings: list[Finding] = []

    def take(self, line: EntryLine) -> None:
        """The next entry."""
        subject = f"position {line.position}"
        if line.position != self.position + 1:
            expected = f"position {self.position + 1}"
            self.findings.append(make_finding("export-chain", subject, expected=expected, actual=subject))
        self.position = line.position
        self._waiting += 1
        if line.opened is None:
            self.sealed += 1
            self._sealed_here += 1
        else:
            self.findings += differences("export-entry", subject, expected=line.opened.digest, actual=line.digest)
            for member, change in fold_moves(line.opened.moves).items():
                self._moved[member] += change
        self._head = extend_head(self._head, line.position, recorded_at=line.recorded_at, digest=line.digest)
        if self.reached < len(self._batches) and self._batches[self.reached].header.ledger_head == self._head:
            self._end_batch(self._batches[self.reached])

    def _end_batch(self, batch: SettledBatch) -> None:
        """The entries since the batch before, against what this one changes."""
        unexplained = Counter(dict(batch.changes))
        unexplained.subtract(self._moved)
        open_ = {member: change for member, change in unexplained.items() if change}
        gained = sum(change for change in open_.values() if change > 0)
        subject = f"batch {batch.header.batch_id}"
        if batch.updates and not batch.content:
            pass  # its data are missing, which is a finding of its own
        elif open_ and not self._sealed_here:
            for member, change in sorted(open_.items()):
                due = self._moved[member]
                self.findings.append(
                    make_finding("export-delta", f"{subject}, member {member}", expected=due, actual=due + change)
                )
        elif gained:
            self.findings.append(
                make_finding("award-sealed", subject, expected="0 points", actual=f"{gained} points or more")
            )
        self.reached += 1
        self._waiting = self._sealed_here = 0
        self._moved.clear()

    def finish(self) -> None:
        """What is left over at the end."""
        left = len(self._batches) - self.reached
        if left and self._waiting:
            batch = self._batches[self.reached]
            subject = f"batch {batch.header.batch_id}"
            self.findings.append(
                make_finding("export-chain", subject, expected=batch.header.ledger_head, actual=self._head)
            )
        elif left or self._waiting:
            last = self._batches[self.reached - 1].header.batch_id if self.reached else None
            expected = f"up to batch {self._batches[-1].header.batch_id}" if self._batches else "no entry"
            actual = f"up to batch {last}, and {self._waiting} entries more"
            self.findings.append(make_finding("export-short", "the export", expected=expected, actual=actual))
