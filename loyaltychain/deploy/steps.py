"""The bootstrap as a table: one transaction a line, each safe to stop after.

The deployer holds ADMIN only while the table runs: the last two lines hand it over and give it up.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import encode_call, encode_constructor, selector
from loyaltychain.deploy.plan import (
    ADMIN,
    CONFIG,
    GUARDIAN,
    MODES,
    REGISTRAR,
    ROLE_NUMBERS,
    UPGRADER,
    DeployPlan,
    caps_tuple,
)

Addresses = Mapping[str, str]  # name of a created contract -> its address
Build = Callable[[DeployPlan, Addresses], bytes]

#: The contract's ``Header`` struct as a signature has it.
HEADER_TUPLE = "(uint32,bytes32,bytes32,bytes32,bytes32,bytes32,bytes32,uint64,uint32,uint64,uint64,uint64)"

#: Who may call what: contract -> role -> the signatures behind it. The read-back and the auditor hold the chain
#: against this table; a function that is not in it belongs to ADMIN.
FUNCTION_ROLES: dict[str, dict[int, tuple[str, ...]]] = {
    "PointsLedger": {
        GUARDIAN: ("pause()", "lowerCaps((uint48,uint48,uint48,uint48,uint32,uint64))"),
        CONFIG: (
            "unpause()",
            "raiseCaps((uint48,uint48,uint48,uint48,uint32,uint64))",
            "setSettler(address)",
            "setTransferLogs(bool)",
            f"proposeRootMode({HEADER_TUPLE},uint32)",
            "cancelRootMode()",
        ),
        UPGRADER: ("upgradeToAndCall(address,bytes)",),
    },
    "ProgramRegistry": {
        REGISTRAR: ("publish(bytes32,uint64)",),
        UPGRADER: ("upgradeToAndCall(address,bytes)",),
    },
    "MemberRegistry": {
        GUARDIAN: ("stopBinding()",),
        CONFIG: ("setVoucherSigner(address)", "forceUnbind(uint32)"),
        REGISTRAR: ("proposeRebind(uint32,address,uint64,bytes)", "cancelRebind(uint32)"),
        UPGRADER: ("upgradeToAndCall(address,bytes)",),
    },
}


@dataclass(frozen=True, slots=True)
class Step:
    """One transaction of the deployer: a creation (``creates`` names it) or a call of ``target``."""

    name: str
    build: Build
    creates: str | None = None
    target: str | None = None


def _create(name: str, contract: str, arguments: Callable[[DeployPlan, Addresses], tuple[object, ...]]) -> Step:
    def build(plan: DeployPlan, addresses: Addresses) -> bytes:
        artifact = artifacts.load(contract)
        return encode_constructor(artifact.creation_code, artifact.abi, arguments(plan, addresses))

    return Step(name=f"create-{name}", build=build, creates=name)


def _manage(name: str, function: str, arguments: Callable[[DeployPlan, Addresses], tuple[object, ...]]) -> Step:
    def build(plan: DeployPlan, addresses: Addresses) -> bytes:
        return encode_call(artifacts.load("AccessManager").abi, function, arguments(plan, addresses))

    return Step(name=name, build=build, target="AccessManager")


def _ledger_proxy(plan: DeployPlan, addresses: Addresses) -> tuple[object, ...]:
    call = encode_call(
        artifacts.load("PointsLedger").abi,
        "initialize",
        (addresses["AccessManager"], plan.roles["settler"], bytes.fromhex(plan.instance_id[2:]),
         plan.token_name, plan.token_symbol, caps_tuple(plan.caps),
         addresses["MemberRegistry"], plan.transfer_logs, addresses["BatchProofs"],
         MODES.index(plan.mode), plan.challenge_window),
    )  # fmt: skip
    return (addresses["PointsLedgerImplementation"], call)


def _registry_proxy(_: DeployPlan, addresses: Addresses) -> tuple[object, ...]:
    call = encode_call(artifacts.load("ProgramRegistry").abi, "initialize", (addresses["AccessManager"],))
    return (addresses["ProgramRegistryImplementation"], call)


def _member_registry_proxy(plan: DeployPlan, addresses: Addresses) -> tuple[object, ...]:
    call = encode_call(
        artifacts.load("MemberRegistry").abi,
        "initialize",
        (addresses["AccessManager"], plan.voucher_signer, plan.rebind_delay),
    )
    return (addresses["MemberRegistryImplementation"], call)


def _set_ledger(_: DeployPlan, addresses: Addresses) -> tuple[object, ...]:
    """Through the manager: the deployer's key may call nothing else."""
    call = encode_call(artifacts.load("MemberRegistry").abi, "setLedger", (addresses["PointsLedger"],))
    return (addresses["MemberRegistry"], call)


def _wirings() -> list[Step]:
    steps = []
    for contract, roles in FUNCTION_ROLES.items():
        for role, signatures in roles.items():
            selectors = [selector(signature) for signature in signatures]
            name = f"wire-{contract}-role-{role}"
            steps.append(
                _manage(name, "setTargetFunctionRole",
                        lambda _, addresses, c=contract, s=selectors, r=role: (addresses[c], s, r))  # type: ignore[misc]
            )  # fmt: skip
    return steps


def _grant(role: str) -> Step:
    number = ROLE_NUMBERS[role]
    return _manage(f"grant-{role}", "grantRole", lambda plan, _: (number, plan.roles[role], plan.delays.get(role, 0)))


STEPS: tuple[Step, ...] = (
    _create("AccessManager", "AccessManager", lambda plan, _: (plan.roles["deployer"],)),
    _create("PointsLedgerImplementation", "PointsLedger", lambda *_: ()),
    _create("ProgramRegistryImplementation", "ProgramRegistry", lambda *_: ()),
    _create("MemberRegistryImplementation", "MemberRegistry", lambda *_: ()),
    _create("BatchProofs", "BatchProofs", lambda *_: ()),
    _create("MemberRegistry", "PointsProxy", _member_registry_proxy),
    _create("PointsLedger", "PointsProxy", _ledger_proxy),
    _create("ProgramRegistry", "PointsProxy", _registry_proxy),
    # The two name each other: the ledger from its creation on, the registry once and for ever.
    _manage("set-ledger", "execute", _set_ledger),
    *_wirings(),
    # The guardian may cancel what the delayed roles have scheduled.
    _manage("guard-config", "setRoleGuardian", lambda *_: (CONFIG, GUARDIAN)),
    _manage("guard-upgrader", "setRoleGuardian", lambda *_: (UPGRADER, GUARDIAN)),
    *(_grant(role) for role in ("guardian", "config", "upgrader", "registrar", "admin")),
    _manage("renounce-deployer", "renounceRole", lambda plan, _: (ADMIN, plan.roles["deployer"])),
)
