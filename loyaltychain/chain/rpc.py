"""The chain as this project sees it: a dozen reads and one write. The only place that knows web3's exceptions.

Decides nothing: what a missing receipt, a low balance or a paused contract means is the caller's business.
It never retries, never reads ``pending`` and never trusts a hash that a node returns for what we sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Block:
    """A block's place in the chain."""

    number: int
    hash: bytes
    parent_hash: bytes
    timestamp: int  # unix seconds


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


class Rpc(Protocol):
    """A node, as narrow as we need it. Reads are pinned to ``block`` where one is given, else to the head.

    Every method raises RpcUnavailable when the node does not answer, or answers what cannot be true.
    Addresses are accepted in any case and returned in lower case.
    """

    def chain_id(self) -> int:
        """The chain's EIP-155 id."""

    def block(self, number: int | Literal["latest"]) -> Block:
        """The canonical block of that number. RpcUnavailable when the node has none (yet, or any more)."""

    def code(self, address: str, *, block: int | None = None) -> bytes:
        """The runtime code at an address, empty when there is none."""

    def storage(self, address: str, slot: int, *, block: int | None = None) -> bytes:
        """The 32 bytes of a storage slot."""

    def call(
        self, target: str | None, calldata: bytes, *, sender: str | None = None, block: int | None = None
    ) -> bytes:
        """What the call returns, without a transaction. ``target`` None: as a contract's creation.

        Raises:
            Reverted: the chain refused; ``data`` holds the revert bytes as 0x hex, ``reason`` the node's words.
        """

    def estimate_gas(self, target: str | None, calldata: bytes, *, sender: str) -> int:
        """Gas with which the transaction would succeed at the head.

        Raises:
            Reverted: it would fail; as in ``call``.
        """

    def logs(self, addresses: Sequence[str], *, first: int, last: int) -> list[Log]:
        """All logs of these contracts in blocks ``first`` to ``last``, both included, in chain order.

        Any width of range is fine; none at all when ``first > last``.
        """

    def nonce(self, address: str) -> int:
        """How many transactions of the address are in blocks up to the head."""

    def balance(self, address: str) -> int:
        """Wei at the head."""

    def fees(self) -> Fees:
        """What the next block asks for."""

    def send_raw(self, raw: bytes) -> None:
        """Hand a signed transaction to the node. Returns when the node has it, or had it already.

        Raises:
            RpcUnavailable: nobody knows whether the node took it (``maybe_sent`` is True): look for its
                hash, and send the same bytes again.
            SendRefused: these bytes will never be accepted as they are; ``reason`` says why.
        """

    def receipt(self, tx_hash: bytes) -> Receipt | None:
        """The receipt in the canonical chain, or None when no block has the transaction (now)."""
