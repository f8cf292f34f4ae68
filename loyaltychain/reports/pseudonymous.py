"""What an auditor needs to work out awards anew, without a word about who anybody is.

Entries of the ledger as they are hashed, so that they can be walked to the head that stands on chain; with each award
the facts of its event that rules read, in numbers; then the events that rules read and that gave nothing. Members are
numbers, as on chain. An entry whose text may tell more is sealed: its digest alone goes out, and the auditor says so.
"""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from loyaltychain.core import canonical
from loyaltychain.core.json_text import parse_json
from loyaltychain.db.engine import Tx
from loyaltychain.ledger.types import DOCUMENT_FIELDS
from loyaltychain.reports import pseudonymous_grants as grants
from loyaltychain.reports import pseudonymous_rows as rows
from loyaltychain.reports.lines_text import Json
from loyaltychain.reports.rows import Found

FIELDS: Final = ("record", "position", "recorded_at", "digest", "document", "event", "type", "facts", "outcome")
#: What entries say in ``details`` that is ids and numbers. Whatever says more (a reason, who did it) is sealed.
_PLAIN_DETAILS: Final = frozenset({"award", "corrects", "entry", "exchange", "hold", "lot", "order", "rules"})
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_RATE: Final = re.compile(r"\+?[0-9]{1,18}(?:\.[0-9]{1,18})?")
_REASON: Final = re.compile(r"[a-z]+(?:-[a-z]+)*")
_LONG: Final = 7  # digits from which on a number may be somebody's (of a telephone)
_EDGES: Final = 64  # of a text's parts, up to which it is looked through: they are as many as pairs of edges
_SHORT: Final = 3  # characters up to which a text would be found in many others

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """Which types of event the published rules read, and how: by the amount of one sum, or of each line."""

    sums: frozenset[str]
    orders: frozenset[str]

    @property
    def types(self) -> frozenset[str]:
        """All of them."""
        return self.sums | self.orders


def read_reading(tx: Tx) -> Reading:
    """What the rules of all published programmes read."""
    sums: set[str] = set()
    orders: set[str] = set()
    for document in filter(None, map(json.loads, rows.published_documents(tx))):  # of some the hash alone is known
        order = (document.get("orders") or {}).get("event")
        for rule in document["rules"]:
            (orders if rule["event"] == order else sums).add(rule["event"])
    return Reading(frozenset(sums), frozenset(orders))


def settled_entries(tx: Tx, *, after: int, upto: int) -> list[Row]:
    """The rows of the entries at these positions."""
    found = rows.whole_entries(tx, after=after, upto=upto)
    acts = {entry.position: cause for entry in found if (cause := _act_of(entry)) is not None}
    events = {f"{row.source}/{row.id}": row for row in rows.events_named(tx, list(acts.values()))}
    personal = _Personal(tx, found)
    reading, documents = read_reading(tx), rows.documents_by_digest(tx)
    return [
        _entry_row(entry, events.get(acts.get(entry.position, "")), reading, documents, personal) for entry in found
    ]


def idle_events(tx: Tx, *, after: int, upto: int) -> list[Row]:
    """The rows of the events at these positions that rules read, and that were decided on and gave nothing."""
    reading = read_reading(tx)
    return [
        _row("event", event=row.position, type=row.type, facts=facts_of(row.type, row.payload, reading),
             outcome=_say_outcome(row.outcome, row.explanation))
        for row in rows.decided_events(tx, sorted(reading.types), after=after, upto=upto)
    ]  # fmt: skip


def facts_of(type_: str, payload: str, reading: Reading) -> Json | None:
    """What rules read of an event: whole numbers, a code of three letters, a rate. None where it has no such thing."""
    content = parse_json(payload)
    currency, exchange = content.get("currency"), content.get("exchange")
    facts: Row = {}
    if isinstance(currency, str) and _CURRENCY.fullmatch(currency):
        facts["currency"] = currency
    if type_ in reading.sums and type(content.get("amount")) is int:
        facts["amount"] = content["amount"]
    lines = content.get("lines")
    if type_ in reading.orders and isinstance(lines, list):
        amounts = [line.get("amount") if isinstance(line, dict) else None for line in lines]
        if all(type(amount) is int for amount in amounts):
            facts["lines"] = amounts
    rate = exchange.get("rate") if isinstance(exchange, dict) else None
    if isinstance(rate, str) and _RATE.fullmatch(rate):
        facts["rate"] = rate.removeprefix("+")
    return Json(canonical.encode_text(facts)) if facts else None


def _entry_row(
    entry: Found, event: Found | None, reading: Reading, documents: Mapping[str, Row], personal: "_Personal"
) -> Row:
    said = {"position": entry.position, "recorded_at": entry.recorded_at, "digest": entry.digest}
    details = _details_of(entry)
    if _tells_more(details) or personal.is_in(entry):
        return _row("entry", **said)
    if event is not None:
        said |= {"event": event.position, "type": event.type}
        if grants.is_grant(details):
            items = grants.items_of(documents.get(details["version"]), details["grant"], parse_json(event.payload))
            said["facts"] = None if items is None else Json(canonical.encode_text({"items": items}))
        else:
            said["facts"] = facts_of(event.type, event.payload, reading)
    return _row("entry", **said, document=Json(canonical.encode_text(_document(entry))))


