"""The badges that a programme gives for acts: taken in, decided and read back, each by the step that does it always."""

from collections.abc import Callable, Iterable
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
    pieces: Iterable[Piece],
    program: Program,
    *,
    now: UnixSeconds,
    is_late: bool,
    scratch: Path,
    on_piece: Callable[[], None] = lambda: None,
) -> IngestReport:
    """Capture the acts of all pieces and decide on them: after each piece when ``is_late``, else in the end.

    Raises as ``ingest_file`` and the steps do.
    """
    report = IngestReport()
    for piece in pieces:
        rejects = scratch / f"{piece.event_map.source}-{piece.file.name}.rejects.csv"
        report = report.plus(
            ingest_file(
                engine, piece.file, format="csv", event_map=piece.event_map, received_at=now, rejects=rejects
            )
        )  # fmt: skip
        if is_late:
            _decide(engine, program, now=now)
        on_piece()
    _decide(engine, program, now=now)
    return report


def _decide(engine: Engine, program: Program, *, now: UnixSeconds) -> None:
    while earn_step(engine, program, now=now).events:
        pass
    while conduct_step(engine, program, now=now).work:
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
