"""Put other code behind a proxy: create it, schedule the upgrade, wait out the delay, execute it, read it back.

Each step may be stopped anywhere and asked for again. It is not executed under a batch: what was sealed for one code
settles on that code. What was scheduled is kept in a file until it is executed; the
chain says what became of it. Whether the code is fit at all is ``deploy/upgrade_check.py``'s business.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from loyaltychain.chain.abi import encode_call
from loyaltychain.chain.artifacts import masked_code_hash
from loyaltychain.chain.rpc import Rpc
from loyaltychain.chain.sender import Sender
from loyaltychain.chain.signer import AllowedCall
from loyaltychain.core import errors
from loyaltychain.core.hashing import from_hex, to_hex
from loyaltychain.core.json_text import parse_json
from loyaltychain.db.engine import reading
from loyaltychain.deploy import managed
from loyaltychain.deploy.calls import call_once, create_once, finish_begun
from loyaltychain.deploy.candidate import Candidate, keep_candidate
from loyaltychain.deploy.manifest import Manifest
from loyaltychain.deploy.readback import IMPLEMENTATION_SLOT
from loyaltychain.deploy.reader import Check
from loyaltychain.deploy.upgrade_record import Upgraded, find_upgraded, record_upgrade
from loyaltychain.deploy.upgrade_views import compare_views
from loyaltychain.settlement.store import batches_in_state

ROLE = "upgrader"


@dataclass(frozen=True, slots=True)
class UpgradePlan:
    """An upgrade that was begun: what to put where. Hashes and calldata are 0x hex."""

    contract: str
    origin: str
    implementation: str
    creation: str  # the transaction
    code_hash: str
    call: str  # made with the upgrade; "0x" for none

    def managed(self, manifest: Mapping[str, Any]) -> managed.ManagedCall:
        """The call of the proxy that does it."""
        arguments = (self.implementation, from_hex(self.call))
        return managed.managed_call(manifest, ROLE, self.contract, "upgradeToAndCall", *arguments)


@dataclass(frozen=True, slots=True)
class Executed:
    """An upgrade that happened."""

    manifest: Manifest
    upgraded: Upgraded
    checks: list[Check]
    is_new: bool  # False: it had happened before, and was read back again


def plan_file(manifest_file: Path, contract: str) -> Path:
    """Where an upgrade that was begun is kept."""
    return manifest_file.with_name(f"{manifest_file.stem}.upgrade.{contract}.json")


def kept_code(manifest_file: Path) -> Path:
    """Where what is known of code that was put behind a proxy is kept, release or not."""
    return manifest_file.with_name(f"{manifest_file.stem}.code")


def read_plan(file: Path) -> UpgradePlan:
    """Raises InvalidOperation when no upgrade was begun, InvalidSettings when the file is none of ours."""
    if not file.is_file():
        raise errors.InvalidOperation(
            "No upgrade of this contract was begun: `loyaltychain upgrade schedule` begins one."
        )
    try:
        return UpgradePlan(**parse_json(file.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise errors.InvalidSettings(
            f"{file.name} is not what an upgrade was begun with: restore it from a backup, or schedule it again.",
            reason=str(error),
        ) from error


def allowed_calls(manifest: Mapping[str, Any]) -> list[AllowedCall]:
    """What the upgrader's key may sign beside creations."""
    return managed.allowed_calls(manifest)


def schedule(
    sender: Sender, manifest: Mapping[str, Any], candidate: Candidate, *, call: bytes, manifest_file: Path
) -> tuple[UpgradePlan, managed.Done]:
    """Create the candidate and schedule the upgrade; where the upgrader has no delay, nothing needs to be scheduled.

    Args:
        sender: With the upgrader's key, which may create contracts.
        call: As in ``check_upgrade``.

    Returns the plan and how it stands: ``scheduled`` now, or it ``waits`` (scheduled before, or no delay).

    Raises:
        InvalidOperation: another upgrade of this contract was begun and is neither executed nor cancelled.
        ReadBackFailed: what was created is not the candidate.
        InvalidSettings: the upgrader does not hold the role.
        Reverted, IntentReverted, NonceTaken, RpcUnavailable: as ``Sender.execute``.
    """
    signer = manifest["roles"][ROLE].lower()
    file = plan_file(manifest_file, candidate.contract)
    _check_free(sender.rpc, manifest, file, candidate, call)
    keep_candidate(candidate, kept_code(manifest_file))
    finish_begun(sender, manifest, signer=signer)
    creation = create_once(sender, manifest, signer=signer, creation=candidate.creation_code)
    assert creation.contract_address is not None, "a creation has an address"
    _check_code(sender.rpc, creation.contract_address, candidate)
    plan = UpgradePlan(
        contract=candidate.contract,
        origin=candidate.origin,
        implementation=creation.contract_address,
        creation=to_hex(creation.tx_hash),
        code_hash=to_hex(candidate.code_hash),
        call=to_hex(call),
    )
    _write(file, plan)
    wanted = plan.managed(manifest)
    standing = managed.read_standing(sender.rpc, manifest, wanted)
    is_done = _implementation(sender.rpc, wanted.target) == plan.implementation  # executed, and not written down yet
    if standing.due is not None or standing.delay == 0 or is_done:
        return plan, managed.Done("waits", standing, None)
    return plan, managed.advance(sender, manifest, wanted)


