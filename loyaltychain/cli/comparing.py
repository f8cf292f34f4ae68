"""``program compare``: the badges that a programme gives for somebody's acts, beside those that were awarded."""

from pathlib import Path
from typing import Annotated, Any

import typer

from loyaltychain.cli.options import AsJson, speaking
from loyaltychain.cli.output import EXIT_FOUND, make_table, print_json, progress, stdout
from loyaltychain.core.clock import system_clock
from loyaltychain.core.words import counted
from loyaltychain.reports.comparison.dealing import Disorder
from loyaltychain.reports.comparison.plan import Comparison, find_comparison
from loyaltychain.reports.comparison.run import Compared, run_comparison
from loyaltychain.reports.comparison.table import Line

_SHOWN = 8  # of the badges without an achievement
_REJECTS_SHOWN, _REJECTS_LISTED = 5, 1000  # of the rows that are no acts: for people, and in JSON


def add_to(group: typer.Typer) -> None:
    """Add the command to the group of what is done with programmes."""
    group.command("compare")(compare)


def compare(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="The acts and the badges: CSV, plain or .gz.", exists=True, file_okay=False),
    ],
    with_: Annotated[
        str, typer.Option("--with", metavar="FILE|NAME", help="A comparison.yaml, or a packaged one's name.")
    ] = "stack_exchange",
    shuffle: Annotated[
        int | None, typer.Option(metavar="SEED", help="Once more, with all files and rows in another order.")
    ] = None,
    twice: Annotated[bool, typer.Option("--twice", help="Once more, with every row twice.")] = False,
    late: Annotated[
        bool, typer.Option("--late", help="Once more, in pieces, each decided on before the next.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare the badges that a programme gives with those that a site awarded. Exit 1: another order changes them."""
    with speaking(as_json):
        comparison = find_comparison(with_)
        disorder = Disorder(seed=shuffle, twice=twice, late=late)
        with progress(f"comparing {folder.name}", quiet=as_json) as report:
            compared = run_comparison(comparison, folder, disorder, now=system_clock(), on_step=report)
        if as_json:
            print_json(_document(comparison, folder, compared))
        else:
            _print(comparison, folder, compared)
        if not compared.is_same:
            raise typer.Exit(EXIT_FOUND)


def _document(comparison: Comparison, folder: Path, compared: Compared) -> dict[str, Any]:
    derived, again = compared.derived, compared.again
    document: dict[str, Any] = {
        "folder": folder.resolve().name,
        "comparison": comparison.name,
        "program": "0x" + comparison.program.digest.hex(),
        "rows": {name: getattr(derived, name) for name in ("events", "repeated", "left_out", "rejected")},
        "rejects": [
            {"file": each.file, "line": each.line, "reason": each.reason} for each in derived.rejects[:_REJECTS_LISTED]
        ],
        "badges": [
            {
                "badge": line.badge,
                "awarded": line.awarded,
                "derived": line.derived,
                "matched": line.matched,
                "same_day": line.same_day,
                "day_after": line.day_after,
                "only_awarded": list(line.only_awarded),
                "only_derived": list(line.only_derived),
            }
            for line in compared.lines
        ],
        "not_in_the_programme": compared.others,
        "held": {"badges": len(derived.badges), "digest": derived.digest},
    }
    if again is not None:
        disorder = compared.disorder
        document["again"] = {
            "shuffle": disorder.seed,
            "twice": disorder.twice,
            "late": disorder.late,
            "badges": len(again.badges),
            "digest": again.digest,
            "same": compared.is_same,
        }
    return document


def _print(comparison: Comparison, folder: Path, compared: Compared) -> None:
    derived = compared.derived
    rejected = f", {derived.rejected:,} rejected" if derived.rejected else ""
    stdout.print(f"{folder.resolve().name}, by {comparison.program.name!r}: {derived.events:,} acts{rejected}",
                 style="italic", markup=False, highlight=False)  # fmt: skip
    table = make_table(["badge"], ["awarded", "derived", "matched", "same day", "day after"])
    for line in compared.lines:
        if line.awarded or line.derived:
            table.add_row(line.badge, *map(_shown, _numbers(line)))
    stdout.print(table)
    none = [line.badge for line in compared.lines if not line.awarded and not line.derived]
    if none:
        stdout.print(f"Neither awarded nor derived: {', '.join(none)}.", markup=False, highlight=False)
    others = [f"{name} {number:,}" for name, number in compared.others.items()]
    if others:
        more = f" and {counted(len(others) - _SHOWN, 'other')}" if len(others) > _SHOWN else ""
        stdout.print(f"Not in the programme: {', '.join(others[:_SHOWN])}{more}.", markup=False, highlight=False)
    for each in derived.rejects[:_REJECTS_SHOWN]:
        stdout.print(f"Rejected: {each.file}, line {each.line}: {each.reason}", markup=False, highlight=False)
    stdout.print(f"{len(derived.badges):,} badges, set {derived.digest}", markup=False, highlight=False)
    if compared.again is not None:
        verdict = "the same set" if compared.is_same else f"ANOTHER SET, {compared.again.digest}"
        stdout.print(f"{_words(compared.disorder)}: {verdict}", markup=False, highlight=False)


def _numbers(line: Line) -> tuple[int | None, ...]:
    return line.awarded, line.derived, line.matched, line.same_day, line.day_after


def _shown(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"


def _words(disorder: Disorder) -> str:
    said = {f"shuffled ({disorder.seed})": disorder.seed is not None, "twice": disorder.twice, "late": disorder.late}
    return ", ".join(word for word, is_so in said.items() if is_so).capitalize()
