"""Salts of receipts: without one, the leaf of a receipt that somebody guesses could be tried out.

Derived from one key per member, so that destroying the key makes all her leaves meaningless at once.

Source: docs/PROTOCOL.md, section 5; RFC 5869.
"""

import secrets
from collections.abc import Iterable

from Crypto.Hash import SHA256
from Crypto.Protocol.KDF import HKDF

from loyaltychain.db.engine import Tx
from loyaltychain.settlement import store

KEY_BYTES = 32
SALT_BYTES = 32
_INFO = b"loyaltychain/receipt/v1"


def derive(key: bytes, info: bytes, *, size: int, salt: bytes = b"") -> bytes:
    """``size`` bytes by HKDF-SHA256 from ``key``, bound to ``info``."""
    derived = HKDF(key, size, salt, SHA256, context=info)
    assert isinstance(derived, bytes), "one key was asked for"
    return derived


def receipt_salt(key: bytes, *, entry_digest: bytes, unit: str) -> bytes:
    """The salt (32 bytes) of her receipt for this entry and unit."""
    assert len(key) == KEY_BYTES, len(key)
    assert len(entry_digest) == 32, len(entry_digest)
    return derive(key, _INFO + entry_digest + unit.encode(), size=SALT_BYTES)


def ensure_receipt_keys(tx: Tx, members: Iterable[int]) -> dict[int, bytes]:
    """The receipt key of each of ``members``, by number. Who has none gets one: 32 random bytes, written now."""
    wanted = sorted(set(members))
    known = store.read_receipt_keys(tx, wanted)
    fresh = {member: secrets.token_bytes(KEY_BYTES) for member in wanted if member not in known}
    store.insert_receipt_keys(tx, fresh)
    return known | fresh
