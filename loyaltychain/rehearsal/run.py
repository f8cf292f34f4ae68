"""An upgrade from its creation to its execution on a copy of the chain, looked at and audited before and after.

Changes nothing on the chain itself. Where there is no place for a copy, the new code is asked in the proxy's place by
calls with state overrides: that shows the answers, and no transaction.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from loyaltychain.audit.report import Report
from loyaltychain.audit.run import run_audit
from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import encode_call
from loyaltychain.chain.nodes import Nodes
from loyaltychain.chain.rpc import Rpc, Web3Rpc
from loyaltychain.core import errors
from loyaltychain.core.hashing import keccak256, to_hex
from loyaltychain.deploy.candidate import Candidate
from loyaltychain.deploy.managed import ManagedCall, managed_call, read_standing
from loyaltychain.deploy.readback import IMPLEMENTATION_SLOT
from loyaltychain.deploy.upgrade_record import find_upgraded, with_upgrade
from loyaltychain.deploy.upgrade_views import answer, questions
from loyaltychain.rehearsal.grounds import Ground, find_ground

#: What an auditor says of code that is of no release: expected, and no fault of the upgrade.
EXPECTED = frozenset({"implementation-changed", "implementation-foreign"})
_MARGIN = 600  # seconds beyond the delay: blocks that came fast stand ahead of the clock


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a rehearsal came to."""

    ground: str
    asked: int  # questions that were answered before and after
    different: dict[str, tuple[str, str]]  # question -> answers before and after
    audit_before: list[str]  # codes of findings
    audit_after: list[str] | None  # None: there was no chain to audit

    @property
    def new_findings(self) -> list[str]:
        """What the audit finds after the upgrade and did not find before, but for what is expected."""
        return sorted(set(self.audit_after or ()) - set(self.audit_before) - EXPECTED)

    @property
    def is_clean(self) -> bool:
        """Nothing answers otherwise, and the audit has nothing new to say."""
        return not self.different and not self.new_findings

    @property
    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self) | {"new_findings": self.new_findings, "clean": self.is_clean}

    def in_words(self) -> dict[str, object]:
        """A fact a line."""
        audited = "not possible here" if self.audit_after is None else ", ".join(self.audit_after) or "clean"
        return {
            "answers": f"{self.asked} asked before and after, {len(self.different)} differ",
            **{name: f"{old} -> {new}" for name, (old, new) in self.different.items()},
            "audit before": ", ".join(self.audit_before) or "clean",
            "audit after": audited,
            "new findings": ", ".join(self.new_findings) or "none",
        }


def rehearse_upgrade(
    rpc: Rpc,
    manifest: Mapping[str, Any],
    candidate: Candidate,
    call: bytes,
    *,
    members: range,
    rpc_url: str | None,
) -> Rehearsal:
    """Try the upgrade.

    Args:
        call: As in ``check_upgrade``.
        members: Numbers of members whose balances or wallets are asked for.
        rpc_url: Of the node behind ``rpc``, for a fork; None where it is not known.

    Raises:
        Reverted: a step of the upgrade fails.
        InvalidSettings: the upgrader does not hold its role.
        RpcUnavailable: the node does not answer, or knows neither copies nor overrides.
    """
    with find_ground(rpc, rpc_url=rpc_url) as ground:
        if ground is None:
            return _ask_in_place(rpc, manifest, candidate, members=members)
        return _run(ground, manifest, candidate, call, members=members)


