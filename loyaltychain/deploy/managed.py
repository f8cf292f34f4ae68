"""Calls that the access manager allows: at once where a role has no delay, else scheduled, waited for and executed.

The chain remembers what was scheduled; nothing about it is kept here. A call is found again by its own bytes, so the
same command with the same values goes on with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import decode_output, encode_call, selector
from loyaltychain.chain.rehearse import explain
from loyaltychain.chain.rpc import Rpc
from loyaltychain.chain.sender import Outcome, Sender
from loyaltychain.chain.signer import AllowedCall
from loyaltychain.core import errors
from loyaltychain.core.hashing import to_hex
from loyaltychain.core.times import format_instant
from loyaltychain.deploy.calls import call_once, finish_begun
from loyaltychain.deploy.steps import FUNCTION_ROLES

_MANAGER = "AccessManager"
#: What this project asks of the manager: nothing that grants, revokes or rewires.
_VERBS = (
    "schedule(address,bytes,uint48)",
    "execute(address,bytes)",
    "cancel(address,address,bytes)",
)

State = Literal["open", "scheduled"]


@dataclass(frozen=True, slots=True)
class ManagedCall:
    """One call of one of the programme's contracts by the holder of a role."""

    role: str
    caller: str  # who holds the role
    target: str
    calldata: bytes


@dataclass(frozen=True, slots=True)
class Standing:
    """How a call stands with the access manager. Times are unix seconds."""

    operation: bytes
    delay: int  # seconds between scheduling and executing; 0: it acts at once
    due: int | None  # from when on it may be executed; None: it is not scheduled
    expires: int | None


@dataclass(frozen=True, slots=True)
class Done:
    """What a step came to: the call ``acted``, was ``scheduled``, or was ``cancelled``; or it ``waits``."""

    what: Literal["acted", "scheduled", "cancelled", "waits"]
    standing: Standing
    outcome: Outcome | None


def managed_call(
    manifest: Mapping[str, Any], role: str, contract: str, function: str, *arguments: object
) -> ManagedCall:
    """The call of ``function`` by the holder of ``role`` as the manifest names it."""
    calldata = encode_call(artifacts.load(contract).abi, function, arguments)
    return ManagedCall(role, manifest["roles"][role].lower(), manifest["contracts"][contract]["address"], calldata)


def allowed_calls(manifest: Mapping[str, Any]) -> list[AllowedCall]:
    """What a role's key may sign: the table's functions, and the manager's three for what has a delay."""
    contracts = manifest["contracts"]
    functions = [
        AllowedCall(contracts[contract]["address"], selector(signature))
        for contract, roles in FUNCTION_ROLES.items()
        for signatures in roles.values()
        for signature in signatures
    ]
    return functions + [AllowedCall(contracts[_MANAGER]["address"], selector(signature)) for signature in _VERBS]


def read_standing(rpc: Rpc, manifest: Mapping[str, Any], call: ManagedCall) -> Standing:
    """How ``call`` stands at the head.

    Raises:
        InvalidSettings: the caller may not make this call at all.
        RpcUnavailable, Reverted: the node or the manager does not answer.
    """
    immediate, delay = _ask(rpc, manifest, "canCall", call.caller, call.target, call.calldata[:4])
    if not immediate and delay == 0:
        raise errors.InvalidSettings(
            f"The {call.role}'s address {call.caller} may not make this call on chain: it does not hold the role (any "
            "more), or the contract was closed. `loyaltychain verify` shows who holds what.",
            role=call.role,
            address=call.caller,
        )
    operation = bytes(_ask(rpc, manifest, "hashOperation", call.caller, call.target, call.calldata))
    due = _ask(rpc, manifest, "getSchedule", operation) or None
    expires = None if due is None else due + _ask(rpc, manifest, "expiration")
    return Standing(operation, 0 if immediate else delay, due, expires)


