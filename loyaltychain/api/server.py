"""Serve a project's API over HTTP until a signal. Logs requests without bodies, queries, ids or keys."""

import errno
import ipaddress
import logging
import signal
import socket
import sys
import time
from collections.abc import Callable
from types import FrameType

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from loyaltychain.api.app import create_app
from loyaltychain.api.context import Context
from loyaltychain.api.gate import logged_path
from loyaltychain.core import errors

_KEEP_ALIVE_SECONDS = 75
_SHUTDOWN_SECONDS = 15  # longer than anybody waits for an outcome
_log = logging.getLogger("loyaltychain.access")


def listen(host: str, port: int, *, is_behind_tls: bool) -> socket.socket:
    """A socket to serve on; ``port`` 0 takes any that is free.

    Raises InvalidSettings for an address that others can reach while keys would travel in clear, or that is taken.
    """
    if not is_behind_tls and not _is_loopback(host):
        raise errors.InvalidSettings(
            f"{host} can be reached from other machines, and keys and members' data would travel there in clear. "
            "Serve on 127.0.0.1, or put a proxy with TLS in front and say so: --behind-tls-proxy."
        )
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        is_taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        why = "somebody listens there already. Choose another with --port N" if is_taken else _why(error)
        raise errors.InvalidSettings(f"Cannot serve on {host} port {port}: {why}.") from error
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _why(error: Exception) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)


def url_of(listener: socket.socket) -> str:
    """Where it can be reached."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(context: Context, listener: socket.socket) -> None:
    """Answer requests until SIGTERM or SIGINT; what is being answered then is answered."""
    _set_up_log()
    config = uvicorn.Config(
        _with_log(create_app(context)),
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )
    # uvicorn passes a signal on once it has shut down; the default action would be no clean end.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    try:
        uvicorn.Server(config).run(sockets=[listener])
    finally:
        context.engine.dispose()


def _with_log(app: ASGIApp) -> Callable[[Scope, Receive, Send], object]:
    """One line a request: method, path without ids, status, milliseconds, request id."""

    async def logged(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        started, said = time.monotonic(), {"status": 0, "id": "-"}

        async def send_noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                found = dict(message["headers"])
                said.update(status=message["status"], id=found.get(b"request-id", b"-").decode())
            await send(message)

        try:
            await app(scope, receive, send_noted)
        finally:
            took = round((time.monotonic() - started) * 1000)
            _log.info("%s %s %s %dms %s", scope["method"], logged_path(scope), said["status"], took, said["id"])

    return logged


def _set_up_log() -> None:
    shown = logging.StreamHandler(sys.stderr)
    shown.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    logger = logging.getLogger("loyaltychain")
    logger.setLevel(logging.INFO)
    logger.handlers = [shown]
    logger.propagate = False


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _leave(signum: int, frame: FrameType | None) -> None:
    raise SystemExit(0)
