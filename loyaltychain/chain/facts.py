"""What a node tells of the chain, as values: blocks, logs, transactions, receipts, fees. Asks nobody."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Block:
    """A block's place in the chain."""

    number: int
    hash: bytes
    parent_hash: bytes
    timestamp: int  # unix seconds
    gas_limit: int = 0  # of all its transactions together; 0: not told


@dataclass(frozen=True, slots=True)
class Log:
    """What a contract wrote with LOG0 to LOG4."""

    address: str  # 0x, lower case
    topics: tuple[bytes, ...]
    data: bytes
    block_number: int
    block_hash: bytes
    tx_hash: bytes
    index: int  # within its block


@dataclass(frozen=True, slots=True)
class Transaction:
    """What somebody signed, and the block that took it."""

    tx_hash: bytes
    sender: str  # 0x, lower case
    target: str | None  # 0x, lower case; None: it creates a contract
    input: bytes  # calldata, or the creation code with its arguments
    nonce: int
    block_number: int
    block_hash: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a transaction in a block."""

    tx_hash: bytes
    block_number: int
    block_hash: bytes
    status: int  # 1: done, 0: reverted
    gas_used: int
    contract_address: str | None  # 0x, lower case; of a creation


@dataclass(frozen=True, slots=True)
class Fees:
    """What the next block asks for, in wei a gas."""

    base_fee: int
    tip: int  # 0 when the node knows of none
