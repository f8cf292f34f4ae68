"""bounded_session, and what is connected with it: answers that do not end
├── given a node that drips its answer, or its headers, a byte at a time: its seconds are over, and it is no answer
├── given an answer that is larger than any can be, packed or not: it is not read to its end
├── given a redirection: it is not followed
└── given answers as they should be, one after another: all of them, over one connection
"""

import gzip
import json
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import pytest

from loyaltychain.chain import bounded_http
from loyaltychain.chain.rpc import Web3Rpc
from loyaltychain.core.errors import RpcUnavailable

Answer = Callable[[socket.socket, bytes, threading.Event], None]
_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def read_request(client: socket.socket) -> bytes:
    """The whole request; empty where the other side has closed."""
    request = b""
    while b"\r\n\r\n" not in request or not request.endswith(b"}"):
        if not (part := client.recv(65_536)):
            return b""
        request += part
    return request


@contextmanager
def node(answer: Answer) -> Iterator[tuple[str, list[int]]]:
    """A node that answers each request so. Yields its URL, and how many requests each connection brought."""
    over, served = threading.Event(), list[int]()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)

        def serve() -> None:
            while not over.is_set():
                with suppress(TimeoutError, OSError), server.accept()[0] as client:
                    served.append(0)
                    while not over.is_set() and (request := read_request(client)):
                        served[-1] += 1
                        answer(client, request, over)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", served
        over.set()
        thread.join(10)


def drip(head: bytes) -> Answer:
    def answer(client: socket.socket, _: bytes, over: threading.Event) -> None:
        client.sendall(head)
        while not over.wait(0.1):
            client.sendall(b" ")

    return answer


@pytest.mark.parametrize("head", [_OK + b"Content-Length: 1000000\r\n\r\n", _OK + b"X-More: "])
def test_connect__to_a_node_that_drips__its_seconds_end(head: bytes) -> None:
    with node(drip(head)) as (url, _):
        rpc = Web3Rpc.connect(url, read_seconds=1, rests=False)
        with ThreadPoolExecutor(1) as other:  # the library may have a session for each thread
            asked = other.submit(rpc.chain_id)
            with pytest.raises(RpcUnavailable, match="did not answer"):
                asked.result()


def whole(body: bytes, more: bytes = b"") -> Answer:
    def answer(client: socket.socket, *_: object) -> None:
        with suppress(OSError):
            client.sendall(_OK + more + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)

    return answer


@pytest.mark.parametrize("is_packed", [False, True])
def test_connect__to_a_node_that_says_too_much__is_no_answer(monkeypatch: pytest.MonkeyPatch, is_packed: bool) -> None:
    monkeypatch.setattr(bounded_http, "ANSWER_MAX", 100_000)
    body = b'{"jsonrpc":"2.0","id":1,"result":"0x1"}' + b" " * 200_000
    answer = whole(gzip.compress(body), b"Content-Encoding: gzip\r\n") if is_packed else whole(body)
    with node(answer) as (url, _), pytest.raises(RpcUnavailable, match="larger than 100000 bytes"):
        Web3Rpc.connect(url, rests=False).chain_id()


def test_connect__to_a_node_that_sends_us_on__is_no_answer() -> None:
    with node(whole(b'{"jsonrpc":"2.0","id":1,"result":"0x7"}')) as (elsewhere, asked):

        def answer(client: socket.socket, *_: object) -> None:
            client.sendall(f"HTTP/1.1 307 Go\r\nLocation: {elsewhere}\r\nContent-Length: 0\r\n\r\n".encode())

        with node(answer) as (url, _), pytest.raises(RpcUnavailable):
            Web3Rpc.connect(url, rests=False).send_raw(b"\x02")
    assert asked == []


def test_connect__to_a_node__keeps_its_connection() -> None:
    def answer(client: socket.socket, request: bytes, _: object) -> None:
        number = json.loads(request.split(b"\r\n\r\n", 1)[1])["id"]
        whole(json.dumps({"jsonrpc": "2.0", "id": number, "result": "0x7"}).encode())(client)

    with node(answer) as (url, served):
        rpc = Web3Rpc.connect(url, rests=False)
        assert [rpc.chain_id() for _ in range(3)] == [7, 7, 7]
        assert served == [3]
