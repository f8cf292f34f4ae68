"""Events, their outcomes and the entries that they caused. Recomputes no rule: that takes the programme."""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from json.encoder import encode_basestring
from typing import Final

from rfc8785 import CanonicalizationError
from sqlalchemy import Connection

from loyaltychain.audit.findings import Finding, differences, make_finding
from loyaltychain.audit.helper import ALONE, Helper
from loyaltychain.audit.store import EventRow, OnCount, last_position, read_causeless, read_events, read_stray_outcomes
from loyaltychain.core import canonical
from loyaltychain.core.hashing import to_hex

POSTED = "posted"
_EXACT: Final = 10**15  # below what JSON holds exactly
_TEXT = r'"[ !#-\[\]-~]*"'  # printable ASCII without quotes and backslashes
#: A payload that is its own canonical JSON if its keys ascend: one level of plain texts, whole numbers and words.
_FLAT: Final = re.compile(rf'\{{(?:{_TEXT}:(?:{_TEXT}|0|-?[1-9][0-9]{{0,14}}|true|false|null)(?:,(?=")|(?=\}})))*\}}')
_KEY: Final = re.compile(r'[{,]("[ !#-\[\]-~]*"):')


def check_events(tx: Connection, *, helper: Helper = ALONE, on_step: OnCount = lambda *_: None) -> list[Finding]:
    """What is wrong with events, with outcomes, and with entries that say that an event caused them."""
    found = _walk(tx, helper, on_step)
    found += [
        make_finding("outcome-without-event", f"position {position}", expected="an event", actual=None)
        for position in read_stray_outcomes(tx)
    ]
    for entry_id, cause in read_causeless(tx):
        found.append(make_finding("entry-without-event", entry_id, expected=f"an event {cause}", actual=None))
    return found


def _walk(tx: Connection, helper: Helper, on_step: OnCount) -> list[Finding]:
    found: list[Finding] = []
    answers: list[Callable[[], list[Finding]]] = []
    position = 0
    total = last_position(tx, "events")
    waiting: list[str] = []
    for page in read_events(tx):
        answers.append(helper.run(check_rows, page))
        for row in page:
            if row.position != position + 1:
                subject = f"position {row.position}"
                found.append(make_finding("event-position", subject, expected=position + 1, actual=row.position))
            position = row.position
            if row.outcome is None:
                waiting.append(f"{row.source}/{row.id}")
            elif waiting:
                # Events are dealt with in order: one that waits behind others was passed over.
                found += [make_finding("outcome-missing", name, expected="an outcome", actual=None) for name in waiting]
                waiting.clear()
        on_step(position, total)
    return found + [finding for answer in answers for finding in answer()]


def check_rows(rows: Sequence[EventRow]) -> list[Finding]:
    """What is wrong with each of these events by itself. Asks nobody."""
    return [finding for row in rows for finding in (*_check_event(row), *_check_outcome(row))]


def _check_event(row: EventRow) -> list[Finding]:
    name, kept = f"{row.source}/{row.id}", row.digest
    if kept == _digest_plainly(row):
        return []
    try:
        digest = to_hex(canonical.digest(make_document(row)))
    except (ValueError, CanonicalizationError) as error:
        return [make_finding("event-digest", name, expected=f"canonical content: {error}", actual=kept)]
    return differences("event-digest", name, expected=digest, actual=kept)


def _digest_plainly(row: EventRow) -> str | None:
    """The digest of an ordinary event, put together from its text as it is kept; None for any other."""
    texts = (row.source, row.id, row.type, row.member_id)
    if not all(type(text) is str and text.isascii() for text in texts) or not is_flat(row.payload):
        return None
    if type(row.occurred_at) is not int or not -_EXACT < row.occurred_at < _EXACT:
        return None
    source, id_, kind, member_id = (encode_basestring(str(text)) for text in texts)
    document = (
        f'{{"id":{id_},"member_id":{member_id},"occurred_at":{row.occurred_at},"payload":{row.payload},'
        f'"source":{source},"type":{kind}}}'
    )
    return "0x" + hashlib.sha256(document.encode()).hexdigest()


def is_flat(payload: str) -> bool:
    """Whether a text is an object of one level, plain, and canonical JSON as it stands. False says nothing."""
    if _FLAT.fullmatch(payload) is None:
        return False
    keys = [key[1:-1] for key in _KEY.findall(payload)]
    return all(one < other for one, other in pairwise(keys))


def make_document(row: EventRow) -> dict[str, object]:
    """The event's document, of which its digest is taken: all that its source said."""
    return {
        "source": row.source,
        "id": row.id,
        "type": row.type,
        "member_id": row.member_id,
        "occurred_at": row.occurred_at,
        "payload": json.loads(row.payload),
    }


def _check_outcome(row: EventRow) -> list[Finding]:
    name = f"{row.source}/{row.id}"
    if row.outcome != POSTED:
        return differences("outcome-entry", name, expected=None, actual=row.entry_id)
    if row.cause is None:
        return [make_finding("outcome-entry", name, expected="an entry", actual=row.entry_id)]
    return differences("outcome-entry", name, expected=name, actual=row.cause)
