"""The application: routes behind the gate, every error as a problem, and the contract at ``/openapi.json``."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

import loyaltychain
from loyaltychain.api.authentication import USES_SECONDS, Authenticator
from loyaltychain.api.context import Context
from loyaltychain.api.examples import add_examples
from loyaltychain.api.gate import Admitted, Gate
from loyaltychain.api.intake import field_problems
from loyaltychain.api.parameters import refuse_unknown
from loyaltychain.api.problems import MEDIA_TYPE, Problem, ProblemBody
from loyaltychain.api.routes import (
    approvals,
    awards,
    chain,
    corrections,
    events,
    health,
    identities,
    jobs,
    links,
    managing,
    members,
    notices,
    orders,
    programs,
    progress,
    reports,
    spending,
)
from loyaltychain.api.tenants import Tenant

_ROUTERS = (
    events.router,
    corrections.router,
    orders.router,
    members.router,
    progress.router,
    identities.router,
    links.router,
    notices.router,
    spending.router,
    managing.router,
    approvals.router,
    awards.router,
    chain.router,
    programs.router,
    reports.router,
    jobs.router,
    health.router,
)
_PROBLEMS = (400, 401, 403, 404, 405, 408, 409, 410, 413, 415, 422, 429, 500, 503)
_NO_KEY = ("/healthz", "/readyz", "/readyz/settlement")


class Api(FastAPI):
    """The framework behind the gate: what the gate answers by itself does not pay for it."""

    gate: Gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.gate(scope, receive, send)

    def build_middleware_stack(self) -> ASGIApp:
        """Without the framework's own answer to faults, which is its outermost layer: the gate answers them."""
        outermost = super().build_middleware_stack()
        assert isinstance(outermost, ServerErrorMiddleware)
        return outermost.app

    async def behind_gate(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What the framework does with a request that was let in."""
        await super().__call__(scope, receive, send)


def create_app(*contexts: Context) -> Api:
    """The ASGI application of these projects, side by side: a key opens the one whose database holds it."""
    tenants = [Tenant(context) for context in contexts]
    authenticator = Authenticator(tenants)
    app = Api(
        title="loyaltychain settlement API",
        version=loyaltychain.__version__,
        docs_url=None,  # its page loads scripts of third parties
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(refuse_unknown)],
        lifespan=_noting_uses(authenticator),
    )
    app.state.tenants = tenants
    routes = [route for router in _ROUTERS for route in router.routes]
    app.gate = Gate(app.behind_gate, tenants, authenticator, hot=events.HOT, routes=routes)
    app.add_exception_handler(Problem, _tell_problem)
    app.add_exception_handler(RequestValidationError, _tell_shape)
    app.add_exception_handler(HTTPException, _tell_route)
    problems: dict[int | str, dict[str, Any]] = {status: {"model": ProblemBody} for status in _PROBLEMS}
    for router in _ROUTERS:
        app.include_router(router, responses=problems)
    contract = _contract(app)
    app.openapi = lambda: contract  # type: ignore[method-assign]
    return app


def _noting_uses(authenticator: Authenticator) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Writes down when keys were used last: now and then, and at the end."""

    async def note_now_and_then() -> None:
        while True:
            await asyncio.sleep(USES_SECONDS)
            await run_in_threadpool(authenticator.note_uses)

    @asynccontextmanager
    async def noting(app: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(note_now_and_then())
        try:
            yield
        finally:
            task.cancel()
            await run_in_threadpool(authenticator.note_uses)

    return noting


def _contract(app: FastAPI) -> dict[str, Any]:
    """OpenAPI, with problems under their own media type, and the key that each route under /v1 needs."""
    contract = get_openapi(title=app.title, version=app.version, routes=app.routes)
    contract["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    add_examples(contract)
    for path, operations in contract["paths"].items():
        for operation in operations.values():
            if path not in _NO_KEY:
                operation["security"] = [{"key": []}]
            for parameter in operation.get("parameters", []):
                if parameter["name"] == "Idempotency-Key":  # optional to FastAPI, so that we say what is missing
                    parameter["required"] = True
            for status, response in operation["responses"].items():
                if not status.startswith("2") and "application/json" in response.get("content", {}):
                    response["content"] = {MEDIA_TYPE: response["content"].pop("application/json")}
    return contract


async def _tell_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.response(_id(request))


async def _tell_shape(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = field_problems(error.errors())
    where = ", ".join(each["pointer"] or "the body" for each in found)
    return Problem("invalid-request", f"Wrong or missing: {where}.", found).response(_id(request))


async def _tell_route(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        detail = f"{request.method} is not for this path."
        return Problem("method-not-allowed", detail, headers=dict(error.headers or {})).response(_id(request))
    if error.status_code == 404:
        return Problem("not-found", "There is nothing at this path: see /openapi.json.").response(_id(request))
    return Problem("malformed-json", str(error.detail)).response(_id(request))


def _id(request: Request) -> str:
    found: Admitted = request.state.admitted
    return found.request_id
