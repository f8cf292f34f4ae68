"""Asked before anything is signed: is this the chain that we were deployed to, and does it know what we know?

A database restored from an old copy, a chain that was reset, another chain under the same id: each of them would
make us settle points twice or not at all, so each of them stops the signing. Writes nothing and repairs nothing.
"""

import json
from dataclasses import dataclass

from sqlalchemy import Engine

from loyaltychain.chain.deployments import find_deployment
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core import errors
from loyaltychain.core.hashing import to_hex
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import Tx, reading
from loyaltychain.db.restores import unreconciled
from loyaltychain.settlement import header, store, void_store
from loyaltychain.settlement.contract import final_at, read_ledger
from loyaltychain.settlement.deployment import Deployment
from loyaltychain.settlement.succession import intents_of

_RESET = "or, where that is lost, begin a fresh project in another directory"
_NOT_OURS = (
    "the database was restored from an old copy, or another program settles with the same key. Nothing was signed. "
    "Put back the newest database, or let `loyaltychain reconcile` take over what this one's ledger proves"
)


@dataclass(frozen=True, slots=True)
class Known:
    """What the database can answer for."""

    final: int  # number of the newest batch that is final or void for good, 0 before the first
    sent: int  # number of the newest batch that may have reached the chain through us
    good: bytes  # hash of the newest final batch
    hashes: dict[int, bytes]  # what the ledger says at these two: at a void one, the hash of the last good one


def check_chain(engine: Engine, rpc: Rpc, deployment: Deployment) -> None:
    """Return if chain, contracts and database belong together; raise otherwise.

    Raises:
        NotDeployed: the database knows of no deployment on this network.
        WrongChain: another chain id or genesis, no contracts, or contracts of another deployment.
        ChainAhead: the chain has batches that this database never sent, or others under the same numbers.
        LedgerPaused: such batches were voided a moment ago.
        InvalidSettings: they were voided, and the manifest does not know that the ledger is in root mode.
        ChainBehind: batches that this database knows as final are not on the chain.
        NotReconciled: the database was restored from a backup (``settlement/reconcile.py``).
        RpcUnavailable: the chain does not answer.
    """
    check_identity(rpc, deployment)
    check_history(engine, rpc, deployment)


def check_history(engine: Engine, rpc: Rpc, deployment: Deployment, *, is_reconciling: bool = False) -> None:
    """The half of ``check_chain`` that asks whether chain and database know the same batches."""
    with reading(engine) as tx:
        if not is_reconciling:
            _check_not_restored(tx)
        _check_database(tx, deployment)
        known = _known(tx, deployment)
    _check_batches(rpc, deployment, known)


def check_database(engine: Engine, deployment: Deployment, *, is_reconciling: bool = False) -> None:
    """The part of ``check_history`` that asks no chain: whether the database is this deployment's, and no backup.

    Raises NotDeployed, WrongChain or NotReconciled, as ``check_chain``.
    """
    with reading(engine) as tx:
        if not is_reconciling:
            _check_not_restored(tx)
        _check_database(tx, deployment)


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


def _check_database(tx: Tx, deployment: Deployment) -> None:
    stored = find_deployment(tx, deployment.network)
    if stored is None:
        raise errors.NotDeployed(
            f"There is a manifest of a deployment on {deployment.network!r}, but this database knows nothing of it: "
            "let `database` in loyaltychain.toml (LOYALTYCHAIN_DATABASE overrides it) name the one that settled here, "
            "restore that from a backup, or begin a fresh project in another directory."
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
                "Database and manifest belong to different deployments. If two projects share this database, give "
                "each its own, or on PostgreSQL a schema of its own (`database` in loyaltychain.toml, ?schema=NAME); "
                "if one of the two was exchanged, put it back.",
                field=field,
                database=database,
                manifest=file,
            )


