"""``program check|diff|schema|compare``: a programme file looked at before it counts. Changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from loyaltychain.cli import comparing
from loyaltychain.cli.options import HERE, AsJson, Home, in_words, project_at, speaking
from loyaltychain.cli.output import EXIT_FOUND, fact_line, print_json, stdout
from loyaltychain.core import errors
from loyaltychain.core.hashing import to_hex
from loyaltychain.core.json_text import parse_json
from loyaltychain.core.strict_yaml import line_of, node_lines
from loyaltychain.core.words import counted
from loyaltychain.db.engine import reading
from loyaltychain.db.migrate import open_migrated
from loyaltychain.deploy import published
from loyaltychain.program.diff import Change, diff
from loyaltychain.program.diff_warnings import Surprise, surprises
from loyaltychain.program.diff_words import NOTHING
from loyaltychain.program.document import read_document
from loyaltychain.program.economics import load_economics
from loyaltychain.program.json_schema import program_schema
from loyaltychain.program.lint import lint
from loyaltychain.program.lint_rules import RULES, Finding
from loyaltychain.program.load import load_program
from loyaltychain.program.types import Program

_DOCUMENT = frozenset(each.name for each in fields(Program))  # a programme that was published has no other names
_SIGNS = {"added": "+", "removed": "-", "changed": "~", "moved": "~"}


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(help="Look at a programme file before it counts.", no_args_is_help=True)
    group.command("check")(check)
    group.command("diff")(diff_)
    group.command("schema")(schema)
    comparing.add_to(group)
    app.add_typer(group, name="program")


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The programme.", dir_okay=False)] = Path("program.yaml"),
    economics: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What a point costs and behaviours are worth; private.", dir_okay=False),
    ] = None,
    allow: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="Leave out this advice; may be given several times.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what is wrong in a programme, and what is unwise and why. Exit code 1 on a warning, 2 when it is wrong."""
    with speaking(as_json):
        allowed = set(allow or [])
        if unknown := sorted(allowed - set(RULES)):
            raise errors.InvalidSettings("There is no such advice to leave out.", unknown=unknown, known=list(RULES))
        program = load_program(file)
        numbers = load_economics(economics, currency=program.currency) if economics is not None else None
        found = [each for each in lint(program, numbers) if each.code not in allowed]
        lines = node_lines(file.read_text(encoding="utf-8-sig"))
        if as_json:
            print_json({"file": str(file), **_named(program), "findings": [_document(each, lines) for each in found]})
        else:
            _print_findings(file, program, found, lines)
        if any(each.rule.severity == "warning" for each in found):
            raise typer.Exit(EXIT_FOUND)


def diff_(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="A programme, or one that was published.", dir_okay=False)],
    new: Annotated[
        Path | None, typer.Argument(metavar="NEW", help="What is to follow it.", show_default=False, dir_okay=False)
    ] = None,
    is_published: Annotated[
        bool, typer.Option("--published", help="Compare the one file with what this project published last.")
    ] = False,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Say what a new version of a programme changes, and what of it members would not expect."""
    with speaking(as_json):
        if (new is None) != is_published:
            raise errors.InvalidSettings("Give two files, OLD and NEW; or one file and --published.")
        before = _read_published(home) if new is None else _read(old)
        after = _read(old if new is None else new)
        changes, noticed = diff(before, after), surprises(before, after)
        if as_json:
            print_json({"old": _named(before), "new": _named(after), "changes": [asdict(each) for each in changes],
                        "warnings": [asdict(each) for each in noticed]})  # fmt: skip
        else:
            _print_changes(before, after, changes, noticed)


def schema() -> None:
    """Print the JSON Schema of programme files, for editors that help while one is written."""
    print_json(program_schema())


def _read(file: Path) -> Program:
    """A programme's own file, or the document of one that was published. Raises InvalidProgram, InvalidSettings."""
    if file.suffix != ".json" or not file.is_file():
        return load_program(file)
    try:
        content = parse_json(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise errors.InvalidSettings(f"{file} cannot be read as a programme: {in_words(error)}.") from error
    if not isinstance(content, dict):
        raise errors.InvalidSettings(f"{file} is no programme: it holds no JSON object.")
    try:
        return load_program(file)
    except errors.InvalidProgram:
        if content.keys() <= _DOCUMENT:
            return read_document(content)
        raise


def _read_published(home: Path) -> Program:
    project = project_at(home)
    engine = open_migrated(project.database_url)
    with reading(engine) as tx:
        document = published.read_latest_document(tx, project.settings.network)
    if document is None:
        raise errors.NotDeployed("No programme was published yet: `loyaltychain deploy` publishes the first.")
    return read_document(parse_json(document))


def _named(program: Program) -> dict[str, Any]:
    return {"name": program.name, "version": program.version, "digest": to_hex(program.digest)}


def _document(found: Finding, lines: Mapping[tuple[str | int, ...], int]) -> dict[str, Any]:
    rule = found.rule
    return {"code": found.code, "severity": rule.severity, "line": line_of(found.place, lines) or 1,
            "place": ".".join(map(str, found.place)), "message": found.message, "advice": found.advice,
            "rests_on": rule.rests_on}  # fmt: skip


def _print_findings(
    file: Path, program: Program, found: Sequence[Finding], lines: Mapping[tuple[str | int, ...], int]
) -> None:
    warnings = sum(each.rule.severity == "warning" for each in found)
    numbers = f"{counted(warnings, 'warning')}, {counted(len(found) - warnings, 'note')}"
    _say(f"{file.name}: {program.name}, version {program.version}, is valid; "
         f"{numbers if found else 'nothing to advise'}.")  # fmt: skip
    for each in found:
        told = _document(each, lines)
        where = f" {told['place']}" if told["place"] else ""
        _say(f"\nline {told['line']}{where}: {told['severity']} {told['code']}")
        _say(fact_line("", f"{told['message']} {told['advice']}"))
        _say(fact_line("", f"Rests on {told['rests_on']}."))


def _print_changes(old: Program, new: Program, changes: Sequence[Change], noticed: Sequence[Surprise]) -> None:
    _say(f"{old.name} {old.version} -> {new.name} {new.version}: {counted(len(changes), 'change')}")
    for change in changes:
        _say(f"{_SIGNS[change.kind]} {change.place}")
        for each in change.fields:
            name = f"{each.field}: " if each.field else ""
            is_whole = NOTHING in (each.old, each.new) and change.kind != "changed"
            said = (each.new if each.old == NOTHING else each.old) if is_whole else f"{each.old} -> {each.new}"
            _say(f"    {name}{said}")
    if noticed:
        _say("\nWhat members would notice:")
    for each_ in noticed:
        _say(f"! {each_.place}: {each_.code}")
        _say(fact_line("", each_.message))


def _say(text: str | Text) -> None:
    stdout.print(text, markup=False, highlight=False, soft_wrap=True)
