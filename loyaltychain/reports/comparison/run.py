"""A comparison, run: the acts of a folder through ingest and the steps, and what comes of them beside what was awarded.

Each run has a database of its own, which is gone afterwards.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.hashing import to_hex
from loyaltychain.db.migrate import open_migrated
from loyaltychain.reports.comparison.awarded import read_awarded
from loyaltychain.reports.comparison.dealing import Disorder, deal, find_file
from loyaltychain.reports.comparison.derived import Badge, digest_of, read_derived, take_in
from loyaltychain.reports.comparison.plan import Comparison
from loyaltychain.reports.comparison.rejected import Rejected
from loyaltychain.reports.comparison.slices import SLICE, Slices, cut_by_time
from loyaltychain.reports.comparison.table import Award, Line, compare, not_compared
from loyaltychain.rules.engine.days import make_days


@dataclass(frozen=True, slots=True)
class Derived:
    """The badges that follow from a folder's acts, and what became of the rows: counts as in an ingest's report.

    ``rejects`` names each of the ``rejected``.
    """

    badges: tuple[Badge, ...]
    events: int
    repeated: int
    left_out: int
    rejects: tuple[Rejected, ...]

    @property
    def rejected(self) -> int:
        """How many rows could not be taken."""
        return len(self.rejects)

    @property
    def digest(self) -> str:
        """Of the set of badges, 0x hex: member, achievement, object, event and time of each."""
        return to_hex(digest_of(self.badges))


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of it: a line for each achievement, and how often badges were awarded that the programme has not."""

    derived: Derived
    lines: tuple[Line, ...]
    others: dict[str, int]
    disorder: Disorder
    again: Derived | None  # the same acts in that disorder

    @property
    def is_same(self) -> bool:
        """Whether the badges are the same ones in any order; true where no other order was tried."""
        return self.again is None or self.again.digest == self.derived.digest


def run_comparison(
    comparison: Comparison,
    folder: Path,
    disorder: Disorder,
    *,
    now: UnixSeconds,
    on_step: Callable[[int, int], None] = lambda done, of: None,
) -> Compared:
    """Compare what follows from the acts in ``folder`` with the badges in it; then once more in disorder, if asked.

    Args:
        now: When it all is received and decided; no act may lie after it.
        on_step: Is told how much of a run is done, and of how much.

    Raises:
        InvalidSettings, InvalidMap, InvalidEvent: a file is not there or does not fit.
    """
    day_of = make_days(comparison.program.timezone)
    awarded = read_awarded(find_file(folder, comparison.badges.file), comparison.badges, day_of=day_of)
    derived = _in_own_database(comparison, folder, Disorder(), now=now, on_step=on_step)
    again = None
    if not disorder.is_none:
        again = _in_own_database(comparison, folder, disorder, now=now, on_step=on_step)
    names = comparison.names
    ours = [Award(each.member, names[each.achievement], day_of(each.at)) for each in derived.badges]
    undated = [names[each] for each in comparison.badges.without_day]
    return Compared(
        derived=derived,
        lines=tuple(compare(awarded, ours, badges=names.values(), without_day=undated)),
        others=not_compared(awarded, badges=names.values()),
        disorder=disorder,
        again=again,
    )


def _in_own_database(
    comparison: Comparison,
    folder: Path,
    disorder: Disorder,
    *,
    now: UnixSeconds,
    on_step: Callable[[int, int], None],
) -> Derived:
    with tempfile.TemporaryDirectory(prefix="loyaltychain-compare-") as directory:
        engine = open_migrated(f"sqlite:///{directory}/compare.sqlite")
        try:
            return derive(engine, comparison, folder, disorder, now=now, scratch=Path(directory), on_step=on_step)
        finally:
            engine.dispose()


def derive(
    engine: Engine,
    comparison: Comparison,
    folder: Path,
    disorder: Disorder,
    *,
    now: UnixSeconds,
    scratch: Path,
    most: int = SLICE,
    on_step: Callable[[int, int], None] = lambda done, of: None,
) -> Derived:
    """The badges that follow from the acts in ``folder``, in a migrated database that holds nothing else yet.

    ``most`` acts are folded together when they come in order; it changes nothing but time and memory. Raises as
    ``run_comparison``.
    """
    pieces = deal(comparison, folder, disorder, scratch=scratch)
    if disorder.is_none:
        slices = cut_by_time(pieces, received_at=now, scratch=scratch, most=most)
    else:
        slices = Slices(tuple((piece,) for piece in pieces) if disorder.late else (tuple(pieces),))
    report, rejected = take_in(
        engine, slices.portions, comparison.program, now=now, scratch=scratch, on_step=on_step
    )  # fmt: skip
    return Derived(
        badges=tuple(read_derived(engine)),
        events=report.taken,
        repeated=report.known,
        left_out=report.left_out + slices.left_out,
        rejects=(*slices.rejected, *rejected),
    )
