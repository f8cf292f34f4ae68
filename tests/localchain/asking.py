"""Talking JSON-RPC to a local chain, in process."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.localchain.local_chain import LocalChain
from tests.localchain.builders import DEV_ADDRESS, creation_of, sign

START = UnixSeconds(1_800_000_000)


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self, now: UnixSeconds = START) -> None:
        self.now = now

    def __call__(self) -> UnixSeconds:
        return self.now


class Asker:
    """A local chain and its clock, asked in one line."""

    def __init__(self, chain: LocalChain, clock: Clock) -> None:
        self.chain = chain
        self.clock = clock

    def whole(self, method: str, *params: object) -> dict[str, Any]:
        """The whole response."""
        return self.chain.answer({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})

    def ask(self, method: str, *params: object) -> Any:
        """The result, which there must be."""
        response = self.whole(method, *params)
        assert "error" not in response, response
        return response["result"]

    def refusal(self, method: str, *params: object) -> dict[str, Any]:
        """The error, which there must be."""
        response = self.whole(method, *params)
        assert "result" not in response, response
        return dict(response["error"])

    def number(self, method: str, *params: object) -> int:
        """The result as a number."""
        return int(self.ask(method, *params), 16)

    def nonce(self) -> int:
        """The development account's next nonce."""
        return self.number("eth_getTransactionCount", DEV_ADDRESS, "latest")

    def send(self, target: str | None, content: bytes = b"", **changes: int) -> str:
        """Send the development account's next transaction; its hash."""
        signed = sign(self.nonce(), target, content, **changes)
        return str(self.ask("eth_sendRawTransaction", "0x" + signed.raw.hex()))

    def deploy(self, runtime: bytes) -> str:
        """Create a contract; its address."""
        receipt = self.ask("eth_getTransactionReceipt", self.send(None, creation_of(runtime)))
        return str(receipt["contractAddress"])

    def count(self, counter: str, block: str = "latest") -> int:
        """What a counter stands at."""
        return self.number("eth_getStorageAt", counter, "0x0", block)


@contextmanager
def opened(path: Path | None) -> Iterator[Asker]:
    """A chain, closed afterwards."""
    clock = Clock()
    chain = LocalChain(path, clock=clock)
    try:
        yield Asker(chain, clock)
    finally:
        chain.close()
