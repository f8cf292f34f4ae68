"""``deploy`` and ``verify``: contracts onto the chain, and the proof that they are what was asked for."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from loyaltychain.actions.verify import verify as verify_actions
from loyaltychain.chain.devkeys import refuse_development_keys
from loyaltychain.chain.profiles import Profile, profile_names
from loyaltychain.cli.estimates import estimate_document, print_estimate
from loyaltychain.cli.mainnet import Mainnet, ask
from loyaltychain.cli.networks import (
    assumptions,
    check_books,
    check_chain,
    check_same_books,
    choose_network,
    profile_of,
    remember,
)
from loyaltychain.cli.options import HERE, AsJson, Home, only_writer, project_at, speaking
from loyaltychain.cli.output import EXIT_FOUND, print_facts, print_json, progress, stderr, stdout
from loyaltychain.config.network import FILE as NETWORK_FILE
from loyaltychain.config.project import Project
from loyaltychain.core import errors
from loyaltychain.core.hashing import to_hex
from loyaltychain.db.engine import reading
from loyaltychain.db.leader import Leader
from loyaltychain.deploy.accept import ACCEPTABLE, accept_settings
from loyaltychain.deploy.cost import check_funds
from loyaltychain.deploy.deploy import Deployed, choose_plan, find_finished, keep_plan
from loyaltychain.deploy.deploy import deploy as run_deploy
from loyaltychain.deploy.estimate import Estimate, estimate_deployment
from loyaltychain.deploy.manifest import write_manifest
from loyaltychain.deploy.plan import DeployPlan
from loyaltychain.deploy.publish import publish
from loyaltychain.deploy.readback import read_back
from loyaltychain.deploy.verification_input import write_verification
from loyaltychain.ledger.checks import check_ledger
from loyaltychain.operations.act_checks import check_acts
from loyaltychain.settlement.guard import check_identity
from loyaltychain.settlement.reconcile import reconcile
from loyaltychain.wiring import World, open_world, wanted_plan


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    app.command("deploy")(deploy)
    app.command("verify")(verify)


def deploy(
    network: Annotated[
        str | None, typer.Option("--network", help=f"A known network: {', '.join(profile_names())}.")
    ] = None,
    rpc: Annotated[str | None, typer.Option("--rpc", help="The URL of a node of the chain.")] = None,
    chain_id: Annotated[
        int | None, typer.Option("--chain-id", min=1, help="The chain's id; the node must agree.")
    ] = None,
    keystore: Annotated[
        Path | None,
        typer.Option("--keystore", help="The deployer's key as an encrypted JSON keystore.", dir_okay=False),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the transactions, addresses and cost; sign and send nothing.")
    ] = False,
    mainnet: Mainnet = False,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Deploy the contracts, wire the roles, read everything back, publish the programme's hash. Safe to repeat."""
    with speaking(as_json), _alone(named := project_at(home), unless=dry_run) as leader:
        project = choose_network(named, network=network, rpc=rpc, chain_id=chain_id)
        world = open_world(project, deployer_keystore=keystore)
        if leader is not None:
            world = replace(world, engine=leader.fence(world.engine))
        actual = check_chain(world.rpc, world.profile, told=chain_id)
        if not dry_run:
            ask(project.home, actual, is_meant=mainnet)
        check_books(world)
        manifest_file = project.manifest_file
        deployed = find_finished(world.engine, world.rpc, project.settings.network, manifest_file=manifest_file)
        if dry_run:
            _show(world, deployed, as_json=as_json)
            return
        wanted = None if deployed is not None else _look_ahead(world)
        if wanted is not None:
            check_funds(wanted.estimate.accounts)
        if (network, rpc, chain_id) != (None, None, None):
            remember(project, rpc=rpc)
            _say_assumed(world, quiet=as_json)
        if wanted is not None:
            deployed = _carry_out(world, wanted.plan, quiet=as_json)
        assert deployed is not None, "either it was finished before, or it is now"
        facts = _publish(world, deployed, quiet=as_json)
        if as_json:
            print_json(facts)
            return
        _print_deployed(facts, home=project.home)


def _alone(project: Project, *, unless: bool) -> AbstractContextManager[Leader | None]:
    """Keep the worker out, unless nothing will be written."""
    return nullcontext() if unless else only_writer(project)


