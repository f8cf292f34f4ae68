"""Who may call what, folded from the access manager's logs (OpenZeppelin's ``AccessManager``)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from loyaltychain.audit.log_shapes import Fact


@dataclass(frozen=True, slots=True)
class Access:
    """The access manager's state as its logs produce it."""

    holders: dict[int, dict[str, int]] = field(default_factory=dict)  # role -> address -> execution delay in seconds
    functions: dict[tuple[str, bytes], int] = field(default_factory=dict)  # (contract, selector) -> role
    admins: dict[int, int] = field(default_factory=dict)  # role -> the role that grants it, where changed
    guardians: dict[int, int] = field(default_factory=dict)  # role -> the role that cancels for it, where changed
    grant_delays: dict[int, int] = field(default_factory=dict)  # role -> seconds, where changed
    target_delays: dict[str, int] = field(default_factory=dict)  # contract -> seconds, where changed
    closed: dict[str, int] = field(default_factory=dict)  # contract -> block, where closed
    blocks: dict[tuple[int, str], int] = field(default_factory=dict)  # (role, address) -> block of its last change


def fold_access(facts: Sequence[Fact]) -> Access:
    """The state after these logs of one access manager, in chain order."""
    access = Access()
    for fact in facts:
        take_fact(access, fact)
    return access


def take_fact(access: Access, fact: Fact) -> None:
    """The state after one more log of that access manager."""
    _fold_role(access, fact)
    _fold_target(access, fact)


def _fold_role(access: Access, fact: Fact) -> None:
    role = fact.numbers.get("role", 0)
    account = fact.addresses.get("account", "")
    if fact.name == "RoleGranted":
        access.holders.setdefault(role, {})[account] = fact.numbers["delay"]
    elif fact.name == "RoleRevoked":
        access.holders.get(role, {}).pop(account, None)
    elif fact.name == "RoleAdminChanged":
        access.admins[role] = fact.numbers["admin"]
    elif fact.name == "RoleGuardianChanged":
        access.guardians[role] = fact.numbers["guardian"]
    elif fact.name == "RoleGrantDelayChanged":
        access.grant_delays[role] = fact.numbers["delay"]
    if account:
        access.blocks[role, account] = fact.place.block_number


def _fold_target(access: Access, fact: Fact) -> None:
    target = fact.addresses.get("target", "")
    if fact.name == "TargetFunctionRoleUpdated":
        access.functions[target, fact.octets["selector"]] = fact.numbers["role"]
    elif fact.name == "TargetAdminDelayUpdated":
        access.target_delays[target] = fact.numbers["delay"]
    elif fact.name == "TargetClosed" and fact.numbers["closed"]:
        access.closed[target] = fact.place.block_number
    elif fact.name == "TargetClosed":
        access.closed.pop(target, None)
