"""What the ledger contract holds under a batch's number. Asks the state that every node has, not that of old blocks."""

from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import decode_log, has_event
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core import errors
from loyaltychain.settlement.contract import KEPT_HASHES, read_ledger
from loyaltychain.settlement.deployment import Deployment


def read_settled(rpc: Rpc, deployment: Deployment, number: int, *, block: int, settled_in: int | None) -> bytes | None:
    """The hash that the contract holds under ``number`` by the state of ``block``; None if it has not come so far.

    Args:
        settled_in: The block whose logs tell, once the contract has forgotten the hash.

    Raises:
        ChainAhead: the contract has forgotten it, and that block does not tell either.
        RpcUnavailable: the chain does not answer.
    """
    last = read_ledger(rpc, deployment, "lastBatchId", block=block)
    assert isinstance(last, int), last
    if number > last:
        return None
    if number > last - KEPT_HASHES:
        held = read_ledger(rpc, deployment, "batchHashOf", number, block=block)
    else:
        held = _read_log(rpc, deployment, number, block=settled_in)
    if held is None:
        raise errors.ChainAhead(
            f"The chain has {last} batches and has forgotten the hash of batch {number}, which this database still has "
            "on its way: it was restored from an old copy. Put back the newest database.",
            chain=last,
            database=number,
        )
    assert isinstance(held, bytes), held
    return held


def _read_log(rpc: Rpc, deployment: Deployment, number: int, *, block: int | None) -> bytes | None:
    if block is None:
        return None
    abi = artifacts.load("PointsLedger").abi
    for log in rpc.logs([deployment.ledger], first=block, last=block):
        name, fields = decode_log(abi, log) if has_event(abi, log) else ("", {})
        if name == "BatchSettled" and fields["batchId"] == number:
            return bytes(fields["batchHash"])
    return None
