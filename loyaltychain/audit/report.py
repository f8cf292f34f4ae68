"""What an audit hands back, for people and for machines."""

from dataclasses import asdict, dataclass, field

from rich.console import Console
from rich.markup import escape

from loyaltychain.audit.backfill import Backfill
from loyaltychain.audit.chain_log import Pin
from loyaltychain.audit.details import Details
from loyaltychain.audit.findings import CODES, Finding, Severity
from loyaltychain.audit.recompute import Recomputed
from loyaltychain.core.hashing import to_hex
from loyaltychain.core.times import format_instant
from loyaltychain.core.words import counted

_STYLES = {Severity.CRITICAL: "bold red", Severity.HIGH: "red", Severity.WARNING: "yellow"}


@dataclass(frozen=True, slots=True)
class Report:
    """The findings, gravest first, and what was looked at to come to them."""

    network: str
    findings: tuple[Finding, ...]
    batches: int
    updates: int
    receipts: int | None  # None: without the database nobody can count them
    members: int  # with a history on chain
    supply: int
    finality: str  # what the block is: "final", "safe" or "unsafe"; "from file" where no node was asked
    mode: str  # "push" or "root"
    pending: int | None  # batches that can still be voided; None: without a node nobody can tell
    voided: int  # batches that never were, not counted in ``batches``
    pin: Pin
    sources: tuple[str, ...]  # what was compared: "logs", "contracts", "database", "export"
    seconds: float
    peak_mb: float
    details: Details = field(default_factory=Details)
    recomputed: Recomputed | None = None  # awards; None: no export was at hand

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found, warnings included."""
        return not self.findings

    def document(self) -> dict[str, object]:
        """The report as JSON takes it. Names are permanent."""
        return {
            "network": self.network,
            "findings": [asdict(finding) for finding in self.findings],
            "batches": self.batches,
            "updates": self.updates,
            "receipts": self.receipts,
            "members": self.members,
            "supply": self.supply,
            "finality": self.finality,
            "mode": self.mode,
            "pending": self.pending,
            "voided": self.voided,
            "block": {"number": self.pin.number, "hash": to_hex(self.pin.hash)},
            "sources": list(self.sources),
            "seconds": self.seconds,
            "peak_mb": self.peak_mb,
            "awards": None if self.recomputed is None else self.recomputed.document(),
            **self.details.document(),
        }


def sort_findings(findings: list[Finding]) -> tuple[Finding, ...]:
    """Each finding once, gravest first, otherwise in the order in which they were made."""
    grave = list(Severity)
    return tuple(sorted(dict.fromkeys(findings), key=lambda finding: grave.index(finding.severity)))


def print_report(report: Report, console: Console) -> None:
    """The report as text: what was compared, then each finding, with its meaning where its code comes first."""
    receipts = "receipts not looked at" if report.receipts is None else counted(report.receipts, "receipt")
    console.print(
        f"{report.network}: {counted(report.batches, 'batch', 'batches')}, {counted(report.updates, 'update')}, "
        f"{receipts}, "
        f"{counted(report.members, 'member')}, {counted(report.supply, 'point')}, "
        f"up to block {report.pin.number} ({report.finality})",
        highlight=False,
    )
    console.print(_say_finality(report.details), soft_wrap=True)
    if report.mode == "root":
        console.print(_say_root_mode(report))
    for each in report.details.backfill or ():
        console.print(_say_backfill(each), soft_wrap=True, highlight=False)
    if report.recomputed is not None:
        console.print(_say_awards(report.recomputed), soft_wrap=True, highlight=False)
    console.print(f"Compared: {', '.join(report.sources)}.")
    if "contracts" not in report.sources:
        console.print(
            "Without a node nobody can tell which code runs, how the contracts were created, what they logged before "
            "the first block, or whether the logs in this file are the chain's.",
        )
    if report.is_clean:
        console.print("Nothing was found.")
        return
    shown: set[str] = set()
    for finding in report.findings:
        where = "" if finding.block is None else f", block {finding.block}"
        console.print(
            f"\n[{_STYLES[finding.severity]}]{finding.severity}[/] {finding.code}: {escape(finding.subject)}{where}"
        )
        console.print(f"  expected  {escape(finding.expected)}\n  actual    {escape(finding.actual)}", soft_wrap=True)
        if finding.code not in shown:
            console.print(f"  {CODES[finding.code].meaning}", style="dim", soft_wrap=True)
        shown.add(finding.code)
    warnings = sum(finding.severity is Severity.WARNING for finding in report.findings)
    console.print(f"\n{counted(len(report.findings), 'finding')}, {counted(warnings, 'warning')} among them.")


def _say_finality(details: Details) -> str:
    """Which batches cannot be taken back by the chain, and by whose word."""
    heads = details.heads
    if heads is None:
        return "Finality: the file does not say how far the chain stood when it was written."
    counts = details.count_labels()
    batches = ", ".join(f"{counts[label]:,} {label}" for label in ("final", "safe", "unsafe") if label in counts)
    where = "" if heads.source == "node" else ", as told when the file was written"
    return f"Finality: {batches or 'no batches'}; final is by {heads.by}{where}."


def _say_backfill(backfill: Backfill) -> str:
    entries = counted(backfill.entries, "award", "awards")
    return (
        f"Back-fill: {entries}, {counted(backfill.points, 'point')}, for events from {format_instant(backfill.first)} "
        f"to {format_instant(backfill.last)}, before programme {to_hex(backfill.program_hash)[:18]}… was published at "
        f"{format_instant(backfill.published_at)}."
    )


def _say_awards(found: Recomputed) -> str:
    refused = ", ".join(f"{number:,} {reason}" for reason, number in found.refused.items())
    return (
        f"Awards: {counted(found.awards, 'award')} of {counted(found.points, 'point')} follow from the published rules "
        f"and what the operator says of their events; "
        f"{counted(found.other_awards, 'award')} by recorded rules of orders not worked out; "
        f"{_say_grants(found)}"
        f"{found.sealed:,} of {counted(found.entries, 'entry', 'entries')} sealed; "
        f"{counted(found.idle_events, 'event')} gave nothing{f' (refused: {refused})' if refused else ''}. "
        f"Export {found.sha256}."
    )


def _say_grants(found: Recomputed) -> str:
    """What was held against the programme of what members did; nothing where there is no such award."""
    if not found.grants:
        return ""
    return (
        f"{counted(found.grants, 'award')} of behaviours ({counted(found.grant_points, 'point')}, "
        f"{counted(found.badges, 'badge')}): amounts held against the programme, "
        f"{counted(found.conditions, 'condition')} not worked out anew, which `replay --verify` does for who has the "
        "database; "
    )


def _say_root_mode(report: Report) -> str:
    voided = counted(report.voided, "batch was", "batches were")
    if report.pending is None:
        return f"Root mode: without a node nobody can tell which batches can still be voided; {voided} voided."
    return f"Root mode: {counted(report.pending, 'batch', 'batches')} can still be voided; {voided} voided."
