"""One encoding for everything that is hashed or published: JSON by RFC 8785."""

import hashlib
from typing import Any

import rfc8785


def encode(content: Any) -> bytes:
    """``content`` as canonical JSON. Integers must lie within +-(2**53 - 1); larger ones go in as text.

    Raises rfc8785.CanonicalizationError for what JSON cannot hold exactly.
    """
    return rfc8785.dumps(content)


def digest(content: Any) -> bytes:
    """SHA-256 (32 bytes) of ``content`` as canonical JSON."""
    return hashlib.sha256(encode(content)).digest()
