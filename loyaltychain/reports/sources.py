"""What can be exported: for each kind its columns, its parameters, and a page of rows behind a cursor. Reads only."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from loyaltychain.core import errors
from loyaltychain.core.amounts import POINTS, QUALIFYING
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import format_instant, parse_zone
from loyaltychain.db.engine import Tx
from loyaltychain.ledger import accounts
from loyaltychain.reports import rows
from loyaltychain.reports.as_of import stream_as_of
from loyaltychain.reports.figures import FIGURES
from loyaltychain.reports.grant_lines import FIELDS as GRANT_FIELDS
from loyaltychain.reports.grant_lines import grant_lines
from loyaltychain.reports.grant_rows import last_grant
from loyaltychain.reports.lines_text import Json
from loyaltychain.reports.periods import read_closed_report, read_period
from loyaltychain.reports.pseudonymous import FIELDS, idle_events, settled_entries
from loyaltychain.reports.pseudonymous_rows import last_settled
from loyaltychain.reports.roll_forward import roll_forward

Parameters = Mapping[str, Any]
Page = tuple[int, list[dict[str, Any]]]  # the next cursor, and rows

_BALANCES = ("available", "pending", "held", "debt", "qualifying", "earned", "spent", "expired", "reversed", "adjusted",
             "merged")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """One kind of export.

    Args:
        fields: Its columns.
        parameters: What may be asked for, by name and type.
        end: The last cursor, when it is asked for: what comes later is not in it.
        pin: What else is settled when it is asked for, beside the parameters that were given; no name of these.
        page: (tx, parameters, cursor, upto, limit, at) -> the rows behind the cursor.
    """

    fields: tuple[str, ...]
    parameters: Mapping[str, type]
    end: Callable[[Tx], int]
    page: Callable[[Tx, Parameters, int, int, int, UnixSeconds], Page]
    pin: Callable[[Tx], Mapping[str, int]] = lambda _: {}


def _entries(tx: Tx, said: Parameters, cursor: int, upto: int, limit: int, _at: UnixSeconds) -> Page:
    cursor, end = _range(said, cursor, upto, limit)
    found = [
        {
            "position": line.position, "entry": line.id, "kind": line.kind, "member": line.member, "cause": line.cause,
            "rule": line.rule, "program": line.program, "occurred_at": format_instant(line.occurred_at),
            "recorded_at": format_instant(line.recorded_at), "line": line.line, "from": line.source,
            "to": line.destination, "unit": line.unit, "amount": line.amount, "details": _json(line.details),
        }
        for line in rows.posting_lines(tx, after=cursor, upto=end)
        if said.get("member") in (None, line.member)
    ]  # fmt: skip
    return end, found


def _json(text: str | None) -> Json | None:
    return None if text is None else Json(text)


def _awards(tx: Tx, said: Parameters, cursor: int, upto: int, limit: int, _at: UnixSeconds) -> Page:
    cursor, end = _range(said, cursor, upto, limit)
    found: list[dict[str, Any]] = []
    for position, group in groupby(rows.posting_lines(tx, after=cursor, upto=end), key=lambda line: line.position):
        lines = list(group)
        first = lines[0]
        if first.kind != "earn" or said.get("member") not in (None, first.member):
            continue
        given = {unit: sum(line.amount for line in lines if line.unit == unit and line.source == accounts.ISSUED)
                 for unit in (POINTS, QUALIFYING)}  # fmt: skip
        found.append({
            "position": position, "entry": first.id, "member": first.member, "cause": first.cause, "rule": first.rule,
            "program": first.program, "points": given[POINTS], "qualifying": given[QUALIFYING],
            "occurred_at": format_instant(first.occurred_at), "recorded_at": format_instant(first.recorded_at),
        })  # fmt: skip
    return end, found


def _members(tx: Tx, _said: Parameters, cursor: int, upto: int, limit: int, at: UnixSeconds) -> Page:
    numbers = [number for number in rows.numbers(tx, after=cursor, limit=limit) if number <= upto]
    known = rows.member_rows(tx, numbers)
    found = []
    for standing in stream_as_of(tx, at=at, after=cursor, limit=len(numbers)):
        balance = standing.balance
        closed_at = balance.closed_at
        found.append({
            "member": balance.member, "member_id": known[balance.member].member_id,
            "joined_at": format_instant(known[balance.member].joined_at),
            "closed_at": None if closed_at is None else format_instant(closed_at),
            **{name: getattr(balance, name) for name in _BALANCES},
        })  # fmt: skip
    return numbers[-1] if len(numbers) == limit else upto, found


def _events(tx: Tx, said: Parameters, cursor: int, upto: int, limit: int, _at: UnixSeconds) -> Page:
    cursor, end = _range(said, cursor, upto, limit)
    found = [
        {
            "position": row.position, "source": row.source, "id": row.id, "type": row.type, "member": row.member,
            "occurred_at": format_instant(row.occurred_at), "received_at": format_instant(row.received_at),
            "outcome": row.outcome, "payload": Json(row.payload),
        }
        for row in rows.event_lines(tx, after=cursor, upto=end)
        if said.get("member") in (None, row.member)
    ]  # fmt: skip
    return end, found


def _roll_forward(tx: Tx, said: Parameters, _cursor: int, upto: int, _limit: int, _at: UnixSeconds) -> Page:
    if "period" in said:
        report = read_closed_report(tx, said["period"])
    else:
        report = roll_forward(tx, begins_at=said.get("begins_at"), ends_at=said["ends_at"], timezone=said["timezone"])
    return upto, [
        {"unit": row.unit, "bucket": row.bucket, "cohort": row.cohort or None, "opening": row.opening, **row.figures,
         "closing": row.closing}
        for row in report.rows
    ]  # fmt: skip


def _pseudonymous(tx: Tx, said: Parameters, cursor: int, upto: int, limit: int, _at: UnixSeconds) -> Page:
    """Entries first, up to the one that was settled last when it was asked for; then events, counted on from there."""
    settled = said["entries"]
    if cursor < settled:
        end = min(cursor + limit, settled)
        return end, settled_entries(tx, after=cursor, upto=end)
    end = min(cursor + limit, upto)
    return end, idle_events(tx, after=cursor - settled, upto=end - settled)


def _grants(tx: Tx, said: Parameters, cursor: int, upto: int, limit: int, _at: UnixSeconds) -> Page:
    end = min(cursor + limit, upto)
    return end, grant_lines(tx, after=cursor, upto=end, end=upto, with_ids=said.get("ids", 1) != 0)


def _range(said: Parameters, cursor: int, upto: int, limit: int) -> tuple[int, int]:
    """The positions of a page, within those that were asked for."""
    cursor = max(cursor, said.get("from_position", 1) - 1)
    return cursor, max(cursor, min(cursor + limit, upto, said.get("to_position", upto)))


def _last_position(tx: Tx) -> int:
    return rows.last_position(tx)[0]


_AMONG = {"from_position": int, "to_position": int, "member": int}  # the member's number

SOURCES: dict[str, Source] = {
    "entries": Source(
        ("position", "entry", "kind", "member", "cause", "rule", "program", "occurred_at", "recorded_at", "line",
         "from", "to", "unit", "amount", "details"),
        _AMONG, _last_position, _entries,
    ),
    "awards": Source(
        ("position", "entry", "member", "cause", "rule", "program", "points", "qualifying", "occurred_at",
         "recorded_at"),
        _AMONG, _last_position, _awards,
    ),
    "grants": Source(GRANT_FIELDS, {"ids": int}, last_grant, _grants),
    "pseudonymous": Source(
        FIELDS, {}, lambda tx: last_settled(tx) + rows.last_event(tx), _pseudonymous,
        pin=lambda tx: {"entries": last_settled(tx)},
    ),
    "members": Source(
        ("member", "member_id", "joined_at", "closed_at", *_BALANCES), {}, rows.last_number, _members
    ),
    "events": Source(
        ("position", "source", "id", "type", "member", "occurred_at", "received_at", "outcome", "payload"),
        _AMONG, rows.last_event, _events,
    ),
    "roll-forward": Source(
        ("unit", "bucket", "cohort", "opening", *FIGURES, "closing"),
        {"period": int, "begins_at": int, "ends_at": int, "timezone": str}, lambda _: 1, _roll_forward,
    ),
}  # fmt: skip


def check_parameters(tx: Tx, kind: str, said: Parameters) -> None:
    """Return if an export of this kind can be asked for with these parameters.

    Raises InvalidOperation, or UnknownPeriod.
    """
    source = SOURCES.get(kind)
    if source is None:
        raise errors.InvalidOperation(f"An export is of one of these kinds: {', '.join(SOURCES)}.", kind=kind[:40])
    for name, value in said.items():
        if name not in source.parameters or type(value) is not source.parameters[name]:
            taken = ", ".join(f"{each} ({kind.__name__})" for each, kind in source.parameters.items()) or "none"
            raise errors.InvalidOperation(f"An export of {kind} takes these parameters: {taken}.", given=name[:40])
        if type(value) is int and value < 0:
            raise errors.InvalidOperation("A parameter is not below 0.", given=name)
    if kind == "roll-forward":
        _check_span(tx, said)


def _check_span(tx: Tx, said: Parameters) -> None:
    if "period" in said and len(said) == 1:
        read_period(tx, said["period"])
        return
    if "period" in said or not {"ends_at", "timezone"} <= said.keys():
        raise errors.InvalidOperation(
            "A roll-forward is of a closed period, or until ends_at (from begins_at) with the months of a timezone."
        )
    if said.get("begins_at", -1) >= said["ends_at"]:
        raise errors.InvalidOperation("A period ends after it begins.")
    try:
        parse_zone(said["timezone"])
    except ValueError as problem:
        raise errors.InvalidOperation(f"{problem}.") from problem
