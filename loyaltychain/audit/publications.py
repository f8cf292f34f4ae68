"""Which rules counted when (PROTOCOL §7), from the registry's logs."""

from collections.abc import Sequence
from dataclasses import dataclass

from loyaltychain.audit.findings import Finding, differences, make_finding
from loyaltychain.audit.headers import Header
from loyaltychain.audit.log_shapes import Fact, Place
from loyaltychain.core.hashing import ZERO_HASH


@dataclass(frozen=True, slots=True)
class Publication:
    """A programme's hash and the first ledger position at which it is in force."""

    program_hash: bytes
    from_position: int
    place: Place


def fold_publications(facts: Sequence[Fact]) -> tuple[list[Publication], list[Finding]]:
    """The publications in chain order, and where they break their order."""
    publications: list[Publication] = []
    findings: list[Finding] = []
    for fact in facts:
        if fact.name != "ProgramPublished":
            continue
        publication = Publication(fact.octets["hash"], fact.numbers["from_position"], fact.place)
        subject = f"publication {len(publications)}"
        block = fact.place.block_number
        findings += differences(
            "publication-index", subject, expected=len(publications), actual=fact.numbers["index"], block=block
        )
        last = publications[-1].from_position if publications else 1
        if publication.from_position < last:
            findings.append(
                make_finding(
                    "publication-order",
                    subject,
                    expected=f"position {last} or later",
                    actual=publication.from_position,
                    block=block,
                )
            )
        publications.append(publication)
    return publications, findings


def check_batch_program(header: Header, place: Place, publications: Sequence[Publication]) -> list[Finding]:
    """Nothing when the batch's rules were published before it; a batch of entries without rules names none."""
    if header.program_hash == ZERO_HASH:
        return []
    if any(p.program_hash == header.program_hash and p.place.block_number < place.block_number for p in publications):
        return []
    return [
        make_finding(
            "program-unpublished",
            f"batch {header.batch_id}",
            expected="a programme published before",
            actual=header.program_hash,
            block=place.block_number,
        )
    ]


def in_force(publications: Sequence[Publication], position: int) -> Publication | None:
    """The newest publication that counts from this position or an earlier one; None before the first."""
    begun = [publication for publication in publications if publication.from_position <= position]
    return begun[-1] if begun else None
