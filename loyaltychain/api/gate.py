"""What every request passes before a route sees it: a request id, the key, its rates, and the body's bounds and JSON.

A route under ``/v1`` cannot be reached without a key, whoever writes it, and is given the programme that the key opens.
The routes that are called most are answered here, without the framework's routing: ``hot``.
"""

import asyncio
import hashlib
import logging
import secrets
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from loyaltychain.api.authentication import Authenticator
from loyaltychain.api.keys import ApiKey
from loyaltychain.api.problems import HEADERS, Problem, problem_of
from loyaltychain.api.rights import check_scope
from loyaltychain.api.strict_json import Parsed, parse_body
from loyaltychain.api.tenants import Tenant
from loyaltychain.core.errors import LoyaltyError

BODY_MAX = 1_000_000  # bytes
_SMALL = 65_536  # bytes of a body that is read at once, without a thread
_WITH_BODY = ("POST", "PUT", "PATCH")
_UNREAD = (
    401,
    403,
    408,
    413,
    415,
    429,
)  # said before the body was read: the rest of it is not waited for, however long
_FRAMES = 12  # of a fault, in the log
_READ_SECONDS = 30  # for a whole body
_FORWARDED = b"x-forwarded-for"
_HEADERS = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
_OWN = {b"request-id", *(name for name, _ in _HEADERS)}
_Bytes = TypeVar("_Bytes", bytes, bytearray)
_log = logging.getLogger("loyaltychain.api")


@dataclass(frozen=True, slots=True)
class Admitted:
    """What the gate found out; stands in ``request.state.admitted``."""

    request_id: str
    caller: ApiKey | None = None
    fingerprint: str | None = None  # SHA-256 of the body's content, hex
    tenant: Tenant | None = None
    body: Any = None  # the JSON value
    is_exact: bool = False  # every number in it has an exact encoding


#: Answers a request whose body it can vouch for; None: the route shall.
Hot = Callable[[Admitted, Mapping[str, str]], Awaitable[Response | None]]


class Gate:
    """ASGI middleware: admits a request or answers with a problem, and lets no exception out."""

    def __init__(
        self,
        app: ASGIApp,
        tenants: Sequence[Tenant],
        authenticator: Authenticator,
        hot: Mapping[tuple[str, str], Hot],
        routes: Sequence[BaseRoute],
    ) -> None:
        self._app = app
        self._tenants = tenants
        self._authenticator = authenticator
        self._hot = hot
        self._routes = routes
        self._name, self._numbers = f"req_{secrets.token_hex(7)}", count()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = f"{self._name}{next(self._numbers):010x}"
        has_started = False

        async def send_named(message: Message) -> None:
            nonlocal has_started
            if message["type"] == "http.response.start":
                has_started = True
                own = [*_HEADERS, (b"request-id", request_id.encode())]
                message["headers"] = [each for each in message["headers"] if each[0] not in _OWN] + own
            await send(message)

        try:
            scope.setdefault("state", {})["admitted"] = Admitted(request_id)
            headers = _head(scope)
            receive = await self._admit(scope, receive, headers, request_id)
            answer = await self._answer_hot(scope, headers)
            if answer is not None:
                await answer(scope, receive, send_named)
            else:
                await self._app(scope, receive, send_named)
        except Problem as problem:
            self._name_route(scope)
            if problem.status in _UNREAD:
                problem.headers["Connection"] = "close"
            await problem.response(request_id)(scope, receive, send)
        except LoyaltyError as error:
            told = problem_of(error)
            if told.status >= 500:
                _log.error("%s: %s", request_id, _where(error))
            await told.response(request_id)(scope, receive, send)
        except Exception as error:
            _log.error("%s: %s %s: %s", request_id, scope["method"], logged_path(scope), _where(error))
            if has_started:
                raise
            fault = Problem("internal", "Something went wrong on our side. Tell us the request_id.")
            await fault.response(request_id)(scope, receive, send)

    async def _admit(self, scope: Scope, receive: Receive, headers: Mapping[str, str], request_id: str) -> Receive:
        _check_framing(headers)
        method, path = scope["method"], scope["path"]
        if not path.startswith("/v1"):
            return receive
        address = _address(scope, is_behind_proxy=self._tenants[0].context.is_behind_proxy)
        tenant, caller = await self._authenticator.authenticate(headers.get("authorization", ""), address)
        await tenant.limiter.admit(tenant.rates_of(caller, path))
        check_scope(caller, method, path)
        if method not in _WITH_BODY:
            scope["state"]["admitted"] = Admitted(request_id, caller, tenant=tenant)
            return receive
        _check_kind(headers)
        body = await _read(receive, headers)
        parsed = _parse(body) if len(body) <= _SMALL else await run_in_threadpool(_parse, body)
        await tenant.limiter.admit(tenant.rates_of_body(method, path, parsed.value))
        fingerprint = hashlib.sha256(parsed.same).hexdigest()
        scope["state"]["admitted"] = Admitted(request_id, caller, fingerprint, tenant, parsed.value, parsed.is_exact)
        return _replay(body, receive)

    def _name_route(self, scope: Scope) -> None:
        """Say for the log which route was not reached."""
        if "route" not in scope:
            found = (route for route in self._routes if route.matches(scope)[0] is Match.FULL)
            if route := next(found, None):
                scope["route"] = route

    async def _answer_hot(self, scope: Scope, headers: Mapping[str, str]) -> Response | None:
        hot = self._hot.get((scope["method"], scope["path"]))
        if hot is None or scope["query_string"] or "prefer" in headers:
            return None  # the route knows its parameters, and refuses others
        answer = await hot(scope["state"]["admitted"], headers)
        if answer is not None:
            scope["route"] = _Route(scope["path"])
        return answer


