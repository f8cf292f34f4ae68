"""Deploy: run the bootstrap table, read everything back, remember the manifest. Stop it anywhere, start it again.

Each step is an intent, so its signed bytes and its outcome are in the database before and after it happens; the plan,
its random instance id included, is kept in a file before the first of them.
"""

import json
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from loyaltychain.chain.deployments import StoredDeployment, find_deployment, insert_deployment
from loyaltychain.chain.intents import NewIntent
from loyaltychain.chain.rpc import Rpc
from loyaltychain.chain.sender import Outcome, Sender
from loyaltychain.chain.signer import AllowedCall, Key, KeySigner, Signer
from loyaltychain.core import canonical, errors
from loyaltychain.core.hashing import from_hex, to_hex
from loyaltychain.core.json_text import parse_json
from loyaltychain.db.engine import reading, transaction
from loyaltychain.deploy.manifest import Manifest, make_manifest, read_manifest, write_manifest
from loyaltychain.deploy.plan import DeployPlan
from loyaltychain.deploy.readback import Check, read_back
from loyaltychain.deploy.steps import STEPS, Step
from loyaltychain.settlement.deployment import Deployment
from loyaltychain.settlement.guard import check_identity

MakeSender = Callable[[Collection[Signer]], Sender]
OnStep = Callable[[int, int, str], None]  # done, of how many, name of the step


@dataclass(frozen=True, slots=True)
class Deployed:
    """What a deployment came to."""

    manifest: Manifest
    checks: list[Check]
    gas_used: int
    is_new: bool  # False: everything was there already


def choose_plan(engine: Engine, file: Path, wanted: DeployPlan, *, keep: bool = True) -> DeployPlan:
    """The plan to go by: that of the finished deployment, else the one that was begun with, else ``wanted``.

    Args:
        file: Where the plan of a deployment that was begun is kept.
        keep: Whether ``wanted`` is kept there when it is the one.

    Raises: as ``keep_plan``.
    """
    with reading(engine) as tx:
        stored = find_deployment(tx, wanted.network)
    if stored is None:
        return keep_plan(file, wanted, keep=keep)
    plan = DeployPlan.from_manifest(json.loads(stored.manifest))
    _check_same_chain(plan, wanted)
    return plan


def keep_plan(file: Path, wanted: DeployPlan, *, keep: bool = True) -> DeployPlan:
    """The plan to go by: the one that was kept, else ``wanted``, which is kept now (unless ``keep`` is False).

    Raises:
        InvalidSettings: two roles have the same key; nothing was kept.
        WrongChain: the kept plan is for another chain than the one that ``wanted`` was made for.
    """
    _check_roles(wanted)
    if not file.exists():
        if not keep:
            return wanted
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(".new")
        fresh.write_text(json.dumps(wanted.document, indent=2) + "\n", encoding="utf-8")
        fresh.replace(file)
        return wanted
    kept = _read_plan(file)
    _check_same_chain(kept, wanted)
    return kept


def _check_same_chain(begun: DeployPlan, wanted: DeployPlan) -> None:
    if (begun.chain_id, begun.genesis_hash) != (wanted.chain_id, wanted.genesis_hash):
        raise errors.WrongChain(
            f"This project's deployment was begun on the chain with genesis {begun.genesis_hash}, but the chain that "
            f"answers has genesis {wanted.genesis_hash}. Start the chain that belongs to this project, or begin a "
            "fresh project in another directory."
        )


