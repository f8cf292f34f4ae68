"""The process that serves a local chain: ``python -m loyaltychain.localchain.server HOME PORT``.

JSON-RPC over HTTP on the loopback interface, single requests and batches. One event loop and no await between
reading a request and its answer, so requests are answered strictly one after the other.
"""

import contextlib
import os
import secrets
import signal
import socket
import sys
from pathlib import Path
from types import FrameType

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from filelock import FileLock, Timeout

from loyaltychain.core.errors import LoyaltyError
from loyaltychain.core.json_text import parse_json
from loyaltychain.localchain.local_chain import LocalChain
from loyaltychain.localchain.places import Endpoint, Places, write_endpoint
from loyaltychain.localchain.refusals import INVALID_REQUEST, PARSE_ERROR, RefusalError

_LOCK_SECONDS = 5  # somebody who looks whether we are there may hold the lock for a moment
_KEEP_ALIVE_SECONDS = 75  # longer than clients pause, so that they seldom meet a closed connection
_SHUTDOWN_SECONDS = 5


def create_app(chain: LocalChain, token: str) -> FastAPI:
    """The HTTP application: JSON-RPC by POST, and by GET the token that tells this process from any other."""
    app = FastAPI(openapi_url=None)

    @app.get("/")
    async def identity() -> dict[str, str]:
        return {"token": token}

    @app.post("/")
    async def ask(request: Request) -> Response:
        # Pages in a browser can send other content types to any address unasked; this one they cannot.
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return Response("expected application/json", status_code=415)
        try:
            content = parse_json((await request.body()).decode())
        except ValueError:
            return JSONResponse(_refusal(PARSE_ERROR, "parse error"))
        if isinstance(content, list):
            if not content:
                return JSONResponse(_refusal(INVALID_REQUEST, "an empty batch"))
            return JSONResponse([chain.answer(item) for item in content])
        return JSONResponse(chain.answer(content))

    return app


def serve(home: Path, port: int) -> None:
    """Serve the project's chain until SIGTERM or SIGINT. ``port`` 0: any that is free.

    Raises:
        filelock.Timeout: another process serves it.
    """
    places = Places(home)
    places.directory.mkdir(parents=True, exist_ok=True)
    with FileLock(places.lock, timeout=_LOCK_SECONDS):
        places.endpoint.unlink(missing_ok=True)  # of a process that was killed
        chain = LocalChain(places.state)
        token = secrets.token_hex(16)
        try:
            with _listen(places, port) as listener:
                # Connections inherit it. Without it, each answer's second packet waits 40 ms for an acknowledgement.
                listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                url = f"http://127.0.0.1:{listener.getsockname()[1]}"
                write_endpoint(places, Endpoint(url=url, pid=os.getpid(), token=token))
                config = uvicorn.Config(
                    create_app(chain, token),
                    log_level="warning",
                    access_log=False,
                    timeout_keep_alive=_KEEP_ALIVE_SECONDS,
                    timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
                )
                uvicorn.Server(config).run(sockets=[listener])
        finally:
            places.endpoint.unlink(missing_ok=True)
            chain.close()


def _listen(places: Places, port: int) -> socket.socket:
    """A listening socket on ``port``; for 0 on the port of last time, or on any where somebody else has that now."""
    last = places.port.read_text("ascii").strip() if places.port.exists() else ""
    if port == 0 and last.isdecimal():
        with contextlib.suppress(OSError, OverflowError):
            return socket.create_server(("127.0.0.1", int(last)))
    listener = socket.create_server(("127.0.0.1", port))
    places.port.write_text(f"{listener.getsockname()[1]}\n", "ascii")
    return listener


def main(arguments: list[str]) -> int:
    """Serve, and answer the exit code: 0 stopped, 1 could not, 2 not asked properly."""
    if len(arguments) != 2 or not arguments[1].isdecimal():
        sys.stderr.write("usage: python -m loyaltychain.localchain.server HOME PORT\n")
        return 2
    # uvicorn passes a signal on once it has shut down; without this the default action would skip our own clean-up.
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, _leave)
    try:
        serve(Path(arguments[0]), int(arguments[1]))
    except Timeout:
        sys.stderr.write("Another process serves this local chain.\n")
        return 1
    except (LoyaltyError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _leave(signum: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


def _refusal(code: int, sentence: str) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": None, "error": RefusalError(code, sentence).as_error()}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
