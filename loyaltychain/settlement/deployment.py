"""What settlement has to know of a deployment: which chain, which contracts.

The manifest is written and read by ``deploy``; this is the part of it that hashes, receipts and calls depend on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from eth_utils.address import is_hex_address, to_checksum_address

from loyaltychain.core.errors import InvalidSettings
from loyaltychain.core.hashing import from_hex
from loyaltychain.settlement.types import Mode


@dataclass(frozen=True, slots=True)
class Deployment:
    """One set of contracts on one chain. Addresses are EIP-55 checksummed text, hashes 32 bytes."""

    network: str
    chain_id: int
    genesis_hash: bytes  # of block 0: two chains may share an id, not a genesis
    instance_id: bytes  # random, written into the ledger contract when it was deployed
    ledger: str  # the PointsLedger proxy
    registry: str  # the ProgramRegistry proxy
    mode: Mode = "push"
    challenge_window: int = 0  # seconds for which a settled batch can be voided; 0 in push mode
    first_block: int = 0  # no log of these contracts is older

    @classmethod
    def from_manifest(cls, manifest: Mapping[str, Any]) -> Self:
        """The deployment that ``manifest`` (the parsed ``deployments/<network>.json``) describes.

        Raises InvalidSettings that names the first missing or unreadable field.
        """
        return cls(
            network=_text(manifest, "network"),
            chain_id=_chain_id(manifest),
            genesis_hash=_hash(manifest, "genesis_hash"),
            instance_id=_hash(manifest, "instance_id"),
            ledger=_address(manifest, "PointsLedger"),
            registry=_address(manifest, "ProgramRegistry"),
            mode=_mode(manifest),
            challenge_window=_count(manifest, "challenge_window"),
            first_block=_count(manifest, "first_block"),
        )


def _field(manifest: Mapping[str, Any], name: str) -> object:
    if name not in manifest:
        raise InvalidSettings("The manifest lacks a field.", field=name)
    return manifest[name]


def _text(manifest: Mapping[str, Any], name: str) -> str:
    value = _field(manifest, name)
    if not isinstance(value, str) or not value:
        raise InvalidSettings("A field of the manifest is not a text.", field=name, value=value)
    return value


def _chain_id(manifest: Mapping[str, Any]) -> int:
    value = _field(manifest, "chain_id")
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InvalidSettings("The manifest's chain id is not a positive integer.", field="chain_id", value=value)
    return value


def _mode(manifest: Mapping[str, Any]) -> Mode:
    """Push where the manifest names none."""
    value = manifest.get("mode", "push")
    if value == "push":
        return "push"
    if value == "root":
        return "root"
    raise InvalidSettings("The manifest's mode is neither push nor root.", field="mode", value=value)


def _count(manifest: Mapping[str, Any], name: str) -> int:
    """0 where the manifest does not name it."""
    value = manifest.get(name, 0)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InvalidSettings("A field of the manifest is not a whole number from 0 on.", field=name, value=value)
    return value


def _hash(manifest: Mapping[str, Any], name: str) -> bytes:
    text = _text(manifest, name)
    try:
        value = from_hex(text)
    except ValueError as error:
        raise InvalidSettings("A hash of the manifest is not hex.", field=name, value=text) from error
    if len(value) != 32:
        raise InvalidSettings("A hash of the manifest is not 32 bytes.", field=name, value=text)
    return value


def _address(manifest: Mapping[str, Any], contract: str) -> str:
    contracts = _field(manifest, "contracts")
    record = contracts.get(contract) if isinstance(contracts, Mapping) else None
    address = record.get("address") if isinstance(record, Mapping) else None
    if not is_hex_address(address):
        raise InvalidSettings("The manifest has no address of a contract.", contract=contract, value=address)
    return to_checksum_address(address)
