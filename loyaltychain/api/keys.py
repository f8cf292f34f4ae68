"""API keys: made, stored by their hash, looked up, rotated, revoked. Which route needs which scope is ``rights.py``'s.

A key is ``lc_<environment>_<id>_<secret><checksum>``, in full
``lc_(test|live)_[0-9A-Za-z]{12}_[0-9A-Za-z]{38}``. The secret is 32 characters of 62 (190 bits), so a plain SHA-256 of
it is enough. The checksum, CRC-32 of all before it in base 62, tells a mistyped key, and a key in a leaked file,
without asking anybody.
"""

import hashlib
import hmac
import json
import re
import secrets
import string
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import Row, bindparam, insert, select, update

from loyaltychain.api.tables import api_keys
from loyaltychain.core import canonical, errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.hashing import to_hex
from loyaltychain.db.engine import Tx
from loyaltychain.db.lock import lock
from loyaltychain.events.types import PLAIN_NAME
from loyaltychain.operations.request import is_named

Environment = Literal["test", "live"]
Scope = Literal["events:write", "points:write", "read", "manage", "reports"]

SCOPES: tuple[Scope, ...] = get_args(Scope)
APP_SCOPES: tuple[Scope, ...] = ("events:write", "points:write", "read")  # of a key that names none
ACTIVE_MAX = 2  # keys of one name in a rotation

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
    scopes: tuple[Scope, ...]
    created_at: UnixSeconds
    revoked_at: UnixSeconds | None
    expires_at: UnixSeconds | None = None  # exclusive
    used_at: UnixSeconds | None = None  # to about a minute

    @property
    def manages(self) -> bool:
        """May also set rewards and adjust points."""
        return "manage" in self.scopes

    def is_active(self, now: UnixSeconds) -> bool:
        """Whether it opens anything."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def environment_of(network: str) -> Environment:
    """Which keys open a project on this network: ``test`` ones on a development chain, ``live`` ones elsewhere."""
    return "test" if network in _DEVELOPMENT else "live"


def create_key(
    tx: Tx,
    name: str,
    sources: Sequence[str],
    *,
    environment: Environment,
    manages: bool,
    now: UnixSeconds,
    scopes: Sequence[str] = APP_SCOPES,
    expires_at: UnixSeconds | None = None,
) -> tuple[ApiKey, str]:
    """A new key, and its text: the only time that it is shown.

    Args:
        manages: Adds the scopes ``manage`` and ``reports``.
        expires_at: When it stops to open anything; None: never.

    Raises InvalidSettings for a name that is empty or too long, no sources, a source or a scope that none can
    have, or an end that has passed.
    """
    _check(name, sources)
    if expires_at is not None and expires_at <= now:
        raise errors.InvalidSettings("A key's end lies in the future.")
    wanted = {*scopes, "manage", "reports"} if manages else {*scopes}
    held = tuple(each for each in SCOPES if each in wanted)
    if not held or not wanted <= {*SCOPES}:
        raise errors.InvalidSettings(f"The scopes are {', '.join(SCOPES)}: name at least one, and no other.")
    key = ApiKey(_letters(_ID_LENGTH), name, tuple(dict.fromkeys(sources)), held, now, None, expires_at)
    return key, _insert(tx, key, environment)


def rotate_key(tx: Tx, name: str, *, environment: Environment, now: UnixSeconds) -> tuple[ApiKey, str, ApiKey]:
    """A second key of the same name and rights, its text, and the one that it is to replace, which still opens.

    Raises InvalidSettings unless exactly one active key has this name.
    """
    lock(tx, "api.keys")
    active = [key for key in list_keys(tx) if key.name == name and key.is_active(now)]
    if not active:
        raise errors.InvalidSettings(f"No active key has the name {name!r}: `loyaltychain key list` shows the names.")
    if len(active) >= ACTIVE_MAX:
        ids = ", ".join(key.id for key in active)
        raise errors.InvalidSettings(f"The name {name!r} has {len(active)} active keys ({ids}): revoke the old one.")
    [old] = active
    expires_at = None
    if old.expires_at is not None:
        expires_at = UnixSeconds(now + old.expires_at - old.created_at)  # as long as the first was good for
    key = ApiKey(_letters(_ID_LENGTH), name, old.sources, old.scopes, now, None, expires_at)
    return key, _insert(tx, key, environment), old


def id_of(text: str, *, environment: Environment) -> str | None:
    """The key's id when ``text`` has the shape of one of this environment and its checksum fits. Asks no database."""
    parts = _SHAPE.fullmatch(text)
    if parts is None or parts[2] != environment or parts[5] != _checksum(parts[1]):
        return None
    return parts[3]


