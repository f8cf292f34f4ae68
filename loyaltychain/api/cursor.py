"""Opaque cursors: where the next page begins, as text that means nothing to the caller.

Each is signed with the project's own key, together with the list that it was given for: a cursor of another programme,
of another list or of other filters is none.
"""

import base64
import binascii
import hashlib
import hmac
import json

from loyaltychain.api.problems import Problem

PAGE_DEFAULT = 50
PAGE_MAX = 200
_TEXT_MAX = 8000  # an id of 200 characters, each escaped
_TAG_LENGTH = 16  # bytes of HMAC-SHA-256 that are kept


def make_cursor(key: bytes, listed: str, *place: int | str) -> str:
    """The text of a place in the list ``listed`` (its path and filters)."""
    body = json.dumps(place).encode()
    return base64.urlsafe_b64encode(_tag(key, listed, body) + body).decode().rstrip("=")


def parse_cursor(key: bytes, listed: str, text: str, *kinds: type) -> tuple[int | str, ...]:
    """The place, of exactly these kinds. Raises a Problem for a text that is no cursor of this list."""
    try:
        if len(text) > _TEXT_MAX:
            raise ValueError("too long")
        signed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        tag, body = signed[:_TAG_LENGTH], signed[_TAG_LENGTH:]
        if not hmac.compare_digest(tag, _tag(key, listed, body)):
            raise ValueError("not ours, or of another list")
        place = json.loads(body)
        if [type(part) for part in place] != list(kinds):
            raise ValueError("of an older release")
        return tuple(place)
    except (ValueError, binascii.Error) as error:
        message = "Take next_cursor of the page before as it is, with the same filters, or leave it out."
        raise Problem("invalid-request", message, [{"pointer": "parameter:cursor", "message": message}]) from error


def _tag(key: bytes, listed: str, body: bytes) -> bytes:
    told = len(listed.encode()).to_bytes(8, "big") + listed.encode() + body
    return hmac.new(key, told, hashlib.sha256).digest()[:_TAG_LENGTH]
