"""Transport, below Web3Rpc: bad connections
├── given an HTTP error, no JSON, silence or a closed connection
│   ├── it raises RpcUnavailable, having asked once; neither words nor cause show the URL's path, which may be a key
│   └── when sending: maybe sent
├── given a node that failed
│   └── it is left alone, longer each time, until it answers
├── given a node that wants to be asked more slowly, by HTTP or in its answer
│   ├── a read waits as long as that node says, and asks the same again; never a smaller range of logs
│   ├── when that is longer than a request may wait: it raises, and asks nothing before that time
│   └── a transaction never waits: maybe sent
└── given a node that says nothing
    └── it has as many seconds as it was given
"""

import traceback
from typing import Any

import pytest
from web3 import HTTPProvider
from web3.providers.base import JSONBaseProvider

from loyaltychain.chain.backoff import Backoff
from loyaltychain.chain.rpc import Web3Rpc
from loyaltychain.chain.transport import Transport
from loyaltychain.core.errors import RpcUnavailable
from tests.chain.no_node import ScriptedProvider, WebServer

ADDRESS = "0x" + "b2" * 20


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (429, b"slow down"),
        (502, b"<html>"),
        (200, b"<html>"),
        (200, b""),
        (200, b"\xff"),
        (200, b"[]"),
        (0, b""),
        (299, b"{}"),
    ],
)
def test_connect__to_what_is_no_node__raises_having_asked_once(web: WebServer, status: int, body: bytes) -> None:
    web.status, web.body = status, body
    url = f"http://127.0.0.1:{web.server_address[1]}/v2/account-key"
    rpc = Web3Rpc.connect(url, rests=False)
    if status == 299:
        kwargs = {"timeout": (0.3, 0.3)}
        rpc = Web3Rpc(HTTPProvider(url, request_kwargs=kwargs, exception_retry_configuration=None))

    with pytest.raises(RpcUnavailable) as sent:
        rpc.send_raw(b"\x02")

    assert (web.asked, sent.value.context["maybe_sent"]) == (1, True)
    with pytest.raises(RpcUnavailable) as asked:
        rpc.chain_id()
    assert web.asked == 2
    for error in (sent.value, asked.value):
        assert "account-key" not in "".join(traceback.format_exception(error))


class Waiting:
    """A clock that only waiting moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.waits: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(round(seconds, 3))
        self.now += seconds

    def over(self, provider: JSONBaseProvider, *, patience: float = 8) -> Web3Rpc:
        """With backoffs of 1, 2, 4 seconds, and no more."""
        backoff = Backoff(first=1, longest=4, clock=self.clock, chance=lambda: 1.0)
        return Web3Rpc(Transport(provider, backoff=backoff, patience=patience, sleep=self.sleep), log_range=10)


def test_ask__a_node_that_failed__is_left_alone() -> None:
    waiting, healthy = Waiting(), False

    def respond(request: dict[str, Any]) -> object:
        if not healthy:
            raise ConnectionResetError
        return {"jsonrpc": "2.0", "id": request["id"], "result": "0x1"}

    provider = ScriptedProvider(respond)
    rpc = waiting.over(provider)
    for pause, asked in ((0, 1), (0.9, 1), (0.1, 2), (1.9, 2), (0.1, 3), (4, 4), (3.9, 4), (0.1, 5)):
        waiting.now += pause
        with pytest.raises(RpcUnavailable, match="ConnectionResetError"):
            rpc.chain_id()
        assert len(provider.asked) == asked
    healthy = True
    waiting.now += 4
    assert rpc.chain_id() == 1
    healthy = False
    with pytest.raises(RpcUnavailable):
        rpc.chain_id()
    waiting.now += 1
    healthy = True
    assert rpc.chain_id() == 1, "once it answered, the wait is the first one again"
    assert waiting.waits == []


def test_ask__a_node_that_wants_time__waits_and_asks_the_same(web: WebServer) -> None:
    waiting = Waiting()
    web.status, web.extra = 429, {"Retry-After": "3"}
    rpc = waiting.over(HTTPProvider(f"http://127.0.0.1:{web.server_address[1]}", exception_retry_configuration=None))

    with pytest.raises(RpcUnavailable) as caught:
        rpc.chain_id()

    # 3 and 3, then 4 by our own count, which is one too many for eight seconds.
    assert (web.asked, waiting.waits, caught.value.context["again_in"]) == (3, [3.0, 3.0], 4)
    with pytest.raises(RpcUnavailable) as sent:
        rpc.send_raw(b"\x02")
    assert (web.asked, sent.value.context["maybe_sent"]) == (3, True)


def test_ask__a_node_that_wants_minutes__is_not_asked_before(web: WebServer) -> None:
    waiting = Waiting()
    web.status, web.extra = (
        503,
        {"Date": "Thu, 01 Jan 2026 00:00:00 GMT", "Retry-After": "Thu, 01 Jan 2026 00:02:00 GMT"},
    )
    rpc = waiting.over(HTTPProvider(f"http://127.0.0.1:{web.server_address[1]}", exception_retry_configuration=None))

    for _ in range(2):
        with pytest.raises(RpcUnavailable) as caught:
            rpc.chain_id()
    assert (web.asked, waiting.waits, caught.value.context["again_in"]) == (1, [], 120)


def test_send_raw__a_node_that_wants_time__never_waits(web: WebServer) -> None:
    waiting = Waiting()
    web.status, web.extra = 429, {"Retry-After": "1"}
    rpc = waiting.over(HTTPProvider(f"http://127.0.0.1:{web.server_address[1]}", exception_retry_configuration=None))

    with pytest.raises(RpcUnavailable) as sent:
        rpc.send_raw(b"\x02")
    assert (web.asked, waiting.waits, sent.value.context["maybe_sent"]) == (1, [], True)


@pytest.mark.parametrize(
    "error", [{"code": 429, "message": "slow down"}, {"code": -32005, "message": "Too Many Requests, slow down"}]
)
def test_logs__a_node_that_wants_time__asks_for_the_same_range(error: dict[str, object]) -> None:
    waiting = Waiting()
    answers: list[dict[str, object]] = [{"error": error}, {"error": error}, {"result": []}]
    provider = ScriptedProvider(lambda request: {"jsonrpc": "2.0", "id": request["id"]} | answers.pop(0))

    assert waiting.over(provider).logs([ADDRESS], first=1, last=9) == []

    assert waiting.waits == [1, 2]
    assert [request["params"] for request in provider.asked] == [provider.asked[0]["params"]] * 3


def test_connect__to_a_node_that_says_nothing__has_its_seconds(web: WebServer) -> None:
    web.status, web.body, web.silence = 299, b"{}", 1.3
    rpc = Web3Rpc.connect(f"http://127.0.0.1:{web.server_address[1]}", read_seconds=1)

    with pytest.raises(RpcUnavailable, match="Read timed out"):
        rpc.chain_id()
    assert web.asked == 1


def test_connect__to_nothing__raises() -> None:
    rpc = Web3Rpc.connect("http://someone:password@127.0.0.1:9/v2/account-key?more=secret")

    with pytest.raises(RpcUnavailable, match="did not answer") as caught:
        rpc.block("latest")

    told = "".join(traceback.format_exception(caught.value))
    assert not any(word in told for word in ("password", "account-key", "secret"))
