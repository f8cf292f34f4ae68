"""Serve the APIs of projects over HTTP until a signal, in one process or several."""

import asyncio
import contextlib
import errno
import importlib.util
import ipaddress
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Literal

import uvicorn
from starlette.types import ASGIApp

from loyaltychain.api.access import Access, LogFormat, set_up_log
from loyaltychain.api.app import create_app
from loyaltychain.api.context import Context
from loyaltychain.api.supervisor import Supervisor
from loyaltychain.core import errors

_KEEP_ALIVE_SECONDS = 75
_SHUTDOWN_SECONDS = 15  # longer than anybody waits for an outcome
_LOOK_SECONDS = 1.0
_SWITCH_SECONDS = 0.0005  # between threads: the one that answers must not wait long for one that writes


@dataclass(frozen=True, slots=True)
class Listeners:
    """Where requests come in; ``metrics``, on this machine only, for whoever collects figures."""

    api: socket.socket
    metrics: socket.socket | None = None


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


def serve(
    contexts: Sequence[Context],
    listeners: Listeners,
    *,
    workers: int = 1,
    log_format: LogFormat = "text",
) -> None:
    """Answer requests until SIGTERM or SIGINT; what is being answered then is answered.

    Args:
        workers: Processes. None of them settles.

    Raises InvalidSettings where this system cannot have several.
    """
    set_up_log(log_format)
    if workers == 1:
        _serve_here(contexts, listeners, log_format)
        return
    if not hasattr(os, "fork"):
        raise errors.InvalidSettings("This system has no fork: serve with --workers 1.")
    for context in contexts:
        context.engine.dispose()  # no process may use a connection that another has opened
    Supervisor(workers, lambda: _serve_here(contexts, listeners, log_format, parent=os.getppid())).run()


def _serve_here(
    contexts: Sequence[Context], listeners: Listeners, log_format: LogFormat, *, parent: int | None = None
) -> None:
    served = create_app(*contexts)
    app: ASGIApp = served
    observe: Callable[[], None] = _nothing
    if listeners.metrics is not None:
        from loyaltychain.api.metrics import Exporter, Metrics  # decides at its import how figures are kept

        metrics = Metrics(served.state.tenants)
        observe = metrics.look_at_pools
        access = Access(app, log_format, metrics)
        app = Exporter(access, metrics, listeners.metrics.getsockname()[1])
    else:
        app = access = Access(app, log_format, None)
    server = uvicorn.Server(_config(app))
    # uvicorn passes a signal on once it has shut down; the default action would be no clean end.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    sys.setswitchinterval(_SWITCH_SECONDS)
    sockets = [each for each in (listeners.api, listeners.metrics) if each is not None]
    try:
        with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
            runner.run(_until_signal(server, sockets, observe, parent))
    finally:
        access.flush()
        for context in contexts:
            context.engine.dispose()


def http_protocol() -> type[asyncio.Protocol] | Literal["h11"]:
    """Who reads requests: httptools with bounds where it is installed."""
    if importlib.util.find_spec("httptools") is None:
        return "h11"
    from loyaltychain.api.http_bounds import BoundedProtocol  # needs a package that not every system has

    return BoundedProtocol


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=http_protocol(),
        ws="none",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )


async def _until_signal(
    server: uvicorn.Server, sockets: list[socket.socket], observe: Callable[[], None], parent: int | None
) -> None:
    async def look() -> None:
        while True:
            observe()
            if parent is not None and os.getppid() != parent:  # nobody is there any more who would end us
                server.should_exit = True
                return
            await asyncio.sleep(_LOOK_SECONDS)

    looking = asyncio.create_task(look())
    try:
        await server.serve(sockets=sockets)
    finally:
        looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await looking


def _nothing() -> None:
    """Where nobody collects figures."""


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _leave(signum: int, frame: FrameType | None) -> None:
    raise SystemExit(0)
