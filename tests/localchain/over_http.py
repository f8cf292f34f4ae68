"""Talking JSON-RPC to a served chain, with nothing but the standard library."""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

from tests.localchain.builders import DEV_ADDRESS, creation_of, sign


def post(url: str, body: bytes, content_type: str = "application/json") -> tuple[int, bytes]:
    """Status and body of a POST. Raises OSError or http.client.HTTPException as OSError when nobody answers."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
    try:
        connection.request("POST", "/", body, {"Content-Type": content_type})
        response = connection.getresponse()
        return response.status, response.read()
    except http.client.HTTPException as error:
        raise ConnectionError(str(error)) from error
    finally:
        connection.close()


def ask_over_http(url: str, method: str, *params: object) -> dict[str, Any]:
    """The whole response."""
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
    status, body = post(url, json.dumps(request).encode())
    assert status == 200
    return dict(json.loads(body))


class Answers:
    """A served chain, asked in one line."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, method: str, *params: object) -> Any:
        """The result, which there must be."""
        response = ask_over_http(self.url, method, *params)
        assert "error" not in response, response
        return response["result"]

    def send(self, target: str | None, content: bytes = b"") -> str:
        """Send the development account's next transaction; its hash."""
        nonce = int(self.ask("eth_getTransactionCount", DEV_ADDRESS, "latest"), 16)
        return str(self.ask("eth_sendRawTransaction", "0x" + sign(nonce, target, content).raw.hex()))

    def deploy(self, runtime: bytes) -> str:
        """Create a contract; its address."""
        receipt = self.ask("eth_getTransactionReceipt", self.send(None, creation_of(runtime)))
        return str(receipt["contractAddress"])
