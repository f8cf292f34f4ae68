"""``watch``: is each new batch true? With a key, have false ones voided."""

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated, Any

import typer

from loyaltychain.audit.manifest import parse_manifest
from loyaltychain.chain.mainnets import refuse_mainnet
from loyaltychain.chain.profiles import load_profile
from loyaltychain.chain.rpc import Rpc
from loyaltychain.cli.auditing import read_manifest_file
from loyaltychain.cli.mainnet import Mainnet, ask
from loyaltychain.cli.options import HERE, AsJson, Home, project_at, speaking
from loyaltychain.cli.output import EXIT_INVARIANT, escape, print_json, stdout
from loyaltychain.core import errors
from loyaltychain.core.environment import Environment
from loyaltychain.watch.keys import find_watcher_key
from loyaltychain.watch.notes import Kind, Note
from loyaltychain.watch.run import Watched, watch
from loyaltychain.wiring import connect, open_world

_STYLES = {
    Kind.LOOKED: "green",
    Kind.WITHHELD: "bold red",
    Kind.UNJUDGED: "bold red",
    Kind.FALSE: "bold red",
    Kind.SENT: "yellow",
    Kind.VOID: "green",
    Kind.NOT_VOID: "bold red",
    Kind.TROUBLE: "yellow",
}


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("watch")(watch_command)


def watch_command(
    manifest: Annotated[
        Path | None, typer.Option(help="A manifest, to watch without a project; with --rpc.", dir_okay=False)
    ] = None,
    rpc: Annotated[str | None, typer.Option("--rpc", help="A node's URL; else the project's own.")] = None,
    once: Annotated[bool, typer.Option("--once", help="One look and what follows from it, then end.")] = False,
    challenge: Annotated[
        bool, typer.Option("--challenge", help="Have false batches voided, with the watcher's key.")
    ] = False,
    every: Annotated[int, typer.Option(help="Seconds between two looks.", min=1)] = 15,
    mainnet: Mainnet = False,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Check each new batch from logs alone while it can be voided. Exit code 4 when one was false.

    In root mode anybody can have a false batch voided: --challenge does it, from any account with some gas money.
    """
    with speaking(as_json):
        node, document, keys = _open(manifest, rpc, home)
        claims = parse_manifest(document)
        if challenge:
            _ask_mainnet(claims.chain_id, None if keys is None else keys.parent, is_meant=mainnet)
        taken = [*claims.holders.values(), claims.settler]
        key = (
            find_watcher_key(Environment(os.environ), keys, chain_id=claims.chain_id, taken=taken)
            if challenge
            else None
        )
        notes: list[Note] = []
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        watched = watch(
            node,
            document,
            limits=load_profile(claims.network),
            key=key,
            once=once,
            poll_seconds=every,
            on_note=notes.append if once and as_json else _say_json if as_json else _say,
            sleep=stopping.wait,
            is_stopped=stopping.is_set,
        )
        if once and as_json:
            print_json(_summary(watched, notes))
        if watched.lies or (watched.sight is not None and watched.sight.false):
            if key is None and watched.lies and not as_json:
                stdout.print("Nothing was sent. To have it voided: loyaltychain watch --challenge", highlight=False)
            raise typer.Exit(EXIT_INVARIANT)


def _open(manifest: Path | None, rpc: str | None, home: Path) -> tuple[Rpc, dict[str, Any], Path | None]:
    """The node, the manifest, and where a project keeps its keys."""
    if manifest is not None:
        if rpc is None:
            raise errors.InvalidSettings("--manifest needs --rpc: which node shall be asked?")
        return connect(rpc), read_manifest_file(manifest), None
    world = open_world(project_at(home), rpc=connect(rpc) if rpc else None)
    return world.rpc, dict(world.manifest), world.project.home / "keys"


def _ask_mainnet(chain_id: int, home: Path | None, *, is_meant: bool) -> None:
    """As other commands that send; without a project nothing is remembered."""
    if home is None:
        refuse_mainnet(chain_id, is_meant=is_meant)
    else:
        ask(home, chain_id, is_meant=is_meant)


def _summary(watched: Watched, notes: list[Note]) -> dict[str, Any]:
    sight = {} if watched.sight is None else watched.sight.document()
    return {
        **sight,
        "false": [lie.disputed.batch_id for lie in watched.lies],
        "voided": list(watched.voided),
        "notes": [note.document() for note in notes if note.kind is not Kind.LOOKED],
    }


def _say(note: Note) -> None:
    stdout.print(f"[{_STYLES[note.kind]}]{note.kind}[/]  {escape(note.text)}", highlight=False, soft_wrap=True)


def _say_json(note: Note) -> None:
    """One object a line: a watch that goes on has no end to wait for."""
    sys.stdout.write(json.dumps(note.document()) + "\n")
    sys.stdout.flush()
