"""A deployment's manifest, as the auditor reads it: what is claimed about the contracts. Believes none of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from loyaltychain.core.errors import InvalidSettings
from loyaltychain.core.hashing import from_hex

LEDGER: Final = "PointsLedger"
REGISTRY: Final = "ProgramRegistry"
ACCESS: Final = "AccessManager"
PROXIED: Final = (LEDGER, REGISTRY)
ROLES: Final = {"admin": 0, "guardian": 1, "config": 2, "upgrader": 3, "registrar": 4}


@dataclass(frozen=True, slots=True)
class Manifest:
    """Claims about one deployment. Addresses are 0x and lower case, delays in seconds."""

    network: str
    chain_id: int
    genesis_hash: bytes
    instance_id: bytes
    first_block: int
    addresses: dict[str, str]  # by contract name: where it is called
    implementations: dict[str, str]  # by contract name: what stands behind its proxy
    holders: dict[int, str]  # by role id
    settler: str
    delays: dict[int, int]  # execution delay of the holder, by role id
    caps: dict[str, int]


def parse_manifest(document: Mapping[str, object]) -> Manifest:
    """The manifest in a ``deployments/<network>.json``.

    Raises:
        InvalidSettings: a field is missing or of the wrong kind; names it.
    """
    contracts = _section(document, "contracts")
    roles = _section(document, "roles")
    delays = _section(document, "delays")
    caps = _section(document, "caps")
    return Manifest(
        network=_text(document, "network"),
        chain_id=_number(document, "chain_id"),
        genesis_hash=_octets(document, "genesis_hash", size=32),
        instance_id=_octets(document, "instance_id", size=32),
        first_block=_number(document, "first_block"),
        addresses={name: _address(_section(contracts, name), "address") for name in (*PROXIED, ACCESS)},
        implementations={name: _address(_section(contracts, name), "implementation") for name in PROXIED},
        holders={role: _address(roles, name) for name, role in ROLES.items()},
        settler=_address(roles, "settler"),
        delays={role: _number(delays, name) for name, role in ROLES.items() if name in delays},
        caps={name: _number(caps, name) for name in caps},
    )


def _section(document: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = document.get(name)
    if not isinstance(value, dict):
        raise InvalidSettings("The manifest lacks a section.", field=name, given=value)
    return value


def _text(document: Mapping[str, object], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str):
        raise InvalidSettings("The manifest lacks a text.", field=name, given=value)
    return value


def _number(document: Mapping[str, object], name: str) -> int:
    value = document.get(name)
    if type(value) is not int or value < 0:
        raise InvalidSettings("The manifest lacks a number.", field=name, given=value)
    return value


def _octets(document: Mapping[str, object], name: str, *, size: int) -> bytes:
    text = _text(document, name)
    try:
        octets = from_hex(text)
    except ValueError as error:
        raise InvalidSettings("The manifest holds something else than hex.", field=name, given=text) from error
    if len(octets) != size:
        raise InvalidSettings("The manifest holds hex of the wrong length.", field=name, given=text, bytes=size)
    return octets


def _address(document: Mapping[str, object], name: str) -> str:
    return "0x" + _octets(document, name, size=20).hex()
