"""Whether acts that have to wait did: scheduled for no earlier than the role's delay, executed no earlier than due.

Follows the access manager's logs (OpenZeppelin's ``AccessManager``) and holds each log of a change against them. Who
acts is not in a change's own log: where a holder of its role has no delay, it need not have been scheduled.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from loyaltychain.audit.block_times import BlockTimes
from loyaltychain.audit.check_access import ADMIN, CAPS_TYPE, HEADER_TYPE
from loyaltychain.audit.findings import Finding, make_finding
from loyaltychain.audit.log_shapes import CAP_NAMES, Fact
from loyaltychain.audit.manifest import ACCESS, LEDGER, PROXIED, REGISTRY, Manifest
from loyaltychain.audit.roles import Access, take_fact
from loyaltychain.core.hashing import keccak256, to_hex
from loyaltychain.core.times import format_instant

#: After this many seconds what was due and was not done can be done no more (``AccessManager.expiration``).
EXPIRATION: Final = 7 * 86_400
#: By contract and log: the function that makes such a change. Of the caps' and the manager's own logs see below.
_ACTS: Final = {
    (LEDGER, "SettlerChanged"): "setSettler(address)",
    (LEDGER, "LedgerPaused"): "pause()",
    (LEDGER, "LedgerUnpaused"): "unpause()",
    (LEDGER, "TransferLogsChanged"): "setTransferLogs(bool)",
    (LEDGER, "RootModeProposed"): f"proposeRootMode({HEADER_TYPE},uint32)",
    (REGISTRY, "ProgramPublished"): "publish(bytes32,uint64)",
    **{(name, "Upgraded"): "upgradeToAndCall(address,bytes)" for name in PROXIED},
    (ACCESS, "RoleGranted"): "grantRole(uint64,address,uint32)",
    (ACCESS, "RoleAdminChanged"): "setRoleAdmin(uint64,uint64)",
    (ACCESS, "RoleGuardianChanged"): "setRoleGuardian(uint64,uint64)",
    (ACCESS, "RoleGrantDelayChanged"): "setGrantDelay(uint64,uint32)",
    (ACCESS, "TargetClosed"): "setTargetClosed(address,bool)",
    (ACCESS, "TargetFunctionRoleUpdated"): "setTargetFunctionRole(address,bytes4[],uint64)",
    (ACCESS, "TargetAdminDelayUpdated"): "setTargetAdminDelay(address,uint32)",
}
_LOWER, _RAISE = f"lowerCaps({CAPS_TYPE})", f"raiseCaps({CAPS_TYPE})"


@dataclass(frozen=True, slots=True)
class Operation:
    """A call that was scheduled with the access manager."""

    id: bytes
    caller: str
    target: str
    selector: bytes
    due: int  # unix seconds from which on it may be executed
    block: int  # of its schedule

    @property
    def subject(self) -> str:
        """How findings name it."""
        return f"{to_hex(self.selector)} of {self.target} by {self.caller}"


class _Walk:
    """The managed contracts' logs, one after the other."""

    def __init__(self, manifest: Manifest, times: BlockTimes) -> None:
        self.access = Access()
        self.pending: dict[tuple[bytes, int], Operation] = {}
        self.findings: list[Finding] = []
        self._names = {address: name for name, address in manifest.addresses.items()}
        self._times = times
        self._done: dict[bytes, set[tuple[str, bytes]]] = defaultdict(set)  # by transaction: what was executed in it
        self._created: dict[str, bytes] = {}  # by contract: the transaction of its first log

    def take(self, fact: Fact) -> None:
        """The next log."""
        name = self._names.get(fact.address)
        created = self._created.setdefault(fact.address, fact.place.tx_hash)
        if name == ACCESS and fact.name.startswith("Operation"):
            self._follow(fact)
        elif name is not None and fact.place.tx_hash != created:
            self._check_act(fact, _signature(name, fact))
        if name == ACCESS:
            take_fact(self.access, fact)

    def _follow(self, fact: Fact) -> None:
        key = (fact.octets["id"], fact.numbers["nonce"])
        if fact.name == "OperationScheduled":
            self.pending[key] = operation = _read(fact)
            self._check_schedule(operation, fact)
            return
        known = self.pending.pop(key, None)
        if fact.name == "OperationExecuted":
            self._check_execution(known, fact)

    def _check_schedule(self, operation: Operation, fact: Fact) -> None:
        role = self._role_of(operation.target, operation.selector)
        delay = self.access.holders.get(role, {}).get(operation.caller)
        now = self._times.of(fact.place.block_number)
        if delay is None or now is None or operation.due >= now + delay:
            return
        self._report_early(operation, expected=now + delay, actual=operation.due, fact=fact)

    def _check_execution(self, known: Operation | None, fact: Fact) -> None:
        block = fact.place.block_number
        if known is None:
            subject = f"operation {to_hex(fact.octets['id'])}"
            finding = make_finding("operation-unscheduled", subject, expected="a schedule", actual=None, block=block)
            self.findings.append(finding)
            return
        self._done[fact.place.tx_hash].add((known.target, known.selector))
        now = self._times.of(block)
        if now is not None and now < known.due:
            self._report_early(known, expected=known.due, actual=now, fact=fact)

    def _report_early(self, operation: Operation, *, expected: int, actual: int, fact: Fact) -> None:
        self.findings.append(
            make_finding(
                "operation-early",
                operation.subject,
                expected=f"not before {format_instant(expected)}",
                actual=format_instant(actual),
                block=fact.place.block_number,
            )
        )

    def _check_act(self, fact: Fact, signature: str | None) -> None:
        if signature is None:
            return
        selector = keccak256(signature.encode())[:4]
        delays = self.access.holders.get(self._role_for(fact, selector), {}).values()
        if not delays or not min(delays) or (fact.address, selector) in self._done[fact.place.tx_hash]:
            return
        self.findings.append(
            make_finding(
                "operation-unscheduled",
                f"{self._names[fact.address]}.{signature.partition('(')[0]}",
                expected=f"a schedule, and {min(delays)} seconds",
                actual="neither",
                block=fact.place.block_number,
            )
        )

    def _role_for(self, fact: Fact, selector: bytes) -> int:
        if fact.name == "RoleGranted":
            return self.access.admins.get(fact.numbers["role"], ADMIN)
        return self._role_of(fact.address, selector)

    def _role_of(self, target: str, selector: bytes) -> int:
        return self.access.functions.get((target, selector), ADMIN)


