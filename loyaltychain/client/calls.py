"""One logical call over HTTP: tried until it is answered for good, always under the same Idempotency-Key."""

import random
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import httpx2

from loyaltychain.client.types import FieldProblem

TRIES = 5
_RETRIED = frozenset({429, 502, 503, 504})
_RETRIED_CODES = frozenset({"idempotency-key-in-use"})
_FIRST_PAUSE, _PAUSE_MAX = 0.25, 8.0  # seconds; each is doubled, and shortened by chance so that callers spread


class ApiProblem(Exception):
    """The API refused. ``code`` is permanent; ``detail`` says what to do; ``errors`` point at fields."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(body.get("code", "unknown"))
        self.detail = str(body.get("detail", ""))
        self.request_id = str(body.get("request_id", ""))
        self.errors: list[FieldProblem] = list(body.get("errors", []))
        self.facts: dict[str, Any] = dict(body.get("facts", {}))
        super().__init__(f"{status} {self.code}: {self.detail}")


class Unreachable(Exception):
    """No answer came, however often it was tried. A write may have happened: the same call again finds out."""


class Calls:
    """The connection: key, base URL, retries."""

    def __init__(
        self,
        http: httpx2.Client,
        *,
        tries: int = TRIES,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        assert tries >= 1, tries
        self._http = http
        self._tries = tries
        self._sleep = sleep

    def get(self, path: str, parameters: Mapping[str, str | int | None] | None = None) -> Any:
        """What stands at ``path``. Raises ApiProblem or Unreachable."""
        given = {name: value for name, value in (parameters or {}).items() if value is not None}
        return self._ask("GET", path, parameters=given)

    def send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The answer to a write; fields of ``body`` that are None are left out. Raises ApiProblem or Unreachable."""
        key = idempotency_key or str(uuid.uuid4())
        content = {name: value for name, value in body.items() if value is not None}
        return self._ask(method, path, body=content, headers={"Idempotency-Key": key, **(headers or {})})

    def _ask(
        self,
        method: str,
        path: str,
        *,
        parameters: Mapping[str, str | int] | None = None,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        pause = _FIRST_PAUSE
        for left in reversed(range(self._tries)):
            try:
                answer = self._http.request(method, path, params=parameters, json=body, headers=headers)
            except httpx2.TransportError as error:
                if not left:
                    raise Unreachable(f"{method} {path}: {error}") from error
                self._wait(pause, None)
            else:
                if answer.is_success:
                    return answer.json()
                problem = ApiProblem(answer.status_code, _body(answer))
                if not left or not (answer.status_code in _RETRIED or problem.code in _RETRIED_CODES):
                    raise problem
                self._wait(pause, answer.headers.get("retry-after"))
            pause = min(pause * 2, _PAUSE_MAX)
        raise AssertionError("the last try returns or raises")

    def _wait(self, pause: float, asked: str | None) -> None:
        least = min(float(asked), _PAUSE_MAX) if asked is not None and asked.isdecimal() else 0.0
        self._sleep(max(least, pause * random.uniform(0.5, 1.0)))  # noqa: S311 - spreads callers, hides nothing


def _body(answer: httpx2.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        body = None
    return body if isinstance(body, dict) else {"detail": answer.text[:200]}
