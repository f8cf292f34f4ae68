"""The chain as this project sees it: a dozen reads and one write. The only place that knows web3's exceptions.

Decides nothing: what a missing receipt, a low balance or a paused contract means is the caller's business.
It never repeats what failed, never reads ``pending`` and never trusts a hash that a node returns for what we sent.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

from web3.providers.base import JSONBaseProvider

from loyaltychain.chain.answers import (
    parse_block,
    parse_bytes,
    parse_fees,
    parse_logs,
    parse_number,
    parse_receipt,
    parse_transaction,
)
from loyaltychain.chain.facts import Block, Fees, Log, Receipt, Transaction
from loyaltychain.chain.horizon import Horizon
from loyaltychain.chain.node_errors import NodeError, is_failed_run
from loyaltychain.chain.send_errors import REFUSALS, judge_send
from loyaltychain.chain.transport import READ_SECONDS, SEND, Transport
from loyaltychain.core.errors import Reverted, RpcUnavailable, SendRefused
from loyaltychain.core.hashing import to_hex

__all__ = ["Block", "Fees", "Log", "Receipt", "Rpc", "Transaction", "Web3Rpc"]

BlockTag = Literal["latest", "safe", "finalized"]

LOG_RANGE = 2_000  # blocks; what the strictest of the usual public nodes allow
_FEE_BLOCKS = 5


class Rpc(Protocol):
    """A node, as narrow as we need it. Reads are pinned to ``block`` where one is given, else to the head.

    Every method raises RpcUnavailable when the node does not answer, or answers what cannot be true.
    Addresses are accepted in any case and returned in lower case.
    """

    def chain_id(self) -> int:
        """The chain's EIP-155 id."""

    def block(self, number: int | BlockTag) -> Block:
        """The canonical block of that number, or the newest that the node calls by that tag.

        RpcUnavailable with ``number`` when the node has none (yet, or any more).
        """

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
            SendRefused: these bytes were not taken as they are; ``reason`` says why, ``kind`` what would help
                (``chain/send_errors.py``).
        """

    def receipt(self, tx_hash: bytes) -> Receipt | None:
        """The receipt in the canonical chain, or None when no block has the transaction (now)."""

    def transaction(self, tx_hash: bytes) -> Transaction | None:
        """The transaction itself, or None when no block of the canonical chain has it (now)."""


class Web3Rpc:
    """``Rpc`` over any of web3's JSON providers. Asks one question at a time, also when threads share it."""

    def __init__(self, provider: JSONBaseProvider | Transport, *, log_range: int = LOG_RANGE) -> None:
        """Use ``provider`` alone for this.

        Args:
            log_range: How many blocks one eth_getLogs may span.
        """
        self._transport = provider if isinstance(provider, Transport) else Transport(provider)
        self._log_range = log_range
        self._horizon = Horizon()

    @classmethod
    def connect(
        cls, url: str, *, log_range: int = LOG_RANGE, read_seconds: int = READ_SECONDS, rests: bool = True
    ) -> "Web3Rpc":
        """A client of the node at ``url``, with time limits as in ``chain/transport.py``."""
        return cls(Transport.connect(url, read_seconds=read_seconds, rests=rests), log_range=log_range)

    def chain_id(self) -> int:
        """As ``Rpc.chain_id``."""
        return parse_number(self._ask("eth_chainId"))

    def block(self, number: int | BlockTag) -> Block:
        """As ``Rpc.block``."""
        tag = hex(number) if isinstance(number, int) else number
        answer = self._ask("eth_getBlockByNumber", tag, False)
        if answer is None:
            raise RpcUnavailable("The node does not have this block.", number=number)
        block = parse_block(answer, number=number if isinstance(number, int) else None)
        if number == "finalized":
            self._horizon.reach(block)
        elif trouble := self._horizon.contradiction(block, is_head=number == "latest"):
            raise RpcUnavailable("The node contradicts what it said before.", contradiction=trouble)
        return block

    def code(self, address: str, *, block: int | None = None) -> bytes:
        """As ``Rpc.code``."""
        return parse_bytes(self._ask("eth_getCode", address, _tag(block)))

    def storage(self, address: str, slot: int, *, block: int | None = None) -> bytes:
        """As ``Rpc.storage``."""
        return parse_bytes(self._ask("eth_getStorageAt", address, hex(slot), _tag(block)), size=32)

    def call(
        self, target: str | None, calldata: bytes, *, sender: str | None = None, block: int | None = None
    ) -> bytes:
        """As ``Rpc.call``."""
        return parse_bytes(self._run("eth_call", _call_object(target, calldata, sender=sender), _tag(block)))

    def estimate_gas(self, target: str | None, calldata: bytes, *, sender: str) -> int:
        """As ``Rpc.estimate_gas``."""
        return parse_number(self._run("eth_estimateGas", _call_object(target, calldata, sender=sender)))

    def logs(self, addresses: Sequence[str], *, first: int, last: int) -> list[Log]:
        """As ``Rpc.logs``."""
        wanted = frozenset(address.lower() for address in addresses)
        if not wanted:
            return []  # to a node, no address means every address
        found: list[Log] = []
        for start in range(first, last + 1, self._log_range):
            found += self._logs(wanted, first=start, last=min(last, start + self._log_range - 1))
        return found

    def nonce(self, address: str) -> int:
        """As ``Rpc.nonce``."""
        return parse_number(self._ask("eth_getTransactionCount", address, "latest"))

    def balance(self, address: str) -> int:
        """As ``Rpc.balance``."""
        return parse_number(self._ask("eth_getBalance", address, "latest"))

    def fees(self) -> Fees:
        """As ``Rpc.fees``."""
        return parse_fees(self._ask("eth_feeHistory", hex(_FEE_BLOCKS), "latest", [50]))

    def send_raw(self, raw: bytes) -> None:
        """As ``Rpc.send_raw``."""
        try:
            _, error = self._transport.exchange(SEND, to_hex(raw))
        except RpcUnavailable as unavailable:
            raise RpcUnavailable(unavailable.message, **unavailable.context, maybe_sent=True) from unavailable
        if error is None:
            return
        verdict = judge_send(error.message)
        if verdict in REFUSALS:
            raise SendRefused(reason=error.message, kind=verdict)
        if verdict != "has-it":
            raise RpcUnavailable(
                "The node did not say that it took the transaction.", reason=error.message, maybe_sent=True
            )

    def receipt(self, tx_hash: bytes) -> Receipt | None:
        """As ``Rpc.receipt``."""
        return parse_receipt(self._ask("eth_getTransactionReceipt", to_hex(tx_hash)), tx_hash=tx_hash)

    def transaction(self, tx_hash: bytes) -> Transaction | None:
        """As ``Rpc.transaction``."""
        return parse_transaction(self._ask("eth_getTransactionByHash", to_hex(tx_hash)), tx_hash=tx_hash)

    def ask(self, method: str, *params: object) -> object:
        """The answer to a request that not every node knows. Raises RpcUnavailable where it refuses, Reverted too."""
        return self._run(method, *params)

    def _logs(self, addresses: frozenset[str], *, first: int, last: int) -> list[Log]:
        query = {"address": sorted(addresses), "fromBlock": hex(first), "toBlock": hex(last)}
        answer, error = self._transport.exchange("eth_getLogs", query)
        if error is None:
            return parse_logs(answer, addresses=addresses, first=first, last=last)
        if first == last:
            raise _unanswered(error)
        # Nodes bound the blocks or the logs of an answer, each differently: whatever it was, half is likelier to fit.
        middle = (first + last) // 2
        return self._logs(addresses, first=first, last=middle) + self._logs(addresses, first=middle + 1, last=last)

    def _run(self, method: str, *params: object) -> object:
        answer, error = self._transport.exchange(method, *params)
        if error is None:
            return answer
        if is_failed_run(error):
            raise Reverted(data=error.data or "0x", reason=error.message)
        raise _unanswered(error)

    def _ask(self, method: str, *params: object) -> object:
        answer, error = self._transport.exchange(method, *params)
        if error is not None:
            raise _unanswered(error)
        return answer


def _unanswered(error: NodeError) -> RpcUnavailable:
    return RpcUnavailable("The node refused to answer.", code=error.code, reason=error.message)


def _tag(block: int | None) -> str:
    return "latest" if block is None else hex(block)


def _call_object(target: str | None, calldata: bytes, *, sender: str | None) -> dict[str, str]:
    content = {"data": to_hex(calldata)}
    if target is not None:
        content["to"] = target
    if sender is not None:
        content["from"] = sender
    return content
