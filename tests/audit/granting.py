"""What an auditor makes of the export of a forum's or club's awards, without a chain."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, select

from loyaltychain.audit.award_file import EntryLine, read_lines
from loyaltychain.audit.check_awards import AwardCheck
from loyaltychain.audit.check_grants import GrantCheck
from loyaltychain.audit.check_sources import SourceCheck
from loyaltychain.audit.findings import Finding
from loyaltychain.audit.log_shapes import Place
from loyaltychain.audit.publications import Publication
from loyaltychain.chain.tables import deployments, publications
from loyaltychain.core import canonical
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.hashing import to_hex
from loyaltychain.db.engine import reading, transaction
from loyaltychain.ledger.tables import entries
from loyaltychain.program.types import Program
from loyaltychain.reports.jobs import write_now
from tests.reports.settled import settle

Lines = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Audited:
    """What was found, and what was counted."""

    grants: GrantCheck
    findings: list[Finding]
    sealed: int

    @property
    def codes(self) -> set[str]:
        return {each.code for each in self.findings}


def export_of(engine: Engine, *programs: Program) -> Lines:
    """The lines of the export of all that the ledger has; these programmes were published."""
    with transaction(engine) as tx:
        tx.execute(deployments.insert(), [{"network": "local", "chain_id": 1, "genesis_hash": "0x0a",
                                           "instance_id": "0x0b", "manifest": "{}"}])  # fmt: skip
        for number, program in enumerate(programs, start=1):
            tx.execute(publications.insert(), [{
                "network": "local", "number": number, "from_position": 1, "digest": to_hex(program.digest),
                "document": canonical.encode_text(program.document), "block_number": 4,
            }])  # fmt: skip
        last = tx.execute(select(func.max(entries.c.position))).scalar_one() or 1
    settle(engine, last)
    stream = io.BytesIO()
    with reading(engine) as tx:
        write_now(tx, stream, kind="pseudonymous", at=UnixSeconds(1))
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def audit(lines: Lines, home: Path, *programs: Program, published: Sequence[Program] | None = None) -> Audited:
    """What is found in these lines by whoever has these programmes."""
    documents = {to_hex(each.digest): json.loads(canonical.encode_text(each.document)) for each in programs}
    known = [
        Publication(each.digest, 1, Place(4, 0, b"", b"")) for each in (programs if published is None else published)
    ]
    awards, grants, origins, sealed = AwardCheck(documents), GrantCheck(documents, known), SourceCheck(), 0
    file = home / "export.jsonl"
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    for line in read_lines(file):
        if not isinstance(line, EntryLine):
            awards.take_idle(line)
            continue
        grants.take(line)
        origins.take(line)
        sealed += line.opened is None
        if line.opened is not None and line.opened.granted is None:
            awards.take(line.opened, line.source)
    awards.finish()
    grants.finish()
    return Audited(grants, [*awards.findings, *grants.findings, *origins.findings], sealed)
