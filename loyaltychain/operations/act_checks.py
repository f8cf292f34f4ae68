"""Hold what stands beside the entries against the audit log: approvals and what was said to them, merges and their
ends, closures; approved adjustments against the ledger, corrections against the events that brought them.

A row says what was done, and the log's hash chain (``actions/verify.py``) and the ledger's are what nobody can change
unseen; so each cell that differs, and each row or line without the other, is told. Repairs nothing. Lines of the log
that an older version wrote say less, and are held against what they say.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Row, select

from loyaltychain.actions.log import stream_rows
from loyaltychain.db.engine import Tx
from loyaltychain.events.links import member_link_ends, member_links
from loyaltychain.events.tables import events, member_closures
from loyaltychain.ledger.problems import Problem
from loyaltychain.ledger.tables import entries
from loyaltychain.operations.act_details import lots_digest
from loyaltychain.operations.own_events import CORRECTED
from loyaltychain.operations.people_rows import read_moved
from loyaltychain.operations.people_tables import approval_ends, approvals, merge_lots
from loyaltychain.operations.shop_tables import corrections
from loyaltychain.operations.tables import outcomes

_Facts = dict[str, Any]
_Key = tuple[str, str]  # what was done, and to what

_LOGGED = {
    "adjustment.request": "request", "adjustment.approve": "verdict", "adjustment.reject": "verdict",
    "member.merge": "merge", "member.unmerge": "unmerge", "member.close": "closure",
}  # fmt: skip


def check_acts(tx: Tx) -> list[Problem]:
    """All that differs in this snapshot; empty when rows, log, entries and events say the same.

    Codes: ``act-differs`` (a row has another value than its line in the log), ``act-unlogged`` (a row without a line),
    ``act-missing`` (a line without its row), ``act-twice`` (a second line where there can be one), ``act-lots`` (what
    is kept of a merge's lots is not what it moved), ``approval-entry`` (an adjustment was made with another second
    person, or another content, than its approval says), ``correction-differs`` (what corrects what is not as the
    events say).
    """
    logged: dict[_Key, _Facts] = {}
    problems = [*_read_log(tx, logged)]
    rows = dict(_read_rows(tx))
    problems += _compare(rows, logged, code="act-differs", unlogged="act-unlogged", missing="act-missing")
    problems += _check_lots(tx, logged)
    problems += _check_entries(tx)
    problems += _check_corrections(tx)
    return problems


def _compare(
    rows: Mapping[_Key, _Facts], said: Mapping[_Key, _Facts], *, code: str, unlogged: str, missing: str
) -> Iterator[Problem]:
    """One problem a cell that differs, a row of which nothing is said, and what is said of no row."""
    for key in sorted(rows.keys() | said.keys()):
        subject = " ".join(key)
        if key not in said:
            yield Problem(unlogged, subject, expected="none", actual=_text(rows[key]))
        elif key not in rows:
            yield Problem(missing, subject, expected=_text(said[key]), actual="none")
        else:
            row, line = rows[key], said[key]
            yield from (
                Problem(code, f"{subject}: {name}", expected=_text(line[name]), actual=_text(row[name]))
                for name in sorted(row.keys() & line.keys())
                if (row[name], type(row[name])) != (line[name], type(line[name]))
            )


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _read_log(tx: Tx, into: dict[_Key, _Facts]) -> Iterator[Problem]:
    """What the log says was done, by thing; the first line of each counts."""
    for line in stream_rows(tx):
        if line.action not in _LOGGED:
            continue
        key, facts = _from_line(line, _object(line.details))
        if key in into:
            yield Problem("act-twice", " ".join(key), expected="one line", actual=f"action {line.position}")
        else:
            into[key] = facts


def _object(text: object) -> _Facts:
    """What a JSON object holds; that a text is none is told by the checks of log, ledger and events themselves."""
    try:
        found = json.loads(str(text))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _from_line(line: Row[Any], details: _Facts) -> tuple[_Key, _Facts]:
    kind = _LOGGED[line.action]
    facts = {**details, "reason": line.reason, "at": line.at}
    if kind in ("request", "verdict"):
        said_by = {} if "by" in details else {"by_or_key": line.actor}  # an older line: one of the two
        verdict = {"verdict": line.action} if kind == "verdict" else {}
        return (kind, str(line.subject).removeprefix("entry:adjust:")), facts | said_by | verdict
    if kind == "closure":
        return (kind, str(line.subject)), facts
    return (kind, str(details.get("link"))), facts | {"merged": line.subject, "actor": line.actor}


def _read_rows(tx: Tx) -> Iterator[tuple[_Key, _Facts]]:
    """What the tables say was done, by thing."""
    for row in tx.execute(select(approvals)):
        yield ("request", row.id), {
            "member": row.member, "points": row.points, "reason": row.reason, "by": row.actor, "key": row.asked_by,
            "expires_at": row.expires_at, "may_owe": bool(row.may_owe), "at": row.requested_at, "until": row.until,
            "by_or_key": row.asked_by or row.actor,
        }  # fmt: skip
    asked = select(approval_ends, approvals.c.member, approvals.c.points)
    for row in tx.execute(asked.join(approvals, approvals.c.id == approval_ends.c.approval)):
        yield ("verdict", row.approval), {
            "member": row.member, "points": row.points, "reason": row.reason, "by": row.actor, "key": row.decided_by,
            "verdict": "adjustment.approve" if row.verdict == "approved" else "adjustment.reject",
            "at": row.decided_at, "by_or_key": row.decided_by or row.actor,
        }  # fmt: skip
    for row in tx.execute(select(member_links)):
        yield ("merge", str(row.id)), {
            "merged": f"member:{row.merged}", "survivor": row.survivor, "reason": row.reason, "actor": row.actor,
            "at": row.since, "points": row.points, "pending": row.pending, "debt": row.debt,
            "qualifying": row.qualifying, "link": row.id,
        }  # fmt: skip
    ended = select(member_link_ends, member_links.c.merged, member_links.c.survivor)
    for row in tx.execute(ended.join(member_links, member_links.c.id == member_link_ends.c.link)):
        yield ("unmerge", str(row.link)), {
            "merged": f"member:{row.merged}", "survivor": row.survivor, "reason": row.reason, "actor": row.actor,
            "at": row.ended_at, "link": row.link,
        }  # fmt: skip
    for row in tx.execute(select(member_closures)):
        yield ("closure", f"member:{row.number}"), {"reason": row.reason, "at": row.closed_at}


def _check_lots(tx: Tx, logged: Mapping[_Key, _Facts]) -> Iterator[Problem]:
    """What each merge moved, lot by lot, against the digest in the log."""
    kept = {str(link) for link in tx.execute(select(merge_lots.c.link).distinct()).scalars()}
    merges = {link: facts for (kind, link), facts in logged.items() if kind == "merge" and link.isdecimal()}
    said = {link: facts["lots"] for link, facts in merges.items() if "lots" in facts}
    for link in sorted(said):
        actual = lots_digest(read_moved(tx, int(link)))
        if actual != said[link]:
            yield Problem("act-lots", f"merge {link}", expected=_text(said[link]), actual=actual)
    for link in sorted(kept - merges.keys()):
        yield Problem("act-lots", f"merge {link}", expected="none", actual="lots of a merge that nobody logged")


def _check_entries(tx: Tx) -> Iterator[Problem]:
    """Adjustments that were made with a second person, against the approvals that say so."""
    rows = select(approvals, approval_ends.c.actor.label("approved_by")).join(
        approval_ends, approval_ends.c.approval == approvals.c.id
    )
    approved = {
        ("adjustment", row.id): {
            "reason": row.reason, "actor": row.actor, "expires_at": row.expires_at, "may_owe": bool(row.may_owe),
            "approved_by": row.approved_by,
        }
        for row in tx.execute(rows.where(approval_ends.c.verdict == "approved"))
    }  # fmt: skip
    with_second = (entries.c.kind == "adjust") & entries.c.details.contains('"approved_by"')
    made = {}
    for id_, details in tx.execute(select(entries.c.id, entries.c.details).where(with_second)):
        said = {"expires_at": None, "may_owe": False} | _object(details)
        made["adjustment", str(id_).removeprefix("adjust:")] = said
    code = "approval-entry"
    yield from _compare(approved, made, code=code, unlogged=code, missing=code)


def _check_corrections(tx: Tx) -> Iterator[Problem]:
    """Which event corrects which, against the events themselves and what became of them."""
    told = select(events.c.source, events.c.id, events.c.payload).join(
        outcomes, (outcomes.c.position == events.c.position) & (outcomes.c.outcome != "refused")
    )
    said = {("correction", f"{source}/{id_}"): _corrects(payload)
            for source, id_, payload in tx.execute(told.where(events.c.type == CORRECTED))}  # fmt: skip
    kept = {
        ("correction", f"{row.source}/{row.event_id}"): {"source": row.of_source, "id": row.of_id}
        for row in tx.execute(select(corrections))
    }
    code = "correction-differs"
    yield from _compare(kept, said, code=code, unlogged=code, missing=code)


def _corrects(payload: str) -> _Facts:
    found = _object(payload).get("corrects")
    return found if isinstance(found, dict) else {}
