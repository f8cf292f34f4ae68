"""``report`` and ``export``: what accountants and auditors of the ledger ask for."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import Engine

from loyaltychain.cli.listing import print_rows
from loyaltychain.cli.options import HERE, AsJson, Home, project_at, speaking
from loyaltychain.cli.output import instant, print_facts, print_json, stdout
from loyaltychain.cli.reporting_tables import print_liability, print_roll_forward
from loyaltychain.config.project import Project
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.clock import system_clock
from loyaltychain.core.hashing import to_hex
from loyaltychain.core.times import format_instant, parse_instant, parse_zone
from loyaltychain.db.backup_file import whole_file
from loyaltychain.db.engine import Tx, reading, transaction
from loyaltychain.db.migrate import open_migrated
from loyaltychain.program.load import load_program
from loyaltychain.program.types import Program
from loyaltychain.reports.curves import read_curves
from loyaltychain.reports.figures import FIGURES
from loyaltychain.reports.jobs import write_now
from loyaltychain.reports.ledger_lines import LedgerLine
from loyaltychain.reports.liability import make_terms, read_liability
from loyaltychain.reports.lines_text import encode_rows
from loyaltychain.reports.months import day_end, day_start
from loyaltychain.reports.periods import close_period, list_periods, read_closed_report
from loyaltychain.reports.roll_forward import RollForward, lines, roll_forward

_LINE = ("position", "entry", "kind", "cause", "member", "occurred_at", "recorded_at", "unit", "bucket", "cohort",
         "figure", "amount")  # fmt: skip
_ROWS_AT_ONCE = 5_000


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(help="What members had, what came and went, what it may cost.", no_args_is_help=True)
    group.command("roll-forward")(roll_forward_)
    group.command("close")(close)
    group.command("periods")(periods)
    group.command("liability")(liability)
    group.command("pseudonymous")(pseudonymous)
    app.add_typer(group, name="report")


def roll_forward_(
    from_: Annotated[str | None, typer.Option("--from", metavar="DAY", help="The first day: 2026-10-01.")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="DAY", help="The last day: 2026-10-31.")] = None,
    period: Annotated[int | None, typer.Option(help="A closed period, instead of days.", min=1)] = None,
    format_: Annotated[
        str, typer.Option("--format", metavar="csv|json", help="csv, or json as it is hashed, to stdout; else tables.")
    ] = "table",
    entries: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the entries behind each figure to this new CSV file.")
    ] = None,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Opening, what came and went, closing: by unit, bucket and month of earning. Days are the programme's own.

    The buckets are owned (what can be spent or is held), pending, debt and qualifying.
    """
    with speaking(as_json):
        if format_ not in ("table", "csv", "json"):
            raise errors.InvalidOperation("A roll-forward is written as csv or json.", given=format_)
        project = project_at(home)
        with reading(_open(project)) as tx:
            report = _find(tx, project, from_, to, period)
            if entries is not None:
                _write_entries(tx, report, entries)
        if as_json:
            print_json(report.document())
        elif format_ == "json":
            typer.echo(report.encode(), nl=False)
        elif format_ == "csv":
            typer.echo(_as_csv(report), nl=False)
        else:
            print_roll_forward(report)


