"""Caps, settler, pauses and transfer logs as they were set over time, from the ledger's logs alone.

Each log says what was set before, so that one that was withheld leaves a gap. Judges no batch: ``check_caps`` does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from loyaltychain.audit.findings import Finding, differences, make_finding
from loyaltychain.audit.log_shapes import CAP_NAMES, Fact, Place
from loyaltychain.audit.views import View

_BEFORE: Final = "before."
NOBODY: Final = "0x" + "00" * 20
SUBJECT: Final = "PointsLedger"


@dataclass(frozen=True, slots=True)
class Change:
    """One setting that changed, in words."""

    place: Place
    what: str  # "caps", "settler", "pause", "transfer-logs", "mode", "upgrade"
    subject: str  # which contract, which cap
    before: str
    after: str


@dataclass(slots=True)
class Settings:
    """What is set after the logs so far, and how it came to be."""

    caps: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CAP_NAMES, 0))
    settler: str = NOBODY
    is_paused: bool = False
    transfer_logs: bool | None = None
    changes: list[Change] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def fold_settings(facts: Sequence[Fact]) -> Settings:
    """The settings after these logs of one ledger contract, in chain order."""
    settings = Settings()
    for fact in facts:
        match fact.name:
            case "CapsChanged":
                _set_caps(settings, fact)
            case "SettlerChanged":
                _set_settler(settings, fact)
            case "LedgerPaused" | "LedgerUnpaused":
                _set_pause(settings, fact)
            case "TransferLogsChanged":
                _set_transfer_logs(settings, fact)
    return settings


def caps_of(fact: Fact) -> dict[str, int]:
    """The caps that a ``CapsChanged`` sets."""
    return {name: fact.numbers[name] for name in CAP_NAMES}


def check_settings_log(ledger: View, settings: Settings) -> list[Finding]:
    """Differences between what the logs lead to and what the contract answers: logs that were withheld, or made up."""
    pairs: Mapping[str, tuple[str | int, str | int]] = {
        "settler": (settings.settler, ledger.address_of("settler()")),
        "paused": (int(settings.is_paused), ledger.number("paused()")),
        **{
            name: (settings.caps[name], cap) for name, cap in ledger.caps().items()
        },
    }  # fmt: skip
    return [
        finding
        for name, (expected, actual) in pairs.items()
        for finding in differences(
            "settings-history", f"{SUBJECT} {name}", expected=expected, actual=actual, block=ledger.block
        )
    ]


def _set_caps(settings: Settings, fact: Fact) -> None:
    present = caps_of(fact)
    for name in CAP_NAMES:
        before = fact.numbers[_BEFORE + name]
        settings.findings += differences(
            "settings-history", f"{SUBJECT} {name}", expected=settings.caps[name], actual=before, block=_block(fact)
        )
        if before != present[name]:
            settings.changes.append(Change(fact.place, "caps", name, f"{before:,}", f"{present[name]:,}"))
    settings.caps = present


def _set_settler(settings: Settings, fact: Fact) -> None:
    before, present = fact.addresses["before"], fact.addresses["present"]
    settings.findings += differences(
        "settings-history", f"{SUBJECT} settler", expected=settings.settler, actual=before, block=_block(fact)
    )
    settings.changes.append(Change(fact.place, "settler", SUBJECT, before, present))
    settings.settler = present


def _set_pause(settings: Settings, fact: Fact) -> None:
    is_paused = fact.name == "LedgerPaused"
    words = {False: "running", True: "paused"}
    if is_paused == settings.is_paused:
        settings.findings.append(
            make_finding(
                "settings-history", f"{SUBJECT} paused", expected=words[not is_paused], actual=words[is_paused],
                block=_block(fact),
            )
        )  # fmt: skip
    settings.changes.append(Change(fact.place, "pause", SUBJECT, words[not is_paused], words[is_paused]))
    settings.is_paused = is_paused


def _set_transfer_logs(settings: Settings, fact: Fact) -> None:
    words = {None: "nothing", False: "off", True: "on"}
    present = bool(fact.numbers["on"])
    change = Change(fact.place, "transfer-logs", SUBJECT, words[settings.transfer_logs], words[present])
    settings.changes.append(change)
    settings.transfer_logs = present


def _block(fact: Fact) -> int:
    return fact.place.block_number
