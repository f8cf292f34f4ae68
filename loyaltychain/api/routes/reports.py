"""Reports for accountants: how outstanding points moved in a period, and what they may cost. Reads only."""

from typing import Annotated

from fastapi import APIRouter, Query

from loyaltychain.api.instants import Instant, parse_instant
from loyaltychain.api.parts import Here
from loyaltychain.api.problems import Problem
from loyaltychain.api.report_answers import Report
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading
from loyaltychain.reports.liability import make_terms, read_liability
from loyaltychain.reports.periods import read_closed_report
from loyaltychain.reports.roll_forward import roll_forward

router = APIRouter(tags=["reports"])
From = Annotated[Instant | None, Query(alias="from", description="Included; from the beginning unless it is given.")]
To = Annotated[Instant | None, Query(description="Not included; now unless it is given.")]
Number = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Of a closed period, instead of from and to.")]
At = Annotated[Instant | None, Query(description="Past or future; now unless it is given.")]
Rate = Annotated[
    str | None,
    Query(max_length=20, pattern=r"^[0-9]+(\.[0-9]+)?$", description="Of all points, a decimal of 0 to 1."),
]


@router.get("/v1/reports/roll-forward")
def get_roll_forward(context: Here, from_: From = None, to: To = None, period: Number = None) -> Report:
    """Opening, what moved, and closing; by unit and by the month in which points were earned."""
    now = context.clock()
    zone = context.program().timezone
    with reading(context.engine) as tx:
        if period is not None:
            if from_ is not None or to is not None:
                message = "Ask for a period, or for from and to."
                raise Problem("invalid-request", message, [{"pointer": "parameter:period", "message": message}])
            return Report(report=read_closed_report(tx, period).document())
        begins_at = None if from_ is None else parse_instant(from_)
        ends_at = UnixSeconds(now + 1) if to is None else parse_instant(to)
        return Report(report=roll_forward(tx, begins_at=begins_at, ends_at=ends_at, timezone=zone).document())


@router.get("/v1/reports/liability")
def get_liability(context: Here, at: At = None, redemption_rate: Rate = None) -> Report:
    """What is outstanding, by expiry and by the month of earning, and its cost where the project says one."""
    moment = context.clock() if at is None else parse_instant(at)
    program, settings = context.program(), context.project.settings.liability
    terms = make_terms(settings, currency=program.currency, redemption_rate=redemption_rate)
    with reading(context.engine) as tx:
        return Report(report=read_liability(tx, at=moment, terms=terms, timezone=program.timezone).document())
