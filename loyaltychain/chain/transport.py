"""One request to one node, and its answer: time limits, what a refusal to serve means, and when it is asked again.

A failure is never repeated here: whoever asked decides. Only a node that wants to be asked more slowly (HTTP 429, or
503 with ``Retry-After``, or an error that says so) is waited for, in all for ``patience`` seconds a request; a
transaction is not, since nobody may wait with it. After a failure the node is left alone for a while.
"""

import itertools
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Final

import requests
from web3 import HTTPProvider
from web3.exceptions import Web3Exception
from web3.providers.base import JSONBaseProvider
from web3.types import RPCEndpoint

from loyaltychain.chain.answers import nonsense, parse_object
from loyaltychain.chain.backoff import Backoff, parse_retry_after
from loyaltychain.chain.bounded_http import bounded_session
from loyaltychain.chain.node_errors import NodeError, is_rate_limit, parse_error
from loyaltychain.core.errors import RpcUnavailable

SEND: Final = "eth_sendRawTransaction"
CONNECT_SECONDS = 2
READ_SECONDS = 5
#: For what a node has to work for: running code, searching logs, and taking a transaction in.
WORK_SECONDS = 15
WORK = frozenset({"eth_call", "eth_estimateGas", "eth_getLogs", SEND})
_PATIENCE_SECONDS = 8.0
_URL = re.compile(r"(?:https?://|(?<=with url: ))[^\s'\")]+")


@dataclass(frozen=True, slots=True)
class _Failure:
    """No answer came; ``is_busy``: the node says that it would answer later, after ``asked`` seconds if it says."""

    reason: str
    is_busy: bool = False
    asked: float | None = None


class Transport:
    """Asks one question at a time, also when threads share it."""

    def __init__(
        self,
        provider: JSONBaseProvider,
        *,
        worker: JSONBaseProvider | None = None,
        backoff: Backoff | None = None,
        patience: float = 0.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Use ``provider`` alone for this: its request counter is set here, to check the ids of the answers.

        Args:
            worker: For the requests of ``WORK``; None: the same.
            backoff: None: the node is never left alone.
            patience: Seconds to wait in all, for one request, for a node that says it would answer later.
        """
        self._provider, self._worker = provider, worker or provider
        for each in (self._provider, self._worker):
            each.global_ccip_read_enabled = False  # no contract may send us to a web server
        self._backoff, self._patience, self._sleep = backoff, patience, sleep
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._last: _Failure | None = None

    @classmethod
    def connect(cls, url: str, *, read_seconds: int = READ_SECONDS, rests: bool = True) -> "Transport":
        """To the node at ``url``; connects only when it is first asked something.

        Args:
            read_seconds: To wait for an answer; at least ``WORK_SECONDS`` for the requests of ``WORK``.
            rests: Whether a node that failed is left alone for a while, and waited for where it asks for that.
        """
        read, work = (
            HTTPProvider(
                url,
                request_kwargs={"timeout": (CONNECT_SECONDS, seconds)},
                session=bounded_session(),
                exception_retry_configuration=None,  # web3 would send a transaction five times over
            )
            for seconds in (read_seconds, max(read_seconds, WORK_SECONDS))
        )
        if not rests:
            return cls(read, worker=work)
        return cls(read, worker=work, backoff=Backoff(first=0.1, longest=30.0), patience=_PATIENCE_SECONDS)

    def exchange(self, method: str, *params: object) -> tuple[object, NodeError | None]:
        """The result, or the node's error. RpcUnavailable when neither came back for this very request."""
        patience = 0.0 if method == SEND else self._patience
        while True:
            patience -= self._await_turn(method, patience)
            answer = self._ask(method, params)
            if not isinstance(answer, _Failure):
                self._note(None)
                return answer
            self._note(answer)
            if not answer.is_busy or self._backoff is None or method == SEND:
                # Raised here, outside any handler: the library's error holds the URL, and so maybe a key.
                raise _unavailable(method, answer, seconds=answer.asked)

    def _await_turn(self, method: str, patience: float) -> float:
        """Wait until the node may be asked again; the seconds that it took. RpcUnavailable if that is too long."""
        left = 0.0 if self._backoff is None else self._backoff.left()
        if not left or self._last is None:
            return 0.0
        if not self._last.is_busy or left > patience:
            raise _unavailable(method, self._last, seconds=left)
        self._sleep(left)
        return left

    def _note(self, failure: _Failure | None) -> None:
        self._last = failure
        if self._backoff is None:
            return
        if failure is None:
            self._backoff.succeed()
        else:
            self._backoff.fail(asked=failure.asked)

    def _ask(self, method: str, params: tuple[object, ...]) -> tuple[object, NodeError | None] | _Failure:
        provider = self._worker if method in WORK else self._provider
        with self._lock:
            number = next(self._numbers)
            provider.request_counter = itertools.count(number)
            try:
                response: object = provider.make_request(RPCEndpoint(method), params)
            except requests.HTTPError as error:
                return _judge_http(error)
            except (requests.RequestException, Web3Exception, OSError, ValueError) as error:
                return _Failure(_in_words(error))
        return _read(response, number)


def _judge_http(error: requests.HTTPError) -> _Failure:
    answer = error.response
    if answer is None:
        return _Failure(_in_words(error))
    asked = parse_retry_after(answer.headers.get("Retry-After"), date=answer.headers.get("Date"))
    is_busy = answer.status_code == 429 or (answer.status_code == 503 and asked is not None)
    return _Failure(_in_words(error), is_busy=is_busy, asked=asked if is_busy else None)


def _read(response: object, number: int) -> tuple[object, NodeError | None] | _Failure:
    content = parse_object(response)
    identity = content.get("id")
    if content.get("error") is not None and identity in (number, None):  # null: it could not read our request
        problem = parse_error(content["error"])
        if is_rate_limit(problem):
            return _Failure(f"{problem.code}: {problem.message}", is_busy=True)
        return None, problem
    if identity != number or "result" not in content:
        raise nonsense(f"the answer to request {number}", content)
    return content["result"], None


def _unavailable(method: str, failure: _Failure, *, seconds: float | None) -> RpcUnavailable:
    if seconds is None:
        return RpcUnavailable(method=method, reason=failure.reason)
    return RpcUnavailable(method=method, reason=failure.reason, again_in=ceil(seconds))


def _in_words(error: Exception) -> str:
    """A library's words without the endpoint's path and password: providers put an account's key there."""
    return _URL.sub("the endpoint", f"{type(error).__name__}: {error}")[:300]
