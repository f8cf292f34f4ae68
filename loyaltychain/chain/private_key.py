"""A key in this process, and the file that holds one. Shows its key in no repr, attribute, pickle or traceback."""

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

from eth_account import Account

from loyaltychain.chain.transactions import UnsignedTx, library_fields
from loyaltychain.core import errors

CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141  # secp256k1
_LARGEST_FILE = 100_000  # bytes


class PrivateKey:
    """A secp256k1 key that can sign and tell its address, and nothing else."""

    __slots__ = ("_sign", "_sign_typed", "address")

    def __init__(self, secret: bytes) -> None:
        """Take a key of 32 bytes. Raises InvalidSettings if it is none."""
        self.address: str = ""  # tracebacks print a refused key too, by its repr
        if type(secret) is not bytes or len(secret) != 32 or not 0 < int.from_bytes(secret) < CURVE_ORDER:
            secret = b""  # a traceback that prints locals must not print the key
            raise errors.InvalidSettings("A private key is 32 bytes, above zero and below the curve's order.")
        account = Account.from_key(secret)
        self.address = account.address.lower()
        # Held by a closure: an account object shows its key in vars().
        self._sign: Callable[[Mapping[str, object]], bytes] = lambda fields: bytes(
            account.sign_transaction(fields).raw_transaction
        )
        self._sign_typed: Callable[[dict[str, object]], bytes] = lambda document: bytes(
            account.sign_typed_data(full_message=document).signature
        )

    def sign_transaction(self, tx: UnsignedTx) -> bytes:
        """The bytes of ``tx`` to send. Raises SendRefused if it cannot be signed."""
        return self.sign_fields(library_fields(tx))

    def sign_fields(self, fields: Mapping[str, object]) -> bytes:
        """The raw transaction of these fields. Raises SendRefused for fields that the library does not take."""
        try:
            return self._sign(fields)
        except Exception as error:  # noqa: BLE001  whatever it is, the library's words and frames may hold the key
            cause = type(error).__name__
        # Raised here, outside the handler: the library's frames hold the key, and must not hang on this error.
        raise errors.SendRefused("These fields cannot be signed.", cause=cause)

    def sign_typed_data(self, document: Mapping[str, object]) -> bytes:
        """The signature (r, s, v: 65 bytes) of an EIP-712 document. Raises SendRefused for one that is none."""
        try:
            return self._sign_typed(dict(document))
        except Exception as error:  # noqa: BLE001  as above
            cause = type(error).__name__
        raise errors.SendRefused("This document cannot be signed.", cause=cause)

    def __repr__(self) -> str:
        return f"PrivateKey({self.address})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a private key is not pickled")


def load_key(path: Path) -> PrivateKey:
    """The key in a file of 64 hex digits that only its owner may read.

    Raises InvalidSettings if the file is missing, open to others, or holds no key.
    """
    return parse_key(read_private(path), where=path.name)


def read_private(path: Path) -> bytes:
    """The content of a file that only its owner may read.

    Raises InvalidSettings if it is missing, no file, too large for a secret, or open to others.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))  # a pipe must not keep us waiting
        with os.fdopen(descriptor, "rb") as file:
            facts = os.fstat(file.fileno())  # of what is read, not of what the name meant a moment ago
            if not stat.S_ISREG(facts.st_mode) or facts.st_size > _LARGEST_FILE:
                raise errors.InvalidSettings("This is no file that holds a secret.", file=str(path))
            mode = stat.S_IMODE(facts.st_mode)
            if mode & 0o077 and os.name == "posix":
                raise errors.InvalidSettings(
                    f"{path.name} holds a secret and is open to others; make it private: chmod 600 {path.name}",
                    file=str(path),
                    mode=oct(mode),
                )
            return file.read()
    except OSError as error:
        raise errors.InvalidSettings(
            "This file with a secret cannot be read.", file=path.name, cause=error.strerror
        ) from error


def parse_key(text: bytes, *, where: str) -> PrivateKey:
    """The key that 64 hex digits are, with or without 0x. Raises InvalidSettings for anything else.

    Args:
        where: The file or variable that holds it, for the message.
    """
    digits = text.strip().removeprefix(b"0x")
    if len(digits) == 64 and all(digit in b"0123456789abcdefABCDEF" for digit in digits):
        return PrivateKey(bytes.fromhex(digits.decode("ascii")))
    text = digits = b""  # what stands there may be a mistyped key: keep it out of tracebacks
    raise errors.InvalidSettings(f"{where} holds no key: a key is 64 hex digits and nothing else.", where=where)
