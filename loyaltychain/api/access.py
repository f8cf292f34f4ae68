"""What is told about requests: one line each in the log, and the figures of ``metrics.py``. No ids, keys or bodies."""

import asyncio
import json
import logging
import sys
import time
from functools import lru_cache
from typing import Literal, Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from loyaltychain.api.gate import logged_path
from loyaltychain.core.clock import system_clock
from loyaltychain.core.times import format_instant

LogFormat = Literal["text", "json"]

_SOON_SECONDS = 0.1  # in which lines are written
_LINES_MAX = 1_000
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Observer(Protocol):
    """Somebody who counts."""

    def note_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """``route``: its template; ``none`` where there is none."""


class Access:
    """ASGI middleware around everything else."""

    def __init__(self, app: ASGIApp, log_format: LogFormat, observer: Observer | None) -> None:
        self._app = app
        self._line = _json_line if log_format == "json" else _text_line
        self._lines: list[str] = []
        self._observer = observer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status, request_id = time.monotonic(), 0, "-"

        async def send_noted(message: Message) -> None:
            nonlocal status, request_id
            if message["type"] == "http.response.start":
                status = message["status"]
                for name, value in message["headers"]:
                    if name == b"request-id":
                        request_id = value.decode()
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        finally:
            took = time.monotonic() - started
            method = scope["method"] if scope["method"] in _METHODS else "OTHER"
            self._note(self._line(method, logged_path(scope), status, round(took * 1000), request_id))
            if self._observer is not None:
                route = logged_path(scope) if "route" in scope else "none"
                self._observer.note_request(method, route, status, took)

    def _note(self, line: str) -> None:
        """Many lines are written at once, a moment later: each by itself would let a writing thread go first."""
        if not self._lines:
            asyncio.get_running_loop().call_later(_SOON_SECONDS, self.flush)
        self._lines.append(line)
        if len(self._lines) >= _LINES_MAX:
            self.flush()

    def flush(self) -> None:
        """Write what is left."""
        lines, self._lines = self._lines, []
        sys.stderr.write("".join(lines))
        sys.stderr.flush()


def set_up_log(log_format: LogFormat) -> None:
    """Let our log and the server's go to stderr, in one format."""
    shown = logging.StreamHandler(sys.stderr)
    shown.setFormatter(_Lines(log_format))
    for name, level in (("loyaltychain", logging.INFO), ("uvicorn", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.setLevel(level)
        logger.handlers = [shown]
        logger.propagate = False


class _Lines(logging.Formatter):
    """Everything else that is told, a line each, whatever the message holds."""

    def __init__(self, log_format: LogFormat) -> None:
        super().__init__()
        self._is_json = log_format == "json"

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        if self._is_json:
            return json.dumps({"at": _now(), "level": record.levelname.lower(), "message": message})
        return f"{_now()} {message}"


def _text_line(method: str, path: str, status: int, milliseconds: int, request_id: str) -> str:
    return f"{_now()} {method} {path} {status} {milliseconds}ms {request_id}\n"


def _json_line(method: str, path: str, status: int, milliseconds: int, request_id: str) -> str:
    line = {"at": _now(), "level": "info", "method": method, "route": path, "status": status, "ms": milliseconds}
    return json.dumps(line | {"request_id": request_id}) + "\n"


def _now() -> str:
    return _in_words(system_clock())


_in_words = lru_cache(4)(format_instant)  # many requests lie in one second
