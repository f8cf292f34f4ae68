"""Events, their outcomes and the entries that they caused. Recomputes no rule: that takes the programme."""

import json
from collections.abc import Iterator

from rfc8785 import CanonicalizationError
from sqlalchemy import Connection

from loyaltychain.audit.findings import Finding, differences, make_finding
from loyaltychain.audit.store import Row, read_causeless, read_events, read_stray_outcomes
from loyaltychain.core import canonical
from loyaltychain.core.hashing import to_hex

POSTED = "posted"


def check_events(tx: Connection) -> list[Finding]:
    """What is wrong with events, with outcomes, and with entries that say that an event caused them."""
    found = list(_walk(tx))
    found += [
        make_finding("outcome-without-event", f"position {position}", expected="an event", actual=None)
        for position in read_stray_outcomes(tx)
    ]
    for entry_id, cause in read_causeless(tx):
        found.append(make_finding("entry-without-event", entry_id, expected=f"an event {cause}", actual=None))
    return found


def _walk(tx: Connection) -> Iterator[Finding]:
    position = 0
    waiting: list[str] = []
    for row in read_events(tx):
        subject = f"position {row['position']}"
        yield from differences("event-position", subject, expected=position + 1, actual=row["position"])
        position = row["position"]
        yield from _check_event(row)
        yield from _check_outcome(row)
        if row["outcome"] is None:
            waiting.append(f"{row['source']}/{row['id']}")
            continue
        # Events are dealt with in order: one that waits behind others was passed over.
        for name in waiting:
            yield make_finding("outcome-missing", name, expected="an outcome", actual=None)
        waiting.clear()


def _check_event(row: Row) -> list[Finding]:
    name, kept = f"{row['source']}/{row['id']}", row["digest"]
    try:
        digest = to_hex(canonical.digest(make_document(row)))
    except (ValueError, CanonicalizationError) as error:
        return [make_finding("event-digest", name, expected=f"canonical content: {error}", actual=kept)]
    return differences("event-digest", name, expected=digest, actual=kept)


def make_document(row: Row) -> dict[str, object]:
    """The event's document, of which its digest is taken: all that its source said."""
    return {
        "source": row["source"],
        "id": row["id"],
        "type": row["type"],
        "member_id": row["member_id"],
        "occurred_at": row["occurred_at"],
        "payload": json.loads(row["payload"]),
    }


def _check_outcome(row: Row) -> list[Finding]:
    name = f"{row['source']}/{row['id']}"
    if row["outcome"] != POSTED:
        return differences("outcome-entry", name, expected=None, actual=row["entry_id"])
    if row["cause"] is None:
        return [make_finding("outcome-entry", name, expected="an entry", actual=row["entry_id"])]
    return differences("outcome-entry", name, expected=name, actual=row["cause"])