def close(
    until: Annotated[str, typer.Option(metavar="DAY", help="The last day of the period: 2026-10-31.")],
    actor: Annotated[str, typer.Option(help="Who closes it; it stays in the audit log.")],
    reason: Annotated[str, typer.Option(help="Why; it stays in the audit log.")] = "end of the period",
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Close everything up to a day, for ever: its report never changes again, whatever comes later."""
    with speaking(as_json):
        project = project_at(home)
        program = load_program(project.program_file)
        ends_at = day_end(until, parse_zone(program.timezone))
        with transaction(_open(project)) as tx:
            period, report = close_period(
                tx, ends_at=ends_at, timezone=program.timezone, actor=actor, reason=reason, now=system_clock()
            )
        if as_json:
            print_json({"period": period.number, "sha256": period.sha256, "report": report.document()})
            return
        print_roll_forward(report)
        print_facts(f"Closed as period {period.number}", {
            "positions": f"{period.from_position:,} to {period.to_position:,}", "sha256 of the report": period.sha256,
        })  # fmt: skip


def periods(home: Home = HERE, as_json: AsJson = False) -> None:
    """All closed periods."""
    with speaking(as_json):
        with reading(_open(project_at(home))) as tx:
            found = list_periods(tx)
        if as_json:
            print_json({"periods": [
                {"number": each.number, "ends_at": format_instant(each.ends_at), "from_position": each.from_position,
                 "to_position": each.to_position, "timezone": each.timezone, "sha256": each.sha256,
                 "closed_at": format_instant(each.closed_at)}
                for each in found
            ]})  # fmt: skip
            return
        if not found:
            stdout.print("No period is closed. Close one: loyaltychain report close --until 2026-10-31 --actor YOU")
            return
        print_rows(["period", "until (exclusive)", "positions", "sha256 of the report"], [], [
            (str(each.number), instant(each.ends_at), f"{each.from_position:,} to {each.to_position:,}", each.sha256)
            for each in found
        ], ids=["sha256 of the report"])  # fmt: skip


def liability(
    at: Annotated[
        str | None, typer.Option("--at", help="An instant, past or later, such as 2026-10-31T23:59:59Z; else now.")
    ] = None,
    redemption_rate: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE", help="The share that you expect to be redeemed, such as 0.85; else no expected cost."
        ),
    ] = None,
    curves: Annotated[bool, typer.Option("--curves", help="Add what past months' points came to.")] = False,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Outstanding points by month of earning and of expiry, and what they may cost."""
    with speaking(as_json):
        project = project_at(home)
        program, when = load_program(project.program_file), _instant(at)
        terms = make_terms(project.settings.liability, currency=program.currency, redemption_rate=redemption_rate)
        with reading(_open(project)) as tx:
            found = read_liability(tx, at=when, terms=terms, timezone=program.timezone)
            cohorts = read_curves(tx, at=when, timezone=program.timezone) if curves else []
        if as_json:
            more = {"cohorts": [each.document() for each in cohorts]} if curves else {}
            print_json(found.document() | more)
        else:
            policy = None if program.expiry is None else program.expiry.inactivity
            print_liability(found, cohorts, inactivity=policy)


def pseudonymous(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="A new file of JSON lines.", dir_okay=False)],
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """What an auditor needs to work out awards anew, without members' ids: for `loyaltychain audit --events`."""
    with speaking(as_json):
        with reading(_open(project_at(home))) as tx, whole_file(out) as stream:
            count = write_now(tx, stream, kind="pseudonymous", at=system_clock())
        with out.open("rb") as written:
            sha256 = to_hex(hashlib.file_digest(written, "sha256").digest())
        if as_json:
            print_json({"file": str(out), "rows": count, "sha256": sha256})
        else:
            print_facts(f"Written to {out}", {"rows": f"{count:,}", "sha256": sha256})


def _open(project: Project) -> Engine:
    return open_migrated(project.database_url)


def _find(tx: Tx, project: Project, first: str | None, last: str | None, period: int | None) -> RollForward:
    """The report of a closed period, or of days; from the beginning and until now where none are given."""
    if period is not None:
        if first is not None or last is not None:
            raise errors.InvalidOperation("A closed period has its own days: give --period, or --from and --to.")
        return read_closed_report(tx, period)
    program: Program = load_program(project.program_file)
    zone = parse_zone(program.timezone)
    begins_at = None if first is None else day_start(first, zone)
    ends_at = UnixSeconds(system_clock() + 1) if last is None else day_end(last, zone)
    return roll_forward(tx, begins_at=begins_at, ends_at=ends_at, timezone=program.timezone)


def _write_entries(tx: Tx, report: RollForward, file: Path) -> None:
    with whole_file(file) as stream:
        stream.write(encode_rows(_LINE, [], format_="csv", header=True))
        part: list[dict[str, Any]] = []
        for line in _line_rows(lines(tx, report.span)):
            part.append(line)
            if len(part) == _ROWS_AT_ONCE:
                stream.write(encode_rows(_LINE, part, format_="csv", header=False))
                part.clear()
        stream.write(encode_rows(_LINE, part, format_="csv", header=False))


def _line_rows(found: Iterator[LedgerLine]) -> Iterator[dict[str, Any]]:
    for line in found:
        change = line.change
        yield {
            "position": line.position, "entry": line.entry_id, "kind": line.kind, "cause": line.cause,
            "member": line.member, "occurred_at": format_instant(line.occurred_at),
            "recorded_at": format_instant(line.recorded_at), "unit": change.unit, "bucket": change.bucket,
            "cohort": change.cohort or None, "figure": change.figure, "amount": change.amount,
        }  # fmt: skip


def _as_csv(report: RollForward) -> bytes:
    fields = ("unit", "bucket", "cohort", "opening", *FIGURES, "closing")
    rows = [
        {"unit": row.unit, "bucket": row.bucket, "cohort": row.cohort or None, "opening": row.opening, **row.figures,
         "closing": row.closing}
        for row in report.rows
    ]  # fmt: skip
    return encode_rows(fields, rows, format_="csv", header=True)


def _instant(text: str | None) -> UnixSeconds:
    if text is None:
        return system_clock()
    try:
        return parse_instant(text, pattern="iso", zone=None)
    except errors.InvalidEvent as error:
        raise errors.InvalidOperation(
            "--at takes a day with a time and an offset, e.g. 2026-10-31T23:59:59Z.", given=text
        ) from error
