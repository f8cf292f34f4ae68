"""An HTTP proxy that does what networks do: it lets a request through and loses the answer, or answers itself."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2

PASS, LOSE, GATEWAY, LIMIT = "pass", "lose", "502", "429"


@dataclass
class Faulty:
    """``plan`` says what becomes of the next requests; behind its end all pass. ``keys`` are what they carried,
    ``asked`` their methods and paths."""

    url: str
    plan: list[str] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    retry_after: str | None = None


@contextmanager
def faulty_proxy(target: str) -> Iterator[Faulty]:
    """A proxy before ``target``."""
    found = Faulty("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found.keys.append(self.headers.get("Idempotency-Key"))
            found.asked.append((self.command, self.path.partition("?")[0]))
            fate = found.plan.pop(0) if found.plan else PASS
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            if fate in (GATEWAY, LIMIT):
                self._say(int(fate), b"<html>a proxy's own words</html>", "text/html")
                return
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            answer = httpx2.request(self.command, target + self.path, content=body, headers=headers, timeout=30)
            if fate == LOSE:
                self.close_connection = True
                return
            self._say(answer.status_code, answer.content, answer.headers.get("content-type", "text/plain"))

        do_POST = do_PUT = do_GET  # noqa: N815 - the names that http.server looks for

        def _say(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if found.retry_after is not None and status in (429, 503):
                self.send_header("Retry-After", found.retry_after)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()
