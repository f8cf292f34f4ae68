"""The queries on deployments: to which contracts on which chain this database belongs. Decides nothing."""

from dataclasses import dataclass

from sqlalchemy import insert, select, update

from loyaltychain.chain.tables import deployments
from loyaltychain.core.hashing import from_hex, to_hex
from loyaltychain.db.engine import Tx


@dataclass(frozen=True, slots=True)
class StoredDeployment:
    """One deployment as the database remembers it."""

    network: str
    chain_id: int
    genesis_hash: bytes
    instance_id: bytes
    manifest: str  # canonical JSON


def insert_deployment(tx: Tx, deployment: StoredDeployment) -> None:
    """Raises ConstraintRefused if the network has one already."""
    tx.execute(
        insert(deployments).values(
            network=deployment.network,
            chain_id=deployment.chain_id,
            genesis_hash=to_hex(deployment.genesis_hash),
            instance_id=to_hex(deployment.instance_id),
            manifest=deployment.manifest,
        )
    )


def update_manifest(tx: Tx, network: str, manifest: str) -> None:
    """Remember the network's deployment by another manifest (canonical JSON): its contracts run other code now."""
    tx.execute(update(deployments).where(deployments.c.network == network).values(manifest=manifest))


def find_deployment(tx: Tx, network: str) -> StoredDeployment | None:
    """The network's deployment; None before the first."""
    row = tx.execute(select(deployments).where(deployments.c.network == network)).mappings().one_or_none()
    if row is None:
        return None
    return StoredDeployment(
        network=row["network"],
        chain_id=row["chain_id"],
        genesis_hash=from_hex(row["genesis_hash"]),
        instance_id=from_hex(row["instance_id"]),
        manifest=row["manifest"],
    )


def deployed_networks(tx: Tx) -> list[str]:
    """The networks that this database was ever deployed on, sorted."""
    return list(tx.execute(select(deployments.c.network).order_by(deployments.c.network)).scalars())
