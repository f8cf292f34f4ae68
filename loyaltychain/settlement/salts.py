"""Salts of receipts: without one, the leaf of a receipt that somebody guesses could be tried out.

Derived from one key per member, so that destroying the key makes all her leaves meaningless at once.

Source: docs/PROTOCOL.md, section 5; RFC 5869.
"""

import hmac
import secrets
from collections.abc import Iterable
from hashlib import sha256

from loyaltychain.db.engine import Tx
from loyaltychain.settlement import store

KEY_BYTES = 32
SALT_BYTES = 32
_INFO = b"loyaltychain/receipt/v1"
_HASH_BYTES = 32
_BLOCK_BYTES = 64
_INNER = bytes(x ^ 0x36 for x in range(256))  # HMAC's two, with which a key is xored, as tables for ``translate``
_OUTER = bytes(x ^ 0x5C for x in range(256))
_INNER_REST = bytes([0x36]) * (_BLOCK_BYTES - _HASH_BYTES) + _INFO  # what follows a key of 32 bytes
_OUTER_REST = bytes([0x5C]) * (_BLOCK_BYTES - _HASH_BYTES)
_EMPTY_INNER = bytes([0x36]) * _BLOCK_BYTES  # an empty key
_EMPTY_OUTER = bytes([0x5C]) * _BLOCK_BYTES


def derive(key: bytes, info: bytes, *, size: int, salt: bytes = b"") -> bytes:
    """``size`` bytes by HKDF-SHA256 from ``key``, bound to ``info``."""
    assert 0 < size <= 255 * _HASH_BYTES, size
    extracted = hmac.digest(salt or bytes(_HASH_BYTES), key, "sha256")
    derived = block = b""
    for number in range(1, -(-size // _HASH_BYTES) + 1):
        block = hmac.digest(extracted, block + info + bytes([number]), "sha256")
        derived += block
    return derived[:size]


def receipt_salt(key: bytes, *, entry_digest: bytes, unit: str) -> bytes:
    """The salt (32 bytes) of her receipt for this entry and unit."""
    return receipt_salts([(key, entry_digest)], unit=unit)[0]


def receipt_salts(of: Iterable[tuple[bytes, bytes]], *, unit: str) -> list[bytes]:
    """As ``receipt_salt``, for each (key, entry digest) in ``of``, in its order.

    ``derive`` with its four hashes written out, which takes half the time.
    """
    salts: list[bytes] = []
    last = unit.encode() + b"\x01"  # of HKDF's first block
    for key, entry_digest in of:
        assert len(key) == KEY_BYTES and len(entry_digest) == 32, (len(key), len(entry_digest))
        extracted = sha256(_EMPTY_OUTER + sha256(_EMPTY_INNER + key).digest()).digest()
        inner = sha256(b"".join((extracted.translate(_INNER), _INNER_REST, entry_digest, last)))
        salts.append(sha256(extracted.translate(_OUTER) + _OUTER_REST + inner.digest()).digest())
    return salts


def ensure_receipt_keys(tx: Tx, members: Iterable[int]) -> dict[int, bytes]:
    """The receipt key of each of ``members``, by number. Who has none gets one: 32 random bytes, written now."""
    wanted = sorted(set(members))
    known = store.read_receipt_keys(tx, wanted)
    fresh = {member: secrets.token_bytes(KEY_BYTES) for member in wanted if member not in known}
    store.insert_receipt_keys(tx, fresh)
    return known | fresh
