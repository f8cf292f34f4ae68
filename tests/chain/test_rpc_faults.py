"""Web3Rpc behind a bad connection or a lying node
├── given an answer that cannot be true
│   └── it raises RpcUnavailable and never answers a number
├── given another request's answer
│   └── it raises RpcUnavailable
├── given an HTTP error, no JSON, silence or a closed connection
│   ├── it raises RpcUnavailable, having asked once; neither words nor cause show the URL's path, which may be a key
│   └── when sending: maybe sent
├── given a node that bounds its logs
│   └── it asks for less at a time
└── fees
    └── when tips are missing or zero: 0
"""

import json
import threading
import traceback
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from web3 import HTTPProvider
from web3.providers.base import JSONBaseProvider

from loyaltychain.chain.rpc import Fees, Rpc, Web3Rpc
from loyaltychain.core.errors import RpcUnavailable

ADDRESS = "0x" + "b2" * 20
WORD = "0x" + "11" * 32
OTHER_WORD = "0x" + "22" * 32
RECEIPT = {
    "transactionHash": WORD,
    "blockNumber": "0x5",
    "blockHash": WORD,
    "status": "0x1",
    "gasUsed": "0x5208",
    "contractAddress": None,
}
LOG = {
    "address": ADDRESS,
    "topics": [WORD],
    "data": "0x",
    "blockNumber": "0x5",
    "blockHash": WORD,
    "transactionHash": WORD,
    "logIndex": "0x0",
    "removed": False,
}
BLOCK = {"number": "0x5", "hash": WORD, "parentHash": WORD, "timestamp": "0x64"}


class ScriptedProvider(JSONBaseProvider):
    """A node that says what it is told to say."""

    def __init__(self, respond: Callable[[dict[str, Any]], object]) -> None:
        super().__init__()
        self._respond = respond
        self.asked: list[dict[str, Any]] = []

    def make_request(self, method: Any, params: Any) -> Any:
        request = json.loads(self.encode_rpc_request(method, params))
        self.asked.append(request)
        return self._respond(request)


def _says(result: object) -> Web3Rpc:
    return Web3Rpc(ScriptedProvider(lambda request: {"jsonrpc": "2.0", "id": request["id"], "result": result}))


@pytest.mark.parametrize("result", [None, "", "0x", "5", 5, "0xzz", [], {}, True, "0x-5", "0x1_0", "0x 5"])
@pytest.mark.parametrize(
    "read",
    [Rpc.chain_id, lambda rpc: rpc.nonce(ADDRESS), lambda rpc: rpc.balance(ADDRESS), lambda rpc: rpc.block(5)],
)
def test_read__given_no_number__raises(result: object, read: Callable[[Rpc], object]) -> None:
    rpc = _says(result)
    read = Web3Rpc.chain_id if read is Rpc.chain_id else read

    with pytest.raises(RpcUnavailable):
        read(rpc)


@pytest.mark.parametrize("result", [None, "", "0", "0x1", "0x123", 5, "0x" + "11" * 31, "0x" + "11" * 33])
def test_storage__given_no_word__raises(result: object) -> None:
    with pytest.raises(RpcUnavailable, match="makes no sense"):
        _says(result).storage(ADDRESS, 0)


@pytest.mark.parametrize(
    "changes",
    [
        {"transactionHash": OTHER_WORD},
        {"status": "0x2"},
        {"status": None},
        {"blockNumber": "x"},
        {"blockHash": "0x11"},
        {"gasUsed": None},
        {"contractAddress": "0x11"},
    ],
)
def test_receipt__given_a_broken_one__raises(changes: dict[str, object]) -> None:
    with pytest.raises(RpcUnavailable, match="makes no sense"):
        _says(RECEIPT | changes).receipt(bytes.fromhex(WORD[2:]))


@pytest.mark.parametrize("result", [None, RECEIPT | {"blockNumber": None}, RECEIPT | {"blockHash": None}])
def test_receipt__in_no_block_yet__is_none(result: object) -> None:
    assert _says(result).receipt(bytes.fromhex(WORD[2:])) is None


@pytest.mark.parametrize("changes", [{"number": "0x6"}, {"hash": None}, {"parentHash": "0x"}, {"timestamp": -1}])
def test_block__given_a_broken_one__raises(changes: dict[str, object]) -> None:
    with pytest.raises(RpcUnavailable, match="makes no sense"):
        _says(BLOCK | changes).block(5)


@pytest.mark.parametrize(
    "logs",
    [
        None,
        {},
        [LOG | {"removed": True}],
        [LOG | {"address": "0x" + "c3" * 20}],
        [LOG | {"blockNumber": "0xa"}],
        [LOG | {"blockNumber": None}],
        [LOG | {"topics": [WORD] * 5}],
        [LOG, LOG],
        [LOG | {"logIndex": "0x1"}, LOG],
        [LOG, LOG | {"logIndex": "0x1", "blockHash": OTHER_WORD}],
    ],
)
def test_logs__given_what_was_not_asked_for__raises(logs: object) -> None:
    with pytest.raises(RpcUnavailable, match="makes no sense"):
        _says(logs).logs([ADDRESS], first=1, last=9)


