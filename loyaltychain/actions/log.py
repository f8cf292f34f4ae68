"""The audit log: who did what to what, when and why, in a hash chain of its own.

Says what people and keys did; points moved stand in the ledger. No personal data: a subject is a member's number, a
key's id, the id of a thing, never a member's own id. Decides nothing: whoever records has done it in the same
transaction.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import Row, select

from loyaltychain.actions.tables import actions
from loyaltychain.core import canonical, errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.hashing import ZERO_HASH, from_hex, to_hex
from loyaltychain.db.engine import Tx
from loyaltychain.db.lock import lock

TEXT_MAX = 500  # characters of an actor, an action, a subject or a reason


@dataclass(frozen=True, slots=True)
class Action:
    """One line of the log. ``head`` (32 bytes) is the hash chain up to and including it."""

    position: int
    actor: str
    action: str
    subject: str
    reason: str
    at: UnixSeconds
    request_id: str | None
    details: Mapping[str, Any] | None
    digest: bytes
    head: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """The log's last position (0: none) and the hash chain up to it. As text: ``17:0x…``."""

    position: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.position}:{to_hex(self.hash)}"


def record(
    tx: Tx,
    *,
    actor: str,
    action: str,
    subject: str,
    reason: str,
    at: UnixSeconds,
    request_id: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> Action:
    """Append one action, in the transaction that does it. Others who record wait until that one ends.

    Args:
        actor: ``key:<id>``, or the name that an operator goes by.
        action: What was done, ``<thing>.<verb>``.
        subject: What it was done to, ``<thing>:<id>``; a member by number.
        reason: Why, in the actor's words.
        details: A JSON object without floats.

    Raises:
        InvalidOperation: a text is empty or longer than ``TEXT_MAX`` characters.
        DatabaseBusy: another transaction kept the log for too long.
    """
    for name, text in (("actor", actor), ("action", action), ("subject", subject), ("reason", reason)):
        if not text.strip() or len(text) > TEXT_MAX or "\x00" in text:
            raise errors.InvalidOperation(f"The {name} of an action is a text of 1 to {TEXT_MAX} characters.")
    lock(tx, "actions")
    last = head(tx)
    fields: dict[str, Any] = {
        "actor": actor, "action": action, "subject": subject, "reason": reason, "at": at, "request_id": request_id,
        "details": None if details is None else json.loads(canonical.encode(dict(details))),
    }  # fmt: skip
    digest = canonical.digest(fields)
    position = last.position + 1
    chain = next_head(last.hash, position=position, digest=digest)
    stored = fields | {"details": None if details is None else canonical.encode(dict(details)).decode()}
    tx.execute(actions.insert(), [stored | {"position": position, "digest": to_hex(digest), "head": to_hex(chain)}])
    kept = None if fields["details"] is None else MappingProxyType(fields["details"])
    return Action(**(fields | {"details": kept}), position=position, digest=digest, head=chain)


def next_head(previous: bytes, *, position: int, digest: bytes) -> bytes:
    """The chain's 32 bytes at ``position``: SHA-256 of those before it, the position as uint64, and the digest."""
    return hashlib.sha256(previous + position.to_bytes(8) + digest).digest()


def head(tx: Tx) -> Head:
    """Where the log ends. Whoever keeps it elsewhere can prove later that nothing up to here was cut or changed."""
    query = select(actions.c.position, actions.c.head).order_by(actions.c.position.desc()).limit(1)
    last = tx.execute(query).one_or_none()
    return Head(last.position, from_hex(last.head)) if last else Head(0, ZERO_HASH)


def read_actions(
    tx: Tx, *, before: int | None = None, limit: int = 50, action: str | None = None, subject: str | None = None
) -> list[Action]:
    """The newest actions below the position ``before``, newest first, of one action or subject if given."""
    query = select(actions).order_by(actions.c.position.desc()).limit(limit)
    for column, wanted in ((actions.c.action, action), (actions.c.subject, subject)):
        if wanted is not None:
            query = query.where(column == wanted)
    return [_action(row) for row in tx.execute(query if before is None else query.where(actions.c.position < before))]


def stream_rows(tx: Tx) -> Iterator[Row[*tuple[Any, ...]]]:
    """All rows as they are, valid or not, by position."""
    yield from tx.execute(select(actions).order_by(actions.c.position).execution_options(yield_per=1000))


def _action(row: Row[*tuple[Any, ...]]) -> Action:
    values = row._asdict() | {
        "details": None if row.details is None else MappingProxyType(json.loads(row.details)),
        "digest": from_hex(row.digest),
        "head": from_hex(row.head),
    }
    return Action(**values)
