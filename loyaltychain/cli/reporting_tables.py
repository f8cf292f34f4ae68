"""Roll-forward and liability as tables for people."""

from collections.abc import Iterator, Sequence

from loyaltychain.cli.listing import GAP, print_rows
from loyaltychain.cli.output import instant, make_table, print_facts, stdout
from loyaltychain.core import money
from loyaltychain.core.words import counted
from loyaltychain.program.types import Inactivity
from loyaltychain.reports.curves import Curve
from loyaltychain.reports.figures import FIGURES
from loyaltychain.reports.liability import ROUNDING, Liability
from loyaltychain.reports.roll_forward import RollForward, Row

_EDGES = ("opening", "closing")


def print_roll_forward(report: RollForward) -> None:
    """The totals of points, one a line; then the rows, without figures that are zero throughout.

    Where the terminal is too narrow for all figures, they stand in several tables with the same rows.
    """
    span = report.span
    begins = "the beginning" if span.begins_at is None else instant(span.begins_at)
    stdout.print(f"Roll-forward from {begins} until before {instant(span.ends_at)}, positions {span.after + 1:,} to "
                 f"{span.upto:,}; months of {span.timezone}", highlight=False)  # fmt: skip
    moved = [name for name in FIGURES if any(row.figures[name] for row in report.rows)]
    totals = report.totals()
    amounts = {name: _signed(name, totals[name]) for name in ("opening", *moved, "closing")}
    print_facts("\nAll points", {name: f"{each:>{max(map(len, amounts.values()))}}" for name, each in amounts.items()})
    columns = [(name, [_cell(row, name) for row in report.rows]) for name in ("opening", *moved, "closing")]
    keys = ("unit", "bucket", "earned in")
    left = [
        (name, [(row.unit, row.bucket, row.cohort)[place] for row in report.rows]) for place, name in enumerate(keys)
    ]
    room = stdout.width - sum(_width(column) + GAP for column in left)
    for part in _parts(columns, room) if report.rows else ():
        stdout.print()
        names, cells = zip(*left, *part, strict=True)
        print_rows(names[: len(keys)], names[len(keys) :], list(zip(*cells, strict=True)), ids=keys)


def _cell(row: Row, name: str) -> str:
    if name in _EDGES:
        return f"{row.opening if name == 'opening' else row.closing:,}"
    return _signed(name, row.figures[name]) if row.figures[name] else ""


def _signed(name: str, amount: int) -> str:
    return f"{amount:,}" if name in _EDGES else f"{amount:+,}"


def _width(column: tuple[str, Sequence[str]]) -> int:
    name, cells = column
    return max(map(len, (name, *cells)))


def _parts(columns: Sequence[tuple[str, list[str]]], room: int) -> Iterator[list[tuple[str, list[str]]]]:
    """The columns in order, as many at once as fit into ``room``; one at least."""
    part: list[tuple[str, list[str]]] = []
    used = 0
    for column in columns:
        width = _width(column) + (GAP if part else 0)
        if part and used + width > room:
            yield part
            part, used, width = [], 0, _width(column)
        part.append(column)
        used += width
    yield part


def print_liability(found: Liability, cohorts: Sequence[Curve], *, inactivity: Inactivity | None) -> None:
    """Outstanding points, their cost, members by last activity, and past cohorts if given.

    Args:
        inactivity: The programme's policy about points that have no end of their own.
    """
    endless = "never expires" if inactivity is None else f"while active ({_period(inactivity)})"
    terms = found.terms
    rate = terms.redemption_rate if terms else None
    costs = ([] if terms is None else ["cost"]) + ([] if rate is None else ["expected cost"])
    table = make_table(["state", "earned in", "last good in"], ["points", *costs])
    for row in found.rows:
        amounts = [money.in_words(cost, terms.currency) for cost in (row.cost, row.expected_cost)
                   if terms is not None and cost is not None]  # fmt: skip
        table.add_row(row.state, row.cohort, row.expires_in or endless, f"{row.points:,}", *amounts)
    stdout.print(table)
    totals = found.document()["totals"]
    print_facts(f"Outstanding at {instant(found.at)}", {
        "points": f"{totals['points']:,}, of {found.members_with_points:,} members",
        **({} if terms is None else {"cost": money.in_words(totals["cost"], terms.currency)}),
        **({} if terms is None or rate is None
           else {"expected cost": money.in_words(totals["expected_cost"], terms.currency)}),
        **({"rounded": ROUNDING} if terms else {"cost": "not said: cost_per_point in [liability], loyaltychain.toml"}),
        "owed by members": f"{found.owed:,} points, not taken off",
    })  # fmt: skip
    activity = make_table(["last active in"], ["members", "points"])
    for each in found.activity:
        activity.add_row(each.month or "never", f"{each.members:,}", f"{each.points:,}")
    stdout.print(activity)
    if cohorts:
        curves = make_table(["earned in", "redeemed after 0, 1, 2 … months"], ["points", "expired", "outstanding"])
        for curve in cohorts:
            shares = " ".join(str(each["share"] or "-") for each in curve.document()["redeemed"])
            curves.add_row(curve.cohort, shares, f"{curve.earned:,}", f"{curve.expired:,}", f"{curve.outstanding:,}")
        stdout.print(curves)


def _period(inactivity: Inactivity) -> str:
    if inactivity.months is not None:
        return counted(inactivity.months, "month")
    return counted(inactivity.days or 0, "day")