def execute(
    sender: Sender, manifest: Manifest, *, contract: str, manifest_file: Path, members: range = range(0)
) -> Executed:
    """Execute the upgrade that was begun, read it back, and write it into manifest and database.

    Args:
        sender: With the upgrader's key.
        members: Numbers of members whose balances or wallets are compared before and after.

    Raises:
        InvalidOperation: none was begun, or it is not scheduled (any more).
        NotDue: its delay is not over.
        BatchOpen: a batch is sealed or submitted; nothing was sent. The caller keeps workers from sealing another one.
        ReadBackFailed: the proxy answers otherwise than before; the upgrade has happened, and is written down.
        Reverted, IntentReverted, NonceTaken, RpcUnavailable: as ``Sender.execute``.
    """
    file = plan_file(manifest_file, contract)
    plan = read_plan(file)
    proxy = manifest["contracts"][contract]["address"]
    if _implementation(sender.rpc, proxy) != plan.implementation:
        _check_drained(sender.engine)
    finish_begun(sender, manifest, signer=manifest["roles"][ROLE].lower())
    is_new = _implementation(sender.rpc, proxy) != plan.implementation
    if is_new:
        _send(sender, manifest, plan)
    upgraded = find_upgraded(sender.rpc, manifest, contract, plan.implementation)
    checks = _read_back(sender.rpc, manifest, plan, upgraded, members=members, kept=kept_code(manifest_file))
    changed = record_upgrade(sender.engine, manifest, plan.contract, upgraded, code_hash=plan.code_hash,
                             creation=plan.creation, manifest_file=manifest_file)  # fmt: skip
    file.unlink(missing_ok=True)
    wrong = {check.name: f"before {check.expected}, now {check.actual}" for check in checks if not check.ok}
    if wrong:
        raise errors.ReadBackFailed(
            "The upgrade has happened, and the contract answers otherwise than before.", **wrong
        )
    return Executed(changed, upgraded, checks, is_new)


def cancel(sender: Sender, manifest: Mapping[str, Any], *, contract: str, manifest_file: Path) -> managed.Done:
    """Take a scheduled upgrade back, by the guardian.

    Raises as ``managed.cancel``, and InvalidOperation when none was begun here.
    """
    file = plan_file(manifest_file, contract)
    done = managed.cancel(sender, manifest, read_plan(file).managed(manifest))
    file.unlink(missing_ok=True)
    return done


def _check_drained(engine: Engine) -> None:
    """A halted batch is no obstacle: nothing of it can be mined any more, and the upgrade may be what it waits for."""
    with reading(engine) as tx:
        batches = batches_in_state(tx, "submitted") + batches_in_state(tx, "sealed")
    if not batches:
        return
    first = batches[0]
    raise errors.BatchOpen(
        f"Batch {first.header.batch_id} is {first.state}, and settles on the code that it was sealed for: nothing was "
        "sent. Let it become final first: stop the workers, `loyaltychain run --once` until nothing is left, then this "
        "again. One that cannot go through is forgotten by `loyaltychain batch reopen`; its entries settle later.",
        batch=first.header.batch_id,
        state=first.state,
    )


def _send(sender: Sender, manifest: Mapping[str, Any], plan: UpgradePlan) -> None:
    wanted = plan.managed(manifest)
    standing = managed.read_standing(sender.rpc, manifest, wanted)
    if standing.delay == 0 and standing.due is None:
        call_once(sender, manifest, signer=wanted.caller, target=wanted.target, calldata=wanted.calldata)
    else:
        managed.execute(sender, manifest, wanted)


def _check_free(rpc: Rpc, manifest: Mapping[str, Any], file: Path, candidate: Candidate, call: bytes) -> None:
    """Of two upgrades of one contract that were scheduled, the second would undo the first."""
    if not file.exists():
        return
    begun = read_plan(file)
    if (begun.code_hash, begun.call) == (to_hex(candidate.code_hash), to_hex(call)):
        return
    if managed.read_standing(rpc, manifest, begun.managed(manifest)).due is not None:
        raise errors.InvalidOperation(
            f"Another upgrade of {candidate.contract} is scheduled: execute it, or let the guardian cancel it "
            "(`loyaltychain upgrade cancel`), before another one is begun.",
            implementation=begun.implementation,
            origin=begun.origin,
        )


def _check_code(rpc: Rpc, address: str, candidate: Candidate) -> None:
    code = rpc.code(address)
    actual = masked_code_hash(code, candidate.immutable_references)
    if actual != candidate.code_hash:
        raise errors.ReadBackFailed("What was created is not the candidate.", address=address, code_hash=to_hex(actual))


def _read_back(
    rpc: Rpc, manifest: Mapping[str, Any], plan: UpgradePlan, upgraded: Upgraded, *, members: range, kept: Path
) -> list[Check]:
    proxy = manifest["contracts"][plan.contract]["address"]
    document = json.loads((kept / f"{plan.code_hash.removeprefix('0x')}.json").read_text(encoding="utf-8"))
    references = [(start, length) for start, length in document["immutable_references"]]
    return [
        Check("ERC-1967 slot", plan.implementation, _implementation(rpc, proxy)),
        Check("code hash", plan.code_hash, to_hex(masked_code_hash(rpc.code(plan.implementation), references))),
        *compare_views(rpc, proxy, document["layout"]["functions"], before=upgraded.block - 1, after=upgraded.block,
                       members=members),
    ]  # fmt: skip


def _implementation(rpc: Rpc, proxy: str) -> str:
    return to_hex(rpc.storage(proxy, IMPLEMENTATION_SLOT)[12:])


def _write(file: Path, plan: UpgradePlan) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(asdict(plan), indent=2) + "\n", encoding="utf-8")
    fresh.replace(file)


def encode_initialiser(candidate: Candidate, name: str, arguments: list[object]) -> bytes:
    """The calldata of a reinitialiser. Raises InvariantError when the candidate has no such function."""
    return encode_call(candidate.abi, name, arguments)
