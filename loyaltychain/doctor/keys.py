"""The roles' keys, as files and settings: there, private, of the right address, unknown to all. Unlocks no keystore."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from loyaltychain.chain.devkeys import DEVELOPMENT_CHAINS, development_addresses
from loyaltychain.chain.key_sources import KeySource, read_source_address
from loyaltychain.config.project import ROLES
from loyaltychain.core import errors
from loyaltychain.doctor.finding import Finding, of_error
from loyaltychain.wiring import World

_PLACES = {"signer": "the signer", "variable": "the variable", "file": "a plain file", "keystore": "a keystore",
           "address": "its address alone"}  # fmt: skip
_OTHERS = 0o077  # what a file's mode lets others do


def look_at_keys(
    world: World, chain_id: int, holders: Mapping[str, str] | None
) -> tuple[list[Finding], dict[str, str]]:
    """A line for each role, one for the directory, one for addresses that hold two roles.

    Args:
        holders: Role -> address as deployed; None: nothing is deployed, and the deployer has to sign too.

    Returns the lines, and the addresses that could be read, by role, lower case.
    """
    roles = [role for role in ROLES if role != "deployer" or holders is None]
    signing = {"settler", "registrar"} | ({"deployer"} if holders is None else set())
    findings, addresses = [_look_at_directory(world.project.home / "keys")], {}
    for role in roles:
        finding, address = _look_at_key(world, role, chain_id, holders, must_sign=role in signing)
        findings.append(finding)
        if address is not None:
            addresses[role] = address
    return [*findings, _judge_shared(addresses)], addresses


def _look_at_directory(directory: Path) -> Finding:
    if not directory.is_dir():
        return Finding("keys", "keys/", "ok", "there is none: keys come from settings and variables")
    mode = stat.S_IMODE(directory.stat().st_mode)
    if mode & 0o022 and os.name == "posix":
        mend = "Others may replace keys there: chmod 700 keys"
        return Finding("keys", "keys/", "fail", f"its mode is {mode:04o}", mend)
    return Finding("keys", "keys/", "ok", f"only its owner may write there (mode {mode:04o})")


def _look_at_key(
    world: World, role: str, chain_id: int, holders: Mapping[str, str] | None, *, must_sign: bool
) -> tuple[Finding, str | None]:
    try:
        source = world.key_source(role)
        address = _address(world, source)
    except errors.LoyaltyError as error:
        return of_error("keys", role, error, mend="docs/NETWORKS.md says where keys may be, and how."), None
    return _judge_key(source, address, chain_id, holders, must_sign=must_sign), address


def _address(world: World, source: KeySource) -> str | None:
    """None where there is no key, or where a keystore keeps its address to itself."""
    if source.kind == "nowhere":
        return None
    known = read_source_address(source)
    if known is not None or source.kind == "keystore":
        return known
    return world.key(source.role).address


def _judge_key(
    source: KeySource, address: str | None, chain_id: int, holders: Mapping[str, str] | None, *, must_sign: bool
) -> Finding:
    role = source.role
    if source.kind == "nowhere" or (source.kind == "address" and must_sign):
        return _judge_absent(source, must_sign=must_sign, is_deployed=holders is not None)
    found = f"{_PLACES[source.kind]} {Path(source.where).name}: {address or 'its address is not in it'}"
    if source.kind in ("file", "keystore") and source.file is not None and _is_open(source.file):
        return Finding("keys", role, "fail", f"{found}; others may read the file", f"chmod 600 {source.file.name}")
    if address is None:
        return Finding("keys", role, "warn", found, f"Write its address into keys/{role}.address to have it checked.")
    if chain_id not in DEVELOPMENT_CHAINS and address in development_addresses():
        mend = f"Put a key of your own there ({role}.json or {role}.key, mode 0600)."
        return Finding("keys", role, "fail", f"{found}, a development key that everybody knows", mend)
    if holders is not None and role in holders and holders[role].lower() != address:
        mend = f"Put the key of {holders[role].lower()} back, or let the contract know the new one (SECURITY.md, keys)."
        return Finding(
            "keys",
            role,
            "fail" if must_sign else "warn",
            f"{found}, but the contract knows {holders[role].lower()}",
            mend,
        )
    return Finding("keys", role, "ok", found)


def _judge_absent(source: KeySource, *, must_sign: bool, is_deployed: bool) -> Finding:
    role, found = source.role, "there is none" if source.kind == "nowhere" else "its address alone"
    if must_sign:
        mend = f"Put {role}.json or {role}.key into keys/, or name it by a variable: it signs on this machine."
        return Finding("keys", role, "fail", found, mend)
    if is_deployed:
        return Finding("keys", role, "ok", f"{found}: its operations are not done from here")
    mend = f"Put {role}.address into keys/: a deployment has to know who holds the role."
    return Finding("keys", role, "fail", found, mend)


def _is_open(file: Path) -> bool:
    return os.name == "posix" and file.exists() and bool(stat.S_IMODE(file.stat().st_mode) & _OTHERS)


def _judge_shared(addresses: Mapping[str, str]) -> Finding:
    by_address: dict[str, list[str]] = {}
    for role, address in addresses.items():
        by_address.setdefault(address, []).append(role)
    shared = [" and ".join(roles) for roles in by_address.values() if len(roles) > 1]
    if shared:
        return Finding("keys", "one key a role", "fail", f"one key for {'; '.join(shared)}", "Give each its own.")
    return Finding("keys", "one key a role", "ok", f"{len(by_address)} addresses, no two roles share one")
