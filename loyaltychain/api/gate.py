"""What every request passes before a route sees it: a request id, the key, and the body's bounds and JSON.

A route under ``/v1`` cannot be reached without a key, whoever writes it. What a key may do there is the route's.
"""

import hashlib
import logging
import secrets
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from loyaltychain.api.context import Context
from loyaltychain.api.keys import ApiKey, find_key, is_possible
from loyaltychain.api.problems import HEADERS, Problem, problem_of
from loyaltychain.api.strict_json import parse_body
from loyaltychain.core.errors import LoyaltyError
from loyaltychain.db.engine import reading

BODY_MAX = 1_000_000  # bytes
_WITH_BODY = ("POST", "PUT", "PATCH")
_UNREAD = (401, 413, 415)  # said before the body was read: the rest of it is not waited for, however long it is
_log = logging.getLogger("loyaltychain.api")


@dataclass(frozen=True, slots=True)
class Admitted:
    """What the gate found out; stands in ``request.state.admitted``."""

    request_id: str
    caller: ApiKey | None = None
    fingerprint: str | None = None  # SHA-256 of the body's content, hex


class Gate:
    """ASGI middleware: admits a request or answers with a problem, and lets no exception out."""

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self._app = app
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = f"req_{secrets.token_hex(12)}"
        has_started = False

        async def send_named(message: Message) -> None:
            nonlocal has_started
            if message["type"] == "http.response.start":
                has_started = True
                MutableHeaders(scope=message).update(HEADERS | {"Request-Id": request_id})
            await send(message)

        try:
            scope.setdefault("state", {})["admitted"] = Admitted(request_id)
            receive = await self._admit(scope, receive, request_id)
            await self._app(scope, receive, send_named)
        except Problem as problem:
            if problem.status in _UNREAD:
                problem.headers["Connection"] = "close"
            await problem.response(request_id)(scope, receive, send)
        except LoyaltyError as error:
            told = problem_of(error)
            if told.status >= 500:
                _log.error("%s: %s", request_id, error)
            await told.response(request_id)(scope, receive, send)
        except Exception:
            _log.exception("%s: %s %s", request_id, scope["method"], logged_path(scope))
            if has_started:
                raise
            fault = Problem("internal", "Something went wrong on our side. Tell us the request_id.")
            await fault.response(request_id)(scope, receive, send)

    async def _admit(self, scope: Scope, receive: Receive, request_id: str) -> Receive:
        headers = Headers(scope=scope)
        _check_framing(headers)
        if not scope["path"].startswith("/v1"):
            return receive
        caller = await run_in_threadpool(self._authenticate, headers.get("authorization", ""))
        if scope["method"] not in _WITH_BODY:
            scope["state"]["admitted"] = Admitted(request_id, caller)
            return receive
        _check_kind(headers)
        body = await _read(receive, headers)
        fingerprint = await run_in_threadpool(_fingerprint, body)
        scope["state"]["admitted"] = Admitted(request_id, caller, fingerprint)
        return _replay(body, receive)

    def _authenticate(self, authorization: str) -> ApiKey:
        scheme, _, text = authorization.partition(" ")
        environment = self._context.environment
        if scheme.lower() == "bearer" and is_possible(text.strip(), environment=environment):
            with reading(self._context.engine) as tx:
                found = find_key(tx, text.strip(), environment=environment)
            if found is not None:
                return found
        raise Problem(
            "unauthorized",
            f"Send a key of this {environment} programme as `Authorization: Bearer lc_…`; a revoked key "
            "is none. Keys are made with `loyaltychain key new`.",
            headers={"WWW-Authenticate": 'Bearer realm="loyaltychain"'},
        )


def logged_path(scope: Scope) -> str:
    """The path as logs may have it: the route's, without members' and events' ids; of no route, how it begins."""
    route: str | None = getattr(scope.get("route"), "path", None)
    if route is not None:
        return route.replace(":path}", "}")
    parts = scope["path"].split("/")
    return ascii("/".join(parts[:3]) + ("/..." if len(parts) > 3 else ""))[1:-1]


def _check_framing(headers: Headers) -> None:
    """Refuse a body of two lengths, and end its connection: a proxy that goes by the other would let more in behind it.

    Source: RFC 9112, section 6.1.
    """
    if "content-length" in headers and "transfer-encoding" in headers:
        detail = "Send either Content-Length or Transfer-Encoding, not both."
        raise Problem("malformed-json", detail, headers={"Connection": "close"})


def _check_kind(headers: Headers) -> None:
    encoding = headers.get("content-encoding", "identity").strip().lower()
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if encoding != "identity" or kind != "application/json":
        raise Problem("unsupported-media-type", "Send `Content-Type: application/json`, and no Content-Encoding.")


async def _read(receive: Receive, headers: Headers) -> bytes:
    """The body; refused as soon as it is longer than ``BODY_MAX``, whatever the header said."""
    said = headers.get("content-length", "0")
    if said.isdecimal() and int(said[:20]) > BODY_MAX:
        raise _too_large()
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem("malformed-json", "The request ended before its body did.")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > BODY_MAX:
            raise _too_large()
        if not message.get("more_body", False):
            return b"".join(parts)


def _too_large() -> Problem:
    return Problem("too-large", f"A body has at most {BODY_MAX:,} bytes. Send fewer events at once.")


def _fingerprint(body: bytes) -> str:
    try:
        value, same = parse_body(body)
    except ValueError as error:
        raise Problem("malformed-json", f"The body cannot be read as JSON: {error}.") from error
    if not isinstance(value, dict):
        raise Problem("invalid-request", "The body must be a JSON object.", [{"pointer": "", "message": "no object"}])
    return hashlib.sha256(same).hexdigest()


def _replay(body: bytes, receive: Receive) -> Receive:
    is_told = False

    async def receive_again() -> dict[str, Any] | Message:
        nonlocal is_told
        if is_told:
            return await receive()
        is_told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again
