"""Nodes for tests of several: a real one, and one that tells something else in some of its answers."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from web3 import HTTPProvider
from web3.providers.base import JSONBaseProvider

from loyaltychain.chain.backoff import Backoff
from loyaltychain.chain.nodes import Nodes
from loyaltychain.chain.profiles import Profile, load_profile
from loyaltychain.chain.rpc import Rpc, Web3Rpc
from loyaltychain.chain.upstream import Upstream
from loyaltychain.core.calendar import UnixSeconds
from tests.anvil import Anvil

#: Final are the blocks that the node calls so; anvil does with four on top of them (``--slots-in-an-epoch 2``).
TAGGED = load_profile("chain-31337")
GENESIS = 1_800_000_000  # its time
#: Logs one empty log and ends: PUSH0 PUSH0 LOG0 STOP, as a creation.
LOGGING = "0x5f5fa000"
#: The answer of the real node, turned into another one; the parameters are those of the request.
Twist = Callable[[Any, Sequence[Any]], Any]


class Telling(JSONBaseProvider):
    """The node at ``url``, but for some methods, whose results are twisted; an error where it is one."""

    def __init__(self, url: str, **twists: Twist) -> None:
        super().__init__()
        self._node = HTTPProvider(url, exception_retry_configuration=None)
        self.twists = twists
        self.asked: list[str] = []

    def make_request(self, method: Any, params: Any) -> Any:
        self.asked.append(method)
        self._node.request_counter = self.request_counter
        answer = self._node.make_request(method, params)
        if method not in self.twists or "result" not in answer:
            return answer
        result = self.twists[method](answer["result"], params)
        content = {"error": result} if isinstance(result, dict) and set(result) == {"code", "message"} else {}
        return {"jsonrpc": "2.0", "id": answer["id"]} | (content or {"result": result})


class Hours:
    """A clock that is set: the chain's, and that of what is waited for."""

    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> UnixSeconds:
        return UnixSeconds(self.now)


def several(
    *rpcs: Rpc, hours: Hours, profile: Profile = TAGGED, check: Callable[[Rpc], None] = lambda _: None, **changes: Any
) -> Nodes:
    """Nodes called a, b, c, left alone as long as they would be at the worst of chances."""
    upstreams = [
        Upstream(
            name,
            rpc,
            failing=Backoff(first=1.0, longest=60.0, clock=hours, chance=lambda: 1.0),
            lying=Backoff(first=10.0, longest=600.0, clock=hours, chance=lambda: 1.0),
        )
        for name, rpc in zip("abc", rpcs, strict=False)
    ]
    return Nodes(upstreams, replace(profile, **changes), hours, chain_id=profile.chain_id, check=check)


def at(url: str) -> Web3Rpc:
    """A node as one of several: who asks it knows how long to leave it alone."""
    return Web3Rpc.connect(url, rests=False)


def telling(url: str, **twists: Twist) -> Web3Rpc:
    return Web3Rpc(Telling(url, **twists))


def standing(nodes: Nodes) -> dict[str, str]:
    return {state.name: state.state for state in nodes.states()}


def send(node: Anvil, data: str = LOGGING) -> bytes:
    """A creation of this code, in a block of its own."""
    found = node.ask("eth_sendTransaction", {"from": node.ask("eth_accounts")[0], "data": data, "gas": hex(100_000)})
    mine(node)
    return bytes.fromhex(found[2:])


def mine(node: Anvil, count: int = 1) -> None:
    node.ask("anvil_mine", hex(count), hex(2))
