"""All that the contracts logged up to one pinned block, fetched from a node.

Keeps logs as they are; what they mean is for ``log_shapes`` and those who use it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from loyaltychain.audit.heads import Heads
from loyaltychain.audit.manifest import Manifest
from loyaltychain.chain.rpc import Log, Rpc
from loyaltychain.core.errors import RpcUnavailable, WrongChain
from loyaltychain.core.hashing import to_hex

GENESIS_BLOCK: Final = 0


@dataclass(frozen=True, slots=True)
class Pin:
    """The block that an audit looks at."""

    number: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class ChainLog:
    """Logs of some contracts from one block to a pinned one, in chain order."""

    chain_id: int
    network: str
    first_block: int
    pin: Pin
    addresses: dict[str, str]  # by contract name
    logs: tuple[Log, ...]
    #: Of a log file, its maker's word: when blocks with logs were made (unix seconds by number).
    times: Mapping[int, int] = field(default_factory=dict)
    heads: Heads | None = None  # how far the chain stood; of a log file when it was written


def choose_pin(rpc: Rpc, *, finality_depth: int) -> Pin:
    """The newest final block: ``finality_depth`` below the head."""
    head = rpc.block("latest")
    block = rpc.block(max(0, head.number - finality_depth))
    return Pin(block.number, block.hash)


def check_same_chain(rpc: Rpc, manifest: Manifest) -> None:
    """Returns when the node serves the manifest's chain.

    Raises:
        WrongChain: another chain id or another genesis block.
    """
    chain_id = rpc.chain_id()
    if chain_id != manifest.chain_id:
        raise WrongChain("The node serves another chain.", expected=manifest.chain_id, actual=chain_id)
    genesis = rpc.block(GENESIS_BLOCK).hash
    if genesis != manifest.genesis_hash:
        raise WrongChain(
            "The chain has another beginning: it was reset, or is another one with the same id.",
            expected=to_hex(manifest.genesis_hash),
            actual=to_hex(genesis),
        )


def fetch_chain_log(rpc: Rpc, manifest: Manifest, *, pin: Pin) -> ChainLog:
    """The contracts' logs up to ``pin``.

    Raises:
        RpcUnavailable: the node did not answer, or the pinned block stopped being canonical meanwhile.
    """
    addresses = sorted(manifest.addresses.values())
    logs = rpc.logs(addresses, first=manifest.first_block, last=pin.number)
    check_pin(rpc, pin)
    return ChainLog(
        chain_id=manifest.chain_id,
        network=manifest.network,
        first_block=manifest.first_block,
        pin=pin,
        addresses=dict(manifest.addresses),
        logs=tuple(logs),
    )


def check_pin(rpc: Rpc, pin: Pin) -> None:
    """Returns when the pinned block is still canonical.

    Raises:
        RpcUnavailable: it is not: what was read is of two chains, and the audit must start again.
    """
    block = rpc.block(pin.number)
    if block.hash != pin.hash:
        raise RpcUnavailable(
            "The chain was reorganised below the pinned block; audit again.",
            block=pin.number,
            expected=to_hex(pin.hash),
            actual=to_hex(block.hash),
        )
