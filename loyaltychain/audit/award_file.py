"""The pseudonymous export as the auditor reads it, line by line: entries of the ledger, then events that gave nothing.

Believes nothing: a line is read strictly, and an opened entry's digest is worked out from its document.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from loyaltychain.audit.postings import Move
from loyaltychain.audit.store import octets
from loyaltychain.core import canonical
from loyaltychain.core.errors import InvalidSettings
from loyaltychain.core.json_text import bounded_lines, parse_json

_FIELDS: Final = frozenset(
    {"record", "position", "recorded_at", "digest", "document", "event", "type", "facts", "outcome"}
)
_OUTCOME: Final = re.compile(r"[a-z]+(?:-[a-z]+)*")
_AWARD: Final = re.compile(
    r"(?P<rule>(?:behaviour|achievement|streak|referral):[^:]+):(?P<member>[1-9][0-9]{0,15}):(?P<occurrence>[^:]*):"
    r"(?P<cause>.+)", re.DOTALL
)  # fmt: skip
_LOT_ENDED: Final = re.compile(r"[a-z]+:earn:(?:[0-9.]+:)?(.+)", re.DOTALL)  # the lot is named by who made it
_DOCUMENT: Final = {"id": str, "kind": str, "cause": str, "occurred_at": int, "postings": list}


@dataclass(frozen=True, slots=True)
class Source:
    """The event of an award: its place in the operator's log, its type, and what rules read of it."""

    position: int
    type: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Granted:
    """What an entry of a behaviour's award says of it, in its details.

    Args:
        rule: "behaviour:<id>", "achievement:<id>", "streak:<id>" or "referral:<id>".
        award: What all entries of the award name, retries and revisions included.
        member: Whose act it was, as the award's name has it.
        occurrence: Which one, of several by one cause: a length, a side, a season; "points" of a badge.
        desired: Points before limits, or 1 badge; ``awarded``: what was given, or is left.
        inputs: The numbers and words that it was worked out from.
        version: The digest of the programme that decided, 0x hex.
    """

    rule: str
    award: str
    member: int
    occurrence: str
    cause: str
    desired: int
    awarded: int
    inputs: Mapping[str, Any]
    version: str


@dataclass(frozen=True, slots=True)
class OpenEntry:
    """What an opened entry says. ``digest`` is that of its document."""

    id: str
    kind: str
    cause: str
    rule: str | None
    program: str | None
    moves: list[Move]
    digest: bytes
    award: str | None = None  # what it takes back or gives again, where its details name it
    occurred_at: int = 0
    granted: Granted | None = None  # of a behaviour's award


@dataclass(frozen=True, slots=True)
class EntryLine:
    """An entry at its position. ``opened`` is None where the export tells its digest alone."""

    position: int
    recorded_at: int
    digest: bytes
    opened: OpenEntry | None
    source: Source | None


@dataclass(frozen=True, slots=True)
class EventLine:
    """An event that rules read and that gave nothing; ``outcome`` is ``nothing``, or the reason of a refusal."""

    source: Source
    outcome: str


def award_of_lot(entry: str) -> str | None:
    """The award of behaviours whose points the entry ends that time, or a hand, made of their lot."""
    found = _LOT_ENDED.fullmatch(entry)
    return found[1] if found and _AWARD.fullmatch(found[1]) else None


def read_lines(file: Path) -> Iterator[EntryLine | EventLine]:
    """The lines of an export. Raises InvalidSettings naming the file and the line that cannot be read."""
    number = 1
    try:
        with file.open(encoding="utf-8") as lines:
            for line in bounded_lines(lines):
                yield _read_line(_parse(line))
                number += 1
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidSettings(
            "This is no pseudonymous export: ask the operator for what `loyaltychain report pseudonymous` writes.",
            file=str(file), line=number, reason=str(error)[:200],
        ) from error  # fmt: skip


def _parse(line: str) -> Any:
    row = parse_json(line)
    if "\\u" in line:
        json.dumps(row, ensure_ascii=False).encode()  # half a surrogate pair is no text: nothing could print it
    return row


def _read_line(row: Any) -> EntryLine | EventLine:
    if not isinstance(row, dict) or row.keys() != _FIELDS:
        raise ValueError("a line has other fields")
    source = None if row["event"] is None else Source(_whole(row["event"]), _text(row["type"]), _facts(row["facts"]))
    if row["record"] == "event" and source is not None:
        if not _OUTCOME.fullmatch(_text(row["outcome"])):
            raise ValueError("an outcome is no code")
        return EventLine(source, row["outcome"])
    if row["record"] != "entry":
        raise ValueError("a line is neither entry nor event")
    digest = octets(row["digest"])
    if len(digest) != 32:
        raise ValueError("a digest is no hash")
    opened = None if row["document"] is None else _open(row["document"])
    return EntryLine(_whole(row["position"]), _whole(row["recorded_at"]), digest, opened, source)


def _open(document: Any) -> OpenEntry:
    if not all(type(document[name]) is kind for name, kind in _DOCUMENT.items()):
        raise ValueError("an entry's document has other fields")
    moves = [
        Move(_whole(each["amount"]), _text(each["from"]), _text(each["to"]), _text(each["unit"]))
        for each in document["postings"]
    ]
    rule, program = (None if document[name] is None else _text(document[name]) for name in ("rule", "program"))
    digest = canonical.digest(document)
    details = document.get("details")
    award = details.get("award") if isinstance(details, dict) else None
    granted = _granted(details) if isinstance(details, dict) and "grant" in details else None
    return OpenEntry(document["id"], document["kind"], document["cause"], rule, program, moves, digest,
                     award if isinstance(award, str) else None, document["occurred_at"], granted)  # fmt: skip


def _granted(details: Mapping[str, Any]) -> Granted:
    rule, award = _text(details["grant"]), _text(details["award"])
    named = _AWARD.fullmatch(award)
    if named is None or named["rule"] != rule or not isinstance(details["inputs"], dict):
        raise ValueError("an award of a behaviour has no name, or another rule's")
    desired, awarded = (_signed(details[name]) for name in ("desired", "awarded"))
    return Granted(rule, award, int(named["member"]), unquote(named["occurrence"]), named["cause"], desired, awarded,
                   details["inputs"], _text(details["version"]))  # fmt: skip


def _facts(content: Any) -> Mapping[str, Any]:
    if content is not None and not isinstance(content, dict):
        raise ValueError("facts are no object")
    return content or {}


def _whole(content: Any) -> int:
    if type(content) is not int or not 0 <= content < 2**53:
        raise ValueError("a number is not whole, or out of range")
    return content


def _signed(content: Any) -> int:
    return _whole(abs(content)) * (-1 if content < 0 else 1)


def _text(content: Any) -> str:
    if not isinstance(content, str):
        raise ValueError("a text is none")
    return content