def find_key(tx: Tx, text: str, *, environment: Environment, now: UnixSeconds) -> ApiKey | None:
    """The key with this text; None for a wrong, revoked, expired or foreign one. Constant time for secrets."""
    parts = _SHAPE.fullmatch(text)
    if parts is None or id_of(text, environment=environment) is None:
        return None
    row = tx.execute(select(api_keys).where(api_keys.c.id == parts[3])).one_or_none()
    expected = row.secret_hash if row else _hash("")
    if not hmac.compare_digest(expected.encode(), _hash(parts[4]).encode()) or row is None:
        return None
    key = _key(row)
    return key if key.is_active(now) else None


def list_keys(tx: Tx) -> list[ApiKey]:
    """All keys, oldest first, revoked ones too."""
    return [_key(row) for row in tx.execute(select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id))]


def namesakes(tx: Tx, key: ApiKey) -> list[ApiKey]:
    """All keys of the same name, itself and revoked ones too: whoever holds one of them holds the others."""
    return [each for each in list_keys(tx) if is_named(each.name, [key.name])]


def revoke_key(tx: Tx, key_id: str, *, now: UnixSeconds) -> ApiKey:
    """The key, revoked for ever; one that was revoked before stays as it was. Raises InvalidSettings for no key."""
    open_one = (api_keys.c.id == key_id) & api_keys.c.revoked_at.is_(None)
    tx.execute(update(api_keys).where(open_one).values(revoked_at=now))
    row = tx.execute(select(api_keys).where(api_keys.c.id == key_id)).one_or_none()
    if row is None:
        raise errors.InvalidSettings(f"There is no key {key_id!r}: `loyaltychain key list` shows the ids.")
    return _key(row)


def note_uses(tx: Tx, used: Mapping[str, UnixSeconds]) -> None:
    """Write down when these keys were used last."""
    later = api_keys.c.used_at.is_(None) | (api_keys.c.used_at < bindparam("at"))
    change = update(api_keys).where(api_keys.c.id == bindparam("key_id"), later).values(used_at=bindparam("at"))
    if used:
        tx.execute(change, [{"key_id": key_id, "at": used[key_id]} for key_id in sorted(used)])


def _insert(tx: Tx, key: ApiKey, environment: Environment) -> str:
    secret = _letters(_SECRET_LENGTH)
    row = {
        "id": key.id,
        "name": key.name,
        "secret_hash": _hash(secret),
        "sources": canonical.encode(list(key.sources)).decode(),
        "manages": int(key.manages),
        "created_at": key.created_at,
        "revoked_at": None,
        "scopes": canonical.encode(list(key.scopes)).decode(),
        "expires_at": key.expires_at,
        "used_at": None,
    }
    tx.execute(insert(api_keys), [row])
    body = f"lc_{environment}_{key.id}_{secret}"
    return body + _checksum(body)


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
    if row.scopes is None:  # made before there were scopes
        scopes: tuple[Scope, ...] = SCOPES if row.manages else APP_SCOPES
    else:
        scopes = tuple(json.loads(row.scopes))
    sources = tuple(json.loads(row.sources))
    return ApiKey(row.id, row.name, sources, scopes, row.created_at, row.revoked_at, row.expires_at, row.used_at)


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
