"""Hold a restored database against its chain, so that the settler may sign again. Sends nothing and repairs nothing."""

from sqlalchemy import Engine

from loyaltychain.actions.log import record
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading, transaction
from loyaltychain.db.restores import mark_reconciled, unreconciled
from loyaltychain.settlement.deployment import Deployment
from loyaltychain.settlement.guard import check_history, check_identity


def reconcile(engine: Engine, rpc: Rpc, deployment: Deployment, *, actor: str, now: UnixSeconds) -> bool:
    """Say that this database and this chain belong together and know the same batches, if so. True where it had to be
    said: the database was restored since.

    The caller has let the ledger prove itself; the audit log did when it was restored.

    Raises:
        ChainAhead: the chain has batches that the backup does not know; it stays as it is, and a newer one is wanted.
        NotDeployed, WrongChain, ChainBehind, LedgerPaused, InvalidSettings, RpcUnavailable: as ``check_chain``.
    """
    with reading(engine) as tx:
        restored = unreconciled(tx)
    if restored is None:
        return False
    check_identity(rpc, deployment)
    check_history(engine, rpc, deployment, is_reconciling=True)
    with transaction(engine) as tx:
        mark_reconciled(tx, now=now)
        record(
            tx, actor=actor, action="restore.reconcile", subject=f"restore:{restored.number}",
            reason="the chain knows the same batches", at=now, details={"backup": restored.backup},
        )  # fmt: skip
    return True


def is_ahead(engine: Engine, rpc: Rpc, deployment: Deployment) -> bool:
    """Whether the chain has batches that this database does not know, or knows otherwise.

    Raises as ``check_history``, but for ChainAhead and NotReconciled.
    """
    try:
        check_history(engine, rpc, deployment, is_reconciling=True)
    except errors.ChainAhead:
        return True
    return False
