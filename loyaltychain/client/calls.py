"""One logical call over HTTP: tried until it is answered for good, always under the same Idempotency-Key.

What is refused is not tried again, but for 429 and a key that is still in use, which both say: not now.
"""

import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import httpx2

from loyaltychain.client.types import FieldProblem

TRIES = 5
RETRY_AFTER_MAX = 60.0  # seconds: who is told to wait longer is told so
_RETRIED = frozenset({429, 502, 503, 504})
_RETRIED_CODES = frozenset({"idempotency-key-in-use"})
_TOLD_AT_ONCE = frozenset({"settlement-stopped"})  # an answer to the question, and no failure to answer it
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

    def each(self, path: str, name: str, parameters: Mapping[str, str | int | None] | None = None) -> Iterator[Any]:
        """What a list holds under ``name``, page after page, as it is needed. Raises ApiProblem or Unreachable."""
        cursor: str | None = None
        while True:
            page = self.get(path, {**(parameters or {}), "cursor": cursor})
            yield from page[name]
            if not page["has_more"]:
                return
            cursor = page["next_cursor"]

    def send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        headers: Mapping[str, str] | None = None,
        dry: bool = False,
        now: str | None = None,
        silent: bool = False,
    ) -> Any:
        """The answer to a write; fields of ``body`` that are None are left out. Raises ApiProblem or Unreachable.

        Args:
            dry, now: Only try it: nothing is written, and no key is sent.
            silent: Ask for no body; the answer is None then.
        """
        content = {name: value for name, value in body.items() if value is not None}
        asked = {"dry": "true" if dry else None, "now": now, "silent": "true" if silent else None}
        parameters = {name: value for name, value in asked.items() if value is not None}
        key = {} if dry else {"Idempotency-Key": idempotency_key or str(uuid.uuid4())}
        return self._ask(method, path, parameters=parameters, body=content, headers={**key, **(headers or {})})

    def stream(self, path: str) -> Iterator[bytes]:
        """The bytes of a file, in parts; a connection that breaks is not taken up again. Raises as ``get`` does."""
        try:
            with self._http.stream("GET", path) as answer:
                if not answer.is_success:
                    answer.read()
                    raise ApiProblem(answer.status_code, _body(answer))
                yield from answer.iter_bytes()
        except httpx2.TransportError as error:
            raise Unreachable(f"GET {path}: {error}") from error

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
            least = 0.0
            try:
                answer = self._http.request(method, path, params=parameters, json=body, headers=headers)
            except httpx2.TransportError as error:
                if not left:
                    raise Unreachable(f"{method} {path}: {error}") from error
            else:
                if answer.is_success:
                    return answer.json() if answer.content else None
                problem = ApiProblem(answer.status_code, _body(answer))
                least = _seconds(answer.headers.get("retry-after"))
                is_for_later = answer.status_code in _RETRIED or problem.code in _RETRIED_CODES
                is_for_later = is_for_later and problem.code not in _TOLD_AT_ONCE
                if not left or not is_for_later or least > RETRY_AFTER_MAX:
                    raise problem
            self._sleep(max(least, pause * random.uniform(0.5, 1.0)))  # noqa: S311 - spreads callers, hides nothing
            pause = min(pause * 2, _PAUSE_MAX)
        raise AssertionError("the last try returns or raises")


def path_of(*parts: str) -> str:
    """Ids as the parts of a path."""
    return "/".join(quote(part, safe="") for part in parts)


def wait_header(seconds: int | None) -> dict[str, str]:
    """The header that asks to wait so long for the outcome."""
    return {} if seconds is None else {"Prefer": f"wait={seconds}"}


def _seconds(asked: str | None) -> float:
    """What a Retry-After says, in seconds from now: a number, or an instant (RFC 9110, section 10.2.3)."""
    if asked is None:
        return 0.0
    if asked.isdecimal():
        return float(asked)
    try:
        return max(0.0, (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def _body(answer: httpx2.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        body = None
    return body if isinstance(body, dict) else {"detail": answer.text[:200]}
