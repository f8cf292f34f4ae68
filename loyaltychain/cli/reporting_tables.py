"""Roll-forward and liability as tables for people."""

from collections.abc import Sequence

from loyaltychain.cli.output import instant, make_table, print_facts, stdout
from loyaltychain.core import money
from loyaltychain.reports.curves import Curve
from loyaltychain.reports.figures import FIGURES
from loyaltychain.reports.liability import ROUNDING, Liability
from loyaltychain.reports.roll_forward import RollForward

_EDGES = ("opening", "closing")


def print_roll_forward(report: RollForward) -> None:
    """The rows, without figures that are zero throughout, and the totals of points."""
    span = report.span
    begins = "the beginning" if span.begins_at is None else instant(span.begins_at)
    stdout.print(f"Roll-forward from {begins} until before {instant(span.ends_at)}, positions {span.after + 1:,} to "
                 f"{span.upto:,}; months of {span.timezone}", highlight=False, soft_wrap=True)  # fmt: skip
    shown = [name for name in FIGURES if any(row.figures[name] for row in report.rows)]
    table = make_table(["unit", "bucket", "earned in"], ["opening", *shown, "closing"])
    for row in report.rows:
        figures = [f"{row.figures[name]:+,}" if row.figures[name] else "" for name in shown]
        table.add_row(row.unit, row.bucket, row.cohort, f"{row.opening:,}", *figures, f"{row.closing:,}")
    totals = report.totals()
    table.add_row("points", "all", "", f"{totals['opening']:,}", *(f"{totals[name]:+,}" for name in shown),
                  f"{totals['closing']:,}")  # fmt: skip
    stdout.print(table)


def print_liability(found: Liability, cohorts: Sequence[Curve]) -> None:
    """Outstanding points, their cost, members by last activity, and past cohorts if given."""
    terms = found.terms
    rate = terms.redemption_rate if terms else None
    costs = ([] if terms is None else ["cost"]) + ([] if rate is None else ["expected cost"])
    table = make_table(["state", "earned in", "last good in"], ["points", *costs])
    for row in found.rows:
        amounts = [money.in_words(cost, terms.currency) for cost in (row.cost, row.expected_cost)
                   if terms is not None and cost is not None]  # fmt: skip
        table.add_row(row.state, row.cohort, row.expires_in or "never expires", f"{row.points:,}", *amounts)
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
