"""The console command: subcommands are put together here, and nothing else happens."""

import json
import sys
from importlib import import_module
from io import TextIOWrapper

import typer
from typer.exceptions import TyperException
from typer.models import CommandInfo, TyperInfo

#: Subcommand -> the module that has it. Only what a command needs is imported: the chain's libraries take seconds.
COMMANDS = {
    "init": "setup",
    "compile": "setup",
    "program": "programming",
    "chain": "chain",
    "deploy": "deploying",
    "verify": "deploying",
    "upgrade": "upgrading",
    "caps": "operating",
    "pause": "operating",
    "unpause": "operating",
    "settler": "operating",
    "mode": "switching",
    "batch": "batches",
    "rotate-settler": "rotating",
    "ingest": "ingesting",
    "worker": "working",
    "run": "working",
    "status": "flow",
    "doctor": "doctoring",
    "reconcile": "reconciling",
    "audit": "auditing",
    "receipt": "receipts",
    "balance": "members",
    "adjust": "members",
    "returns": "members",
    "refused": "members",
    "reward": "members",
    "member": "people",
    "approvals": "people",
    "codes": "proving",
    "links": "proving",
    "attest": "proving",
    "wallet": "wallets",
    "report": "reporting",
    "explain": "explaining",
    "nudges": "explaining",
    "dry-run": "trying",
    "simulate": "simulating",
    "replay": "simulating",
    "export": "exporting",
    "actions": "acting",
    "backup": "backing",
    "restore": "backing",
    "serve": "serving",
    "key": "keys",
    "watch": "watching",
    "drill": "drilling",
    "demo": "demonstration",
    "bench": "benching",
}

#: Of the help: what belongs together, in the order in which people come to it.
PANELS = {
    "Begin": ("demo", "init", "program", "simulate", "chain", "deploy", "status", "doctor"),
    "Events and points": ("ingest", "worker", "run", "balance", "adjust", "approvals", "member", "wallet", "reward",
                          "returns", "refused", "explain", "dry-run", "nudges", "codes", "links", "attest"),
    "The HTTP API": ("serve", "key"),
    "Books": ("report", "export", "actions", "backup", "restore"),
    "Proof": ("audit", "replay", "reconcile", "verify", "receipt", "watch", "drill"),
    "Roles": ("caps", "pause", "unpause", "settler", "rotate-settler", "upgrade", "mode", "batch"),
    "This program itself": ("compile", "bench"),
}  # fmt: skip


def make_app(wanted: str | None = None) -> typer.Typer:
    """The command line with the module of one subcommand; with all of them when it names none."""
    app = typer.Typer(
        help="Loyalty programmes in which every point is provable. Start with `loyaltychain demo`.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,  # a pretty traceback prints local variables, keys among them
        add_completion=False,
    )

    @app.callback()
    def _(
        version: bool = typer.Option(
            False, "--version", is_eager=True, callback=_print_version, help="Print the version."
        ),
    ) -> None:
        """Loyalty programmes in which every point is provable. Start with `loyaltychain demo`."""

    for module in _modules(wanted):
        import_module(f"loyaltychain.cli.{module}").register(app)
    panels = {name: panel for panel, names in PANELS.items() for name in names}
    infos: list[CommandInfo | TyperInfo] = [*app.registered_commands, *app.registered_groups]
    for each in infos:
        each.rich_help_panel = panels.get(str(each.name))
    places = list(panels)
    app.registered_commands.sort(key=lambda each: places.index(each.name) if each.name in panels else len(places))
    return app


def _modules(wanted: str | None) -> list[str]:
    if wanted == "--version":
        return []  # all of them take seconds
    return [COMMANDS[wanted]] if wanted in COMMANDS else list(dict.fromkeys(COMMANDS.values()))


def main() -> None:
    """Entry point of ``loyaltychain`` and ``python -m loyaltychain``."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a message must not die of the terminal's encoding
    app = make_app(sys.argv[1] if len(sys.argv) > 1 else None)
    if "--json" not in sys.argv:
        app()
        return
    try:
        code = app(standalone_mode=False)
    except typer.Abort:
        sys.exit(1)
    except TyperException as problem:  # a command line that Typer refuses
        message = problem.format_message()
        sys.stdout.write(
            json.dumps({"error": {"code": "UsageError", "message": message, "facts": {}}}, indent=2) + "\n"
        )
        sys.exit(2)
    sys.exit(code if isinstance(code, int) else 0)


def _print_version(wanted: bool) -> None:
    if wanted:
        from loyaltychain import __version__

        typer.echo(f"loyaltychain {__version__}")
        raise typer.Exit
