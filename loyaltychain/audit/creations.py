"""How the contracts came to be, as the manifest claims it, and the exact arguments that creating them so takes.

Asks nobody; ``check_creations`` holds the chain against it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from eth_abi.abi import encode
from eth_abi.exceptions import EncodingError

from loyaltychain.audit.log_shapes import CAP_NAMES, CAP_TYPES
from loyaltychain.audit.manifest import (
    ACCESS,
    LEDGER,
    MEMBERS,
    MODES,
    PROOFS,
    REGISTRY,
    Manifest,
    read_address,
    read_number,
    read_octets,
    read_section,
    read_text,
    read_wallet_settings,
)
from loyaltychain.core.errors import InvalidSettings
from loyaltychain.core.hashing import keccak256

PROXY: Final = "PointsProxy"
_LEDGER_TYPES: Final = ("address", "address", "bytes32", "string", "string", f"({','.join(CAP_TYPES)})",
                                     "address", "bool", "address", "uint8", "uint32")  # fmt: skip
_REGISTRY_TYPES: Final = ("address",)
_MEMBERS_TYPES: Final = ("address", "address", "uint32")


@dataclass(frozen=True, slots=True)
class Creation:
    """One transaction that is said to have created a contract."""

    name: str  # in the manifest's ``creations``
    contract: str  # whose creation code it must have sent
    address: str
    tx_hash: bytes
    arguments: bytes  # of the constructor, encoded
    logs: bool  # the audit reads logs of this address


def parse_creations(document: Mapping[str, object], manifest: Manifest) -> tuple[Creation, ...]:
    """The creation of every contract in ``document``, the manifest as JSON has it.

    Settings that roles may change later count as they were at deployment: ``deployed`` where the manifest has it.

    Raises:
        InvalidSettings: a field is missing, of the wrong kind, or too large for the contract; names it.
    """
    token = read_section(document, "token")
    hashes = read_section(document, "creations")
    deployed = read_section(document, "deployed") if "deployed" in document else {}
    settler = read_address(deployed, "settler") if "settler" in deployed else manifest.settler
    caps = read_section(deployed if "caps" in deployed else document, "caps")
    wallets = read_wallet_settings(deployed if "wallets" in deployed else document)
    authority = manifest.addresses[ACCESS]
    initialize_ledger = _encode_call(
        _LEDGER_TYPES,
        (
            authority,
            settler,
            manifest.instance_id,
            read_text(token, "name"),
            read_text(token, "symbol"),
            tuple(read_number(caps, name) for name in CAP_NAMES),
            manifest.addresses[MEMBERS],
            wallets.transfer_logs,
            manifest.addresses[PROOFS],
            MODES.index(manifest.first_mode.name),
            manifest.first_mode.challenge_window,
        ),
    )
    initialize_registry = _encode_call(_REGISTRY_TYPES, (authority,))
    initialize_members = _encode_call(_MEMBERS_TYPES, (authority, wallets.voucher_signer, wallets.rebind_delay))

    def claim(name: str, contract: str, address: str, arguments: bytes, *, logs: bool) -> Creation:
        return Creation(name, contract, address, read_octets(hashes, name, size=32), arguments, logs)

    def proxy(name: str, call: bytes) -> Creation:
        arguments = encode(["address", "bytes"], [manifest.history(name)[0], call])
        return claim(name, PROXY, manifest.addresses[name], arguments, logs=True)

    def implementation(name: str) -> Creation:
        return claim(f"{name}Implementation", name, manifest.history(name)[0], b"", logs=False)

    deployer = encode(["address"], [read_address(document, "deployer")])
    return (
        claim(ACCESS, ACCESS, authority, deployer, logs=True),
        claim(PROOFS, PROOFS, manifest.addresses[PROOFS], b"", logs=False),
        implementation(LEDGER),
        implementation(REGISTRY),
        implementation(MEMBERS),
        proxy(MEMBERS, initialize_members),
        proxy(LEDGER, initialize_ledger),
        proxy(REGISTRY, initialize_registry),
    )


def _encode_call(types: Sequence[str], values: Sequence[object]) -> bytes:
    """The call of ``initialize`` with arguments of these types."""
    try:
        return keccak256(f"initialize({','.join(types)})".encode())[:4] + encode(types, values)
    except EncodingError as error:
        raise InvalidSettings("The manifest holds a value that the contract cannot take.", reason=str(error)) from error
