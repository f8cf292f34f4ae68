"""Put a programme's hash on chain, and remember it, before its rules count."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, select

from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import encode_call
from loyaltychain.chain.intents import NewIntent
from loyaltychain.chain.sender import Sender
from loyaltychain.chain.tables import publications
from loyaltychain.core import canonical
from loyaltychain.core.hashing import from_hex, to_hex
from loyaltychain.db.engine import Tx, reading, transaction
from loyaltychain.ledger.tables import entries


@dataclass(frozen=True, slots=True)
class Publication:
    """One programme, and the ledger position from which it counts."""

    digest: bytes
    from_position: int
    is_new: bool


def publish(sender: Sender, manifest: Mapping[str, Any], *, document: Mapping[str, Any], digest: bytes) -> Publication:
    """Publish the programme, unless it is the one in force already. Idempotent and resumable.

    It counts from the position after the newest entry, so no entry changes its rules afterwards.

    Raises:
        Reverted, IntentReverted, NonceTaken, RpcUnavailable: as ``Sender.execute``.
    """
    network = manifest["network"]
    with reading(sender.engine) as tx:
        count, in_force = _read_latest(tx, network)
        from_position = _next_position(tx)
    if in_force is not None and in_force.digest == digest:
        return in_force
    call = encode_call(artifacts.load("ProgramRegistry").abi, "publish", (digest, from_position))
    outcome = sender.execute(
        NewIntent(
            id=f"publish:{manifest['instance_id'][2:10]}:{count + 1}:{to_hex(digest)[2:18]}:{from_position}",
            chain_id=manifest["chain_id"],
            signer=manifest["roles"]["registrar"],
            target=manifest["contracts"]["ProgramRegistry"]["address"],
            calldata=call,
        )
    )
    with transaction(sender.engine) as tx:
        tx.execute(
            insert(publications).values(
                network=network,
                number=count + 1,
                from_position=from_position,
                digest=to_hex(digest),
                document=canonical.encode(dict(document)).decode(),
                block_number=outcome.block_number,
            )
        )
    return Publication(digest, from_position, is_new=True)


def read_in_force(tx: Tx, network: str) -> Publication | None:
    """The programme whose rules count now; None before the first."""
    return _read_latest(tx, network)[1]


def _read_latest(tx: Tx, network: str) -> tuple[int, Publication | None]:
    newest = (
        select(publications).where(publications.c.network == network).order_by(publications.c.number.desc()).limit(1)
    )
    row = tx.execute(newest).mappings().one_or_none()
    if row is None:
        return 0, None
    return row["number"], Publication(from_hex(row["digest"]), row["from_position"], is_new=False)


def _next_position(tx: Tx) -> int:
    return int(tx.execute(select(func.count()).select_from(entries)).scalar_one()) + 1
