"""Which code runs, against published releases: proxies, implementations past and present, access manager and judge."""

from collections.abc import Mapping, Set
from itertools import chain, repeat

from loyaltychain.audit.creations import PROXY
from loyaltychain.audit.findings import Finding, differences, make_finding
from loyaltychain.audit.history import read_old_code
from loyaltychain.audit.log_shapes import Fact
from loyaltychain.audit.manifest import ACCESS, PROOFS, PROXIED, Manifest
from loyaltychain.audit.rebuild import Rebuilt
from loyaltychain.audit.views import View
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core.hashing import keccak256, to_hex

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
    found = _check_release("access-foreign", ACCESS, access.code(), at=access, known=releases[ACCESS])
    proofs = View(rpc, manifest.addresses[PROOFS], block=block)
    found += _check_release("proofs-foreign", PROOFS, proofs.code(), at=proofs, known=releases[PROOFS])
    for name in PROXIED:
        proxy = View(rpc, manifest.addresses[name], block=block)
        found += _check_release("proxy-foreign", name, proxy.code(), at=proxy, known=releases[PROXY])
        found += _check_implementations(rpc, name, manifest, rebuilt, at=proxy, known=releases[name])
    return found


def is_released(proxy: View, known: Set[bytes]) -> bool:
    """Whether a proxy now runs code of a release, so that its answers mean what they should."""
    address = proxy.implementation()
    return hash_code(proxy.code(address), address=address) in known


def _check_implementations(
    rpc: Rpc, name: str, manifest: Manifest, rebuilt: Rebuilt, *, at: View, known: Set[bytes]
) -> list[Finding]:
    current = at.implementation()
    upgrades = list_upgrades(rebuilt, at.address)
    announced = upgrades[-1].addresses["implementation"] if upgrades else None
    found = differences("implementation-slot", name, expected=announced, actual=current, block=at.block)
    found += check_upgrades(name, manifest, rebuilt)
    ran: dict[str, list[int]] = {}
    for upgrade in upgrades:
        ran.setdefault(upgrade.addresses["implementation"], []).append(upgrade.place.block_number)
    for address in dict.fromkeys([*ran, current]):
        view = View(rpc, address, block=at.block)
        foreign = _check_release("implementation-foreign", name, view.code(), at=view, known=known)
        # Of code whose creation is checked, nothing else can have been there before it.
        is_new = address != manifest.history(name)[0]
        found += foreign or _check_past(rpc, name, address, ran.get(address, []), is_new=is_new, known=known)
    return found


def _check_past(
    rpc: Rpc, name: str, address: str, blocks: list[int], *, is_new: bool, known: Set[bytes]
) -> list[Finding]:
    """What stood at an implementation's address when it began to run. Code can leave in the transaction it came in."""
    for block in blocks:
        view = View(rpc, address, block=block)
        found = _check_old("implementation-foreign", name, rpc, at=view, known=known)
        if not found and is_new:
            before = View(rpc, address, block=block - 1)
            found = _check_old("implementation-fresh", name, rpc, at=before, known=known)
        if found:
            return found
    return []


def _check_old(code: str, name: str, rpc: Rpc, *, at: View, known: Set[bytes]) -> list[Finding]:
    runs = read_old_code(rpc, at.address, block=at.block, subject=f"{name} at {at.address}")
    if isinstance(runs, Finding):
        return [runs]
    return _check_release(code, name, runs, at=at, known=known)


def list_upgrades(rebuilt: Rebuilt, address: str) -> list[Fact]:
    """The ``Upgraded`` logs of one proxy; the first is its construction."""
    return [fact for fact in rebuilt.facts if fact.address == address and fact.name == "Upgraded"]


def check_upgrades(name: str, manifest: Manifest, rebuilt: Rebuilt) -> list[Finding]:
    """One finding for each implementation that the logs announce and the manifest does not name in its place."""
    named = manifest.history(name)
    upgrades = list_upgrades(rebuilt, manifest.addresses[name])
    found = [
        make_finding(
            "implementation-changed",
            name,
            expected=expected,
            actual=upgrade.addresses["implementation"],
            block=upgrade.place.block_number,
        )
        for upgrade, expected in zip(upgrades, chain(named, repeat(named[-1])), strict=False)
        if upgrade.addresses["implementation"] != expected
    ]
    if upgrades and not found and len(named) > len(upgrades):
        last = upgrades[-1]
        found = differences("implementation-changed", name, expected=named[-1],
                            actual=last.addresses["implementation"], block=last.place.block_number)  # fmt: skip
    return found


def _check_release(code: str, name: str, runs: bytes, *, at: View, known: Set[bytes]) -> list[Finding]:
    actual = hash_code(runs, address=at.address)
    if actual in known:
        return []
    expected = " or ".join(sorted(to_hex(code_hash) for code_hash in known))
    return [
        make_finding(
            code, f"{name} at {at.address}", expected=expected, actual=actual if runs else None, block=at.block
        )
    ]