@dataclass(frozen=True, slots=True)
class _Route:
    """What logs and figures ask of a route."""

    path: str


def logged_path(scope: Scope) -> str:
    """The path as logs may have it: the route's, without members' and events' ids; of no route, almost nothing."""
    route: str | None = getattr(scope.get("route"), "path", None)
    if route is not None:
        return route.replace(":path}", "}")
    return "/v1/..." if scope["path"].startswith("/v1/") else "/..."


def _where(error: BaseException) -> str:
    """The kind of an error and the lines that led to it. Not its message: that may hold somebody's data."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    lines = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(error).__name__} at {lines}"


def _head(scope: Scope) -> dict[str, str]:
    """The headers by their names in lower case; of one that is there twice, the first."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(scope["headers"])}


def _address(scope: Scope, *, is_behind_proxy: bool) -> str:
    """Whose request it is: the peer's, or what the proxy in front has added at last."""
    if is_behind_proxy:
        forwarded = [value.decode("latin-1") for name, value in scope["headers"] if name == _FORWARDED]
        if forwarded:
            last: str = forwarded[-1]
            return last.rpartition(",")[2].strip()[:64]
    client = scope.get("client")
    return str(client[0]) if client else "unknown"


def _check_framing(headers: Mapping[str, str]) -> None:
    """Refuse a body of two lengths, and end its connection: a proxy that goes by the other would let more in behind it.

    Source: RFC 9112, section 6.1.
    """
    if "content-length" in headers and "transfer-encoding" in headers:
        detail = "Send either Content-Length or Transfer-Encoding, not both."
        raise Problem("malformed-json", detail, headers={"Connection": "close"})


def _check_kind(headers: Mapping[str, str]) -> None:
    encoding = headers.get("content-encoding", "identity").strip().lower()
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if encoding != "identity" or kind != "application/json":
        raise Problem("unsupported-media-type", "Send `Content-Type: application/json`, and no Content-Encoding.")


async def _read(receive: Receive, headers: Mapping[str, str]) -> bytes:
    """The body; refused as soon as it is longer than ``BODY_MAX``, whatever the header said."""
    said = headers.get("content-length", "0")
    if said.isdecimal() and int(said[:20]) > BODY_MAX:
        raise _too_large()
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        whole: bytes = message.get("body", b"")
        return _bounded(whole)
    try:
        async with asyncio.timeout(_READ_SECONDS):
            return await _read_on(receive, message)
    except TimeoutError as error:
        raise Problem("too-slow", f"The body did not come within {_READ_SECONDS} seconds.") from error


async def _read_on(receive: Receive, message: Message) -> bytes:
    body = bytearray()
    while True:
        if message["type"] == "http.disconnect":
            raise Problem("malformed-json", "The request ended before its body did.")
        body += message.get("body", b"")
        _bounded(body)
        if not message.get("more_body", False):
            return bytes(body)
        message = await receive()


def _bounded(body: _Bytes) -> _Bytes:
    if len(body) > BODY_MAX:
        raise _too_large()
    return body


def _too_large() -> Problem:
    return Problem("too-large", f"A body has at most {BODY_MAX:,} bytes. Send fewer events at once.")


def _parse(body: bytes) -> Parsed:
    try:
        parsed = parse_body(body)
    except ValueError as error:
        raise Problem("malformed-json", f"The body cannot be read as JSON: {error}.") from error
    if not isinstance(parsed.value, dict):
        raise Problem("invalid-request", "The body must be a JSON object.", [{"pointer": "", "message": "no object"}])
    return parsed


def _replay(body: bytes, receive: Receive) -> Receive:
    is_told = False

    async def receive_again() -> dict[str, Any] | Message:
        nonlocal is_told
        if is_told:
            return await receive()
        is_told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again
