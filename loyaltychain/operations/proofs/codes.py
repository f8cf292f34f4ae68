"""What a code looks like: 120 random bits as six groups of four letters and digits that nobody mistakes for others.

``7K3M-9QXB-…``: Crockford's base 32, without I, L, O and U; however it is typed, it is read as the same. Kept is its
SHA-256 alone, which with so many bits needs no salt.
"""

import hashlib
import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SYMBOLS = 24
GROUP = 4
_MISTAKEN = str.maketrans({"I": "1", "L": "1", "O": "0"})
_LEFT_OUT = str.maketrans("", "", "- \t\r\n")


def make_code() -> str:
    """A new code of 120 bits from the system's source of randomness."""
    text = "".join(secrets.choice(ALPHABET) for _ in range(SYMBOLS))
    return "-".join(text[at : at + GROUP] for at in range(0, SYMBOLS, GROUP))


def read_code(text: str) -> str | None:
    """The code as its digest is taken of it, however somebody wrote it; None for what can be no code."""
    if len(text) > 4 * SYMBOLS:
        return None
    plain = text.translate(_LEFT_OUT).upper().translate(_MISTAKEN)
    return plain if len(plain) == SYMBOLS and all(symbol in ALPHABET for symbol in plain) else None


def code_digest(code: str) -> str | None:
    """SHA-256 of the code as 0x hex, by which it is kept; None for what can be no code."""
    plain = read_code(code)
    return None if plain is None else "0x" + hashlib.sha256(plain.encode()).hexdigest()
