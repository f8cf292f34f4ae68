"""A deployment's manifest, as the auditor reads it: what is claimed about the contracts. Believes none of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from loyaltychain.core.errors import InvalidSettings
from loyaltychain.core.hashing import from_hex

LEDGER: Final = "PointsLedger"
REGISTRY: Final = "ProgramRegistry"
ACCESS: Final = "AccessManager"
MEMBERS: Final = "MemberRegistry"
PROXIED: Final = (LEDGER, REGISTRY, MEMBERS)
ROLES: Final = {"admin": 0, "guardian": 1, "config": 2, "upgrader": 3, "registrar": 4}


@dataclass(frozen=True, slots=True)
class WalletSettings:
    """Claims about what concerns wallets."""

    voucher_signer: str
    rebind_delay: int  # seconds that a proposed wallet waits
    transfer_logs: bool


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
    wallets: WalletSettings


def parse_manifest(document: Mapping[str, object]) -> Manifest:
    """The manifest in a ``deployments/<network>.json``.

    Raises:
        InvalidSettings: a field is missing or of the wrong kind; names it.
    """
    contracts = read_section(document, "contracts")
    roles = read_section(document, "roles")
    delays = read_section(document, "delays")
    caps = read_section(document, "caps")
    return Manifest(
        network=read_text(document, "network"),
        chain_id=read_number(document, "chain_id"),
        genesis_hash=read_octets(document, "genesis_hash", size=32),
        instance_id=read_octets(document, "instance_id", size=32),
        first_block=read_number(document, "first_block"),
        addresses={name: read_address(read_section(contracts, name), "address") for name in (*PROXIED, ACCESS)},
        implementations={name: read_address(read_section(contracts, name), "implementation") for name in PROXIED},
        holders={role: read_address(roles, name) for name, role in ROLES.items()},
        settler=read_address(roles, "settler"),
        delays={role: read_number(delays, name) for name, role in ROLES.items() if name in delays},
        caps={name: read_number(caps, name) for name in caps},
        wallets=read_wallet_settings(document),
    )


def read_wallet_settings(document: Mapping[str, object]) -> WalletSettings:
    """The section ``wallets`` of ``document``. Raises InvalidSettings where it is not whole."""
    section = read_section(document, "wallets")
    transfer_logs = section.get("transfer_logs")
    if not isinstance(transfer_logs, bool):
        raise InvalidSettings("The manifest lacks a yes or no.", field="transfer_logs", given=transfer_logs)
    return WalletSettings(
        voucher_signer=read_address(section, "voucher_signer"),
        rebind_delay=read_number(section, "rebind_delay"),
        transfer_logs=transfer_logs,
    )


def read_section(document: Mapping[str, object], name: str) -> Mapping[str, object]:
    """The object of that name. Raises InvalidSettings where there is none, as do the readers below."""
    value = document.get(name)
    if not isinstance(value, dict):
        raise InvalidSettings("The manifest lacks a section.", field=name, given=value)
    return value


def read_text(document: Mapping[str, object], name: str) -> str:
    """The text of that name."""
    value = document.get(name)
    if not isinstance(value, str):
        raise InvalidSettings("The manifest lacks a text.", field=name, given=value)
    return value


def read_number(document: Mapping[str, object], name: str) -> int:
    """The whole number of that name, at least 0."""
    value = document.get(name)
    if type(value) is not int or value < 0:
        raise InvalidSettings("The manifest lacks a number.", field=name, given=value)
    return value


def read_octets(document: Mapping[str, object], name: str, *, size: int) -> bytes:
    """The bytes of that name, given as 0x hex of exactly that size."""
    text = read_text(document, name)
    try:
        octets = from_hex(text)
    except ValueError as error:
        raise InvalidSettings("The manifest holds something else than hex.", field=name, given=text) from error
    if len(octets) != size:
        raise InvalidSettings("The manifest holds hex of the wrong length.", field=name, given=text, bytes=size)
    return octets


def read_address(document: Mapping[str, object], name: str) -> str:
    """The address of that name: 0x, lower case."""
    return "0x" + read_octets(document, name, size=20).hex()