@pytest.mark.parametrize(
    "respond",
    [
        lambda request: {"jsonrpc": "2.0", "id": request["id"] + 1, "result": "0x1"},
        lambda _: {"jsonrpc": "2.0", "id": None, "result": "0x1"},
        lambda _: {"jsonrpc": "2.0", "result": "0x1"},
        lambda request: {"jsonrpc": "2.0", "id": request["id"]},
        lambda request: {"jsonrpc": "2.0", "id": request["id"] + 1, "error": {"code": 3, "message": "reverted"}},
        lambda _: [],
        lambda _: None,
    ],
)
def test_ask__given_another_requests_answer__raises(respond: Callable[[dict[str, Any]], object]) -> None:
    rpc = Web3Rpc(ScriptedProvider(respond))

    with pytest.raises(RpcUnavailable, match="makes no sense"):
        rpc.chain_id()
    with pytest.raises(RpcUnavailable) as sent:
        rpc.send_raw(b"\x02")
    assert sent.value.context["maybe_sent"] is True


def test_ask__many_times__numbers_its_requests() -> None:
    provider = ScriptedProvider(lambda request: {"jsonrpc": "2.0", "id": request["id"], "result": "0x1"})
    rpc = Web3Rpc(provider)

    answers = [rpc.chain_id() for _ in range(3)]

    assert answers == [1, 1, 1]
    assert [request["id"] for request in provider.asked] == [1, 2, 3]
    assert provider.global_ccip_read_enabled is False


def test_logs__given_a_node_that_bounds_them__asks_for_less_at_a_time() -> None:
    def respond(request: dict[str, Any]) -> object:
        (query,) = request["params"]
        first, last = int(query["fromBlock"], 16), int(query["toBlock"], 16)
        if last - first >= 3:
            return {"jsonrpc": "2.0", "id": request["id"], "error": {"code": -32005, "message": "limit exceeded"}}
        logs = [LOG | {"blockNumber": hex(number), "blockHash": WORD} for number in range(first, last + 1)]
        return {"jsonrpc": "2.0", "id": request["id"], "result": logs}

    found = Web3Rpc(ScriptedProvider(respond), log_range=10).logs([ADDRESS], first=5, last=30)

    assert [log.block_number for log in found] == list(range(5, 31))


def test_logs__given_a_node_that_never_answers_them__raises() -> None:
    provider = ScriptedProvider(
        lambda request: {"jsonrpc": "2.0", "id": request["id"], "error": {"code": -32000, "message": "pruned"}}
    )

    with pytest.raises(RpcUnavailable, match="pruned"):
        Web3Rpc(provider).logs([ADDRESS], first=0, last=1_999)
    assert len(provider.asked) < 15


class _Server(ThreadingHTTPServer):
    """A web server that answers each POST with the same status and body; status 0: hangs up."""

    status = 200
    body = b""
    asked = 0


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, _Server)
        server.asked += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        if server.status == 0:
            self.close_connection = True
            return
        self.send_response(server.status)
        self.send_header("Content-Length", str(len(server.body)))
        self.end_headers()
        if server.status != 299:  # 299: announces a body that never comes
            self.wfile.write(server.body)
        else:
            threading.Event().wait(1)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


@pytest.fixture
def web() -> Iterator[_Server]:
    """A web server that is no node."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


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
def test_connect__to_what_is_no_node__raises_having_asked_once(web: _Server, status: int, body: bytes) -> None:
    web.status, web.body = status, body
    url = f"http://127.0.0.1:{web.server_address[1]}/v2/account-key"
    rpc = Web3Rpc.connect(url)
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


def test_connect__to_nothing__raises() -> None:
    rpc = Web3Rpc.connect("http://someone:password@127.0.0.1:9/v2/account-key?more=secret")

    with pytest.raises(RpcUnavailable, match="did not answer") as caught:
        rpc.block("latest")

    told = "".join(traceback.format_exception(caught.value))
    assert not any(word in told for word in ("password", "account-key", "secret"))


@pytest.mark.parametrize(
    ("reward", "tip"),
    [
        ([["0x1"], ["0x5"], ["0x3"]], 3),
        ([["0x0"], ["0x0"]], 0),
        ([[], [], ["0x7"]], 7),
        ([], 0),
        (None, 0),
    ],
)
def test_fees__given_some_tips__takes_the_median_of_those_that_are(reward: object, tip: int) -> None:
    rpc = _says({"baseFeePerGas": ["0x7", "0x9"], "gasUsedRatio": [0.5], "reward": reward})

    assert rpc.fees() == Fees(base_fee=9, tip=tip)


def test_fees__given_no_base_fee__raises() -> None:
    with pytest.raises(RpcUnavailable, match="makes no sense"):
        _says({"baseFeePerGas": [], "reward": []}).fees()
