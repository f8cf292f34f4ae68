"""The watcher's key: of an account of its own, with some gas money and no role."""

import contextlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from loyaltychain.chain.devkeys import COUNT, DEVELOPMENT_CHAINS, development_keys, refuse_development_keys
from loyaltychain.chain.keystore import password_source, read_keystore
from loyaltychain.chain.signer import PrivateKey, load_key
from loyaltychain.core import errors

ROLE: Final = "watcher"
VARIABLE: Final = "LOYALTYCHAIN_WATCHER_KEY"


def find_watcher_key(
    environ: Mapping[str, str], directory: Path | None, *, chain_id: int, taken: Collection[str]
) -> PrivateKey:
    """The key of LOYALTYCHAIN_WATCHER_KEY, else of ``watcher.key`` or ``watcher.json`` in a project's ``keys``; on a
    development chain else the last of the development keys.

    Args:
        taken: Addresses of the programme's roles. Their nonces are counted by somebody else.

    Raises:
        InvalidSettings: there is none, it cannot be read, a role has it, or everybody knows it.
    """
    key = _find(environ, directory, chain_id)
    if key.address in {address.lower() for address in taken}:
        raise errors.InvalidSettings(
            "A role of the programme has this key. A watcher needs one of its own: any account with some gas money.",
            address=key.address,
        )
    refuse_development_keys(chain_id, [key.address])
    return key


def _find(environ: Mapping[str, str], directory: Path | None, chain_id: int) -> PrivateKey:
    if VARIABLE in environ:
        return _read_variable(environ)
    if directory is not None:
        plain, encrypted = directory / f"{ROLE}.key", directory / f"{ROLE}.json"
        if plain.exists():
            return load_key(plain)
        if encrypted.exists():
            keystore = read_keystore(encrypted)
            return keystore.unlock(password_source(environ)(keystore.file))
    if chain_id in DEVELOPMENT_CHAINS:
        return PrivateKey(bytes.fromhex(development_keys()[COUNT - 1]))
    raise errors.InvalidSettings(
        f"There is no key to challenge with: set {VARIABLE} to 64 hex digits, or put keys/{ROLE}.json (a keystore) or "
        f"keys/{ROLE}.key into the project. Any account with some gas money will do; it needs no role."
    )


def _read_variable(environ: Mapping[str, str]) -> PrivateKey:
    with contextlib.suppress(ValueError):  # what stands there may be a mistyped key: keep it out of tracebacks
        return PrivateKey(bytes.fromhex(environ[VARIABLE].strip().removeprefix("0x")))
    raise errors.InvalidSettings(f"{VARIABLE} holds 64 hex digits and nothing else.")
