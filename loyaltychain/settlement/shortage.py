"""What a batch waits for that the contract's caps, or its history, refuse. Pure; the figures are the caller's.

A batch is sealed within the caps, and they may be lowered before it is settled. It cannot be split or unsealed then, so
what mends it has to be said.
"""

import re
from collections.abc import Mapping

from loyaltychain.core.times import format_instant
from loyaltychain.settlement.header import Header

#: The contract's errors that speak of a cap.
CAP_ERRORS = ("IssueOverBatchCap", "BurnOverBatchCap", "IssueOverPeriodCap", "BurnOverPeriodCap", "SupplyOverCap")

_TOO_MANY = re.compile(r"TooManyPending\(finalAt=([0-9]+)\)")


def is_over_cap(reason: str | None) -> bool:
    """Whether a decoded revert is one of the contract's caps."""
    return reason is not None and reason.split("(", 1)[0] in CAP_ERRORS


def explain_pending(reason: str | None) -> str | None:
    """What lets the batch in when the contract's history is full of batches that can still be voided; else None."""
    full = _TOO_MANY.fullmatch(reason or "")
    if full is None:
        return None
    return f"the oldest pending batch is final at {format_instant(int(full[1]))}; it is tried again by itself then"


def explain_shortage(header: Header, caps: Mapping[str, int], *, supply: int) -> str:
    """What lets the batch in, given the contract's present caps and supply."""
    needs = {
        "issuePerBatch": header.issued,
        "burnPerBatch": header.burned,
        "issuePerPeriod": header.issued,
        "burnPerPeriod": header.burned,
        "supplyCap": supply + header.issued - header.burned if header.issued > header.burned else 0,
    }
    lacking = [f"{need} ({cap})" for cap, need in needs.items() if caps[cap] < need]
    if lacking:
        return f"let the config role raise the caps to at least {', '.join(lacking)} again"
    return "the period's bucket refills with time"
