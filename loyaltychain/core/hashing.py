"""keccak256, by the fastest backend at hand, and hashes as text."""

from eth_hash.abc import BackendAPI
from eth_hash.main import Keccak256


def _backend() -> BackendAPI:
    try:
        from eth_hash.backends import pysha3  # five times faster; has no wheel for some machines
    except ImportError:
        from eth_hash.backends import pycryptodome

        return pycryptodome.backend
    return pysha3.backend


keccak256 = Keccak256(_backend())

ZERO_HASH = bytes(32)


def to_hex(value: bytes) -> str:
    """``0x`` and lower-case hex: how hashes and data stand in the database and in JSON."""
    return "0x" + value.hex()


def from_hex(text: str) -> bytes:
    """The bytes of ``0x…``. Raises ValueError for anything else."""
    if not text.startswith("0x"):
        raise ValueError(f"expected 0x and hex digits, got {text[:20]!r}")
    return bytes.fromhex(text[2:])
