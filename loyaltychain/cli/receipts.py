"""``receipt show|verify``: a member's proof of one award, and its check by anybody."""

import json
import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from loyaltychain.audit.receipt import verify_receipt
from loyaltychain.chain.rpc import Rpc
from loyaltychain.cli.listing import print_rows
from loyaltychain.cli.options import HERE, AsJson, Home, in_words, project_at, speaking
from loyaltychain.cli.output import EXIT_FOUND, print_json, stderr, stdout
from loyaltychain.core import errors
from loyaltychain.core.json_text import parse_json
from loyaltychain.core.words import counted
from loyaltychain.db.engine import Tx, reading
from loyaltychain.db.migrate import open_migrated
from loyaltychain.deploy.manifest import read_manifest
from loyaltychain.operations.store import find_fate
from loyaltychain.settlement.deployment import Deployment
from loyaltychain.settlement.receipts import receipts_of_event, receipts_of_member, show_receipt
from loyaltychain.settlement.types import Receipt
from loyaltychain.wiring import connect, open_world


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(help="A member's proof of one award, and its check by anybody.", no_args_is_help=True)
    group.command("show")(show)
    group.command("verify")(verify)
    app.add_typer(group, name="receipt")


def show(
    entry: Annotated[
        str | None, typer.Option(metavar="ENTRY", help="The ledger entry's id, e.g. earn:shop/S-00001:spend.")
    ] = None,
    event: Annotated[str | None, typer.Option(metavar="SOURCE/ID", help="The event, by its source and id.")] = None,
    member: Annotated[str | None, typer.Option(metavar="MEMBER", help="The member: list her receipts.")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the receipt to this file.", dir_okay=False)
    ] = None,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Show the receipt of one entry or event as JSON, or list a member's receipts."""
    with speaking(as_json):
        if sum(choice is not None for choice in (entry, event, member)) != 1:
            raise errors.InvalidSettings("Name one of --entry, --event or --member.")
        project = project_at(home)
        deployment = Deployment.from_manifest(read_manifest(project.manifest_file))
        with reading(open_migrated(project.database_url)) as tx:
            if member is not None:
                _print_list(member, receipts_of_member(tx, member), as_json=as_json)
                return
            documents = [show_receipt(tx, deployment, entry_id=entry)] if entry else [
                show_receipt(tx, deployment, place=(receipt.batch_id, receipt.index))
                for receipt in _of_event(tx, event or "")
            ]  # fmt: skip
        if len(documents) > 1:
            raise _several([document["entry"]["id"] for document in documents], home, as_json=as_json)
        if out is None:
            print_json(documents[0])
            return
        out.write_text(json.dumps(documents[0], indent=2) + "\n", encoding="utf-8")
        if as_json:
            print_json({"file": str(out), "entry": documents[0]["entry"]["id"]})
        else:
            stderr.print(f"Written to {out}. Check it with: loyaltychain receipt verify {out}", highlight=False)


def _several(entries: list[str], home: Path, *, as_json: bool) -> errors.UnknownReceipt:
    where = "" if home == HERE else f" --home {shlex.quote(str(home))}"
    shown = [f"loyaltychain receipt show{where} --entry {shlex.quote(entry)}" for entry in entries]
    facts = {"entries": entries} if as_json else {"with": shown}
    return errors.UnknownReceipt("This event has several receipts: show them one by one, by --entry.", **facts)


def verify(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A receipt, as `receipt show` writes it.", dir_okay=False)
    ],
    offline: Annotated[bool, typer.Option("--offline", help="Ask no chain: check the file in itself.")] = False,
    rpc: Annotated[
        str | None, typer.Option("--rpc", metavar="URL", help="A node's URL; default the project's chain.")
    ] = None,
    manifest_file: Annotated[
        Path | None,
        typer.Option(
            "--manifest",
            metavar="FILE",
            help="The programme's manifest: is the receipt's contract its?",
            dir_okay=False,
        ),
    ] = None,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Check a receipt: in itself, and against the chain. Exit code 1 if anything is wrong. With --rpc, no project."""
    with speaking(as_json):
        if offline and rpc is not None:
            raise errors.InvalidSettings("--offline asks no chain, --rpc names one: choose.")
        document = _read(file)
        node: Rpc | None = None
        manifest: dict[str, Any] | None = None if manifest_file is None else read_manifest(manifest_file)
        if rpc is not None:
            node = connect(rpc)
        elif not offline:
            node, manifest = _of_project(home, manifest)
        verdict = verify_receipt(document, node, manifest_document=manifest)
        checks = [{"name": check.name, "ok": check.ok, "detail": check.detail} for check in verdict.checks]
        if as_json:
            print_json({"ok": verdict.ok, "checks": checks, "programme_checked": manifest is not None})
        else:
            for check in verdict.checks:
                mark = "[green]ok[/]   " if check.ok else "[red]wrong[/]"
                stdout.print(f"{mark} {check.name}\n        {check.detail}", highlight=False, soft_wrap=True)
            stdout.print(_sentence(document, ok=verdict.ok, offline=node is None), soft_wrap=True, highlight=False)
            if verdict.ok and manifest is None:
                stdout.print(f"Whether {document['ledger']} is the programme's contract was not asked: compare it with "
                             "the programme's manifest (--manifest).", soft_wrap=True, highlight=False)  # fmt: skip
        if not verdict.ok:
            raise typer.Exit(EXIT_FOUND)


def _of_project(home: Path, manifest: dict[str, Any] | None) -> tuple[Rpc, dict[str, Any]]:
    try:
        world = open_world(project_at(home))
    except errors.ProjectMissing as error:
        raise errors.InvalidSettings(
            "Whom to ask? Name a node of the receipt's chain with --rpc, or check the file in itself with --offline. "
            "(This directory holds no project.)"
        ) from error
    except errors.ChainNotRunning as error:
        raise errors.ChainNotRunning(
            error.message,
            **{**error.context, "or": "check the file in itself with --offline, or ask another node with --rpc"},
        ) from error
    return world.rpc, manifest or world.manifest


def _sentence(document: dict[str, Any], *, ok: bool, offline: bool) -> str:
    if not ok:
        return "This receipt does not hold."
    where = "The file is consistent; whether its batch is on chain was not asked." if offline else "It is on chain."
    what = f"{document['amount']:+d} {document['unit']} of member {document['member']}"
    return f"{what} in batch {document['batch']['batchId']}. {where}"


def _of_event(tx: Tx, event: str) -> list[Receipt]:
    source, event_id = _parse_event(event)
    try:
        return receipts_of_event(tx, source, event_id)
    except errors.UnknownReceipt as error:
        if error.context.get("entries"):
            raise errors.UnknownReceipt("Its entries are not in a batch yet: loyaltychain run --once.",
                                        event=event) from error  # fmt: skip
        fate = find_fate(tx, source, event_id)
        raise errors.UnknownReceipt(f"This event brought no receipt. {fate}", event=event) from error


def _parse_event(text: str) -> tuple[str, str]:
    source, slash, event_id = text.partition("/")
    if not slash or not source or not event_id:
        raise errors.UnknownReceipt("An event is named SOURCE/ID, e.g. shop/S-00001.", given=text)
    return source, event_id


def _print_list(member: str, found: list[Receipt], *, as_json: bool) -> None:
    rows = [
        {"batch": receipt.batch_id, "index": receipt.index, "amount": receipt.amount, "entry": receipt.entry_id}
        for receipt in found
    ]
    if as_json:
        print_json({"member": member, "receipts": rows})
        return
    if not rows:
        stdout.print(f"No receipts of {member} yet: they come with the batch that settles an award.")
        return
    stdout.print(f"{counted(len(rows), 'receipt')} of {member}", markup=False, highlight=False)
    print_rows(["entry"], ["batch", "index", "points"], [
        (str(row["entry"]), str(row["batch"]), str(row["index"]), f"{row['amount']:+,d}") for row in rows
    ], ids=["entry"])  # fmt: skip
    stdout.print("One of them whole, as a file for the member:", highlight=False)
    stdout.print(f"  loyaltychain receipt show --entry {shlex.quote(str(rows[-1]['entry']))} --out receipt.json",
                 soft_wrap=True, highlight=False)  # fmt: skip


def _read(file: Path) -> dict[str, Any]:
    try:
        content = parse_json(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise errors.InvalidReceipt(f"{file} cannot be read as a receipt: {in_words(error)}.") from error
    if not isinstance(content, dict):
        raise errors.InvalidReceipt(f"{file} is not a receipt: it holds no JSON object.")
    return content
