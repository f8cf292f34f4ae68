"""Roles and the functions they may call, against the manifest and the protocol's table. From logs, then from state.

A selector that the table does not name belongs to ADMIN by OpenZeppelin's default; giving it away is a finding.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from loyaltychain.audit.findings import Finding, differences, make_finding
from loyaltychain.audit.log_shapes import CAP_TYPES, HEADER_TYPES
from loyaltychain.audit.manifest import ACCESS, LEDGER, MEMBERS, REGISTRY, ROLES, Manifest
from loyaltychain.audit.rebuild import Rebuilt
from loyaltychain.audit.roles import Access, fold_access
from loyaltychain.audit.views import View
from loyaltychain.core.hashing import keccak256, to_hex

ADMIN: Final = ROLES["admin"]
NAMES: Final = {role: name for name, role in ROLES.items()}
CAPS_TYPE: Final = f"({','.join(CAP_TYPES)})"
HEADER_TYPE: Final = f"({','.join(HEADER_TYPES)})"
FUNCTIONS: Final = {
    (LEDGER, "pause()"): ROLES["guardian"],
    (LEDGER, f"lowerCaps({CAPS_TYPE})"): ROLES["guardian"],
    (LEDGER, "unpause()"): ROLES["config"],
    (LEDGER, f"raiseCaps({CAPS_TYPE})"): ROLES["config"],
    (LEDGER, "setSettler(address)"): ROLES["config"],
    (LEDGER, "setTransferLogs(bool)"): ROLES["config"],
    (LEDGER, f"proposeRootMode({HEADER_TYPE},uint32)"): ROLES["config"],
    (LEDGER, "cancelRootMode()"): ROLES["config"],
    (LEDGER, "upgradeToAndCall(address,bytes)"): ROLES["upgrader"],
    (REGISTRY, "publish(bytes32,uint64)"): ROLES["registrar"],
    (REGISTRY, "upgradeToAndCall(address,bytes)"): ROLES["upgrader"],
    (MEMBERS, "stopBinding()"): ROLES["guardian"],
    (MEMBERS, "setVoucherSigner(address)"): ROLES["config"],
    (MEMBERS, "forceUnbind(uint32)"): ROLES["config"],
    (MEMBERS, "proposeRebind(uint32,address,uint64,bytes)"): ROLES["registrar"],
    (MEMBERS, "cancelRebind(uint32)"): ROLES["registrar"],
    (MEMBERS, "upgradeToAndCall(address,bytes)"): ROLES["upgrader"],
}
#: Who may cancel what a delayed role has scheduled; for every other role it is ADMIN.
GUARDIANS: Final = {ROLES["config"]: ROLES["guardian"], ROLES["upgrader"]: ROLES["guardian"]}


def check_access(manifest: Manifest, rebuilt: Rebuilt, *, block: int) -> list[Finding]:
    """Roles, delays and function tables that the logs produce and the manifest does not promise."""
    address = manifest.addresses[ACCESS]
    access = fold_access([fact for fact in rebuilt.facts if fact.address == address])
    found = _check_holders(access, manifest, block=block)
    found += _check_functions(access, manifest, block=block)
    found += _check_defaults(access, block=block)
    obeyed = {fact.address: fact.addresses["authority"] for fact in rebuilt.facts if fact.name == "AuthorityUpdated"}
    for contract, authority in obeyed.items():
        found += differences("authority", contract, expected=address, actual=authority, block=block)
    return found


def check_access_state(access: View, managed: Sequence[View], manifest: Manifest) -> list[Finding]:
    """The same from the answers of the access manager and of those it manages, in case that logs were withheld."""
    block = access.block
    found = []
    for role, holder in sorted(manifest.holders.items()):
        is_member, delay = _ask_role(access, role, holder)
        if not is_member:
            found.append(make_finding("role-missing", _name(role), expected=holder, actual=None, block=block))
            continue
        due = manifest.delays.get(role, 0)
        if delay != due and not (delay > due == _coming_delay(access, role, holder)):
            found.append(make_finding("role-delay", _name(role), expected=due, actual=delay, block=block))
    for (name, signature), role in FUNCTIONS.items():
        selector = int.from_bytes(_selector(signature)) << 224
        target = int(manifest.addresses[name], 16)
        actual = access.number("getTargetFunctionRole(address,bytes4)", target, selector)
        found += differences("function-role", f"{name}.{signature}", expected=role, actual=actual, block=block)
    for view in managed:
        authority = view.address_of("authority()")
        found += differences("authority", view.address, expected=access.address, actual=authority, block=block)
    return found + _check_default_state(access, managed)


def _ask_role(access: View, role: int, holder: str) -> tuple[bool, int]:
    """Whether an address holds a role now, and the seconds after which it acts."""
    is_member, delay = access.words("hasRole(uint64,address)", role, int(holder, 16), count=2)
    return bool(int.from_bytes(is_member)), int.from_bytes(delay)


def _coming_delay(access: View, role: int, holder: str) -> int | None:
    """The delay that will count later, if any: a shorter one counts only when the longer one before it is over."""
    _, _, coming, since = access.words("getAccess(uint64,address)", role, int(holder, 16), count=4)
    return int.from_bytes(coming) if any(since) else None


def _check_default_state(access: View, managed: Sequence[View]) -> list[Finding]:
    """Who grants and cancels, what grants and rules wait, and what is closed, from the manager's answers."""
    block = access.block
    found = []
    for role in sorted(NAMES.keys() - {ADMIN}):
        asked = (("admin", "getRoleAdmin(uint64)", ADMIN),
                 ("guardian", "getRoleGuardian(uint64)", GUARDIANS.get(role, ADMIN)))  # fmt: skip
        for kind, signature, due in asked:
            actual, subject = access.number(signature, role), f"{kind} of {_name(role)}"
            found += differences("role-admin", subject, expected=_name(due), actual=_name(actual), block=block)
        wait = access.number("getRoleGrantDelay(uint64)", role)
        found += differences("role-grant-delay", f"grants of {_name(role)}", expected=0, actual=wait, block=block)
    for view in managed:
        target = int(view.address, 16)
        wait = access.number("getTargetAdminDelay(address)", target)
        found += differences("role-grant-delay", f"rules of {view.address}", expected=0, actual=wait, block=block)
        if access.number("isTargetClosed(address)", target):
            found.append(make_finding("target-closed", view.address, expected="open", actual="closed", block=block))
    return found