@dataclass(frozen=True, slots=True)
class _Ahead:
    """A deployment that is not finished: its plan, not kept yet if it is new, and what it takes."""

    profile: Profile
    plan: DeployPlan
    estimate: Estimate


def _look_ahead(world: World) -> _Ahead:
    wanted = wanted_plan(world)
    refuse_development_keys(wanted.chain_id, (*wanted.roles.values(), wanted.voucher_signer))
    plan = choose_plan(world.engine, world.project.plan_file, wanted, keep=False)
    _check_holders(plan, wanted)
    profile, digest = profile_of(world), world.program().digest
    return _Ahead(profile, plan, estimate_deployment(world.engine, world.rpc, profile, plan, digest=digest))


def _publish(world: World, deployed: Deployed, *, quiet: bool) -> dict[str, Any]:
    """Publish the programme and write what explorers need. Returns the command's facts."""
    project, program, manifest = world.project, world.program(), deployed.manifest
    if not quiet and world.profile.finality_depth:
        stderr.print("Publishing the programme, and waiting until that is final; it may take half an hour. "
                     "Stop it, and run it again, as you like.", soft_wrap=True)  # fmt: skip
    publication, is_published_now = publish(
        world.sender([world.registrar()]),
        manifest,
        document=program.document,
        digest=program.digest,
        archive=project.program_archive,
    )
    _write_verification(world, deployed)
    return {
        "network": manifest["network"],
        "chain_id": manifest["chain_id"],
        "contracts": _addresses(deployed),
        "checks": len(deployed.checks),
        "different": [check.name for check in deployed.checks if not check.ok],
        "gas_used": deployed.gas_used,
        "rules": f"{program.name} {program.version}",
        "program": to_hex(publication.digest),
        "from_position": publication.from_position,
        "manifest": str(project.manifest_file),
        "verification": str(project.verification_directory) if project.verification_directory.is_dir() else None,
        "explorer": world.profile.explorer,
        "new": deployed.is_new,
        "published": is_published_now,
    }


def _addresses(deployed: Deployed) -> dict[str, str]:
    return {name: facts["address"] for name, facts in deployed.manifest["contracts"].items()}


def _carry_out(world: World, plan: DeployPlan, *, quiet: bool) -> Deployed:
    # Both passwords are asked for before the first transaction, so that nobody has to wait beside it for the second.
    key, _ = world.key("deployer"), world.key("registrar")
    with progress("deploying", quiet=quiet) as report:
        return run_deploy(
            world.deploy_sender,
            keep_plan(world.project.plan_file, plan),
            key,
            manifest_file=world.project.manifest_file,
            on_step=lambda done, total, _: report(done, total),
        )


def _check_holders(plan: DeployPlan, wanted: DeployPlan) -> None:
    """Who holds what was decided with the first transaction; another address would be passed over in silence."""
    begun, now = ({**each.roles, "voucher signer": each.voucher_signer} for each in (plan, wanted))
    for role, address in begun.items():
        if address.lower() != now[role].lower():
            raise errors.InvalidSettings(
                f"This deployment was begun with another {role}: {address.lower()}. Put that key or address back to "
                "finish it; to have another one, begin a fresh project in another directory.",
                role=role,
                begun=address.lower(),
                now=now[role].lower(),
            )


def _write_verification(world: World, deployed: Deployed) -> None:
    """Once: for a deployment that reads back whole, so that its bytes are those of this release."""
    directory = world.project.verification_directory
    is_whole = all(check.ok for check in deployed.checks)
    if is_whole and (deployed.is_new or not directory.is_dir()):
        write_verification(world.rpc, deployed.manifest, directory)


def _show(world: World, finished: Deployed | None, *, as_json: bool) -> None:
    """What a deployment would do. Asks for no password where a key's file says its address."""
    if finished is None:
        ahead = _look_ahead(world)
        if as_json:
            print_json(estimate_document(ahead.estimate, ahead.plan, ahead.profile))
        else:
            print_estimate(ahead.estimate, ahead.plan, ahead.profile)
        return
    network, chain_id = finished.manifest["network"], finished.manifest["chain_id"]
    contracts = _addresses(finished)
    if as_json:
        print_json({"dry_run": True, "network": network, "chain_id": chain_id, "contracts": contracts, "steps": []})
        return
    print_facts(f"Deployed before on {network} (chain {chain_id}); no contract would be sent", contracts)


