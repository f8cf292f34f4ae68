"""The hash chain over entries in the order of their positions. Pure."""

import hashlib


def next_head(previous: bytes, *, position: int, recorded_at: int, digest: bytes) -> bytes:
    """The hash chain's 32 bytes at ``position``, from those at the position before.

    Source: docs/PROTOCOL.md, section 6.
    """
    return hashlib.sha256(previous + position.to_bytes(8) + recorded_at.to_bytes(8) + digest).digest()
