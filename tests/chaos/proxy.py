"""A node's HTTP face that lies, loses and delays by rule.

Rules are taken by ``POST /rules`` (a JSON list; an empty one heals), and shown by ``GET /rules`` with how often each
was applied. The first rule that fits a request and has applications left counts; without one, the answer is the node's.
"""

import json
import socket
import struct
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.chaos.lies import LIES

#: What happens to the bytes; ``lies.py`` has those that give another answer.
BREAKS = ("drop_after_forward", "rate_limited", "html", "hang", "reset")
FAULTS = (*BREAKS, *LIES)


@dataclass
class Rule:
    """One fault.

    Args:
        method: The JSON-RPC method that it meets, or "*".
        count: How often it is applied; none: until it is taken back.
        blocks: By how many ``stale`` is behind.
        seconds: For how long ``hang`` says nothing, before it hangs up.
    """

    fault: str
    method: str = "*"
    count: int | None = None
    blocks: int = 1
    seconds: float = 3
    applied: int = 0

    def __post_init__(self) -> None:
        assert self.fault in FAULTS, self.fault

    def fits(self, method: str) -> bool:
        return self.method in ("*", method) and (self.count is None or self.applied < self.count)


class Proxy:
    """Runs from its making until ``close``."""

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        self._rules: list[Rule] = []
        self._lock, self._healed = threading.Lock(), threading.Event()
        self._server = _Server(self)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def set_rules(self, rules: Sequence[Rule]) -> None:
        """These rules and no others; what hangs is let go."""
        with self._lock:
            self._healed.set()
            self._healed = threading.Event()
            self._rules = list(rules)

    def shown(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(rule) for rule in self._rules]

    def take_rule(self, method: str) -> tuple[Rule | None, threading.Event]:
        """The rule that counts for this request, applied once more, and what ends its hanging."""
        with self._lock:
            rule = next((rule for rule in self._rules if rule.fits(method)), None)
            if rule is not None:
                rule.applied += 1
            return rule, self._healed

    def forward(self, asked: Any) -> Any:
        """The node's own answer."""
        request = urllib.request.Request(
            self._upstream, json.dumps(asked).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)

    def ask(self, method: str, *params: object) -> Any:
        """The result of a request of our own."""
        return self.forward({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).get("result")

    def close(self) -> None:
        self.set_rules([])
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, proxy: "Proxy") -> None:
        self.proxy = proxy
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self._say(200, self.server.proxy.shown())

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/rules":
            self.server.proxy.set_rules([Rule(**rule) for rule in asked])
            self._say(200, {})
            return
        rule, healed = self.server.proxy.take_rule(asked["method"])
        if rule is None:
            self._say(200, self.server.proxy.forward(asked))
        elif rule.fault in LIES:
            self._say(
                200, LIES[rule.fault](asked, self.server.proxy.forward(asked), rule.blocks, self.server.proxy.ask)
            )
        else:
            self._break(rule, asked, healed)

    def _break(self, rule: Rule, asked: Any, healed: threading.Event) -> None:
        match rule.fault:
            case "drop_after_forward":
                self.server.proxy.forward(asked)  # it has happened; nobody is told
            case "hang":
                healed.wait(rule.seconds)
            case "rate_limited":
                self._say(429, {"error": "slow down"}, retry_after="1")
            case "html":
                self._say(200, "<html><body>We are down for maintenance.</body></html>", kind="text/html")
            case "reset":
                linger = struct.pack("ii", 1, 0)  # a close with it sends RST in place of FIN
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.connection.close()

    def _say(self, code: int, answer: Any, *, kind: str = "application/json", retry_after: str = "") -> None:
        body = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        if retry_after:
            self.send_header("Retry-After", retry_after)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        return

    def handle(self) -> None:
        try:
            super().handle()
        except (OSError, ValueError):  # whoever asked has gone, or the connection was reset
            return

    def finish(self) -> None:
        try:
            super().finish()
        except (OSError, ValueError):
            return


def eventually(is_so: Callable[[], object], what: str, *, seconds: float = 120, pause: float = 0.1) -> None:
    """Wait until ``is_so``. Raises AssertionError that says what never came."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not within {seconds} seconds: {what}"
        time.sleep(pause)
