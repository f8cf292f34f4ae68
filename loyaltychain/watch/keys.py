"""The watcher's key: of an account of its own, with some gas money and no role."""

from collections.abc import Collection
from pathlib import Path
from typing import Final

from loyaltychain.chain.devkeys import COUNT, DEVELOPMENT_CHAINS, development_keys, refuse_development_keys
from loyaltychain.chain.key_sources import find_source, open_key, variable_of
from loyaltychain.chain.keystore import password_source
from loyaltychain.chain.signer import Key, PrivateKey
from loyaltychain.core import errors
from loyaltychain.core.environment import Variables

ROLE: Final = "watcher"
VARIABLE: Final = variable_of(ROLE)


def find_watcher_key(environ: Variables, directory: Path | None, *, chain_id: int, taken: Collection[str]) -> Key:
    """The key of the role "watcher", from where ``key_sources`` finds it; on a development chain else the last of the
    development keys.

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


def _find(environ: Variables, directory: Path | None, chain_id: int) -> Key:
    source = find_source(ROLE, environ, directory)
    if source.kind not in ("nowhere", "address"):
        return open_key(source, environ, password_source(environ))
    if chain_id in DEVELOPMENT_CHAINS:
        return PrivateKey(bytes.fromhex(development_keys()[COUNT - 1]))
    raise errors.InvalidSettings(
        f"There is no key to challenge with: set {VARIABLE}_FILE to a file of 64 hex digits or a keystore, or "
        f"{VARIABLE} to 64 hex digits, or put keys/{ROLE}.json (a keystore) or keys/{ROLE}.key into the project. Any "
        "account with some gas money will do; it needs no role."
    )
