"""Which code runs: proxies, implementations past and present, and the access manager, against published releases."""

from collections.abc import Mapping, Set
from typing import Final

from loyaltychain.audit.findings import Finding, differences, make_finding
from loyaltychain.audit.log_shapes import Fact
from loyaltychain.audit.manifest import ACCESS, PROXIED, Manifest
from loyaltychain.audit.rebuild import Rebuilt
from loyaltychain.audit.views import View
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core.hashing import keccak256, to_hex

PROXY: Final = "PointsProxy"

Releases = Mapping[str, Set[bytes]]  # by contract name: the hashes of its code in every release


def hash_code(code: bytes, *, address: str) -> bytes:
    """The code's hash with the contract's own address, where the constructor wrote it into the code, set to zero.

    A constant of any other value stays, and makes the code foreign.
    """
    own = bytes.fromhex(address.removeprefix("0x")).rjust(32, b"\x00")
    return keccak256(code.replace(own, bytes(32)))


def check_code(rpc: Rpc, manifest: Manifest, rebuilt: Rebuilt, *, block: int, releases: Releases) -> list[Finding]:
    """Code of no release, and upgrades."""
    access = View(rpc, manifest.addresses[ACCESS], block=block)
    found = _check_release("access-foreign", ACCESS, access, access.address, known=releases[ACCESS])
    for name in PROXIED:
        proxy = View(rpc, manifest.addresses[name], block=block)
        found += _check_release("proxy-foreign", name, proxy, proxy.address, known=releases[PROXY])
        found += _check_implementation(name, proxy, manifest, rebuilt, known=releases[name])
    return found


def is_released(proxy: View, known: Set[bytes]) -> bool:
    """Whether a proxy now runs code of a release, so that its answers mean what they should."""
    address = proxy.implementation()
    return hash_code(proxy.code(address), address=address) in known


def _check_implementation(
    name: str, proxy: View, manifest: Manifest, rebuilt: Rebuilt, *, known: Set[bytes]
) -> list[Finding]:
    current = proxy.implementation()
    upgrades = list_upgrades(rebuilt, proxy.address)
    announced = upgrades[-1].addresses["implementation"] if upgrades else None
    found = differences("implementation-slot", name, expected=announced, actual=current, block=proxy.block)
    found += check_upgrades(name, manifest, rebuilt)
    ran = dict.fromkeys([*(upgrade.addresses["implementation"] for upgrade in upgrades), current])
    for address in ran:
        found += _check_release("implementation-foreign", name, proxy, address, known=known)
    return found


def list_upgrades(rebuilt: Rebuilt, address: str) -> list[Fact]:
    """The ``Upgraded`` logs of one proxy; the first is its construction."""
    return [fact for fact in rebuilt.facts if fact.address == address and fact.name == "Upgraded"]


def check_upgrades(name: str, manifest: Manifest, rebuilt: Rebuilt) -> list[Finding]:
    """One finding for each implementation that the logs announce and the manifest does not name."""
    expected = manifest.implementations[name]
    return [
        make_finding(
            "implementation-changed",
            name,
            expected=expected,
            actual=upgrade.addresses["implementation"],
            block=upgrade.place.block_number,
        )
        for upgrade in list_upgrades(rebuilt, manifest.addresses[name])
        if upgrade.addresses["implementation"] != expected
    ]


def _check_release(code: str, name: str, proxy: View, address: str, *, known: Set[bytes]) -> list[Finding]:
    actual = hash_code(proxy.code(address), address=address)
    if actual in known:
        return []
    expected = " or ".join(sorted(to_hex(code_hash) for code_hash in known))
    return [make_finding(code, f"{name} at {address}", expected=expected, actual=actual, block=proxy.block)]
