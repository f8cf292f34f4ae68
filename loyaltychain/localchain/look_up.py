"""Finding headers, blocks and transactions of the canonical chain, by the chain's own indexes.

What py-evm's indexes still say of blocks that were taken back is not believed: numbers above the head and
transactions that are not where they should be do not exist.
"""

from dataclasses import dataclass

from eth.abc import BlockAPI, BlockHeaderAPI, SignedTransactionAPI, StateAPI
from eth.chains.base import MiningChain
from eth.exceptions import HeaderNotFound, TransactionNotFound
from eth_typing import BlockNumber, Hash32

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.localchain.refusals import SERVER_ERROR, RefusalError
from loyaltychain.localchain.store import Store


@dataclass(frozen=True, slots=True)
class World:
    """All that a method may look at."""

    chain: MiningChain
    store: Store
    now: UnixSeconds  # the chain's time: the clock's, and what evm_increaseTime added


def head(world: World) -> BlockHeaderAPI:
    """The newest block's header."""
    return world.chain.get_canonical_head()


def find_header(world: World, number: int | None) -> BlockHeaderAPI | None:
    """The canonical header of that number, the head's for None; None when there is no such block."""
    newest = head(world)
    if number is None or number == newest.block_number:
        return newest
    if number > newest.block_number:
        return None
    return world.chain.get_canonical_block_header_by_number(BlockNumber(number))


def find_header_by_hash(world: World, block_hash: bytes) -> BlockHeaderAPI | None:
    """The canonical header with that hash; None when the chain has none."""
    try:
        header = world.chain.get_block_header_by_hash(Hash32(block_hash))
    except HeaderNotFound:
        return None
    canonical = find_header(world, header.block_number)
    return header if canonical is not None and canonical.hash == header.hash else None


def block_of(world: World, header: BlockHeaderAPI) -> BlockAPI:
    """The whole block."""
    return world.chain.get_block_by_header(header)


def state_at(world: World, number: int | None) -> StateAPI:
    """The accounts after that block; after the head for None.

    Raises:
        RefusalError: there is no such block.
    """
    return world.chain.get_vm(pinned_header(world, number)).state


def pinned_header(world: World, number: int | None) -> BlockHeaderAPI:
    """As ``find_header``; refuses when there is no such block."""
    header = find_header(world, number)
    if header is None:
        raise RefusalError(SERVER_ERROR, "header not found")
    return header


def find_transaction(world: World, tx_hash: bytes) -> tuple[BlockHeaderAPI, SignedTransactionAPI, int] | None:
    """A transaction with its block's header and its place there; None when no canonical block has it."""
    try:
        number, index = world.chain.get_canonical_transaction_index(Hash32(tx_hash))
        header = find_header(world, number)
        if header is None:
            return None
        tx = world.chain.get_canonical_transaction_by_index(number, index)
    except TransactionNotFound:
        return None
    return (header, tx, index) if tx.hash == tx_hash else None
