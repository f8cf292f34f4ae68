"""The batches that a ledger contract has settled, as its logs have them: headers, data, places. Judges no content."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import decode_log, has_event
from loyaltychain.chain.rpc import Log, Rpc
from loyaltychain.core import errors
from loyaltychain.settlement.contract import read_ledger
from loyaltychain.settlement.deployment import Deployment
from loyaltychain.settlement.header import Header, batch_hash

_FIELDS = {
    "batch_id": "batchId", "prev_hash": "prevHash", "balance_root": "balanceRoot", "receipt_root": "receiptRoot",
    "ledger_head": "ledgerHead", "program_hash": "programHash", "data_hash": "dataHash", "time": "time",
    "updates": "updates", "issued": "issued", "burned": "burned", "supply": "supply",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SettledBatch:
    """A batch that stands on chain."""

    header: Header
    data: bytes
    log: Log  # of ``BatchSettled``

    def hash_on(self, deployment: Deployment) -> bytes:
        """Its hash (32 bytes), from the header."""
        return batch_hash(self.header, chain_id=deployment.chain_id, ledger=deployment.ledger)


def read_settled_batches(
    rpc: Rpc, deployment: Deployment, wanted: Sequence[int], *, first: int, last: int
) -> Iterator[SettledBatch]:
    """The wanted batches, in their order: all of them, up to the one that is the contract's newest at block ``last``.

    Args:
        wanted: Their numbers, ascending; the last is of the newest one that is not void.
        first, last: The blocks to read the logs of.

    Raises RpcUnavailable: the node does not answer, or its logs do not lead to the hash that the contract holds.
    """
    if not wanted:
        return
    found = _read(rpc, deployment, first=first, last=last)
    held = read_ledger(rpc, deployment, "lastBatchHash", block=last)
    newest = found.get(wanted[-1])
    if newest is None or newest.hash_on(deployment) != held or not found.keys() >= set(wanted):
        raise errors.RpcUnavailable(
            "The node's logs do not lead to the batch that the contract holds; ask again, or another node.",
            batches=f"{wanted[0]} to {wanted[-1]}",
        )
    yield from (found[number] for number in wanted)


def _read(rpc: Rpc, deployment: Deployment, *, first: int, last: int) -> dict[int, SettledBatch]:
    abi = artifacts.load("PointsLedger").abi
    headers: dict[int, tuple[Header, Log]] = {}
    data: dict[tuple[bytes, int], bytes] = {}
    for log in rpc.logs([deployment.ledger], first=first, last=last):
        name, facts = decode_log(abi, log) if has_event(abi, log) else ("", {})
        if name == "BatchSettled":
            headers[facts["batchId"]] = (_header(facts["header"]), log)
        elif name == "BatchData":
            data[log.tx_hash, facts["batchId"]] = facts["data"]
    return {
        number: SettledBatch(header, data[log.tx_hash, number], log)
        for number, (header, log) in headers.items()
        if (log.tx_hash, number) in data
    }


def _header(values: Mapping[str, object]) -> Header:
    return Header(**{field: values[name] for field, name in _FIELDS.items()})  # type: ignore[arg-type]  # as the ABI has them
