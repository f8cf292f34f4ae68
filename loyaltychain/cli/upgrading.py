"""``upgrade``: other code behind a proxy, step by step; docs/UPGRADES.md tells the whole way."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from loyaltychain.cli.mainnet import signing
from loyaltychain.cli.operating import facts_of, role_sender, say
from loyaltychain.cli.options import HERE, AsJson, Home, alone, project_at, speaking
from loyaltychain.cli.output import EXIT_FOUND, print_facts, print_json, stdout
from loyaltychain.core import errors
from loyaltychain.core.hashing import to_hex
from loyaltychain.db.engine import reading
from loyaltychain.deploy import upgrade as steps
from loyaltychain.deploy.candidate import Candidate, find_candidate
from loyaltychain.deploy.openzeppelin import ask_openzeppelin
from loyaltychain.deploy.plan import PROXIED
from loyaltychain.deploy.upgrade_check import UpgradeCheck, check_upgrade, must_pass
from loyaltychain.events.store import last_number
from loyaltychain.rehearsal.run import rehearse_upgrade
from loyaltychain.settlement.guard import check_identity
from loyaltychain.wiring import World, open_world

Contract = Annotated[str, typer.Argument(metavar="CONTRACT", help=f"One of {', '.join(PROXIED)}.")]
To = Annotated[
    str,
    typer.Option(
        "--to", metavar="CODE", help="FILE.sol, FILE.json (standard-JSON input), each with :Name; or release."
    ),
]
From = Annotated[
    str | None, typer.Option("--from", metavar="CODE", help="Source of the code that runs now, where it is not known.")
]
Call = Annotated[str | None, typer.Option("--call", metavar="NAME", help="A reinitialiser to call with the upgrade.")]
Args = Annotated[
    list[str] | None, typer.Option("--arg", metavar="VALUE", help="An argument of it; one after the other.")
]
Renames = Annotated[
    bool, typer.Option("--renames-meant", help="Renamed variables mean what they meant: I have looked at them.")
]
_SAMPLE = 200  # members whose balances are compared before and after


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(help="Upgrade a contract: check, rehearse, schedule, execute.", no_args_is_help=True)
    for command in (check, rehearse):
        group.command(command.__name__)(command)
    for sending in (schedule, execute, cancel):
        group.command(sending.__name__)(signing(sending))
    app.add_typer(group, name="upgrade")


def check(
    contract: Contract,
    to: To,
    before: From = None,
    call: Call = None,
    arg: Args = None,
    renames_meant: Renames = False,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Compare storage and functions, look at the code. Sends nothing. Exit code 1 where something speaks against it."""
    with speaking(as_json):
        world, code, calldata = _begin(home, contract, to, call, arg)
        found = _check(world, code, calldata, before=before, renames=renames_meant)
        second = ask_openzeppelin(code, running=found.running.code_hash)
        if as_json:
            print_json({**_document(found), "openzeppelin": second})
        else:
            _print_check(found, second)
        if found.refusals:
            raise typer.Exit(EXIT_FOUND)


