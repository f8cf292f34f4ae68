"""Reads of what stood at an old block, which a node need not keep: then there is a finding instead of an answer."""

from loyaltychain.audit.findings import Finding, make_finding
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core.errors import RpcUnavailable


def read_old_code(rpc: Rpc, address: str, *, block: int, subject: str) -> bytes | Finding:
    """The code at ``address`` after ``block``, or the finding that the node does not tell."""
    try:
        return rpc.code(address, block=block)
    except RpcUnavailable as error:
        return report_no_history(f"code of {subject}", error, block=block)


def report_no_history(subject: str, error: RpcUnavailable, *, block: int) -> Finding:
    """The finding that ``subject`` was not checked."""
    return make_finding("history-unavailable", subject, expected="an answer", actual=str(error), block=block)
