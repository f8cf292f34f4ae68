"""The HTTP application
├── given a batch
│   └── it answers each in order
├── given what is not JSON, or an empty batch
│   └── it answers an error object
├── given another content type
│   └── it refuses, as a page in a browser could have sent it
└── the command line
    └── when used wrongly: it shows how
"""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from loyaltychain.localchain import process
from loyaltychain.localchain.server import main
from tests.localchain.over_http import post


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A served chain."""
    home = tmp_path_factory.mktemp("served")
    yield process.start(home).url
    process.stop(home)


@pytest.fixture
def signals() -> Iterator[None]:
    """The test process's own signal handlers, put back afterwards."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def _request(number: int, method: str) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": []}


def test_ask__given_a_batch__answers_each_in_order(url: str) -> None:
    batch = [_request(7, "eth_blockNumber"), _request(5, "eth_nothing"), 3, _request(6, "net_version")]

    status, body = post(url, json.dumps(batch).encode())

    answers = json.loads(body)
    assert status == 200
    assert [answer["id"] for answer in answers] == [7, 5, None, 6]
    assert [answer.get("result") for answer in answers] == ["0x0", None, None, "131277322940537"]
    assert [answer.get("error", {}).get("code") for answer in answers] == [None, -32601, -32600, None]


@pytest.mark.parametrize(("body", "code"), [(b"{", -32700), (b"\xff", -32700), (b"[]", -32600), (b'"x"', -32600)])
def test_ask__given_what_is_no_request__answers_an_error(url: str, body: bytes, code: int) -> None:
    status, answer = post(url, body)

    assert (status, json.loads(answer)["error"]["code"], json.loads(answer)["id"]) == (200, code, None)


def test_ask__given_another_content_type__refuses(url: str) -> None:
    status, _ = post(url, json.dumps(_request(1, "eth_chainId")).encode(), "text/plain")

    assert status == 415


@pytest.mark.usefixtures("signals")
@pytest.mark.parametrize("arguments", [[], ["only-home"], ["home", "port"], ["home", "1", "2"]])
def test_main__used_wrongly__shows_how(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err == "usage: python -m loyaltychain.localchain.server HOME PORT\n"


@pytest.mark.usefixtures("signals")
def test_main__given_a_port_that_is_taken__says_so(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path), url.rpartition(":")[2]]) == 1
    assert "in use" in capsys.readouterr().err
