"""What the ledger contract says of itself: its views, and until when a batch can be voided. Writes nothing."""

from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import decode_output, encode_call
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.settlement.deployment import Deployment

KEPT_HASHES = 64  # how many batches the contract remembers


def read_ledger(rpc: Rpc, deployment: Deployment, view: str, *arguments: object, block: int | None = None) -> object:
    """What a view of the ledger contract answers (single values unwrapped), at ``block`` or the head."""
    abi = artifacts.load("PointsLedger").abi
    return decode_output(abi, view, rpc.call(deployment.ledger, encode_call(abi, view, arguments), block=block))


def final_at(rpc: Rpc, deployment: Deployment, number: int, *, block: int | None = None) -> UnixSeconds | None:
    """When settled batch ``number`` can be voided no more, by the state of ``block`` or the head. That may have been.

    Returns:
        None if the contract does not keep the time any more, which it does of every batch that is pending; and in push
        mode, where no batch ever is.

    Raises:
        InvariantError: no such batch is settled.
        RpcUnavailable: the chain does not answer.
    """
    if deployment.mode != "root":
        return None
    last = read_ledger(rpc, deployment, "lastBatchId", block=block)
    assert isinstance(last, int), last
    if not 1 <= number <= last:
        raise errors.InvariantError("No batch of this number is settled.", batch=number, last_batch=last)
    if number <= last - KEPT_HASHES:
        return None
    settled_at = read_ledger(rpc, deployment, "settledAt", number, block=block)
    assert isinstance(settled_at, int), settled_at
    return UnixSeconds(settled_at + deployment.challenge_window)