def check_delays(
    facts: Sequence[Fact], manifest: Manifest, times: BlockTimes, *, now: int | None
) -> tuple[list[Finding], list[Operation]]:
    """Acts that did not wait, in these logs of all contracts; and what is scheduled and can still be done.

    Args:
        times: Where they do not tell a block's time, only what needs no time is checked.
        now: The time of the pinned block; None where nobody can tell: then nothing counts as expired.

    Raises:
        RpcUnavailable: the node did not tell the time of a block.
    """
    walk = _Walk(manifest, times)
    for fact in facts:
        walk.take(fact)
    pending = [
        operation for operation in walk.pending.values() if now is None or now < operation.due + EXPIRATION
    ]  # fmt: skip
    return [*walk.findings, *(_say_pending(operation) for operation in pending)], pending


def _say_pending(operation: Operation) -> Finding:
    actual = f"due {format_instant(operation.due)}"
    return make_finding(
        "operation-pending", operation.subject, expected="nothing scheduled", actual=actual, block=operation.block
    )


def _read(fact: Fact) -> Operation:
    return Operation(
        id=fact.octets["id"],
        caller=fact.addresses["caller"],
        target=fact.addresses["target"],
        selector=fact.octets["call"][:4],
        due=fact.numbers["due"],
        block=fact.place.block_number,
    )


def _signature(name: str, fact: Fact) -> str | None:
    """The function that makes the change that a log tells of; None where that needs no role."""
    if (name, fact.name) == (LEDGER, "CapsChanged"):
        return _LOWER if _is_lower(fact.numbers) else _RAISE
    return _ACTS.get((name, fact.name))


def _is_lower(caps: Mapping[str, int]) -> bool:
    """Whether the caps that are set allow nothing that those before did not: a longer period allows less."""
    signs = {name: -1 if name == "periodSeconds" else 1 for name in CAP_NAMES}
    return all(signs[name] * caps[name] <= signs[name] * caps["before." + name] for name in CAP_NAMES)
