"""What the database remembers of the deployment and of published programmes, against the manifest and the chain."""

import hashlib
from collections.abc import Sequence

from sqlalchemy import Connection

from loyaltychain.audit.findings import Finding, differences, make_finding
from loyaltychain.audit.log_shapes import Place
from loyaltychain.audit.manifest import Manifest
from loyaltychain.audit.publications import Publication
from loyaltychain.audit.rebuild import Rebuilt
from loyaltychain.audit.store import Row, octets, read_deployment
from loyaltychain.core.hashing import to_hex


def check_deployment(tx: Connection, manifest: Manifest) -> list[Finding]:
    """Nothing when the database belongs to the manifest's deployment."""
    row = read_deployment(tx, manifest.network)
    if row is None:
        return [make_finding("deployment-row", manifest.network, expected=manifest.instance_id, actual=None)]
    found = differences("deployment-row", "chain_id", expected=manifest.chain_id, actual=row["chain_id"])
    for column, expected in (("genesis_hash", manifest.genesis_hash), ("instance_id", manifest.instance_id)):
        found += differences("deployment-row", column, expected=expected, actual=octets(row[column]))
    return found


def check_publications(rows: Sequence[Row], rebuilt: Rebuilt, *, block: int) -> list[Finding]:
    """Programmes whose document, hash or position differ from what was published up to ``block``."""
    published = dict(enumerate(rebuilt.publications, start=1))
    found = []
    for row in rows:
        subject = f"programme {row['number']}"
        document = hashlib.sha256(row["document"].encode()).digest()
        found += differences("publication-row", f"{subject} document", expected=to_hex(document), actual=row["digest"])
        publication = published.pop(row["number"], None)
        if publication is None and row["block_number"] > block:
            continue
        expected = publication.program_hash if publication else None
        found += differences("publication-row", subject, expected=expected, actual=octets(row["digest"]))
        position = publication.from_position if publication else None
        found += differences("publication-row", f"{subject} position", expected=position, actual=row["from_position"])
    return found + [
        make_finding(
            "publication-row",
            f"programme {number}",
            expected=publication.program_hash,
            actual=None,
            block=publication.place.block_number,
        )
        for number, publication in published.items()
    ]


def later_publications(rows: Sequence[Row], *, block: int) -> list[Publication]:
    """What the database saw published after ``block``."""
    return [
        Publication(octets(row["digest"]), row["from_position"], Place(row["block_number"], 0, b"", b""))
        for row in rows
        if row["block_number"] > block
    ]