def _check_holders(access: Access, manifest: Manifest, *, block: int) -> list[Finding]:
    found = []
    for role in sorted(access.holders.keys() | manifest.holders.keys()):
        holders = access.holders.get(role, {})
        expected = manifest.holders.get(role)
        for holder in sorted(holders.keys() - {expected}):
            seen = access.blocks.get((role, holder), block)
            found.append(make_finding("role-extra", _name(role), expected=expected, actual=holder, block=seen))
        if expected is None:
            continue
        if expected not in holders:
            found.append(make_finding("role-missing", _name(role), expected=expected, actual=None, block=block))
            continue
        delay = manifest.delays.get(role, 0)
        seen = access.blocks.get((role, expected), block)
        found += differences("role-delay", _name(role), expected=delay, actual=holders[expected], block=seen)
    return found


def _check_functions(access: Access, manifest: Manifest, *, block: int) -> list[Finding]:
    expected = {
        (manifest.addresses[name], _selector(signature)): (f"{name}.{signature}", role)
        for (name, signature), role in FUNCTIONS.items()
    }
    found = []
    for key, (subject, role) in expected.items():
        actual = access.functions.get(key, ADMIN)
        found += differences("function-role", subject, expected=role, actual=actual, block=block)
    for key in sorted(access.functions.keys() - expected.keys()):
        target, selector = key
        subject = f"{to_hex(selector)} of {target}"
        found += differences("function-role", subject, expected=ADMIN, actual=access.functions[key], block=block)
    for target, closed_at in access.closed.items():
        found.append(make_finding("target-closed", target, expected="open", actual="closed", block=closed_at))
    return found


def _check_defaults(access: Access, *, block: int) -> list[Finding]:
    found = []
    for kind, roles, expected in (("admin", access.admins, {}), ("guardian", access.guardians, GUARDIANS)):
        for role in sorted(roles.keys() | expected.keys()):
            subject = f"{kind} of {_name(role)}"
            other, due = roles.get(role, ADMIN), expected.get(role, ADMIN)
            found += differences("role-admin", subject, expected=_name(due), actual=_name(other), block=block)
    delays: Iterable[tuple[str, int]] = [
        *((f"grants of {_name(role)}", delay) for role, delay in sorted(access.grant_delays.items())),
        *((f"rules of {target}", delay) for target, delay in sorted(access.target_delays.items())),
    ]
    for subject, delay in delays:
        found += differences("role-grant-delay", subject, expected=0, actual=delay, block=block)
    return found


def _name(role: int) -> str:
    return NAMES.get(role, f"role {role}")


def _selector(signature: str) -> bytes:
    return keccak256(signature.encode())[:4]