def _document(entry: Found) -> Row:
    document: Row = {name: getattr(entry, name) for name in DOCUMENT_FIELDS}
    document["postings"] = parse_json(entry.postings)
    return document if entry.details is None else document | {"details": parse_json(entry.details)}


def _act_of(entry: Found) -> str | None:
    """The event for which rules gave something by it; or took something, for what somebody did."""
    if entry.kind == "reverse":
        details = _details_of(entry)
        is_taken = grants.is_grant(details) and int(details["awarded"]) < 0
        return grants.cause_of(details) if is_taken else None
    return str(entry.cause) if entry.kind in ("earn", "badge") and entry.rule is not None else None


def _details_of(entry: Found) -> Row:
    return {} if entry.details is None else dict(parse_json(entry.details))


def _tells_more(details: Row) -> bool:
    if grants.is_grant(details):
        return grants.texts_of(details) is None
    return not details.keys() <= _PLAIN_DETAILS


def _say_outcome(outcome: str, explanation: str) -> str:
    """``nothing``, or the reason of a refusal: a code, never its words."""
    reason = parse_json(explanation).get("reason")
    return reason if outcome == "refused" and isinstance(reason, str) and _REASON.fullmatch(reason) else outcome


def _row(record: str, **values: Any) -> Row:
    return {**dict.fromkeys(FIELDS), "record": record, **values}


class _Personal:
    """Whether an entry's texts hold somebody's id: any of its own member's, or one of anybody's that is no mere number.

    One of her own counts in any case of letters, and anywhere; a short one, and anybody else's, where no letter or
    digit goes on before or behind it. Words that the programme puts there itself (source, kind, rule) are nobody's.
    """

    def __init__(self, tx: Tx, entries: Sequence[Found]) -> None:
        self._own = rows.ids_of(tx, sorted({entry.member for entry in entries if entry.member is not None}))
        self._parts: Mapping[int, set[str] | None] = {entry.position: _foreign_parts(entry) for entry in entries}
        self._known = rows.known_ids(tx, sorted(set().union(*filter(None, self._parts.values()))))

    def is_in(self, entry: Found) -> bool:
        """Whether it does."""
        said = "\n".join([entry.id, entry.cause, *_details(entry)])
        text = _one_form(f"{said}\n{unquote(said)}")  # ids of events are made of addresses, too
        if any(_holds(text, _one_form(id_)) for id_ in self._own.get(entry.member, ())):
            return True
        parts = self._parts[entry.position]
        return parts is None or not self._known.isdisjoint(parts)


def _one_form(text: str) -> str:
    """Without what tells apart texts that look the same: case, and how letters with signs are written."""
    return unicodedata.normalize("NFKC", text).casefold()


def parts_of(text: str) -> set[str] | None:
    """The parts of a text that begin and end where a word does, or a sign stands; None where they are too many."""
    edges = [at for at in range(len(text) + 1)
             if at in (0, len(text)) or not (text[at - 1].isalnum() and text[at].isalnum())]  # fmt: skip
    if len(edges) > _EDGES:
        return None
    return {text[start:end] for place, start in enumerate(edges) for end in edges[place + 1 :]}


def _foreign_parts(entry: Found) -> set[str] | None:
    """What of an entry may be anybody's id, as it stands and in small letters; None where that cannot be told."""
    rest = grants.without_rule(entry.id).replace(entry.cause, "\n").replace(entry.kind, "\n")
    rest = rest.replace(entry.rule or "\n", "\n")
    named = entry.cause.partition("/")[2] or entry.cause
    parts: set[str] = set()
    for text in (named, rest, *_details(entry)):
        found = parts_of(text)
        if found is None:
            return None
        parts.update(filter(_may_be_an_id, found))
    return parts | {part.lower() for part in parts}


def _details(entry: Found) -> list[str]:
    details = _details_of(entry)
    return (grants.texts_of(details) or []) if grants.is_grant(details) else _strings(details)


def _strings(content: Any) -> list[str]:
    if isinstance(content, str):
        return [content]
    parts = content.values() if isinstance(content, dict) else content if isinstance(content, list) else ()
    return [text for part in parts for text in _strings(part)]


def _holds(text: str, id_: str) -> bool:
    if id_ not in text or len(id_) > _SHORT:
        return id_ in text
    before, behind = (r"(?<![^\W_])" if id_[0].isalnum() else "", r"(?![^\W_])" if id_[-1].isalnum() else "")
    return re.search(before + re.escape(id_) + behind, text) is not None


def _may_be_an_id(part: str) -> bool:
    return len(part) >= _SHORT and "\n" not in part and (not part.isdigit() or len(part) >= _LONG)
