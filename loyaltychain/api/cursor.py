"""Opaque cursors: where the next page begins, as text that means nothing to the caller."""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import TypeVar

from loyaltychain.api.problems import Problem

PAGE_DEFAULT = 50
PAGE_MAX = 200
_TEXT_MAX = 1000

_T = TypeVar("_T")


def make_cursor(*place: int | str) -> str:
    """The text of a place in an order."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def parse_cursor(text: str, *kinds: type) -> tuple[int | str, ...]:
    """The place, of exactly these kinds. Raises a Problem for a text that is no cursor of this list."""
    try:
        if len(text) > _TEXT_MAX:
            raise ValueError("too long")
        place = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
        if not isinstance(place, list) or [type(part) for part in place] != list(kinds):
            raise ValueError("of another list")
        if not all(_is_usable(part) for part in place):
            raise ValueError("out of range")
        return tuple(place)
    except (ValueError, binascii.Error, RecursionError) as error:
        message = "Take the cursor from next_cursor of the page before, as it is, or leave it out."
        raise Problem("invalid-request", message, [{"pointer": "parameter:cursor", "message": message}]) from error


def _is_usable(part: int | str) -> bool:
    """Whether both databases can compare with it. Raises ValueError for half a surrogate pair."""
    return abs(part) < 2**63 if isinstance(part, int) else b"\0" not in part.encode()


def split_page(found: Sequence[_T], limit: int) -> tuple[list[_T], bool]:
    """At most ``limit`` of what was found (ask for one more than that), and whether there is more."""
    return list(found[:limit]), len(found) > limit
