"""The manifest: what is deployed where, as a JSON file that everybody who checks it can read."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import loyaltychain
from loyaltychain.core import errors
from loyaltychain.core.hashing import from_hex
from loyaltychain.core.json_text import parse_json
from loyaltychain.deploy.plan import CAP_NAMES, MODES, PROXIED, ROLE_NUMBERS, UNPROXIED, DeployPlan

Manifest = dict[str, Any]


def make_manifest(
    plan: DeployPlan, addresses: Mapping[str, str], *, creations: Mapping[str, str], first_block: int
) -> Manifest:
    """The manifest of a finished deployment.

    Args:
        addresses: Name of each created contract -> its address.
        creations: The same names -> the hash of the transaction that created it, as 0x hex.
        first_block: The block of the first creation; logs need not be read before it.
    """
    proxied = {
        name: {"address": addresses[name], "implementation": addresses[f"{name}Implementation"]} for name in PROXIED
    }
    wallets = {
        "transfer_logs": plan.transfer_logs,
        "rebind_delay": plan.rebind_delay,
        "voucher_signer": plan.voucher_signer,
    }
    return {
        "network": plan.network,
        "chain_id": plan.chain_id,
        "genesis_hash": plan.genesis_hash,
        "instance_id": plan.instance_id,
        "mode": plan.mode,
        "challenge_window": plan.challenge_window,
        "release": loyaltychain.__version__,
        "first_block": first_block,
        "contracts": {name: {"address": addresses[name]} for name in UNPROXIED} | proxied,
        "creations": dict(creations),
        "roles": {role: address for role, address in plan.roles.items() if role != "deployer"},
        "deployer": plan.roles["deployer"],
        "delays": plan.delays,
        "caps": plan.caps,
        "wallets": wallets,
        # Roles may change these later, and the manifest with them; the creations were made with those of the beginning.
        "deployed": {
            "caps": dict(plan.caps),
            "settler": plan.roles["settler"],
            "wallets": dict(wallets),
            "mode": plan.mode,
            "challenge_window": plan.challenge_window,
        },
        "token": {"name": plan.token_name, "symbol": plan.token_symbol, "decimals": 0},
    }


def write_manifest(file: Path, manifest: Manifest) -> None:
    """Write it whole or not at all: a reader never sees half a manifest."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".json.new")
    with fresh.open("w", encoding="utf-8") as stream:
        json.dump(manifest, stream, indent=2)
        stream.write("\n")
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)


def read_manifest(file: Path) -> Manifest:
    """The manifest in ``file``.

    Raises:
        NotDeployed: there is none.
        InvalidSettings: it is not JSON, or names no contracts.
    """
    if not file.is_file():
        raise errors.NotDeployed(f"Nothing is deployed on the network {file.stem!r}: run `loyaltychain deploy`.")
    try:
        manifest: Manifest = parse_json(file.read_text(encoding="utf-8"))
        _check_shape(manifest)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise errors.InvalidSettings(
            f"{file.name} is not a whole deployment manifest: restore it from a backup, or delete it and run "
            "`loyaltychain deploy`, which writes it again.",
            reason=repr(error),
        ) from error
    return manifest


def _check_shape(manifest: Manifest) -> None:
    """Raises KeyError, TypeError, ValueError or AttributeError for what is missing or no such value."""
    for name in ("network", "chain_id", "genesis_hash", "instance_id", "first_block", "deployer"):
        manifest[name]
    for name in (*ROLE_NUMBERS, "settler"):
        manifest["roles"][name].lower()
    for name in CAP_NAMES:
        int(manifest["caps"][name])
    for part in ("delays", "token"):
        dict(manifest[part])
    for tx_hash in manifest.get("creations", {}).values():
        if len(from_hex(tx_hash)) != 32:
            raise ValueError(f"no transaction hash: {tx_hash}")
    for name in UNPROXIED:
        manifest["contracts"][name]["address"].lower()
    MODES.index(manifest["mode"])
    int(manifest["challenge_window"])
    bool(manifest["wallets"]["transfer_logs"])
    int(manifest["wallets"]["rebind_delay"])
    manifest["wallets"]["voucher_signer"].lower()
    for name in PROXIED:
        manifest["contracts"][name]["address"].lower()
        manifest["contracts"][name]["implementation"].lower()
