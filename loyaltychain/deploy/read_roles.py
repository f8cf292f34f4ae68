"""Read the roles back: every holder that was ever granted one, not only those that the manifest expects.

The access manager answers about an address that one asks for; who else there is, only its logs tell.
"""

from collections.abc import Mapping
from typing import Any

from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import decode_log, has_event
from loyaltychain.deploy.plan import ADMIN, CONFIG, GUARDIAN, PROXIED, ROLE_NUMBERS, UPGRADER
from loyaltychain.deploy.reader import Check, Reader

#: Who may cancel what these roles have scheduled; for every other role it is ADMIN.
_GUARDED = {CONFIG: GUARDIAN, UPGRADER: GUARDIAN}


def read_roles(reader: Reader, manifest: Mapping[str, Any]) -> list[Check]:
    """Holders by state and by logs, delays, who grants and cancels, and that no contract is closed."""
    return _read_holders(reader, manifest) + _read_logged(reader, manifest) + _read_rules(reader, manifest)


def _read_holders(reader: Reader, manifest: Mapping[str, Any]) -> list[Check]:
    manager = manifest["contracts"]["AccessManager"]["address"]

    def holds(role: int, account: str) -> tuple[bool, int]:
        answer = reader.ask("AccessManager", manager, "hasRole", role, account)
        member, delay = answer.values() if isinstance(answer, Mapping) else answer
        return bool(member), int(delay)

    checks = [
        Check(f"{name} holds its role, delay in seconds", (True, manifest["delays"].get(name, 0)),
              holds(number, manifest["roles"][name]))
        for name, number in ROLE_NUMBERS.items()
    ]  # fmt: skip
    return checks + [
        Check(f"{other} does not hold {name}", False, holds(number, account)[0])
        for other, account in (("deployer", manifest["deployer"]), ("settler", manifest["roles"]["settler"]))
        for name, number in ROLE_NUMBERS.items()
    ]


def _read_logged(reader: Reader, manifest: Mapping[str, Any]) -> list[Check]:
    """The holders of every role that was ever granted or expected, by the manager's logs."""
    manager = manifest["contracts"]["AccessManager"]["address"]
    abi = artifacts.load("AccessManager").abi
    holders: dict[int, set[str]] = {}
    for log in reader.rpc.logs([manager], first=manifest["first_block"], last=reader.block):
        name, facts = decode_log(abi, log) if has_event(abi, log) else ("", {})
        if name == "RoleGranted":
            holders.setdefault(facts["roleId"], set()).add(facts["account"].lower())
        elif name == "RoleRevoked":
            holders.setdefault(facts["roleId"], set()).discard(facts["account"].lower())
    expected = {number: [manifest["roles"][name].lower()] for name, number in ROLE_NUMBERS.items()}
    names = {number: name for name, number in ROLE_NUMBERS.items()}
    return [
        Check(f"holders of {names.get(role, f'role {role}')}", expected.get(role, []), sorted(holders.get(role, set())))
        for role in sorted(expected.keys() | holders.keys())
    ]


def _read_rules(reader: Reader, manifest: Mapping[str, Any]) -> list[Check]:
    contracts = manifest["contracts"]

    def ask(function: str, *arguments: object) -> Any:
        return reader.ask("AccessManager", contracts["AccessManager"]["address"], function, *arguments)

    checks = []
    for name, role in ROLE_NUMBERS.items():
        checks += [
            Check(f"admin of {name}", ADMIN, ask("getRoleAdmin", role)),
            Check(f"guardian of {name}", _GUARDED.get(role, ADMIN), ask("getRoleGuardian", role)),
            Check(f"grants of {name} wait, in seconds", 0, ask("getRoleGrantDelay", role)),
        ]
    for name in PROXIED:
        address = contracts[name]["address"]
        checks += [
            Check(f"{name} is open", True, not ask("isTargetClosed", address)),
            Check(f"rules of {name} wait, in seconds", 0, ask("getTargetAdminDelay", address)),
        ]
    return checks
