"""Every award worked out anew from events, decisions and programmes, and held against what is stored and booked."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import orjson
from sqlalchemy import func, select

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.db.step import read_cursor
from loyaltychain.events.store import read_events
from loyaltychain.events.tables import events
from loyaltychain.events.types import encode_event
from loyaltychain.ledger.checks import check_ledger
from loyaltychain.operations.conduct.names import award_name
from loyaltychain.operations.conduct.step import ENTRIES
from loyaltychain.operations.conduct.tables import decisions, fold_states, grants, program_versions, stream
from loyaltychain.operations.conduct.versions import Engines, read_versions
from loyaltychain.reports.grant_rows import STEP, Granted, granted
from loyaltychain.reports.replay.booked import Booked, read_booked
from loyaltychain.reports.replay.compare import Key, compare_decisions, compare_grants
from loyaltychain.reports.replay.findings import Finding
from loyaltychain.reports.replay.history import History, Report, read_history
from loyaltychain.reports.replay.refold import refold
from loyaltychain.reports.replay.shared import AsDecided

_ROWS_AT_ONCE = 5_000
_ROLES = ","


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
    versions = read_versions(tx)
    found.events = read_cursor(tx, STEP)
    if versions.newest is not None and versions.have_conduct:
        history = read_history(
            tx,
            versions,
            versions.referring or versions.newest,
            upto=found.events,
            entries_upto=read_cursor(tx, ENTRIES),
            report=report("history"),
        )
        found.findings += _check_stream(tx, history)
        _replay(tx, history, Engines(versions, versions.newest), found, now=now, report=report("members"))
    found.findings += check_booked(list(_all_revisions(tx)), read_booked(tx), now=now)
    for problem in check_ledger(tx):
        found.findings.append(
            Finding(f"ledger-{problem.code}", problem.subject, str(problem.expected), str(problem.actual))
        )
    return found


def check_events(tx: Tx, report: Report = lambda _, __: None) -> Iterator[Finding]:
    """Events that are not what was taken in."""
    done = 0
    while some := read_events(tx, done, _ROWS_AT_ONCE):
        query = select(events.c.position, events.c.digest)
        query = query.where(events.c.position > done, events.c.position <= some[-1].position)
        digests = {row.position: row.digest for row in tx.execute(query)}
        for each in some:
            actual = encode_event(each.event)[1]
            if actual != digests[each.position]:
                yield Finding("event-digest", f"event {each.event.cause}", digests[each.position], actual)
        done = some[-1].position
        report(done, None)


def check_versions(tx: Tx) -> Iterator[Finding]:
    """Programmes that are not what counted."""
    for row in tx.execute(select(program_versions).order_by(program_versions.c.from_position)):
        actual = "0x" + hashlib.sha256(row.document.encode()).hexdigest()
        if row.digest and actual != row.digest:
            yield Finding("version-digest", f"programme from event {row.from_position} on", row.digest, actual)


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
    kept, stale = _states(tx)
    recorded = _decisions(tx)
    shared = AsDecided({name: each[:2] for name, each in recorded.items()})
    until = {member: UnixSeconds(tidied) for member, (_, tidied) in kept.items()}
    declared = {f"achievement:{each.id}" for each in engines.newest.conduct.achievements}
    for each in refold(history, engines, shared, until=until, report=report):
        found.members += 1
        found.facts += each.facts
        found.grants += len(each.grants)
        hers = stored.pop(each.member, {})
        if each.member in stale:
            found.waiting += 1
            continue
        found.findings += compare_grants(each.member, each.grants, hers, now=now, declared=declared)
        state = kept.get(each.member)
        if state is None or orjson.loads(state[0]) != orjson.loads(orjson.dumps(each.state)):
            actual = "none" if state is None else "another one"
            found.findings.append(Finding("state-differs", f"member {each.member}", "what her facts come to", actual))
    for member, grants_left in stored.items():
        found.findings += compare_grants(member, (), grants_left, now=now, declared=declared)
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


def _states(tx: Tx) -> tuple[dict[MemberNumber, tuple[str, int]], set[MemberNumber]]:
    """By member her state and up to when time is in her grants; and whose states are of no use any more."""
    columns = fold_states.c.member, fold_states.c.document, fold_states.c.tidied_to, fold_states.c.is_stale
    rows = tx.execute(select(*columns)).all()
    stale = {MemberNumber(row.member) for row in rows if row.is_stale}
    return {MemberNumber(row.member): (row.document, row.tidied_to) for row in rows}, stale


def _decisions(tx: Tx) -> dict[tuple[str, str], tuple[int, int, int]]:
    """By question how much was wanted, granted, and there in all, by the decision that counts."""
    its = decisions.c
    query = select(its.resource, its.key, its.wanted, its.granted, its.most).where(its.is_latest == 1)
    return {(row.resource, row.key): (row.wanted, row.granted, row.most) for row in tx.execute(query)}


def _limits(tx: Tx) -> dict[str, int]:
    """By resource, the most that any decision on it, or any revision of one, knew of."""
    query = select(decisions.c.resource, func.max(decisions.c.most).label("most")).group_by(decisions.c.resource)
    return {row.resource: row.most for row in tx.execute(query)}


def _check_stream(tx: Tx, history: History) -> Iterator[Finding]:
    """Whom events concern, as the step has it and as they say themselves."""
    listed: dict[int, dict[MemberNumber, str]] = {}
    for row in tx.execute(select(stream).where(stream.c.position > 0)):
        listed.setdefault(row.position, {})[MemberNumber(row.member)] = row.roles
    for place, told in history.book.told.items():
        expected = {number: _ROLES.join(roles) for number, roles in history.book.roles(told).items()}
        actual = listed.pop(place, {})
        if expected != actual:
            yield Finding("stream-differs", f"event {told.cause}", str(expected), str(actual))
    for place, actual in listed.items():
        yield Finding("stream-differs", f"event at {place}", "nobody", str(actual))
