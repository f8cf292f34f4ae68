"""What the database remembers of the deployment and of published programmes, against the manifest and the chain."""

import hashlib

from sqlalchemy import Connection

from loyaltychain.audit.findings import Finding, differences, make_finding
from loyaltychain.audit.manifest import Manifest
from loyaltychain.audit.rebuild import Rebuilt
from loyaltychain.audit.store import octets, read_deployment, read_publications
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


def check_publications(tx: Connection, network: str, rebuilt: Rebuilt) -> list[Finding]:
    """Programmes whose document, hash or position differ from what was published."""
    published = {publication.from_position: publication for publication in rebuilt.publications}
    found = []
    for row in read_publications(tx, network):
        subject = f"programme from {row['from_position']}"
        publication = published.get(row["from_position"])
        expected = publication.program_hash if publication else None
        found += differences("publication-row", subject, expected=expected, actual=octets(row["digest"]))
        document = hashlib.sha256(row["document"].encode()).digest()
        found += differences("publication-row", f"{subject} document", expected=to_hex(document), actual=row["digest"])
    return found
