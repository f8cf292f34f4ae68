"""Awards for what happened before their programme was published: back-fill, which is allowed and has to be known.

By when the event occurred, as its entry says, and the time of the block that published the programme. No finding: that
the programme stood on chain before the batch that settles the award is checked elsewhere (``program-unpublished``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from loyaltychain.audit.block_times import BlockTimes
from loyaltychain.audit.publications import Publication
from loyaltychain.audit.walk_ledger import ProvenEntry
from loyaltychain.core.hashing import to_hex


@dataclass(frozen=True, slots=True)
class Backfill:
    """The awards of one programme for events before it. Instants in unix seconds."""

    program_hash: bytes
    published_at: int
    entries: int
    points: int
    first: int  # when the earliest of these events occurred
    last: int


@dataclass(slots=True)
class _Sum:
    entries: int = 0
    points: int = 0
    first: int = 0
    last: int = 0


class BackfillCount:
    """Counts entries as they pass."""

    def __init__(self, publications: Sequence[Publication], times: BlockTimes) -> None:
        """Raises RpcUnavailable when the node does not tell the time of a block."""
        self._published: dict[str, int] = {}  # by programme, as entries name it: when it was published first
        self._sums: dict[str, _Sum] = {}
        self._is_known = True
        for publication in publications:
            time = times.of(publication.place.block_number)
            if time is None:
                self._is_known = False
            else:
                self._published.setdefault(to_hex(publication.program_hash), time)

    def take(self, entry: ProvenEntry) -> None:
        """One entry of the ledger."""
        published = None if entry.program is None else self._published.get(entry.program)
        if published is None or entry.program is None or entry.occurred_at >= published:
            return
        total = self._sums.get(entry.program)
        if total is None:
            total = self._sums[entry.program] = _Sum(first=entry.occurred_at, last=entry.occurred_at)
        total.entries += 1
        total.points += sum(entry.changes.values())
        total.first, total.last = min(total.first, entry.occurred_at), max(total.last, entry.occurred_at)

    def lines(self) -> tuple[Backfill, ...] | None:
        """Programme by programme, as published; None where the time of a publication is not known."""
        if not self._is_known:
            return None
        return tuple(
            Backfill(bytes.fromhex(program[2:]), self._published[program], total.entries, total.points, total.first,
                     total.last)
            for program in self._published if (total := self._sums.get(program)) is not None
        )  # fmt: skip
