"""What a batch waits for that the contract's caps refuse. Pure; the figures are the caller's.

A batch is sealed within the caps, and they may be lowered before it is settled. It cannot be split or unsealed then, so
what mends it has to be said.
"""

from collections.abc import Mapping

from loyaltychain.settlement.header import Header

#: The contract's errors that speak of a cap.
CAP_ERRORS = ("IssueOverBatchCap", "BurnOverBatchCap", "IssueOverPeriodCap", "BurnOverPeriodCap", "SupplyOverCap")


def is_over_cap(reason: str | None) -> bool:
    """Whether a decoded revert is one of the contract's caps."""
    return reason is not None and reason.split("(", 1)[0] in CAP_ERRORS


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
