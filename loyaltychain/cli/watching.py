"""``watch``: is each new batch true, and the deployment as promised? With a key, have false batches voided."""

import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from loyaltychain.audit.manifest import parse_manifest
from loyaltychain.chain.mainnets import refuse_mainnet
from loyaltychain.chain.nodes import Nodes
from loyaltychain.chain.profiles import load_profile
from loyaltychain.chain.rpc import Rpc
from loyaltychain.chain.upstream import Upstream, name_nodes
from loyaltychain.cli.auditing import read_manifest_file
from loyaltychain.cli.mainnet import Mainnet, ask
from loyaltychain.cli.options import HERE, AsJson, Home, project_at, speaking
from loyaltychain.cli.output import EXIT_FOUND, EXIT_INVARIANT, EXIT_RETRY, escape, print_json, stdout
from loyaltychain.core import errors
from loyaltychain.core.clock import system_clock
from loyaltychain.core.environment import Environment
from loyaltychain.watch.keys import find_watcher_key
from loyaltychain.watch.notes import Kind, Note
from loyaltychain.watch.notes_file import NotesFile, format_line
from loyaltychain.watch.run import OnNote, Watched, watch
from loyaltychain.wiring import connect, open_world

_STYLES = {
    Kind.LOOKED: "green",
    Kind.WITHHELD: "bold red",
    Kind.UNJUDGED: "bold red",
    Kind.SILENT: "bold red",
    Kind.BLIND: "bold red",
    Kind.FALSE: "bold red",
    Kind.DIFFERENT: "bold red",
    Kind.ALLOWED: "yellow",
    Kind.CLEARED: "green",
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
    rpc: Annotated[
        list[str] | None, typer.Option("--rpc", help="A node's URL; several of them count where two agree.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="One look and what follows from it, then end.")] = False,
    challenge: Annotated[
        bool, typer.Option("--challenge", help="Have false batches voided, with the watcher's key.")
    ] = False,
    every: Annotated[int, typer.Option(help="Seconds between two looks.", min=1)] = 15,
    notes: Annotated[
        Path | None, typer.Option(help="Add each note to this file, one JSON object a line.", dir_okay=False)
    ] = None,
    mainnet: Mainnet = False,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Check each new batch while it can be voided, and the deployment against its manifest. Exit code 4 when a batch
    was false, 3 when nobody can say how things stand, 1 when something is not as was promised.

    In root mode anybody can have a false batch voided: --challenge does it, from any account with some gas money.
    """
    with speaking(as_json):
        node, document, keys = _open(manifest, rpc or [], home)
        claims = parse_manifest(document)
        if challenge:
            _ask_mainnet(claims.chain_id, None if keys is None else keys.parent, is_meant=mainnet)
        taken = [*claims.holders.values(), claims.settler]
        key = (
            find_watcher_key(Environment(os.environ), keys, chain_id=claims.chain_id, taken=taken)
            if challenge
            else None
        )
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        file = None if notes is None else NotesFile(notes, system_clock)
        told: list[Note] = []
        show = told.append if once and as_json else _say_json if as_json else _say
        watched = watch(
            node,
            document,
            limits=load_profile(claims.network),
            key=key,
            once=once,
            poll_seconds=every,
            clock=system_clock,
            on_note=show if file is None else _both(file.write, show),
            sleep=stopping.wait,
            is_stopped=stopping.is_set,
        )
        if once and as_json:
            print_json(_summary(watched, told))
        if key is None and watched.lies and not as_json:
            stdout.print("Nothing was sent. To have it voided: loyaltychain watch --challenge", highlight=False)
        if code := _exit_code(watched):
            raise typer.Exit(code)


def _exit_code(watched: Watched) -> int:
    """What was false counts more than what could not be seen, and that more than what is different."""
    if watched.is_false:
        return EXIT_INVARIANT
    if watched.is_blind:
        return EXIT_RETRY
    return EXIT_FOUND if watched.sight is not None and watched.sight.differences else 0


def _both(first: OnNote, second: OnNote) -> OnNote:
    def tell(note: Note) -> None:
        first(note)
        second(note)

    return tell


def _open(manifest: Path | None, urls: Sequence[str], home: Path) -> tuple[Rpc, dict[str, Any], Path | None]:
    """The node or nodes, the manifest, and where a project keeps its keys."""
    if manifest is not None:
        if not urls:
            raise errors.InvalidSettings("--manifest needs --rpc: which node shall be asked?")
        document = read_manifest_file(manifest)
        return _connect(urls, parse_manifest(document).network), document, None
    project = project_at(home)
    world = open_world(project, rpc=_connect(urls, project.settings.network) if urls else None)
    return world.rpc, dict(world.manifest), world.project.home / "keys"


def _connect(urls: Sequence[str], network: str) -> Rpc:
    """What several nodes say counts where two of them agree."""
    if len(urls) == 1:
        return connect(urls[0])
    upstreams = [Upstream(name, connect(url, rests=False)) for name, url in zip(name_nodes(urls), urls, strict=True)]
    profile = load_profile(network)
    return Nodes(upstreams, profile, system_clock, chain_id=profile.chain_id)


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
    sys.stdout.write(format_line(note, now=system_clock()))
    sys.stdout.flush()
