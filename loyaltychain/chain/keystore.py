"""Keys in encrypted files (Web3 Secret Storage, version 3), as wallets and nodes write them.

The address can be read without the password; the key is decrypted only when something is to be signed, and shows in no
repr, error or traceback.
"""

import contextlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from getpass import getpass
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_utils.address import is_checksum_address, is_hex_address

from loyaltychain.chain.private_key import PrivateKey, read_private
from loyaltychain.core import errors
from loyaltychain.core.environment import Variables
from loyaltychain.core.json_text import parse_json

PASSWORD = "LOYALTYCHAIN_KEYSTORE_PASSWORD"  # noqa: S105  the variable's name
PASSWORD_FILE = "LOYALTYCHAIN_KEYSTORE_PASSWORD_FILE"  # noqa: S105
_LARGEST_COST = 2**23  # of scrypt, n * r: 1 GiB, four times what wallets ask for
_LARGEST_FILE = 100_000  # bytes

AskPassword = Callable[[str], str]  # the file's name -> its password


@dataclass(frozen=True, slots=True)
class Keystore:
    """An encrypted key. ``address`` is what the file says, None where it does not; ``unlock`` proves it."""

    file: str
    address: str | None  # lower-case
    _content: dict[str, Any] = field(repr=False)

    def unlock(self, password: str) -> PrivateKey:
        """The key.

        Raises InvalidSettings for another password, a file that cannot be decrypted, or the key of another address.
        """
        key, cause = _decrypt(self._content, password)
        password = ""
        if key is None:
            # Raised here, outside the handler: the library's frames hold the password and the key.
            wrong = "The password does not fit" if cause == "MAC mismatch" else "This keystore cannot be decrypted"
            raise errors.InvalidSettings(f"{wrong}.", file=self.file, cause=cause)
        if self.address is not None and key.address != self.address:
            raise errors.InvalidSettings(
                "This keystore holds the key of another address than it says: find out where the file comes from.",
                file=self.file,
                says=self.address,
                holds=key.address,
            )
        return key


def read_keystore(path: Path) -> Keystore:
    """The keystore in a file, still encrypted. Raises InvalidSettings if there is none, or it is no keystore."""
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise errors.InvalidSettings("This file is too large for a keystore.", file=str(path))
        content = parse_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise errors.InvalidSettings("This keystore cannot be read.", file=str(path), cause=error.strerror) from error
    except ValueError:
        content = None  # what stands there may be a bare key: keep it out of messages
    if not isinstance(content, dict):
        raise errors.InvalidSettings("A keystore is one JSON object; this file is none.", file=str(path))
    crypto = content.get("crypto", content.get("Crypto"))
    if content.get("version") != 3 or not isinstance(crypto, dict):
        raise errors.InvalidSettings(
            "This file is no keystore of version 3 (Web3 Secret Storage), as wallets write them.", file=str(path)
        )
    _check_cost(crypto, file=str(path))
    return Keystore(str(path), _address(content.get("address"), file=str(path)), content)


def read_address(path: Path) -> str:
    """The address in a file that holds nothing else, lower-case. Raises InvalidSettings for any other content."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        text = ""
    if (
        not text.startswith("0x")
        or not is_hex_address(text)
        or (text != text.lower() and not is_checksum_address(text))
    ):
        text = ""  # what stands there may be a key: keep it out of tracebacks
        raise errors.InvalidSettings("An .address file holds one address, 0x and 40 hex digits.", file=path.name)
    return text.lower()


def password_source(
    environ: Variables, *, prompt: Callable[[str], str] = getpass, is_terminal: Callable[[], bool] | None = None
) -> AskPassword:
    """Where passwords come from: LOYALTYCHAIN_KEYSTORE_PASSWORD, the file that ..._PASSWORD_FILE names, a terminal.

    Args:
        prompt: Asks without an echo.
        is_terminal: Whether there is anybody to ask; None for: stdin is a terminal.

    Returns:
        A function that raises InvalidSettings when there is no source, or the file cannot be read or is open to others.
    """

    def ask(file: str) -> str:
        if environ.get(PASSWORD) is not None:
            return environ.get(PASSWORD) or ""
        if named := environ.get(PASSWORD_FILE):
            return _read_password(Path(named))
        if (is_terminal or sys.stdin.isatty)():
            with contextlib.suppress(EOFError):  # the terminal was closed on the question
                return prompt(f"Password of {file}: ")
        raise errors.InvalidSettings(
            f"{file} is encrypted, and there is no terminal to ask for its password: set {PASSWORD_FILE} to a file "
            f"that holds it, or {PASSWORD}.",
            file=file,
        )

    return ask


def _read_password(path: Path) -> str:
    """Of a file that is as private as a key: the password opens one."""
    try:
        return read_private(path).decode("utf-8").rstrip("\r\n")
    except errors.InvalidSettings as error:
        cause = f"{error.message} {error.context.get('cause', '')}".strip()
    except UnicodeDecodeError:
        cause = "it is not UTF-8"
    raise errors.InvalidSettings(f"The file that {PASSWORD_FILE} names cannot be used.", file=str(path), cause=cause)


def _decrypt(content: dict[str, Any], password: str) -> tuple[PrivateKey | None, str | None]:
    try:
        return PrivateKey(bytes(Account.decrypt(content, password))), None
    except errors.InvalidSettings:
        return None, "what it holds is no private key"
    except ValueError as error:
        return None, "MAC mismatch" if "MAC mismatch" in str(error) else type(error).__name__
    except (KeyError, TypeError, NotImplementedError, AttributeError, OverflowError, MemoryError) as error:
        return None, type(error).__name__


def _check_cost(crypto: Mapping[str, Any], *, file: str) -> None:
    """A file from elsewhere must not make us fill the memory before its password is even tried."""
    parameters = crypto.get("kdfparams")
    numbers = parameters if isinstance(parameters, dict) else {}
    cost = [numbers.get(name, 1) for name in ("n", "r", "p")]
    iterations, length = numbers.get("c", 1), numbers.get("dklen", 32)
    is_sane = all(type(number) is int and number >= 1 for number in (*cost, iterations, length))
    is_large = is_sane and (
        cost[0] * cost[1] > _LARGEST_COST or cost[1] * cost[2] > 64 or iterations > 100_000_000 or length > 64
    )
    if not is_sane or is_large:
        raise errors.InvalidSettings("This keystore's key derivation is out of all bounds.", file=file)


def _address(value: object, *, file: str) -> str | None:
    if value is None or value == "":
        return None
    text = value if isinstance(value, str) else ""
    address = f"0x{text.lower().removeprefix('0x')}"
    if not is_hex_address(address):
        raise errors.InvalidSettings("This keystore's address is none.", file=file)
    return address
