"""A deployment's manifest, as the auditor reads it: what is claimed about the contracts. Believes none of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from loyaltychain.core.errors import InvalidSettings
from loyaltychain.core.hashing import from_hex

LEDGER: Final = "PointsLedger"
REGISTRY: Final = "ProgramRegistry"
ACCESS: Final = "AccessManager"
MEMBERS: Final = "MemberRegistry"
PROOFS: Final = "BatchProofs"
PROXIED: Final = (LEDGER, REGISTRY, MEMBERS)
UNPROXIED: Final = (ACCESS, PROOFS)
#: The contract's ``Mode``, in its order.
MODES: Final = ("push", "root")
ROLES: Final = {"admin": 0, "guardian": 1, "config": 2, "upgrader": 3, "registrar": 4}


@dataclass(frozen=True, slots=True)
class WalletSettings:
    """Claims about what concerns wallets."""

    voucher_signer: str
    rebind_delay: int  # seconds that a proposed wallet waits
    transfer_logs: bool


@dataclass(frozen=True, slots=True)
class Mode:
    """How balances are surfaced (PROTOCOL §12)."""

    name: str = "push"  # of MODES
    challenge_window: int = 0  # seconds in which a batch can be voided

    @property
    def is_root(self) -> bool:
        """Whether a batch stands as its root, and can be voided for a while."""
        return self.name == "root"


PUSH: Final = Mode()


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
    mode: Mode = PUSH
    first_mode: Mode = PUSH  # as it was deployed; another one after a switch
    #: By contract name, what has stood behind its proxy: that of the deployment, then those of the upgrades.
    histories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def history(self, name: str) -> tuple[str, ...]:
        """The implementations of one proxy, oldest first."""
        return self.histories.get(name, (self.implementations[name],))


def parse_manifest(document: Mapping[str, object]) -> Manifest:
    """The manifest in a ``deployments/<network>.json``.

    Raises:
        InvalidSettings: a field is missing or of the wrong kind; names it.
    """
    contracts = read_section(document, "contracts")
    roles = read_section(document, "roles")
    delays = read_section(document, "delays")
    caps = read_section(document, "caps")
    deployed = read_section(document, "deployed") if "deployed" in document else {}
    return Manifest(
        network=read_text(document, "network"),
        chain_id=read_number(document, "chain_id"),
        genesis_hash=read_octets(document, "genesis_hash", size=32),
        instance_id=read_octets(document, "instance_id", size=32),
        first_block=read_number(document, "first_block"),
        addresses={name: read_address(read_section(contracts, name), "address") for name in (*PROXIED, *UNPROXIED)},
        implementations={name: read_address(read_section(contracts, name), "implementation") for name in PROXIED},
        holders={role: read_address(roles, name) for name, role in ROLES.items()},
        settler=read_address(roles, "settler"),
        delays={role: read_number(delays, name) for name, role in ROLES.items() if name in delays},
        caps={name: read_number(caps, name) for name in caps},
        wallets=read_wallet_settings(document),
        mode=read_mode(document),
        first_mode=read_mode(deployed if "mode" in deployed else document),
        histories={name: _read_history(document, deployed, name) for name in PROXIED},
    )


def _read_history(document: Mapping[str, object], deployed: Mapping[str, object], name: str) -> tuple[str, ...]:
    """Implementations of one proxy, as the manifest tells of its deployment and its upgrades."""
    beginnings = deployed.get("implementations", {})
    if not isinstance(beginnings, dict) or name not in beginnings:
        return (read_address(read_section(read_section(document, "contracts"), name), "implementation"),)
    upgrades = document.get("upgrades")
    if not isinstance(upgrades, list) or not all(isinstance(each, dict) for each in upgrades):
        raise InvalidSettings("The manifest lacks a list.", field="upgrades", given=upgrades)
    later = [read_address(each, "new") for each in upgrades if each.get("contract") == name]
    return (read_address(beginnings, name), *later)


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


def read_mode(document: Mapping[str, object]) -> Mode:
    """The fields ``mode`` and ``challenge_window`` of ``document``; push and 0 where it has none.

    Raises InvalidSettings for another mode, and for a window that the mode does not allow.
    """
    name = read_text(document, "mode") if "mode" in document else PUSH.name
    window = read_number(document, "challenge_window") if "challenge_window" in document else 0
    if name not in MODES:
        raise InvalidSettings("The manifest names a mode that there is not.", field="mode", given=name)
    if (name == PUSH.name) != (window == 0):
        raise InvalidSettings("The manifest's window does not fit its mode.", field="challenge_window", given=window)
    return Mode(name, window)


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
