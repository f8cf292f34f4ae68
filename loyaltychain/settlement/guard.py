"""Asked before anything is signed: is this the chain that we were deployed to, and does it know what we know?

A database restored from an old copy, a chain that was reset, another chain under the same id: each of them would
make us settle points twice or not at all, so each of them stops the signing. Writes nothing and repairs nothing.
"""

import json
from dataclasses import dataclass

from sqlalchemy import Engine

from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import decode_output, encode_call
from loyaltychain.chain.deployments import find_deployment
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core import errors
from loyaltychain.core.hashing import to_hex
from loyaltychain.db.engine import Tx, reading
from loyaltychain.settlement import header, store
from loyaltychain.settlement.deployment import Deployment
from loyaltychain.settlement.succession import intents_of

_RESET = "or run `loyaltychain chain reset` and deploy anew into a fresh project"


@dataclass(frozen=True, slots=True)
class Known:
    """What the database can answer for."""

    final: int  # number of the newest final batch, 0 before the first
    sent: int  # number of the newest batch that may have reached the chain through us
    hashes: dict[int, bytes]  # of these two, and of batch 0


def check_chain(engine: Engine, rpc: Rpc, deployment: Deployment) -> None:
    """Return if chain, contracts and database belong together; raise otherwise.

    Raises:
        NotDeployed: the database knows of no deployment on this network.
        WrongChain: another chain id or genesis, no contracts, or contracts of another deployment.
        ChainAhead: the chain has batches that this database never sent, or others under the same numbers.
        ChainBehind: batches that this database knows as final are not on the chain.
        RpcUnavailable: the chain does not answer.
    """
    check_identity(rpc, deployment)
    with reading(engine) as tx:
        _check_database(tx, deployment)
        known = _known(tx, deployment)
    _check_batches(rpc, deployment, known)


def check_identity(rpc: Rpc, deployment: Deployment) -> None:
    """The half of ``check_chain`` that needs no database: the chain and the contracts on it. Raises WrongChain."""
    chain_id = rpc.chain_id()
    if chain_id != deployment.chain_id:
        raise errors.WrongChain(
            f"This is another chain: its id is {chain_id}, but the project was deployed to {deployment.chain_id}; "
            "point the project at its own chain."
        )
    genesis = rpc.block(0).hash
    if genesis != deployment.genesis_hash:
        raise errors.WrongChain(
            f"This chain is new, or another one: its genesis is {to_hex(genesis)}, but the project was deployed to "
            f"{to_hex(deployment.genesis_hash)}; start the chain that belongs to this project, {_RESET}."
        )
    head = rpc.block("latest").number
    for name, address in (("PointsLedger", deployment.ledger), ("ProgramRegistry", deployment.registry)):
        if not rpc.code(address, block=head):
            raise errors.WrongChain(
                f"This chain has no {name} at {address}: it has lost what was deployed, or the manifest is not its "
                f"own; start the chain that belongs to this project, {_RESET}."
            )
    instance = read_ledger(rpc, deployment, "instanceId", block=head)
    assert isinstance(instance, bytes), instance
    if instance != deployment.instance_id:
        raise errors.WrongChain(
            f"The ledger contract belongs to another deployment: it says {to_hex(instance)}, the manifest says "
            f"{to_hex(deployment.instance_id)}; put back the manifest that was written at this deployment."
        )


def read_ledger(rpc: Rpc, deployment: Deployment, view: str, *arguments: object, block: int | None = None) -> object:
    """What a view of the ledger contract answers (single values unwrapped), at ``block`` or the head."""
    abi = artifacts.load("PointsLedger").abi
    return decode_output(abi, view, rpc.call(deployment.ledger, encode_call(abi, view, arguments), block=block))


def _check_database(tx: Tx, deployment: Deployment) -> None:
    stored = find_deployment(tx, deployment.network)
    if stored is None:
        raise errors.NotDeployed(
            f"There is a manifest of a deployment on {deployment.network!r}, but this database knows nothing of it: "
            "restore the database from a backup, or begin a fresh project in another directory."
        )
    manifest = Deployment.from_manifest(json.loads(stored.manifest))
    for field, database, file in (
        ("chain_id", stored.chain_id, deployment.chain_id),
        ("genesis_hash", to_hex(stored.genesis_hash), to_hex(deployment.genesis_hash)),
        ("instance_id", to_hex(stored.instance_id), to_hex(deployment.instance_id)),
        # A copy of the ledger answers with the same instance id: the address is what our points stand at.
        ("PointsLedger", manifest.ledger.lower(), deployment.ledger.lower()),
        ("ProgramRegistry", manifest.registry.lower(), deployment.registry.lower()),
    ):
        if database != file:
            raise errors.WrongChain(
                "Database and manifest belong to different deployments; put back the one that was exchanged.",
                field=field,
                database=database,
                manifest=file,
            )


def _known(tx: Tx, deployment: Deployment) -> Known:
    final = store.batches_in_state(tx, "final")
    unfinished = store.batches_in_state(tx, "submitted") + store.batches_in_state(tx, "halted")
    sent = [batch for batch in unfinished if _may_be_sent(tx, batch.header.batch_id)]
    genesis = header.genesis_hash(chain_id=deployment.chain_id, ledger=deployment.ledger)
    known = {batch.header.batch_id: batch.hash for batch in (*final[-1:], *sent)}
    last_final = final[-1].header.batch_id if final else 0
    return Known(final=last_final, sent=max(known, default=0), hashes={0: genesis, **known})


def _may_be_sent(tx: Tx, batch_id: int) -> bool:
    """Whether signed bytes for the batch exist: without them, nothing of ours can have brought it there."""
    return any(intent.nonce is not None for intent in intents_of(tx, batch_id))


def _check_batches(rpc: Rpc, deployment: Deployment, known: Known) -> None:
    head = rpc.block("latest").number
    last = read_ledger(rpc, deployment, "lastBatchId", block=head)
    assert isinstance(last, int), last
    if last > known.sent:
        raise errors.ChainAhead(
            f"The chain has {last} batches, but this database sent only {known.sent}: it was restored from an old "
            "copy, or another program settles with the same key. Nothing was signed. Put back the newest database.",
            chain=last,
            database=known.sent,
        )
    if last < known.final:
        raise errors.ChainBehind(
            f"The chain has {last} batches, but this database knows {known.final} as final: the chain was restored "
            f"from an old copy. Nothing was signed. Start the chain that belongs to this project, {_RESET}.",
            chain=last,
            database=known.final,
        )
    actual = read_ledger(rpc, deployment, "lastBatchHash", block=head)
    assert isinstance(actual, bytes), actual
    if actual != known.hashes[last]:
        raise errors.ChainAhead(
            f"Batch {last} on the chain is not this database's batch {last}: the database was restored from an old "
            "copy, or another program settles with the same key. Nothing was signed. Put back the newest database.",
            batch=last,
            chain=to_hex(actual),
            database=to_hex(known.hashes[last]),
        )
