"""The badges that a programme gives for acts: taken in, decided and read back, each by the step that does it always."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, select

from loyaltychain.core import canonical
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading
from loyaltychain.events.ingest import IngestReport, ingest_file
from loyaltychain.events.tables import members
from loyaltychain.operations.conduct.step import conduct_step
from loyaltychain.operations.conduct.tables import grants
from loyaltychain.operations.earn import earn_step
from loyaltychain.program.types import Program
from loyaltychain.reports.comparison.dealing import Piece
from loyaltychain.reports.comparison.rejected import Rejected, naming, read_rejected

PORTION = 50_000  # acts that are folded together: who is folded rarely is folded fast, and it takes memory
_ACHIEVEMENT = "achievement:"


@dataclass(frozen=True, slots=True)
class Badge:
    """A badge that a member holds: for which achievement and object, by which event, and when it was reached."""

    member: str
    achievement: str
    occurrence: str
    cause: str
    at: UnixSeconds


def take_in(
    engine: Engine,
    portions: Sequence[Sequence[Piece]],
    program: Program,
    *,
    now: UnixSeconds,
    scratch: Path,
    on_step: Callable[[int, int], None] = lambda done, of: None,
) -> tuple[IngestReport, list[Rejected]]:
    """Capture the acts of each portion's pieces and decide on them before the next portion comes.

    Returns what became of the rows, and those that could not be taken.

    Raises as ``ingest_file`` and the steps do, naming the file.
    """
    report, rejected = IngestReport(), list[Rejected]()
    steps, done = sum(len(portion) + 1 for portion in portions), 0
    for portion in portions:
        for piece in portion:
            taken = _ingest(engine, piece, now=now, scratch=scratch)
            report = report.plus(taken)
            if taken.rejects_file is not None:
                rejected += read_rejected(taken.rejects_file, of=piece.file)
            done += 1
            on_step(done, steps)
        _decide(engine, program, now=now)
        done += 1
        on_step(done, steps)
    return report, rejected


def _ingest(engine: Engine, piece: Piece, *, now: UnixSeconds, scratch: Path) -> IngestReport:
    rejects = scratch / f"{piece.event_map.source}-{piece.file.name}.rejects.csv"
    with naming(piece.file):
        return ingest_file(
            engine, piece.file, format="csv", event_map=piece.event_map, received_at=now, rejects=rejects
        )  # fmt: skip


def _decide(engine: Engine, program: Program, *, now: UnixSeconds) -> None:
    while earn_step(engine, program, now=now, limit=PORTION).events:
        pass
    while conduct_step(engine, program, now=now, limit=PORTION).work:
        pass


def read_derived(engine: Engine) -> list[Badge]:
    """The badges that members hold, in an order that knows nothing of how the acts came."""
    query = (
        select(members.c.member_id, grants.c.rule, grants.c.occurrence, grants.c.cause, grants.c.at)
        .join(members, members.c.number == grants.c.member)
        .where(grants.c.is_latest == 1, grants.c.unit == "badge", grants.c.awarded > 0)
    )
    with reading(engine) as tx:
        rows = tx.execute(query).all()
    held = [
        Badge(member, rule.removeprefix(_ACHIEVEMENT), occurrence, cause, UnixSeconds(at))
        for member, rule, occurrence, cause, at in rows
    ]
    return sorted(held, key=_key)


def digest_of(held: Iterable[Badge]) -> bytes:
    """SHA-256 of the set of badges: equal for equal sets alone."""
    return canonical.digest([list(_key(each)) for each in sorted(held, key=_key)])


def _key(each: Badge) -> tuple[str, str, str, str, int]:
    return each.member, each.achievement, each.occurrence, each.cause, each.at
