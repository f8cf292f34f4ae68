"""What speaks for and against running other code behind a proxy: storage, functions, size, the upgrade's own door.

Asks the chain what runs now, and tries the new code on an EVM in this process. Sends nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loyaltychain.chain.abi import selector
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core import errors
from loyaltychain.core.hashing import to_hex
from loyaltychain.deploy.candidate import Candidate, known_layout
from loyaltychain.deploy.layout import Difference, check_layout
from loyaltychain.deploy.layout_read import erc7201
from loyaltychain.deploy.plan import ADMIN, ROLE_NUMBERS
from loyaltychain.deploy.readback import IMPLEMENTATION_SLOT, SELF_GUARDED
from loyaltychain.deploy.reader import plain_hash
from loyaltychain.deploy.steps import FUNCTION_ROLES
from loyaltychain.deploy.try_code import Tried, try_code

CODE_MAX = 24_576  # bytes of a contract's code (EIP-170)
INITIALIZABLE = "openzeppelin.storage.Initializable"
_UUPS = ("proxiableUUID()", "upgradeToAndCall(address,bytes)")
_ROLE_NAMES = {number: name for name, number in ROLE_NUMBERS.items()}


@dataclass(frozen=True, slots=True)
class Running:
    """What a proxy runs at the head, and how often it was initialised."""

    implementation: str
    code_hash: bytes
    layout: Mapping[str, Any] | None  # None: code that nothing is known of
    version: int  # of the last initialiser


@dataclass(frozen=True, slots=True)
class UpgradeCheck:
    """What was found. ``refusals`` are sentences; with any, there is no upgrade."""

    running: Running
    candidate: Candidate
    differences: list[Difference]
    gone: list[str]  # functions that are there no more
    new: dict[str, str]  # functions that are new: who may call them
    tried: Tried
    refusals: list[str] = field(default_factory=list)

    @property
    def warnings(self) -> list[Difference]:
        """Renames, which somebody has to confirm."""
        return [difference for difference in self.differences if difference.is_warning]


def read_running(rpc: Rpc, address: str, *, kept: Path) -> Running:
    """What the proxy at ``address`` runs. Raises RpcUnavailable."""
    implementation = to_hex(rpc.storage(address, IMPLEMENTATION_SLOT)[12:])
    code_hash = plain_hash(rpc.code(implementation), address=implementation)
    version = int.from_bytes(rpc.storage(address, erc7201(INITIALIZABLE))[24:], "big")
    return Running(implementation, code_hash, known_layout(code_hash, kept=kept), version)


def check_upgrade(
    rpc: Rpc,
    manifest: Mapping[str, Any],
    candidate: Candidate,
    *,
    call: bytes,
    kept: Path,
    before: Mapping[str, Any] | None = None,
    renames: bool = False,
) -> UpgradeCheck:
    """Everything that can be said before anything is sent.

    Args:
        call: The calldata that the upgrade makes with it, a reinitialiser's; empty for none.
        kept: Where earlier candidates are kept.
        before: Layout and functions of the code that runs now, where nothing is known of it.
        renames: Somebody has looked at the renamed variables, and they mean what they meant.

    Raises RpcUnavailable.
    """
    running = read_running(rpc, manifest["contracts"][candidate.contract]["address"], kept=kept)
    known = running.layout or before
    differences = [] if known is None else check_layout(known, candidate.layout)
    functions = {} if known is None else known["functions"]
    tried = try_code(candidate)
    check = UpgradeCheck(
        running=running,
        candidate=candidate,
        differences=differences,
        gone=sorted(functions.keys() - candidate.layout["functions"].keys()),
        new=_new_functions(candidate, functions),
        tried=tried,
    )
    check.refusals.extend(_refuse_layout(check, is_known=known is not None, renames=renames))
    check.refusals.extend(_refuse_code(candidate, tried))
    check.refusals.extend(_refuse_call(check, call))
    return check


def must_pass(check: UpgradeCheck) -> None:
    """Raise InvalidOperation that names everything that speaks against the upgrade."""
    if check.refusals:
        raise errors.InvalidOperation(
            f"{check.candidate.contract} is not upgraded to this code. Nothing was sent.",
            refusals=check.refusals,
        )


def _new_functions(candidate: Candidate, before: Mapping[str, str]) -> dict[str, str]:
    roles = {
        signature: role for role, signatures in FUNCTION_ROLES[candidate.contract].items() for signature in signatures
    }
    return {
        signature: _who(signature, mutability, roles, candidate.layout)
        for signature, mutability in sorted(candidate.layout["functions"].items())
        if signature not in before
    }


def _who(signature: str, mutability: str, roles: Mapping[str, int], layout: Mapping[str, Any]) -> str:
    code = selector(signature).hex()
    if mutability in ("view", "pure"):
        return "anybody; it reads"
    if code in layout["restricted"]:
        return _ROLE_NAMES[roles.get(signature, ADMIN)]
    if code in layout["reinitializers"]:
        return "the upgrade itself, once"
    return "guards itself" if signature.partition("(")[0] in SELF_GUARDED else "ANYBODY: it is not `restricted`"


def _refuse_layout(check: UpgradeCheck, *, is_known: bool, renames: bool) -> list[str]:
    if not is_known:
        running = to_hex(check.running.code_hash)
        return [f"nothing is known of the code that runs now ({running}): give its source with --from"]
    return [
        f"{each.code}: {each.subject}: {each.before or 'nothing'} -> {each.after or 'nothing'}"
        + (" (if it means what it meant: --renames-meant)" if each.is_warning else "")
        for each in check.differences
        if not (each.is_warning and renames)
    ]


def _refuse_code(candidate: Candidate, tried: Tried) -> list[str]:
    lacking = [signature for signature in _UUPS if signature not in candidate.layout["functions"]]
    refusals = []
    if lacking:
        refusals.append(f"not UUPS: it has no {' and no '.join(lacking)}, so it could never be upgraded again")
    if len(candidate.runtime_code) > CODE_MAX:
        refusals.append(f"too large: {len(candidate.runtime_code)} bytes of code, and {CODE_MAX} are allowed")
    elif not tried.is_created:
        refusals.append("its creation fails; it must take no arguments")
    elif not lacking and tried.uuid != IMPLEMENTATION_SLOT:
        refusals.append("not UUPS: proxiableUUID() does not name the ERC-1967 slot, so the proxy would refuse it")
    if tried.is_created and not tried.is_locked:
        refusals.append("its constructor does not call _disableInitializers(): anybody could initialise it")
    return refusals


def _refuse_call(check: UpgradeCheck, call: bytes) -> list[str]:
    """A reinitialiser belongs into the upgrade itself: later, anybody could call it."""
    waiting = {
        code: version
        for code, version in check.candidate.layout["reinitializers"].items()
        if version is None or version > check.running.version
    }
    names = {selector(signature).hex(): signature for signature in check.candidate.layout["functions"]}
    if call and call[:4].hex() not in names:
        return [f"it has no function {to_hex(call[:4])} that --call could make"]
    if call and waiting and call[:4].hex() not in waiting:
        return [f"--call names no reinitialiser, and there is one: {_say(waiting, names)}"]
    if not call and waiting:
        return [
            f"it has a reinitialiser, which anybody could call afterwards: --call has to name {_say(waiting, names)}"
        ]
    stale = check.candidate.layout["reinitializers"].get(call[:4].hex()) if call else None
    if stale is not None and stale <= check.running.version:
        return [f"version {stale} was initialised already (now {check.running.version}): {names[call[:4].hex()]}"]
    return []


def _say(codes: Mapping[str, int | None] | Sequence[str], names: Mapping[str, str]) -> str:
    return ", ".join(names.get(code, code) for code in codes)