def _say_assumed(world: World, *, quiet: bool) -> None:
    if quiet:
        return
    stderr.print(f"{world.profile.name}: {'; '.join(assumptions(world.profile))}", highlight=False, soft_wrap=True)
    stderr.print(f"Remembered in {NETWORK_FILE}; it counts until network or rpc changes in loyaltychain.toml.",
                 highlight=False, soft_wrap=True)  # fmt: skip


def _print_deployed(facts: dict[str, Any], *, home: Path) -> None:
    title = "Deployed" if facts["new"] else "Deployed before; no contract was sent"
    since, ledger = f"counts from ledger position {facts['from_position']}", facts["contracts"]["PointsLedger"]
    print_facts(f"{title} on {facts['network']} (chain {facts['chain_id']})", {
        **facts["contracts"],
        "read back": f"{facts['checks']} facts, " + (
            f"{len(facts['different'])} differ from the manifest: loyaltychain verify" if facts["different"]
            else "all as asked for"
        ),
        "programme": f"{facts['rules']}, {facts['program'][:18]}…, {since}"
                     + (" (published now)" if facts["published"] else " (published before)"),
        "manifest": Path(facts["manifest"]).relative_to(home),
        **({"for explorers": Path(facts["verification"]).relative_to(home)} if facts["verification"] else {}),
        **({"explorer": f"{facts['explorer']}/address/{ledger}"} if facts["explorer"] else {}),
    })  # fmt: skip
    stdout.print("Next: loyaltychain ingest FILE, then loyaltychain run --once")


def verify(
    accept: Annotated[
        bool, typer.Option("--accept", help="Write the chain's caps and settler into the manifest, if they changed.")
    ] = False,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Hold deployment against manifest and database against chain; let the ledger prove itself. Exit code 1 if not so.

    A database that is not the one that settled here ends as with `loyaltychain run`, with code 2, 3 or 4.
    """
    with speaking(as_json):
        world = open_world(project_at(home))
        check_identity(world.rpc, world.deployment)  # another chain has nothing to read, or to take over
        if accept:
            write_manifest(world.project.manifest_file, accept_settings(world.rpc, world.manifest))
        checks = read_back(world.rpc, world.manifest)
        wrong = [check for check in checks if not check.ok]
        if not wrong:  # a ledger proves itself in any database: this one must be the one that settled here
            check_same_books(world)
        with reading(world.engine) as tx:
            problems = [*check_ledger(tx), *verify_actions(tx), *check_acts(tx)]
        if as_json:
            different = [
                {"name": check.name, "expected": str(check.expected), "actual": str(check.actual)} for check in wrong
            ]
            ledger = [asdict(problem) for problem in problems]
            print_json({"checks": len(checks), "different": different, "ledger": ledger})
        else:
            for check in wrong:
                both = f"  manifest  {check.expected}\n  chain     {check.actual}"
                stdout.print(f"[red]different[/] {check.name}\n{both}", highlight=False, soft_wrap=True)
            for problem in problems:
                stdout.print(f"[red]{problem.code}[/] {problem.subject}\n  expected  {problem.expected}\n"
                             f"  found     {problem.actual}", highlight=False, soft_wrap=True)  # fmt: skip
            if not accept and wrong and {check.name for check in wrong} <= ACCEPTABLE:
                stdout.print("If the roles meant it so: loyaltychain verify --accept writes it into the manifest.")
            stdout.print(f"{len(checks) - len(wrong)} of {len(checks)} facts on chain are as in the manifest.")
            if problems:
                stdout.print(f"Ledger or audit log do not prove themselves: {len(problems)} problems, above. "
                             "Next: loyaltychain audit")  # fmt: skip
            else:
                stdout.print("The ledger proves itself from its postings and its hash chain.")
        if wrong or problems:
            raise typer.Exit(EXIT_FOUND)
        if reconcile(world.engine, world.rpc, world.deployment, actor="operator", now=world.clock()) and not as_json:
            stdout.print("This database was restored, and the chain knows the same batches: `run` may sign again.")