def rehearse(
    contract: Contract,
    to: To,
    before: From = None,
    call: Call = None,
    arg: Args = None,
    renames_meant: Renames = False,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Run the upgrade on a copy of the chain, audited before and after. Touches nothing. Exit code 1 if it differs."""
    with speaking(as_json):
        world, code, calldata = _begin(home, contract, to, call, arg)
        must_pass(_check(world, code, calldata, before=before, renames=renames_meant))
        report = rehearse_upgrade(world.rpc, world.manifest, code, calldata, members=_members(world),
                                  rpc_url=next(iter(world.project.settings.endpoints), None))  # fmt: skip
        if as_json:
            print_json(report.document)
        else:
            print_facts(f"Rehearsed on {report.ground}", report.in_words())
        if not report.is_clean:
            raise typer.Exit(EXIT_FOUND)


def schedule(
    contract: Contract,
    to: To,
    before: From = None,
    call: Call = None,
    arg: Args = None,
    renames_meant: Renames = False,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Create the new code and schedule the upgrade. UPGRADER; the guardian may cancel it until it is executed."""
    with speaking(as_json):
        world, code, calldata = _begin(home, contract, to, call, arg)
        must_pass(_check(world, code, calldata, before=before, renames=renames_meant))
        with alone(world) as world:
            sender = role_sender(world, steps.ROLE, creations=True)
            plan, done = steps.schedule(
                sender, world.manifest, code, call=calldata, manifest_file=world.project.manifest_file
            )
        facts = facts_of(done, plan.managed(world.manifest)) | {"implementation": plan.implementation}
        say(facts, as_json=as_json)
        if not as_json:
            stdout.print(f"  implementation: {plan.implementation}\nNext: loyaltychain upgrade execute {contract}",
                         highlight=False, soft_wrap=True)  # fmt: skip


def execute(contract: Contract, home: Home = HERE, as_json: AsJson = False) -> None:
    """Execute what was scheduled, once it is due; read it back, and write it into manifest and database. UPGRADER.

    Not while a batch is sealed or on its way: that one settles first, on the code that it was sealed for.
    """
    with speaking(as_json):
        world = _world(home, contract)
        file = world.project.manifest_file
        with alone(world) as world:
            sender, members = role_sender(world, steps.ROLE), _members(world)
            done = steps.execute(sender, world.manifest, contract=contract, manifest_file=file, members=members)
        facts: dict[str, Any] = {
            "contract": contract,
            "implementation": done.upgraded.new,
            "before": done.upgraded.old,
            "transaction": done.upgraded.transaction,
            "block": done.upgraded.block,
            "checks": len(done.checks),
            "different": [each.name for each in done.checks if not each.ok],
        }
        if as_json:
            print_json(facts)
        else:
            print_facts(f"{contract} runs other code", facts | {"different": "none"})


def cancel(contract: Contract, home: Home = HERE, as_json: AsJson = False) -> None:
    """Take a scheduled upgrade back. Guardian."""
    with speaking(as_json):
        world = _world(home, contract)
        file = world.project.manifest_file
        plan = steps.read_plan(steps.plan_file(file, contract))
        done = steps.cancel(role_sender(world, "guardian"), world.manifest, contract=contract, manifest_file=file)
        say(facts_of(done, plan.managed(world.manifest)), as_json=as_json)


def _begin(home: Path, contract: str, to: str, call: str | None, arg: Sequence[str] | None
           ) -> tuple[World, Candidate, bytes]:  # fmt: skip
    world = _world(home, contract)
    code = find_candidate(contract, to)
    return world, code, _calldata(code, call, arg or [])


def _world(home: Path, contract: str) -> World:
    if contract not in PROXIED:
        raise errors.InvalidSettings(f"{contract} has no proxy: one of {', '.join(PROXIED)}.")
    world = open_world(project_at(home))
    check_identity(world.rpc, world.deployment)
    return world


def _check(world: World, code: Candidate, calldata: bytes, *, before: str | None, renames: bool) -> UpgradeCheck:
    known = None if before is None else find_candidate(code.contract, before).layout
    kept = steps.kept_code(world.project.manifest_file)
    return check_upgrade(world.rpc, world.manifest, code, call=calldata, kept=kept, before=known, renames=renames)


def _calldata(code: Candidate, name: str | None, values: Sequence[str]) -> bytes:
    if name is None:
        return b""
    fits = [item for item in code.abi if item["type"] == "function" and item.get("name") == name
            and len(item.get("inputs", ())) == len(values)]  # fmt: skip
    if len(fits) != 1:
        raise errors.InvalidSettings(f"The new code has no one function {name} with {len(values)} arguments (--arg).")
    kinds = [str(parameter["type"]) for parameter in fits[0].get("inputs", ())]
    return steps.encode_initialiser(code, name, [_value(kind, text) for kind, text in zip(kinds, values, strict=True)])


def _value(kind: str, text: str) -> object:
    """An argument of the command line as its type has it."""
    try:
        if kind.startswith(("uint", "int")):
            return int(text, 0)
        if kind == "bool":
            return {"true": True, "false": False}[text]
        if kind.startswith("bytes"):
            return bytes.fromhex(text.removeprefix("0x"))
    except (ValueError, KeyError) as error:
        raise errors.InvalidSettings(f"--arg {text} is no {kind}.") from error
    return text


def _members(world: World) -> range:
    with reading(world.engine) as tx:
        return range(1, 1 + min(last_number(tx), _SAMPLE))


def _document(found: UpgradeCheck) -> dict[str, Any]:
    return {
        "contract": found.candidate.contract,
        "running": {"implementation": found.running.implementation, "code_hash": to_hex(found.running.code_hash)},
        "code_hash": to_hex(found.candidate.code_hash),
        "bytes": len(found.candidate.runtime_code),
        "functions_gone": found.gone,
        "functions_new": found.new,
        "refusals": found.refusals,
    }


def _print_check(found: UpgradeCheck, second: str) -> None:
    for refusal in found.refusals:
        stdout.print(f"[red]refused[/] {refusal}".replace("[]", r"\[]"), highlight=False, soft_wrap=True)
    print_facts(f"{found.candidate.contract}: {found.candidate.origin}", {
        "runs now": f"{found.running.implementation} ({to_hex(found.running.code_hash)[:18]}…)",
        "new code": f"{to_hex(found.candidate.code_hash)[:18]}…, {len(found.candidate.runtime_code)} bytes of 24,576",
        "storage": "only added to" if not found.differences else f"{len(found.differences)} differences",
        "functions gone": ", ".join(found.gone) or "none",
        "functions new": "; ".join(f"{signature}: {who}" for signature, who in found.new.items()) or "none",
        "OpenZeppelin": second,
        "verdict": "refused" if found.refusals else "fit: loyaltychain upgrade rehearse, then schedule",
    })  # fmt: skip
