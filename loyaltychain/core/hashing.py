"""keccak256, by the fastest backend at hand, and hashes as text."""

try:
    from eth_hash.backends.pysha3 import keccak256  # five times faster; has no wheel for some machines
except ImportError:
    from eth_hash.backends.pycryptodome import keccak256

# The backend's own function: the library's front, which asks for the kind of each argument, adds a quarter to a hash of
# 64 bytes, and a tree over a million receipts makes a million of them.
__all__ = ["ZERO_HASH", "from_hex", "keccak256", "to_hex"]

ZERO_HASH = bytes(32)


def to_hex(value: bytes) -> str:
    """``0x`` and lower-case hex: how hashes and data stand in the database and in JSON."""
    return "0x" + value.hex()


def from_hex(text: str) -> bytes:
    """The bytes of ``0x…``. Raises ValueError for anything else."""
    if not text.startswith("0x"):
        raise ValueError(f"expected 0x and hex digits, got {text[:20]!r}")
    return bytes.fromhex(text[2:])
