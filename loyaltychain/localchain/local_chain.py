"""A chain of one's own that lasts: eth-tester's chain in a file, answering Ethereum's JSON-RPC.

One transaction, one block, on disk before the answer. Not for networks: no peers, no pool, no consensus. Not safe
for several threads: whoever serves it asks one question at a time.
"""

from pathlib import Path

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.clock import Clock, system_clock
from loyaltychain.localchain.changes import CLOCK_OFFSET, WRITES
from loyaltychain.localchain.genesis import begin_chain, chain_rules, open_chain
from loyaltychain.localchain.look_up import World
from loyaltychain.localchain.methods import READS
from loyaltychain.localchain.refusals import INVALID_REQUEST, UNKNOWN_METHOD, RefusalError
from loyaltychain.localchain.store import open_store


class LocalChain:
    """The local chain at ``path`` (a file, made when missing); in memory when None."""

    def __init__(self, path: Path | None = None, *, clock: Clock = system_clock) -> None:
        """Open the chain, or begin it.

        Raises:
            DatabaseBusy: another process serves it.
            InvalidSettings: the file is not a local chain.
        """
        self._clock = clock
        self._rules = chain_rules()
        self._store = open_store(path)
        if self._store.is_empty():
            with self._store.write():
                self._store.create_tables()
                begin_chain(self._rules, self._store, clock())
        self._chain = open_chain(self._rules, self._store)

    def answer(self, request: object) -> dict[str, object]:
        """The JSON-RPC 2.0 response to one request object. What it changes is on disk when this returns."""
        identity = request.get("id") if isinstance(request, dict) else None
        try:
            method, params = _parse_request(request)
            result = self._run(method, params)
        except RefusalError as refusal:
            return {"jsonrpc": "2.0", "id": identity, "error": refusal.as_error()}
        return {"jsonrpc": "2.0", "id": identity, "result": result}

    def close(self) -> None:
        """Let go of the file. The chain is found again by opening it."""
        self._store.close()

    def _run(self, method: str, params: list[object]) -> object:
        if method in READS:
            return READS[method](self._world(), params)
        if method not in WRITES:
            raise RefusalError(UNKNOWN_METHOD, f"the method {method} does not exist/is not available")
        try:
            with self._store.write():
                return WRITES[method](self._world(), params)
        finally:
            # py-evm's caches know nothing of a transaction that was undone, or of a head that was set back.
            self._chain = open_chain(self._rules, self._store)

    def _world(self) -> World:
        now = UnixSeconds(self._clock() + self._store.setting(CLOCK_OFFSET, 0))
        return World(chain=self._chain, store=self._store, now=now)


def _parse_request(request: object) -> tuple[str, list[object]]:
    if not isinstance(request, dict) or request.get("jsonrpc") != "2.0" or "id" not in request:
        raise RefusalError(INVALID_REQUEST, "expected a JSON-RPC 2.0 request object with an id")
    method, params = request.get("method"), request.get("params", [])
    if not isinstance(method, str) or not isinstance(params, list):
        raise RefusalError(INVALID_REQUEST, "expected a method and a list of params")
    return method, params
