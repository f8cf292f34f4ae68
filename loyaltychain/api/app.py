"""The application: routes behind the gate, every error as a problem, and the contract at ``/openapi.json``."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.responses import Response

import loyaltychain
from loyaltychain.api.context import Context
from loyaltychain.api.gate import Admitted, Gate
from loyaltychain.api.intake import field_problems
from loyaltychain.api.problems import MEDIA_TYPE, Problem, ProblemBody
from loyaltychain.api.routes import chain, events, health, managing, members, spending

_ROUTERS = (events.router, members.router, spending.router, managing.router, chain.router, health.router)
_PROBLEMS = (400, 401, 403, 404, 409, 410, 413, 415, 422, 503)
_NO_KEY = ("/healthz", "/readyz")


def create_app(context: Context) -> FastAPI:
    """The ASGI application of one project."""
    app = FastAPI(
        title="loyaltychain settlement API",
        version=loyaltychain.__version__,
        docs_url=None,  # its page loads scripts of third parties
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.context = context
    app.add_middleware(Gate, context=context)
    app.add_exception_handler(Problem, _tell_problem)
    app.add_exception_handler(RequestValidationError, _tell_shape)
    app.add_exception_handler(HTTPException, _tell_route)
    problems: dict[int | str, dict[str, Any]] = {status: {"model": ProblemBody} for status in _PROBLEMS}
    for router in _ROUTERS:
        app.include_router(router, responses=problems)
    contract = _contract(app)
    app.openapi = lambda: contract  # type: ignore[method-assign]
    return app


def _contract(app: FastAPI) -> dict[str, Any]:
    """OpenAPI, with problems under their own media type, and the key that each route under /v1 needs."""
    contract = get_openapi(title=app.title, version=app.version, routes=app.routes)
    contract["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
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
