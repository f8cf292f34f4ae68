"""The process's environment as code may hold it: asked by name, shown by none.

Crash reporters print the locals of every frame, and mappings with all that is in them: a key in a variable would stand
there. This is no mapping, and its repr names nothing.
"""

from collections.abc import Callable, Mapping
from typing import NoReturn, Protocol


class Variables(Protocol):
    """Whatever answers what a variable holds: a mapping, or an ``Environment``."""

    def get(self, name: str, /) -> str | None:
        """The variable's value, None when it is not set."""


class Environment:
    """The variables of ``values``, which is asked each time."""

    __slots__ = ("_ask",)

    def __init__(self, values: Mapping[str, str]) -> None:
        # Held by a closure: an attribute would be shown with the values in it.
        self._ask: Callable[[str], str | None] = lambda name: values.get(name)

    def get(self, name: str, /) -> str | None:
        """As ``Variables.get``."""
        return self._ask(name)

    def __repr__(self) -> str:
        return "Environment(not shown)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an environment is not pickled")
