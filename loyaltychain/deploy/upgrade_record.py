"""Writes an upgrade that happened into the manifest and the database: what ran before, what runs now, since when.

The first implementations stay in the manifest's ``deployed``: the creations that it names were made with them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from loyaltychain.chain.abi import topic
from loyaltychain.chain.deployments import update_manifest
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core import canonical
from loyaltychain.core.errors import ReadBackFailed
from loyaltychain.core.hashing import to_hex
from loyaltychain.db.engine import transaction
from loyaltychain.deploy.manifest import Manifest, write_manifest
from loyaltychain.deploy.reader import plain_hash

_UPGRADED = topic("Upgraded(address)")


@dataclass(frozen=True, slots=True)
class Upgraded:
    """The proxy's own log of an upgrade, and what it ran before."""

    block: int
    transaction: str
    old: str
    new: str
    old_code_hash: str


def find_upgraded(rpc: Rpc, manifest: Mapping[str, Any], contract: str, implementation: str) -> Upgraded:
    """The newest upgrade of ``contract`` to ``implementation``. Raises ReadBackFailed when the proxy logged none."""
    proxy = manifest["contracts"][contract]["address"]
    logs = rpc.logs([proxy], first=manifest["first_block"], last=rpc.block("latest").number)
    history = [log for log in logs if log.topics[:1] == (_UPGRADED,)]
    for place in range(len(history) - 1, 0, -1):
        log, before = history[place], history[place - 1]
        if to_hex(log.topics[1][12:]) == implementation:
            old = to_hex(before.topics[1][12:])
            code = rpc.code(old)
            return Upgraded(
                log.block_number, to_hex(log.tx_hash), old, implementation, to_hex(plain_hash(code, address=old))
            )
    raise ReadBackFailed("The proxy has not logged this upgrade.", contract=contract, implementation=implementation)


def record_upgrade(
    engine: Engine,
    manifest: Manifest,
    contract: str,
    upgraded: Upgraded,
    *,
    code_hash: str,
    creation: str,
    manifest_file: Path,
) -> Manifest:
    """The manifest with the upgrade in it, written to database and file; once more changes nothing."""
    changed = with_upgrade(manifest, contract, upgraded, code_hash=code_hash, creation=creation)
    with transaction(engine) as tx:
        update_manifest(tx, manifest["network"], canonical.encode(changed).decode())
    write_manifest(manifest_file, changed)
    return changed


def with_upgrade(manifest: Manifest, contract: str, upgraded: Upgraded, *, code_hash: str, creation: str) -> Manifest:
    """The manifest with this upgrade as its newest, if it is not in there already."""
    entry = {
        "contract": contract,
        "block": upgraded.block,
        "transaction": upgraded.transaction,
        "old": upgraded.old,
        "new": upgraded.new,
        "old_code_hash": upgraded.old_code_hash,
        "code_hash": code_hash,
        "creation": creation,
    }
    history = manifest.get("upgrades", [])
    known = any(each["transaction"] == upgraded.transaction and each["contract"] == contract for each in history)
    deployed = manifest.get("deployed", {})
    first = {contract: manifest["contracts"][contract]["implementation"], **deployed.get("implementations", {})}
    contracts = manifest["contracts"]
    return {
        **manifest,
        "contracts": {**contracts, contract: {**contracts[contract], "implementation": upgraded.new}},
        "deployed": {**deployed, "implementations": first},
        "upgrades": history if known else [*history, entry],
    }
