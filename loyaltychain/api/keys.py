"""API keys: made, stored by their hash, looked up, revoked. What a key may do is decided by the routes.

A key is ``lc_<environment>_<id>_<secret><checksum>``. The secret is 32 characters of 62 (190 bits), so a plain
SHA-256 of it is enough. The checksum tells a mistyped key, and a key in a leaked file, without asking anybody.
"""

import hashlib
import hmac
import json
import re
import secrets
import string
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Row, insert, select, update

from loyaltychain.api.tables import api_keys
from loyaltychain.core import canonical, errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.hashing import to_hex
from loyaltychain.db.engine import Tx
from loyaltychain.events.types import PLAIN_NAME

Environment = Literal["test", "live"]

_LETTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_ID_LENGTH, _SECRET_LENGTH, _CHECKSUM_LENGTH = 12, 32, 6
_SHAPE = re.compile(r"(lc_(test|live)_([0-9A-Za-z]{12})_([0-9A-Za-z]{32}))([0-9A-Za-z]{6})")
_SOURCE = re.compile(PLAIN_NAME)
_NAME_MAX = 100


_DEVELOPMENT = ("local",)  # networks whose points are nobody's money


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret: ``sources`` are the event sources that it may write."""

    id: str
    name: str
    sources: tuple[str, ...]
    manages: bool  # may also set rewards and adjust points
    created_at: UnixSeconds
    revoked_at: UnixSeconds | None


def environment_of(network: str) -> Environment:
    """Which keys open a project on this network: ``test`` ones on a development chain, ``live`` ones elsewhere."""
    return "test" if network in _DEVELOPMENT else "live"


def create_key(
    tx: Tx, name: str, sources: Sequence[str], *, environment: Environment, manages: bool, now: UnixSeconds
) -> tuple[ApiKey, str]:
    """A new key, and its text: the only time that it is shown.

    Raises InvalidSettings for a name that is empty or too long, no sources, or a source that none can have.
    """
    _check(name, sources)
    key = ApiKey(_letters(_ID_LENGTH), name, tuple(dict.fromkeys(sources)), manages, now, None)
    secret = _letters(_SECRET_LENGTH)
    row = {
        "id": key.id,
        "name": name,
        "secret_hash": _hash(secret),
        "sources": canonical.encode(list(key.sources)).decode(),
        "manages": int(manages),
        "created_at": now,
        "revoked_at": None,
    }
    tx.execute(insert(api_keys), [row])
    body = f"lc_{environment}_{key.id}_{secret}"
    return key, body + _checksum(body)


def is_possible(text: str, *, environment: Environment) -> bool:
    """Whether ``text`` has the shape of a key of this environment and its checksum fits: asks no database."""
    parts = _SHAPE.fullmatch(text)
    return parts is not None and parts[2] == environment and parts[5] == _checksum(parts[1])


def find_key(tx: Tx, text: str, *, environment: Environment) -> ApiKey | None:
    """The key with this text; None for a wrong, revoked or foreign one. Secrets are compared in constant time."""
    parts = _SHAPE.fullmatch(text)
    if parts is None or not is_possible(text, environment=environment):
        return None
    row = tx.execute(select(api_keys).where(api_keys.c.id == parts[3])).one_or_none()
    expected = row.secret_hash if row else _hash("")
    if not hmac.compare_digest(expected, _hash(parts[4])) or row is None or row.revoked_at is not None:
        return None
    return _key(row)


def list_keys(tx: Tx) -> list[ApiKey]:
    """All keys, oldest first, revoked ones too."""
    return [_key(row) for row in tx.execute(select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id))]


def revoke_key(tx: Tx, key_id: str, *, now: UnixSeconds) -> ApiKey:
    """The key, revoked for ever; one that was revoked before stays as it was. Raises InvalidSettings for no key."""
    open_one = (api_keys.c.id == key_id) & api_keys.c.revoked_at.is_(None)
    tx.execute(update(api_keys).where(open_one).values(revoked_at=now))
    row = tx.execute(select(api_keys).where(api_keys.c.id == key_id)).one_or_none()
    if row is None:
        raise errors.InvalidSettings(f"There is no key {key_id!r}: `loyaltychain key list` shows the ids.")
    return _key(row)


def _check(name: str, sources: Sequence[str]) -> None:
    if not name or len(name) > _NAME_MAX or not name.isprintable():
        raise errors.InvalidSettings(f"A key's name is printable text of 1 to {_NAME_MAX} characters.")
    if not sources:
        raise errors.InvalidSettings("Name at least one event source that the key may write, e.g. --source shop.")
    for source in sources:
        if not _SOURCE.fullmatch(source):
            raise errors.InvalidSettings(
                "A source may hold 1 to 64 letters, digits, dots, dashes and underscores.", source=source
            )


def _key(row: Row[*tuple[Any, ...]]) -> ApiKey:
    return ApiKey(row.id, row.name, tuple(json.loads(row.sources)), bool(row.manages), row.created_at, row.revoked_at)


def _letters(count: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(count))


def _hash(secret: str) -> str:
    return to_hex(hashlib.sha256(secret.encode()).digest())


def _checksum(body: str) -> str:
    rest, letters = zlib.crc32(body.encode()), ""
    for _ in range(_CHECKSUM_LENGTH):
        rest, letter = divmod(rest, len(_LETTERS))
        letters = _LETTERS[letter] + letters
    return letters
