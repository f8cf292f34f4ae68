"""What answers in place of a node: a script, and a web server that is none."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from web3.providers.base import JSONBaseProvider


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


class WebServer(ThreadingHTTPServer):
    """A web server that answers each POST with the same status and body; status 0: hangs up."""

    status = 200
    body = b""
    silence = 1.0  # seconds
    asked = 0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.extra: dict[str, str] = {}  # headers


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, WebServer)
        server.asked += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        if server.status == 0:
            self.close_connection = True
            return
        self.send_response_only(server.status)
        self.send_header("Content-Length", str(len(server.body)))
        for name, value in server.extra.items():
            self.send_header(name, value)
        self.end_headers()
        if server.status != 299:  # 299: announces a body that never comes
            self.wfile.write(server.body)
        else:
            threading.Event().wait(server.silence)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass
