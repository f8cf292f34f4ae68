"""``deploy`` and ``verify``: contracts onto the chain, and the proof that they are what was asked for."""

from dataclasses import asdict
from typing import Annotated

import typer

from loyaltychain.chain.devkeys import refuse_development_keys
from loyaltychain.cli.options import HERE, AsJson, Home, only_writer, project_at, speaking
from loyaltychain.cli.output import EXIT_FOUND, print_facts, print_json, progress, stdout
from loyaltychain.core.hashing import to_hex
from loyaltychain.db.engine import reading
from loyaltychain.deploy.accept import ACCEPTABLE, accept_settings
from loyaltychain.deploy.deploy import choose_plan
from loyaltychain.deploy.deploy import deploy as run_deploy
from loyaltychain.deploy.manifest import write_manifest
from loyaltychain.deploy.publish import publish
from loyaltychain.deploy.readback import read_back
from loyaltychain.ledger.checks import check_ledger
from loyaltychain.wiring import open_world, wanted_plan


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    app.command("deploy")(deploy)
    app.command("verify")(verify)


def deploy(home: Home = HERE, as_json: AsJson = False) -> None:
    """Deploy the contracts, wire the roles, read everything back, publish the programme's hash. Safe to repeat."""
    with speaking(as_json), only_writer(project := project_at(home)):
        world = open_world(project)
        program = world.program()
        wanted = wanted_plan(world)
        refuse_development_keys(wanted.chain_id, wanted.roles.values())
        plan = choose_plan(world.engine, project.plan_file, wanted)
        with progress("deploying", quiet=as_json) as report:
            deployed = run_deploy(
                world.sender,
                plan,
                world.key("deployer"),
                manifest_file=project.manifest_file,
                on_step=lambda done, total, _: report(done, total),
            )
        publication, is_published_now = publish(
            world.sender([world.registrar()]),
            deployed.manifest,
            document=program.document,
            digest=program.digest,
            archive=project.program_archive,
        )
        different = [check for check in deployed.checks if not check.ok]
        contracts = {name: facts["address"] for name, facts in deployed.manifest["contracts"].items()}
        facts = {
            "network": plan.network,
            "chain_id": plan.chain_id,
            "contracts": contracts,
            "checks": len(deployed.checks),
            "different": [check.name for check in different],
            "gas_used": deployed.gas_used,
            "program": to_hex(publication.digest),
            "from_position": publication.from_position,
            "manifest": str(project.manifest_file),
            "new": deployed.is_new,
            "published": is_published_now,
        }
        if as_json:
            print_json(facts)
            return
        since = f"counts from ledger position {publication.from_position}"
        title = "Deployed" if deployed.is_new else "Deployed before; no contract was sent"
        print_facts(f"{title} on {plan.network} (chain {plan.chain_id})", {
            **contracts,
            "read back": f"{len(deployed.checks)} facts, " + (
                f"{len(different)} differ from the manifest: loyaltychain verify" if different else "all as asked for"
            ),
            "programme": f"{program.name} {program.version}, {to_hex(publication.digest)[:18]}…, {since}"
                         + (" (published now)" if is_published_now else " (published before)"),
            "manifest": project.manifest_file.relative_to(project.home),
        })  # fmt: skip
        stdout.print("Next: loyaltychain ingest FILE --map MAP, then loyaltychain run --once")


def verify(
    accept: Annotated[
        bool, typer.Option("--accept", help="Write the chain's caps and settler into the manifest, if they changed.")
    ] = False,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Read the deployment back and hold it against the manifest; let the ledger prove itself. Exit code 1 if not so."""
    with speaking(as_json):
        world = open_world(project_at(home))
        if accept:
            write_manifest(world.project.manifest_file, accept_settings(world.rpc, world.manifest))
        checks = read_back(world.rpc, world.manifest)
        wrong = [check for check in checks if not check.ok]
        with reading(world.engine) as tx:
            problems = check_ledger(tx)
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
                stdout.print(f"The ledger does not prove itself: {len(problems)} problems, above. "
                             "Next: loyaltychain audit")  # fmt: skip
            else:
                stdout.print("The ledger proves itself from its postings and its hash chain.")
        if wrong or problems:
            raise typer.Exit(EXIT_FOUND)