def _run(
    ground: Ground, manifest: Mapping[str, Any], candidate: Candidate, call: bytes, *, members: range
) -> Rehearsal:
    proxy = manifest["contracts"][candidate.contract]["address"]
    asked = questions(candidate.layout["functions"], members)
    before = {name: answer(ground.rpc, proxy, calldata) for name, calldata in asked.items()}
    audit_before = _audit(ground.rpc, manifest)
    upgrader = manifest["roles"]["upgrader"]
    creation = ground.act(upgrader, None, candidate.creation_code)
    assert creation is not None, "a creation has an address"
    _upgrade(
        ground, manifest, managed_call(manifest, "upgrader", candidate.contract, "upgradeToAndCall", creation, call)
    )
    after = {name: answer(ground.rpc, proxy, calldata) for name, calldata in asked.items()}
    upgraded = find_upgraded(ground.rpc, manifest, candidate.contract, creation)
    changed = with_upgrade(
        dict(manifest), candidate.contract, upgraded, code_hash=to_hex(candidate.code_hash), creation="0x" + "00" * 32
    )
    return Rehearsal(
        ground=ground.name,
        asked=sum(value is not None for value in before.values()),
        different=_differences(before, after),
        audit_before=_codes(audit_before),
        audit_after=_codes(_audit(ground.rpc, changed)),
    )


def _upgrade(ground: Ground, manifest: Mapping[str, Any], call: ManagedCall) -> None:
    standing = read_standing(ground.rpc, manifest, call)
    if standing.delay == 0:
        ground.act(call.caller, call.target, call.calldata)
        return
    abi, manager = artifacts.load("AccessManager").abi, manifest["contracts"]["AccessManager"]["address"]
    ground.act(call.caller, manager, encode_call(abi, "schedule", (call.target, call.calldata, 0)))
    ground.travel(standing.delay + _MARGIN)
    ground.act(call.caller, manager, encode_call(abi, "execute", (call.target, call.calldata)))


def _ask_in_place(rpc: Rpc, manifest: Mapping[str, Any], candidate: Candidate, *, members: range) -> Rehearsal:
    if not isinstance(rpc, Web3Rpc | Nodes):
        raise errors.RpcUnavailable("This node knows neither copies nor overrides.")
    proxy = manifest["contracts"][candidate.contract]["address"]
    asked = questions(candidate.layout["functions"], members)
    overrides = _overrides(proxy, candidate)
    block = hex(rpc.block("latest").number)
    before = {name: answer(rpc, proxy, calldata, block=int(block, 16)) for name, calldata in asked.items()}
    after = {name: _answer_with(rpc, proxy, calldata, block, overrides) for name, calldata in asked.items()}
    return Rehearsal(
        ground="calls with state overrides; the initialiser did not run",
        asked=sum(value is not None for value in before.values()),
        different=_differences(before, after),
        audit_before=_codes(_audit(rpc, manifest)),
        audit_after=None,
    )


def _overrides(proxy: str, candidate: Candidate) -> dict[str, Any]:
    """The new code at an address of nobody, and the proxy pointing there."""
    place = keccak256(candidate.code_hash)[12:]
    code = bytearray(candidate.runtime_code)
    for start, length in candidate.immutable_references:
        code[start : start + length] = place.rjust(length, b"\x00")
    slot = to_hex(IMPLEMENTATION_SLOT.to_bytes(32, "big"))
    return {
        to_hex(place): {"code": to_hex(bytes(code))},
        proxy: {"stateDiff": {slot: to_hex(place.rjust(32, b"\x00"))}},
    }


def _answer_with(
    rpc: Web3Rpc | Nodes, proxy: str, calldata: bytes, block: str, overrides: Mapping[str, Any]
) -> bytes | None:
    try:
        given = rpc.ask("eth_call", {"to": proxy, "data": to_hex(calldata)}, block, dict(overrides))
    except errors.Reverted:
        return None
    return bytes.fromhex(str(given).removeprefix("0x"))


def _differences(before: Mapping[str, bytes | None], after: Mapping[str, bytes | None]) -> dict[str, tuple[str, str]]:
    return {
        name: (to_hex(old), "no answer" if after[name] is None else to_hex(after[name] or b""))
        for name, old in before.items()
        if old is not None and old != after[name]
    }


def _audit(rpc: Rpc, manifest: Mapping[str, Any]) -> Report:
    return run_audit(rpc, manifest, clock=lambda: 0.0)


def _codes(report: Report) -> list[str]:
    return sorted({finding.code for finding in report.findings})
