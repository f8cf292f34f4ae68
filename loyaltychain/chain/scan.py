"""Logs of a range of blocks, read as of one chain: bounded in width, its two ends pinned, each log's block checked.

For logs that change what is written down. It raises rather than return what may be of two chains, or a part of it: the
caller's cursor stays where it was, and the next look reads the whole range again.
"""

from collections.abc import Sequence

from loyaltychain.chain.facts import Block, Log
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core.errors import RpcUnavailable
from loyaltychain.core.hashing import to_hex

#: Blocks with logs whose hashes are asked for one by one, the newest ones: each costs a request. What lies before them
#: is bound by the pinned ends.
_CHECKED_MAX = 64


def scan(rpc: Rpc, addresses: Sequence[str], *, first: int, last: int) -> list[Log]:
    """As ``Rpc.logs``, where ``last`` is final.

    Raises:
        RpcUnavailable: the node does not answer, or the range is not of one chain from before the scan to after it.
    """
    if first > last:
        return []
    ends = [rpc.block(first), rpc.block(last)]
    logs = rpc.logs(addresses, first=first, last=last)
    _check_blocks(rpc, logs, {end.number: end for end in ends})
    for end in ends:
        _check_same(end.number, found=rpc.block(end.number).hash, expected=end.hash)
    return logs


def _check_blocks(rpc: Rpc, logs: Sequence[Log], known: dict[int, Block]) -> None:
    """Each log is of the canonical block of its number, and neighbours hang on one another."""
    numbers = sorted({log.block_number for log in logs})[-_CHECKED_MAX:]
    for number in numbers:
        if number not in known:
            known[number] = rpc.block(number)
    for log in logs:
        if log.block_number in known:
            _check_same(log.block_number, found=log.block_hash, expected=known[log.block_number].hash)
    for number, block in known.items():
        if number - 1 in known:
            _check_same(number, found=block.parent_hash, expected=known[number - 1].hash)


def _check_same(number: int, *, found: bytes, expected: bytes) -> None:
    if found != expected:
        raise RpcUnavailable(
            "The logs are not of one chain: it was reorganised while they were read, or the node gave those of a fork.",
            block=number,
            expected=to_hex(expected),
            found=to_hex(found),
        )