def advance(sender: Sender, manifest: Mapping[str, Any], call: ManagedCall) -> Done:
    """The next step of ``call``: make it if it has no delay or its delay is over, else schedule it, else wait.

    Raises:
        InvalidSettings: as ``read_standing``.
        Reverted, IntentReverted, NonceTaken, RpcUnavailable: as ``Sender.execute``. Ask again when it is mended.
    """
    finish_begun(sender, manifest, signer=call.caller)
    standing = read_standing(sender.rpc, manifest, call)
    if standing.delay == 0 and standing.due is None:
        outcome = call_once(sender, manifest, signer=call.caller, target=call.target, calldata=call.calldata)
        return Done("acted", standing, outcome)
    if standing.due is None:
        outcome = _manage(sender, manifest, call.caller, "schedule", call.target, call.calldata, 0)
        return Done("scheduled", read_standing(sender.rpc, manifest, call), outcome)
    if not _is_ready(sender.rpc, manifest, call):
        return Done("waits", standing, None)
    return Done("acted", standing, _manage(sender, manifest, call.caller, "execute", call.target, call.calldata))


def execute(sender: Sender, manifest: Mapping[str, Any], call: ManagedCall) -> Outcome:
    """Make a call that was scheduled, once its delay is over.

    Raises:
        InvalidOperation: it is not scheduled: never was, was cancelled, or has expired.
        NotDue: its delay is not over.
        Reverted, IntentReverted, NonceTaken, RpcUnavailable: as ``Sender.execute``.
    """
    finish_begun(sender, manifest, signer=call.caller)
    standing = _scheduled(sender.rpc, manifest, call)
    if not _is_ready(sender.rpc, manifest, call):
        assert standing.due is not None, "it is scheduled"
        raise errors.NotDue(
            f"This can be executed from {format_instant(standing.due)} on; until then the guardian may cancel it.",
            operation=to_hex(standing.operation),
        )
    return _manage(sender, manifest, call.caller, "execute", call.target, call.calldata)


def cancel(sender: Sender, manifest: Mapping[str, Any], call: ManagedCall) -> Done:
    """Take a scheduled call back, by the guardian. Raises as ``execute``, but for NotDue."""
    guardian = manifest["roles"]["guardian"].lower()
    finish_begun(sender, manifest, signer=guardian)
    standing = _scheduled(sender.rpc, manifest, call)
    outcome = _manage(sender, manifest, guardian, "cancel", call.caller, call.target, call.calldata)
    return Done("cancelled", standing, outcome)


def _scheduled(rpc: Rpc, manifest: Mapping[str, Any], call: ManagedCall) -> Standing:
    standing = read_standing(rpc, manifest, call)
    if standing.due is None:
        raise errors.InvalidOperation(
            "This is not scheduled: it never was with these very values, was executed or cancelled, or has expired.",
            operation=to_hex(standing.operation),
        )
    return standing


def _is_ready(rpc: Rpc, manifest: Mapping[str, Any], call: ManagedCall) -> bool:
    """Whether the manager would let it through now; what else speaks against the call is for its rehearsal to say."""
    abi, manager = artifacts.load(_MANAGER).abi, manifest["contracts"][_MANAGER]["address"]
    try:
        rpc.call(manager, encode_call(abi, "execute", (call.target, call.calldata)), sender=call.caller)
    except errors.Reverted as refusal:
        return not explain(refusal, [abi]).startswith("AccessManagerNotReady(")
    return True


def _manage(sender: Sender, manifest: Mapping[str, Any], signer: str, function: str, *arguments: object) -> Outcome:
    calldata = encode_call(artifacts.load(_MANAGER).abi, function, arguments)
    manager = manifest["contracts"][_MANAGER]["address"]
    return call_once(sender, manifest, signer=signer, target=manager, calldata=calldata)


def _ask(rpc: Rpc, manifest: Mapping[str, Any], function: str, *arguments: object) -> Any:
    abi = artifacts.load(_MANAGER).abi
    answer = rpc.call(manifest["contracts"][_MANAGER]["address"], encode_call(abi, function, arguments))
    return decode_output(abi, function, answer)
