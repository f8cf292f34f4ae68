"""``init`` and ``compile``: a new project, and the contracts' artifacts."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from loyaltychain.chain.devkeys import development_keys
from loyaltychain.cli.options import HERE, AsJson, Home, LedgerMode, Mode, speaking
from loyaltychain.cli.output import EXIT_FOUND, print_facts, print_json, stdout
from loyaltychain.config.project import EXAMPLES, ROLES, make_project
from loyaltychain.core.errors import ArtifactsStale
from loyaltychain.deploy import compile as compiling
from loyaltychain.program.jurisdictions import keep_law
from loyaltychain.program.load import template
from loyaltychain.program.starters import example_events, template_names


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    app.command("init")(init)
    app.command("compile")(compile_contracts)


def init(
    template_: Annotated[
        str, typer.Option("--template", metavar="NAME", help=f"The starter programme: {', '.join(template_names())}.")
    ] = "commerce",
    jurisdiction: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Whose law on expiry it keeps: ontario, quebec. Can be given twice."),
    ] = None,
    mode: LedgerMode = Mode.PUSH,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Make a project: configuration, a starter programme, development keys for the local chain."""
    with speaking(as_json):
        keys = dict(zip(ROLES, development_keys(len(ROLES)), strict=True))
        program, examples = keep_law(template(template_), jurisdiction or ()), example_events(template_)
        project = make_project(home, program=program, keys=keys, mode=mode.value, examples=examples)
        made = sorted(str(path.relative_to(project.home)) for path in project.home.rglob("*") if path.is_file())
        if as_json:
            print_json({"home": str(project.home), "files": made})
            return
        print_facts(f"A project in {project.home}", {
            "loyaltychain.toml": f"configuration: token, caps, delays, {mode.value} mode",
            "program.yaml": "the rules; their hash goes on chain before they count",
            **({EXAMPLES: "events to try them with (`ingest`)"} if examples else {}),
            "keys/": f"development keys, one a role ({', '.join(ROLES)}); known to everybody, for local chains only",
        })  # fmt: skip
        stdout.print("Next: loyaltychain program check, loyaltychain chain start, loyaltychain deploy")


def compile_contracts(
    check: Annotated[bool, typer.Option("--check", help="Change nothing: prove that artifacts equal sources.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compile the contracts and write the shipped artifacts; needs a Solidity compiler, running does not."""
    with speaking(as_json):
        facts: dict[str, Any]
        try:
            facts = asdict(compiling.check()) if check else {"written": compiling.write()}
        except ArtifactsStale as stale:
            if as_json:
                raise
            stdout.print(f"[red]stale[/] {stale}")
            raise typer.Exit(EXIT_FOUND) from stale
        if as_json:
            print_json(facts)
        else:
            stdout.print(
                "; ".join(f"{name}: {value}" for name, value in facts.items()), highlight=False, soft_wrap=True
            )
