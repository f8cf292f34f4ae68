"""Wait for the worker's decision on an event, as RFC 7240's ``Prefer: wait`` asks for; nothing is held meanwhile."""

import re
from collections.abc import Callable
from typing import Annotated

import anyio
from fastapi import Header, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from loyaltychain.api import store
from loyaltychain.api.context import Context
from loyaltychain.db.engine import reading

WAIT_MAX = 10  # seconds
_POLL_SECONDS = 0.1
_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?([0-9]{1,9})\"?\s*(?:$|[,;])", re.IGNORECASE)

Prefer = Annotated[
    str | None, Header(description=f"wait=N: wait up to N (at most {WAIT_MAX}) seconds for the outcome (RFC 7240).")
]


def seconds_to_wait(prefer: str | None) -> int | None:
    """How long the caller would wait; None: not at all."""
    found = _WAIT.search(prefer or "")
    return None if found is None else min(int(found[1]), WAIT_MAX)


async def wait_for(
    context: Context, response: Response, seconds: int, event: tuple[str, str], show: Callable[[], BaseModel]
) -> Response:
    """The same answer as ``show`` gives it once the event is decided: 200; 202 when the time was over before."""
    is_decided = False
    with anyio.move_on_after(seconds):
        while not is_decided:
            is_decided = await run_in_threadpool(_is_decided, context, event)
            if not is_decided:
                await anyio.sleep(_POLL_SECONDS)
    body = (await run_in_threadpool(show)).model_dump_json()
    kept = {name: value for name, value in response.headers.items() if name == "idempotent-replayed"}
    applied = {"Preference-Applied": f"wait={seconds}"}
    return Response(body, 200 if is_decided else 202, kept | applied, "application/json")


def _is_decided(context: Context, event: tuple[str, str]) -> bool:
    with reading(context.engine) as tx:
        return store.is_decided(tx, *event)
