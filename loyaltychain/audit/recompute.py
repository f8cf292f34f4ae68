"""Awards worked out anew from published programmes and a pseudonymous export, and what that came to."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from loyaltychain.audit.award_file import EntryLine, read_lines
from loyaltychain.audit.check_awards import AwardCheck, Programs
from loyaltychain.audit.check_export import ChainCheck
from loyaltychain.audit.check_grants import GrantCheck
from loyaltychain.audit.check_programs import ProgramCheck
from loyaltychain.audit.check_sources import SourceCheck
from loyaltychain.audit.findings import Finding
from loyaltychain.audit.publications import Publication
from loyaltychain.audit.rebuild import Rebuilt
from loyaltychain.audit.walk_ledger import ProvenEntry
from loyaltychain.core import canonical
from loyaltychain.core.errors import InvalidSettings
from loyaltychain.core.hashing import to_hex

_STEP = 1_000  # lines between two words of progress


@dataclass(frozen=True, slots=True)
class AwardFiles:
    """What the auditor was given: the documents of published programmes, and an export."""

    programs: Sequence[Any]
    events: Path


@dataclass(frozen=True, slots=True)
class Recomputed:
    """What was worked out anew, and what could not be."""

    entries: int  # of the export
    sealed: int  # of these, told by their digest alone
    batches: int  # to whose heads they lead
    awards: int  # that are exactly what the published rules give
    points: int  # of these awards
    other_awards: int  # by an order's recorded rules (edits, corrections): not worked out
    other_points: int
    grants: int  # awards of behaviours that were held against the programme
    grant_points: int
    badges: int  # of these, that gave a badge
    conditions: int  # of the programme, for these, that were not worked out
    idle_events: int  # that rules read, and that gave nothing
    refused: dict[str, int]  # of these, by the reason that the operator names
    sha256: str  # of the export, so that two auditors know that they have the same

    def document(self) -> dict[str, Any]:
        """As JSON takes it. Names are permanent."""
        return asdict(self)


def recompute(
    files: AwardFiles, rebuilt: Rebuilt, *, on_step: Callable[[int, int | None], None] = lambda *_: None
) -> tuple[Recomputed, list[Finding]]:
    """What the export comes to, and everything that is wrong with it.

    Raises:
        InvalidSettings: a programme was never published, or the export cannot be read.
    """
    programs = name_programs(files.programs, rebuilt.publications)
    awards, chain, in_force = AwardCheck(programs), ChainCheck(rebuilt.batches), ProgramCheck(rebuilt.publications)
    origins, grants = SourceCheck(), GrantCheck(programs, rebuilt.publications)
    findings: list[Finding] = []
    for number, line in enumerate(read_lines(files.events), start=1):
        if not isinstance(line, EntryLine):
            awards.take_idle(line)
        else:
            chain.take(line)
            origins.take(line)
            grants.take(line)
            if line.opened is not None:
                entry = line.opened
                proven = ProvenEntry(line.position, entry.id, entry.digest, b"", entry.program, 0, {})
                findings += in_force.check(proven)
                if entry.granted is None:
                    awards.take(entry, line.source)
        if number % _STEP == 0:
            on_step(number, None)
    chain.finish()
    awards.finish()
    grants.finish()
    result = Recomputed(
        chain.position, chain.sealed, chain.reached, awards.awards, awards.points, awards.other_awards,
        awards.other_points, grants.awards, grants.points, grants.badges, grants.conditions, awards.idle_events,
        dict(sorted(awards.refused.items())), _sha256(files.events),
    )  # fmt: skip
    return result, findings + chain.findings + awards.findings + grants.findings + origins.findings


def name_programs(documents: Sequence[Any], publications: Sequence[Publication]) -> Programs:
    """Documents by the digest under which they were published. Raises InvalidSettings for one that never was."""
    published = {to_hex(each.program_hash) for each in publications}
    if not all(isinstance(document, dict) for document in documents):
        raise InvalidSettings("A programme's document is a JSON object.")
    programs = {to_hex(canonical.digest(document)): document for document in documents}
    for digest in programs:
        if digest not in published:
            raise InvalidSettings(
                "This programme was not published: give the document that the operator published, to the byte.",
                digest=digest, published=sorted(published),
            )  # fmt: skip
    return programs


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return to_hex(hashlib.file_digest(stream, "sha256").digest())
