"""A page of a list, as a route asks for it: where it begins, how long it is, and what the next one begins with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Request
from sqlalchemy import select

from loyaltychain.api.cursor import make_cursor, parse_cursor
from loyaltychain.api.parts import LIMIT, Cursor, Limit
from loyaltychain.api.secret_table import api_secrets
from loyaltychain.core.hashing import from_hex
from loyaltychain.db.engine import Tx

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Slice(Generic[_T]):
    """What one page shows; ``next_cursor`` is there while there is more."""

    rows: list[_T]
    has_more: bool
    next_cursor: str | None


class Page:
    """A dependency of list routes. ``wanted`` is one row more than is shown: whether there is more."""

    def __init__(self, request: Request, cursor: Cursor = None, limit: Limit = LIMIT) -> None:
        filters = sorted(each for each in request.query_params.multi_items() if each[0] not in ("cursor", "limit"))
        self._listed = repr((request.url.path, filters))
        self._cursor = cursor
        self._limit = limit

    @property
    def wanted(self) -> int:
        """How many rows to ask for."""
        return self._limit + 1

    def begin(self, tx: Tx, *kinds: type) -> tuple[int | str, ...] | None:
        """The place behind which the page begins, of these kinds; None: at the beginning. Raises a Problem."""
        return None if self._cursor is None else parse_cursor(_key(tx), self._listed, self._cursor, *kinds)

    def end(self, tx: Tx, found: Sequence[_T], place: Callable[[_T], tuple[int | str, ...]]) -> Slice[_T]:
        """The page of what was found (``wanted`` rows at most); ``place`` says where a row stands in the list."""
        rows, has_more = list(found[: self._limit]), len(found) > self._limit
        next_cursor = make_cursor(_key(tx), self._listed, *place(rows[-1])) if has_more else None
        return Slice(rows, has_more, next_cursor)


#: What a list route takes.
Paged = Annotated[Page, Depends()]


def _key(tx: Tx) -> bytes:
    return from_hex(tx.execute(select(api_secrets.c.secret).filter_by(name="cursors")).scalar_one())
