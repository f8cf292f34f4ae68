"""What the engine keeps of one member between her facts. A value; knows no programme and evaluates nothing."""

import marshal
from collections.abc import Mapping
from typing import Any

from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.rules.engine.types import FactKey

BEFORE_ALL: FactKey = (UnixSeconds(-(2**62)), "", "")

Part = dict[str, Any]  # JSON: dicts with text as keys, lists, integers, text, booleans, null; no tuples, no floats
Due = list[Any]  # [at, component, key, data]


class State:
    """One member's state: what was folded of her facts up to ``last``.

    It is changed in place by ``Engine.apply``; whoever needs the one before takes a ``copy``.

    Args:
        zone: Her zone (IANA) as components know it; None: the programme's.
        joined_at: When she joined; None until her first fact, whose time it then is.
        last: The key of the newest fact, or moment, that it has seen. What is not later needs an earlier checkpoint.
        parts: What each component keeps, by its name.
        due: What happens at a known moment unless something comes before, in the order of time.
        acts: Of each behaviour ``[number, time of the first, time of the latest]``, gated ones once they have passed.
        version: The name of the engine that touched it last (``Engine.name``).
        index: What components have worked out of their parts to find things quickly, by name. It is no part of the
            state: neither copied nor kept.
    """

    __slots__ = ("acts", "due", "index", "joined_at", "last", "last_act", "parts", "version", "zone")

    def __init__(self, zone: str | None = None, joined_at: UnixSeconds | None = None) -> None:
        self.zone = zone
        self.joined_at = joined_at
        self.last: FactKey = BEFORE_ALL
        self.last_act: UnixSeconds | None = None  # of any behaviour
        self.version = ""
        self.acts: dict[str, list[int]] = {}
        self.due: list[Due] = []
        self.parts: dict[str, Part] = {}
        self.index: dict[str, Any] = {}

    def copy(self) -> "State":
        """An independent one that says the same."""
        return State._of(marshal.loads(marshal.dumps(self._fields())))  # noqa: S302 - our own bytes

    def to_document(self) -> dict[str, Any]:
        """It as JSON, exactly. What is inside is shared with the state: for writing down at once."""
        return dict(zip(_NAMES, self._fields(), strict=True))

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "State":
        """The state that ``to_document`` wrote. Raises InvariantError for anything else."""
        if set(document) != set(_NAMES):
            raise errors.InvariantError("This is no state of the engine.", found=sorted(document)[:10])
        return cls._of([document[name] for name in _NAMES])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, State) and self._fields() == other._fields()

    __hash__ = None  # type: ignore[assignment]  # it changes

    def _fields(self) -> list[Any]:
        return [
            self.zone, self.joined_at, list(self.last), self.last_act, self.version, self.acts, self.due, self.parts,
        ]  # fmt: skip

    @classmethod
    def _of(cls, fields: list[Any]) -> "State":
        state = cls()
        state.zone, state.joined_at, last, state.last_act, state.version, state.acts, state.due, state.parts = fields
        at, source, name = last
        state.last = (at, source, name)
        return state


_NAMES = ("zone", "joined_at", "last", "last_act", "version", "acts", "due", "parts")
