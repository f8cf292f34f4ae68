"""``actions list|head|verify``: the audit log of what people and keys did."""

from typing import Annotated, Any

import typer

from loyaltychain.actions.log import Action, head, read_actions
from loyaltychain.actions.verify import parse_head, verify
from loyaltychain.cli.listing import print_rows
from loyaltychain.cli.options import HERE, AsJson, Home, project_at, speaking
from loyaltychain.cli.output import EXIT_FOUND, escape, instant, print_json, stdout
from loyaltychain.core.hashing import to_hex
from loyaltychain.core.words import counted
from loyaltychain.db.engine import reading
from loyaltychain.db.migrate import open_migrated
from loyaltychain.operations.act_checks import check_acts


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(help="The audit log: who did what to what, when and why.", no_args_is_help=True)
    group.command("list")(list_)
    group.command("head")(show_head)
    group.command("verify")(verify_log)
    app.add_typer(group, name="actions")


def list_(
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=1000)] = 20,
    action: Annotated[str | None, typer.Option(help="Of this kind alone, such as key.new.")] = None,
    subject: Annotated[str | None, typer.Option(help="On this alone, such as member:17.")] = None,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """What was done last, newest first."""
    with speaking(as_json):
        with reading(open_migrated(project_at(home).database_url)) as tx:
            found = read_actions(tx, limit=limit, action=action, subject=subject)
        if as_json:
            print_json({"actions": [_document(each) for each in found]})
            return
        if not found:
            stdout.print("Nothing was done by hand yet.")
            return
        print_rows(["at", "who", "did", "to", "why"], ["position"], [
            (instant(each.at), each.actor, each.action, each.subject, each.reason, f"{each.position:,}")
            for each in found
        ], ids=["who", "did", "to"])  # fmt: skip


def show_head(home: Home = HERE, as_json: AsJson = False) -> None:
    """Where the log ends. Keep it somewhere else: with it nobody can cut or rewrite the log unseen."""
    with speaking(as_json):
        with reading(open_migrated(project_at(home).database_url)) as tx:
            last = head(tx)
        if as_json:
            print_json({"position": last.position, "hash": to_hex(last.hash), "head": str(last)})
        else:
            stdout.print(str(last), highlight=False, soft_wrap=True)


def verify_log(
    heads: Annotated[
        list[str] | None,
        typer.Option("--head", metavar="HEAD", help="A head that was kept: 17:0x…; may be given several times."),
    ] = None,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Find edits, cuts and exchanges in the log; approvals, merges, closures unlike it. Exit code 1 if there are."""
    with speaking(as_json):
        kept = [parse_head(text) for text in heads or ()]
        with reading(open_migrated(project_at(home).database_url)) as tx:
            problems, last = [*verify(tx, heads=kept), *check_acts(tx)], head(tx)
        if as_json:
            found = [
                {"code": each.code, "subject": each.subject, "expected": each.expected, "actual": each.actual}
                for each in problems
            ]
            print_json({"actions": last.position, "head": str(last), "heads": len(kept), "problems": found})
        else:
            for each in problems:
                stdout.print(f"[red]{each.code}[/] {each.subject}\n  expected  {escape(each.expected)}\n"
                             f"  found     {escape(each.actual)}", highlight=False, soft_wrap=True)  # fmt: skip
            _say(problems=len(problems), actions=last.position, heads=len(kept))
        if problems:
            raise typer.Exit(EXIT_FOUND)


def _say(*, problems: int, actions: int, heads: int) -> None:
    if problems:
        stdout.print(f"The audit log, or what it tells of, was changed: {counted(problems, 'problem')}, above.")
        return
    kept = f", and has {counted(heads, 'head')} that you kept" if heads else ""
    stdout.print(f"{counted(actions, 'action')}: the audit log proves itself from its hash chain{kept}.")
    stdout.print("Approvals, merges, closures and corrections are as it and the ledger tell.")
    if not heads:
        stdout.print("That its end was not cut shows against a head that was kept: loyaltychain actions head")


def _document(action: Action) -> dict[str, Any]:
    return {
        "position": action.position,
        "actor": action.actor,
        "action": action.action,
        "subject": action.subject,
        "reason": action.reason,
        "at": action.at,
        "request_id": action.request_id,
        "details": None if action.details is None else dict(action.details),
        "digest": to_hex(action.digest),
        "head": to_hex(action.head),
    }
