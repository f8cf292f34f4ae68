"""A node between the watcher and the chain that fails, lies or dies where a test says so."""

from collections.abc import Callable
from typing import Any

from loyaltychain.chain.rpc import Rpc
from loyaltychain.core.errors import RpcUnavailable


class Killed(BaseException):
    """The watcher's process ends here."""


class FaultyRpc:
    """The chain, except for the methods named: each is given the true method and the call's arguments."""

    def __init__(self, rpc: Rpc, **methods: Callable[..., Any]) -> None:
        self._rpc = rpc
        self._methods = methods

    def __getattr__(self, name: str) -> Any:
        truth = getattr(self._rpc, name)
        if name not in self._methods:
            return truth
        return lambda *arguments, **options: self._methods[name](truth, *arguments, **options)


def failing(times: int) -> Callable[..., Any]:
    """A method that fails so many times, then works."""
    left = times

    def method(truth: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        nonlocal left
        if left:
            left -= 1
            raise RpcUnavailable("The line is down.")
        return truth(*arguments, **options)

    return method


def dying_after(times: int) -> Callable[..., Any]:
    """A method that works so many times; then it still does what it should, and the process ends."""
    left = times

    def method(truth: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        nonlocal left
        left -= 1
        answer = truth(*arguments, **options)
        if left == 0:
            raise Killed
        return answer

    return method