def _read_plan(file: Path) -> DeployPlan:
    try:
        return DeployPlan.from_document(parse_json(file.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise errors.InvalidSettings(
            f"{file.name} is not the plan that a deployment was begun with: restore it from a backup. If nothing was "
            "deployed yet, delete it.",
            reason=str(error),
        ) from error


def _check_roles(plan: DeployPlan) -> None:
    holders: dict[str, list[str]] = {}
    keys = dict(plan.roles)
    if plan.voucher_signer.lower() != plan.roles["registrar"].lower():
        keys["voucher signer"] = plan.voucher_signer
    for role, address in keys.items():
        holders.setdefault(address.lower(), []).append(role)
    shared = [roles for roles in holders.values() if len(roles) > 1]
    if shared:
        raise errors.InvalidSettings(
            "Two roles have the same key, so one stolen key would hold both: give each role a key of its own in keys/.",
            roles=shared,
        )


def fresh_instance_id() -> str:
    """32 random bytes as hex: two deployments are never mistaken for each other."""
    return to_hex(secrets.token_bytes(32))


def deploy(make_sender: MakeSender, plan: DeployPlan, key: Key, *, manifest_file: Path, on_step: OnStep) -> Deployed:
    """Carry ``plan`` to its end and prove it; once that is done, say how things stand and send nothing.

    Roles may change caps and settler afterwards: a finished deployment's ``checks`` show it, and nothing is raised.

    Args:
        make_sender: Makes a sender with these signers; the deployer's leave grows once the manager's address is known.
        key: The deployer's.
        manifest_file: Where the manifest is written, last of all.

    Raises:
        InvalidSettings: there is a manifest, but the database knows of no deployment.
        ReadBackFailed: what stands on chain is not what was asked for; the facts name each difference.
        Reverted, IntentReverted, NonceTaken, RpcUnavailable: as ``Sender.execute``. Run it again when it is mended.
    """
    sender = make_sender([KeySigner(key, [], chain_id=plan.chain_id, allowed_creations=True)])
    finished = find_finished(sender.engine, sender.rpc, plan.network, manifest_file=manifest_file)
    if finished is not None:
        return finished
    if manifest_file.exists():
        raise errors.InvalidSettings(
            f"{manifest_file.name} says that this project is deployed, but its database knows nothing of it. Restore "
            "the database from a backup: deploying anew would leave the old contracts behind, with their members' "
            "points. For a fresh start, use a fresh directory."
        )
    addresses: dict[str, str] = {}
    creations: dict[str, str] = {}
    outcomes: list[Outcome] = []
    for number, step in enumerate(STEPS):
        on_step(number, len(STEPS), step.name)
        if step.target is not None and STEPS[number - 1].target is None:  # from here on the manager has an address
            sender = make_sender([_manager_signer(key, plan, addresses)])
        outcome = sender.execute(step_intent(plan, step, addresses))
        outcomes.append(outcome)
        if step.creates is not None:
            assert outcome.contract_address is not None, step.name
            addresses[step.creates] = outcome.contract_address
            creations[step.creates] = to_hex(outcome.tx_hash)
    first_block = min(outcome.block_number for outcome in outcomes)
    manifest = make_manifest(plan, addresses, creations=creations, first_block=first_block)
    checks = prove(sender.rpc, manifest)
    _remember(sender, plan, manifest)
    write_manifest(manifest_file, manifest)
    on_step(len(STEPS), len(STEPS), "read back")
    return Deployed(manifest, checks, sum(outcome.gas_used for outcome in outcomes), is_new=True)


def find_finished(engine: Engine, rpc: Rpc, network: str, *, manifest_file: Path) -> Deployed | None:
    """The deployment on this network as it stands, if it was finished; it needs no key. None before that.

    Raises WrongChain when the chain that answers is not the one deployed to, or the database is another project's.
    """
    with reading(engine) as tx:
        stored = find_deployment(tx, network)
    if stored is None:
        return None
    if not manifest_file.exists():
        _check_own(rpc, Deployment.from_manifest(json.loads(stored.manifest)))
        write_manifest(manifest_file, json.loads(stored.manifest))
    manifest = read_manifest(manifest_file)
    check_identity(rpc, Deployment.from_manifest(manifest))
    return Deployed(manifest, read_back(rpc, manifest), gas_used=0, is_new=False)


def _check_own(rpc: Rpc, recorded: Deployment) -> None:
    """Raise WrongChain where a project without a manifest finds a deployment on another chain in its database."""
    try:
        check_identity(rpc, recorded)
    except errors.WrongChain as problem:
        raise errors.WrongChain(
            f"This project has no manifest, but its database holds a deployment on {recorded.network!r}, of another "
            "chain than the one that answers. If the database is another project's, give this one its own, or on "
            "PostgreSQL a schema of its own (`database` in loyaltychain.toml, ?schema=NAME); if it is this project's, "
            "start the chain that belongs to it. Nothing was written or signed.",
            found=problem.message,
        ) from problem


def prove(rpc: Rpc, manifest: Manifest) -> list[Check]:
    """Every check of the read-back, all of them true. Raises ReadBackFailed that names those that are not."""
    checks = read_back(rpc, manifest)
    wrong = {check.name: f"expected {check.expected}, found {check.actual}" for check in checks if not check.ok}
    if wrong:
        raise errors.ReadBackFailed("The deployment on chain is not the one that the manifest describes.", **wrong)
    return checks


def _manager_signer(key: Key, plan: DeployPlan, addresses: Mapping[str, str]) -> KeySigner:
    manager = addresses["AccessManager"]
    selectors = {step.build(plan, addresses)[:4] for step in STEPS if step.target == "AccessManager"}
    calls = [AllowedCall(manager, selector) for selector in sorted(selectors)]
    return KeySigner(key, calls, chain_id=plan.chain_id)


def step_intent(plan: DeployPlan, step: Step, addresses: Mapping[str, str]) -> NewIntent:
    """The transaction of one step.

    Args:
        addresses: Of the contracts that were created before it, by name.
    """
    return NewIntent(
        id=f"deploy:{plan.instance_id[2:10]}:{step.name}",
        chain_id=plan.chain_id,
        signer=plan.roles["deployer"],
        target=None if step.target is None else addresses[step.target],
        calldata=step.build(plan, addresses),
    )


def _remember(sender: Sender, plan: DeployPlan, manifest: Manifest) -> None:
    with transaction(sender.engine) as tx:
        insert_deployment(
            tx,
            StoredDeployment(
                network=plan.network,
                chain_id=plan.chain_id,
                genesis_hash=from_hex(plan.genesis_hash),
                instance_id=from_hex(plan.instance_id),
                manifest=canonical.encode(manifest).decode(),
            ),
        )