def _check_not_restored(tx: Tx) -> None:
    restored = unreconciled(tx)
    if restored is not None:
        raise errors.NotReconciled(
            "This database was restored from a backup, and nothing is signed before it was held against its chain: "
            "run `loyaltychain reconcile`.",
            backup_of=format_instant(restored.taken_at),
            restored=format_instant(restored.restored_at),
        )


def _known(tx: Tx, deployment: Deployment) -> Known:
    final, last_void = store.last_final(tx), void_store.last_void_id(tx)
    unfinished = store.batches_in_state(tx, "submitted") + store.batches_in_state(tx, "halted")
    sent = [batch for batch in unfinished if _may_be_sent(tx, batch.header.batch_id)]
    good = final.hash if final else header.genesis_hash(chain_id=deployment.chain_id, ledger=deployment.ledger)
    last_final = max(final.header.batch_id if final else 0, last_void)
    hashes = {last_final: good} | {batch.header.batch_id: batch.hash for batch in sent}
    return Known(final=last_final, sent=max(hashes), good=good, hashes=hashes)


def _may_be_sent(tx: Tx, batch_id: int) -> bool:
    """Whether signed bytes for the batch exist: without them, nothing of ours can have brought it there."""
    return any(intent.nonce is not None for intent in intents_of(tx, batch_id))


def _check_batches(rpc: Rpc, deployment: Deployment, known: Known) -> None:
    newest = rpc.block("latest")
    head = newest.number
    last = read_ledger(rpc, deployment, "lastBatchId", block=head)
    actual = read_ledger(rpc, deployment, "lastBatchHash", block=head)
    assert isinstance(last, int) and isinstance(actual, bytes), (last, actual)
    if rpc.block(head).hash != newest.hash:
        # Number and hash may be of two blocks of one height, which no chain holds both.
        raise errors.RpcUnavailable("The chain was reorganised while it was asked; it is asked again.", block=head)
    if last < known.final:
        raise errors.ChainBehind(
            f"The chain has {last} batches, but this database knows {known.final} as final: the chain was restored "
            f"from an old copy. Nothing was signed. Start the chain that belongs to this project, {_RESET}.",
            chain=last,
            database=known.final,
        )
    if last > known.final and actual == known.good:
        # Only in place of a void batch stands the hash of an older one, and only root mode knows void ones.
        if deployment.mode != "root":
            raise errors.InvalidSettings(
                "The ledger contract went to root mode since the manifest was written, and has voided batches: take "
                "the mode over with `loyaltychain verify --accept`."
            )
        raise errors.LedgerPaused(
            f"The batches behind {known.final} were voided a moment ago, up to {last}. As soon as that is final, this "
            "database follows.",
            chain=last,
            database=known.final,
        )
    if last > known.sent:
        raise errors.ChainAhead(
            f"The chain has {last} batches, but this database sent only {known.sent}: {_NOT_OURS}"
            f"{way_out(rpc, deployment, known.sent + 1, head)}.",
            chain=last,
            database=known.sent,
        )
    if actual != known.hashes[last]:
        raise errors.ChainAhead(
            f"Batch {last} on the chain is not this database's batch {last}: {_NOT_OURS}"
            f"{way_out(rpc, deployment, last, head)}.",
            batch=last,
            chain=to_hex(actual),
            database=to_hex(known.hashes[last]),
        )


def way_out(rpc: Rpc, deployment: Deployment, first: int, head: int) -> str:
    """What can be done, in root mode, about a batch of somebody else's: void it while there is time, if it is false.

    The end of a message; empty in push mode.
    """
    if deployment.mode != "root":
        return ""
    until = final_at(rpc, deployment, first, block=head)
    if until is None or until <= rpc.block(head).timestamp:
        return f". Batch {first} can be voided no more"
    return (
        f". If nobody of yours settled batch {first}: `loyaltychain watch --challenge` has it voided if it is false, "
        f"until {format_instant(until)}"
    )
