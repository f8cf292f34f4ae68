"""The words of the page for people: verdicts, roles, settings, times, and what an audit cannot know."""

from datetime import UTC, datetime
from typing import Final

from loyaltychain.audit.findings import Finding, Severity
from loyaltychain.audit.report import Report
from loyaltychain.core.times import format_instant
from loyaltychain.core.words import counted

ROLE_MEANINGS: Final = {
    "admin": "gives and takes all roles and sets their delays",
    "guardian": "can stop everything at once and lower limits; cannot start again, moves no points",
    "config": "sets limits, names who settles, ends a pause",
    "upgrader": "replaces the contracts' code, but not what refuses transfers",
    "registrar": "publishes the programme's rules and proposes new wallets for members",
}
CAP_MEANINGS: Final = {
    "issuePerBatch": "points that one settlement may issue",
    "burnPerBatch": "points that one settlement may take",
    "issuePerPeriod": "points that may be issued in a period",
    "burnPerPeriod": "points that may be taken in a period",
    "periodSeconds": "the period, in seconds",
    "supplyCap": "points that may be in circulation",
}
SEVERITY_WORDS: Final = {
    Severity.CRITICAL: "Critical",
    Severity.HIGH: "Serious",
    Severity.WARNING: "To know",
}
TONES: Final = {Severity.CRITICAL: "bad", Severity.HIGH: "bad", Severity.WARNING: "note"}
LABELS: Final = {
    "final": "final: the chain will not take it back",
    "safe": "safe: most likely to stay",
    "unsafe": "recent: the chain can still take it back",
    "unknown": "unknown",
}
_ALWAYS: Final = (
    "Whether what was reported really happened: a purchase that nobody made, once reported, gives real points.",
    "Which person is behind a member's number. The chain knows numbers only, and so does this page.",
    "What the operator promised elsewhere: on paper, in an app, or by word of mouth.",
    "Whether points can be spent, on what, and whether the operator can pay for it.",
    "Anything after the block that was looked at. The next audit sees it.",
)


def verdict(report: Report) -> tuple[str, str, str]:
    """The result for who reads one sentence only: its tone, the sentence, and what to do about it."""
    graves = {finding.severity for finding in report.findings}
    if Severity.CRITICAL in graves:
        return (
            "bad",
            "Balances, rules or code are not what the programme promises.",
            "Do not rely on these points until an engineer has explained and the operator has mended what is below.",
        )
    if Severity.HIGH in graves:
        return (
            "bad",
            "The records contradict each other or the chain.",
            "Do not rely on them as they are. The operator has to explain what is below.",
        )
    if graves:
        remarks = counted(len(report.findings), "thing is", "things are")
        return ("note", f"Nothing contradicts what the programme promises; {remarks} to be known.", _scope(report))
    return ("good", "Nothing was found: all that was looked at agrees.", _scope(report))


def limits(report: Report) -> list[str]:
    """What this audit does not know: first of these sources, then what no audit can."""
    details, found = report.details, []
    if "contracts" not in report.sources:
        found.append(
            "Which code runs, how the contracts were created, and what they answer: no node of the chain was asked. "
            "The logs came from a file; whether they are the chain's own can be told at a node only."
        )
    else:
        found.append(
            "Whether the node told the truth. It was one node; who doubts it repeats the audit at another one."
        )
    if "database" not in report.sources:
        found.append(
            "Why each change was made: the operator's books were not at hand, so that no receipt, no entry and no "
            "event was looked at."
        )
    if report.recomputed is None:
        found.append("Whether each award follows from the rules: no export of events was at hand.")
    else:
        found.append(
            "Whether events were worth what the operator says, and whether any was left out: the export is the "
            "operator's word, but for its entries, which lead to the chain."
        )
    if not details.is_bucket_checked:
        found.append("Whether limits over time were kept: the times of blocks were not at hand.")
    if details.heads is None:
        found.append("Which settlements the chain can still take back: the file does not say how far the chain stood.")
    if report.mode == "root" and report.pending is None:
        found.append("Which settlements can still be disputed: no node was asked.")
    return [*found, *_ALWAYS]


def say_time(when: int | None) -> str:
    """An instant for people: ``5 January 2026, 10:00:00 UTC``."""
    if when is None:
        return "time not known"
    try:
        moment = datetime.fromtimestamp(when, UTC)
    except (OverflowError, ValueError, OSError):
        return format_instant(when)
    return f"{moment.day} {moment:%B %Y, %H:%M:%S} UTC"


def say_delay(seconds: int) -> str:
    """How long somebody waits: ``at once``, ``2 days``, ``1 day 3 hours``."""
    if seconds <= 0:
        return "at once"
    parts, left = [], seconds
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")):
        number, left = divmod(left, size)
        if number:
            parts.append(counted(number, unit))
    return " ".join(parts)


def say_place(finding: Finding) -> str:
    """Where a finding was seen."""
    return "in the operator's records" if finding.block is None else f"on the chain, block {finding.block:,}"


def _scope(report: Report) -> str:
    sources = {
        "logs": "what the contracts logged",
        "contracts": "what they answer",
        "database": "the operator's books",
        "export": "its awards, by the published rules",
    }
    looked = [sources.get(source, source) for source in report.sources]
    told = looked[0] if len(looked) == 1 else f"{', '.join(looked[:-1])} and {looked[-1]}"
    return f"Looked at: {told}. What an audit cannot know is at the end."
