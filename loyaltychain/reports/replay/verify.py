"""Every award worked out anew from events, decisions and programmes, and held against what is stored and booked."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import func, select

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.db.step import read_cursor
from loyaltychain.events.store import parse_payload
from loyaltychain.events.tables import events, members
from loyaltychain.events.types import encode_event, known_event
from loyaltychain.ledger.checks import check_ledger
from loyaltychain.operations.conduct.catch_up import VERSION
from loyaltychain.operations.conduct.names import award_name
from loyaltychain.operations.conduct.step import ENTRIES
from loyaltychain.operations.conduct.tables import decisions, fold_states, grants, program_versions
from loyaltychain.operations.conduct.versions import UNKNOWN, Engines, read_versions
from loyaltychain.reports.grant_rows import STEP, Granted, granted
from loyaltychain.reports.replay.booked import Booked, read_booked
from loyaltychain.reports.replay.caches import check_caches
from loyaltychain.reports.replay.compare import Key, compare_decisions, compare_grants
from loyaltychain.reports.replay.findings import Finding
from loyaltychain.reports.replay.history import History, Report, read_history
from loyaltychain.reports.replay.refold import Refolded, refold
from loyaltychain.reports.replay.shared import AsDecided

_ROWS_AT_ONCE = 5_000


@dataclass(slots=True)
class Verified:
    """What a replay came to. ``waiting``: members whom the worker has to fold anew, who were not compared."""

    findings: list[Finding] = field(default_factory=list)
    events: int = 0
    members: int = 0
    facts: int = 0
    grants: int = 0
    decisions: int = 0
    waiting: int = 0


def verify(tx: Tx, *, now: UnixSeconds, report: Callable[[str], Report] = lambda _: lambda __, ___: None) -> Verified:
    """Replay everything that was decided on in this snapshot. Reads only.

    Args:
        report: Gives, for the name of a part of the work, whom to tell how far it is.
    """
    found = Verified()
    found.findings += check_events(tx, report("events"))
    found.findings += check_versions(tx)
    if not found.findings:
        _verify_rest(tx, found, now=now, report=report)
        return found
    try:
        _verify_rest(tx, found, now=now, report=report)
    except (ValueError, LookupError, TypeError, AttributeError, AssertionError, errors.LoyaltyError) as problem:
        found.findings.append(Finding("unreadable", "what follows", "readable", f"{type(problem).__name__}: {problem}"))
    return found


def _verify_rest(tx: Tx, found: Verified, *, now: UnixSeconds, report: Callable[[str], Report]) -> None:
    versions = read_versions(tx)
    found.events = read_cursor(tx, STEP)
    if versions.newest is not None and versions.have_conduct:
        if found.events and read_cursor(tx, VERSION) < len(versions.digests):
            found.waiting = len(_states(tx))  # the worker still asks old events what a new version wants of them
        else:
            upto, entries_upto = found.events, read_cursor(tx, ENTRIES)
            history = read_history(tx, versions, upto=upto, entries_upto=entries_upto, report=report("history"))
            found.findings += check_caches(tx, history)
            _replay(tx, history, Engines(versions, versions.newest), found, now=now, report=report("members"))
    found.findings += check_booked(list(_all_revisions(tx)), read_booked(tx), now=now)
    for problem in check_ledger(tx):
        found.findings.append(
            Finding(f"ledger-{problem.code}", problem.subject, str(problem.expected), str(problem.actual))
        )


def check_events(tx: Tx, report: Report = lambda _, __: None) -> Iterator[Finding]:
    """Events that are not what was taken in."""
    done = 0
    columns = ("position", "member", "source", "id", "type", "occurred_at", "payload", "digest")
    query = select(*(events.c[name] for name in columns), members.c.member_id)
    query = query.outerjoin(members, members.c.number == events.c.member).order_by(events.c.position)
    while rows := tx.execute(query.where(events.c.position > done).limit(_ROWS_AT_ONCE)).all():
        for row in rows:
            if row.member_id is None:
                yield Finding("member-missing", f"event {row.source}/{row.id}", f"member {row.member}", "nobody")
                continue
            said = _encoded(row)
            if said != (row.payload, row.digest):
                yield Finding("event-digest", f"event {row.source}/{row.id}", row.digest, said[1])
        done = rows[-1].position
        report(done, None)


def _encoded(row: Any) -> tuple[str, str]:
    """The payload and the digest of the event that is kept, as they would be taken in."""
    try:
        payload = parse_payload(row.payload)
        return encode_event(known_event(row.source, row.id, row.type, row.member_id, row.occurred_at, payload))
    except (ValueError, errors.LoyaltyError) as problem:
        return "", str(problem)


def check_versions(tx: Tx) -> Iterator[Finding]:
    """Programmes that are not what counted, and those that grants name and that are not there."""
    known = {UNKNOWN}
    for row in tx.execute(select(program_versions).order_by(program_versions.c.from_position)):
        known.add(row.digest)
        actual = "0x" + hashlib.sha256(row.document.encode()).hexdigest()
        if row.digest and actual != row.digest:
            yield Finding("version-digest", f"programme from event {row.from_position} on", row.digest, actual)
    for digest in sorted(set(tx.execute(select(grants.c.version).distinct()).scalars()) - known):
        yield Finding("version-missing", f"programme {digest}", "kept", "none")


def check_booked(revisions: list[Granted], booked: Booked, *, now: UnixSeconds) -> Iterator[Finding]:
    """Grants of which the ledger says otherwise, and entries that are no grant's.

    What time has taken in the ledger may stand in its grant later: no finding.
    """
    standing: dict[str, Granted] = {}
    before: dict[str, Granted] = {}
    for each in revisions:
        grant = each.grant
        award = award_name(grant.rule, each.member, grant.occurrence, grant.cause)
        last = before.get(award)
        before[award] = standing[award] = each
        if each.revision != (1 if last is None else last.revision + 1):
            yield Finding("grant-revision", f"award:{each.number}", "the next revision", str(each.revision))
        target = 0 if each.is_gone or grant.state == "held" else grant.awarded
        if each.posted != target and each.problem is None:
            yield Finding("grant-posted", f"award:{each.number}", str(target), str(each.posted))
        moved = each.posted - (0 if last is None else last.posted)
        if award not in booked.by_time and booked.by_number[each.number] != moved:
            yield Finding("entry-differs", f"award:{each.number}", str(moved), str(booked.by_number[each.number]))
        for named in booked.award_of.get(each.number, {award}) - {award}:
            yield Finding("entry-differs", f"award:{each.number}", award, named)
    for award, each in standing.items():
        is_over = each.grant.state == "pending" and each.grant.due_at is not None and each.grant.due_at <= now
        if booked.net[award] != each.posted and not (is_over and award in booked.by_time and not booked.net[award]):
            yield Finding("entry-differs", f"award:{each.number}", str(each.posted), str(booked.net[award]))
    numbers = {each.number for each in revisions}
    for entry, award in booked.loose:
        yield Finding("entry-unfounded", f"entry {entry}", "a grant that posted it", award)
    for entry, number in booked.named.items():
        if number not in numbers:
            yield Finding("entry-unfounded", f"entry {entry}", f"award:{number}", "none")


def _replay(tx: Tx, history: History, engines: Engines, found: Verified, *, now: UnixSeconds, report: Report) -> None:
    stored = _by_member(tx, history)
    kept = _states(tx)
    stale = {member for member, state in kept.items() if state.is_stale}
    recorded = _decisions(tx)
    shared = AsDecided({name: each[:2] for name, each in recorded.items()})
    until = {member: UnixSeconds(state.tidied_to) for member, state in kept.items()}
    for each in refold(history, engines, shared, until=until, report=report):
        found.members += 1
        found.facts += each.facts
        found.grants += len(each.grants)
        hers = stored.pop(each.member, {})
        if each.member in stale:
            found.waiting += 1
            continue
        found.findings += compare_grants(each.member, each.grants, hers, now=now)
        actual = "none" if each.member not in kept else _difference(each, kept[each.member])
        if actual:
            found.findings.append(Finding("state-differs", f"member {each.member}", "what her facts come to", actual))
    for member, grants_left in stored.items():
        found.findings += compare_grants(member, (), grants_left, now=now)
    found.decisions = len(recorded)
    if not stale:
        found.findings += compare_decisions(shared.asked, recorded, _limits(tx))


def _by_member(tx: Tx, history: History) -> dict[MemberNumber, dict[Key, Granted]]:
    """Grants that count, by who stands for their member; one that is gone gives way to another of its name."""
    found: dict[MemberNumber, dict[Key, Granted]] = {}
    for each in map(granted, tx.execute(select(grants).where(grants.c.is_latest == 1).order_by(grants.c.number))):
        mine = found.setdefault(history.head(each.member), {})
        if each.grant.key not in mine or mine[each.grant.key].is_gone:
            mine[each.grant.key] = each
    return found


def _all_revisions(tx: Tx) -> Iterator[Granted]:
    options = {"yield_per": _ROWS_AT_ONCE}
    yield from map(granted, tx.execute(select(grants).order_by(grants.c.number), execution_options=options))


def _states(tx: Tx) -> dict[MemberNumber, Any]:
    """By member the row of her state."""
    return {MemberNumber(row.member): row for row in tx.execute(select(fold_states))}


def _difference(one: Refolded, kept: Any) -> str:
    """What is not the same in a state that is kept; empty: nothing."""
    expected = {
        "facts": one.facts, "last": one.last, "numbers": one.numbers, "due_at": one.due_at,
        "document": orjson.loads(orjson.dumps(one.state)),
    }  # fmt: skip
    try:
        document, numbers = orjson.loads(kept.document), tuple(orjson.loads(kept.numbers))
    except (ValueError, TypeError):
        return "not to be read"
    last = kept.at, kept.source, kept.event_id
    actual = {"facts": kept.facts, "last": last, "numbers": numbers, "due_at": kept.due_at, "document": document}
    return ", ".join(name for name, value in expected.items() if actual[name] != value)


def _decisions(tx: Tx) -> dict[tuple[str, str], tuple[int, int, int]]:
    """By question how much was wanted, granted, and there in all, by the decision that counts."""
    its = decisions.c
    query = select(its.resource, its.key, its.wanted, its.granted, its.most).where(its.is_latest == 1)
    return {(row.resource, row.key): (row.wanted, row.granted, row.most) for row in tx.execute(query)}


def _limits(tx: Tx) -> dict[str, int]:
    """By resource, the most that any decision on it, or any revision of one, knew of."""
    query = select(decisions.c.resource, func.max(decisions.c.most).label("most")).group_by(decisions.c.resource)
    return {row.resource: row.most for row in tx.execute(query)}
