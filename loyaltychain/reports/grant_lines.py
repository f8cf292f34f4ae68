"""Awards of behaviours as rows: who was given what, by which rule, on what, when, and why not more.

A grant stands once, by its latest revision up to where the export goes: asked for again up to there, its rows are the
same. Without ids, members are numbers alone, and what may name somebody (events, objects) is left out.
"""

from typing import Any, Final

from sqlalchemy import select

from loyaltychain.core.json_text import parse_json
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import Tx
from loyaltychain.operations.conduct.names import badge_unit
from loyaltychain.operations.conduct.tables import grants
from loyaltychain.reports import grant_rows
from loyaltychain.reports.grant_rows import Granted
from loyaltychain.reports.pseudonymous_rows import events_named

FIELDS: Final = ("award", "member", "member_id", "rule", "badge", "points", "desired", "state", "reason", "qualifying",
                 "event", "object", "occurrence", "at", "recorded_at", "version")  # fmt: skip
_NAMING: Final = ("member_id", "event", "object", "occurrence")


def grant_lines(tx: Tx, *, after: int, upto: int, end: int, with_ids: bool) -> list[dict[str, Any]]:
    """The rows of the grants whose latest revision up to ``end`` has a number above ``after`` and up to ``upto``.

    ``points`` is None for a badge, ``badge`` for points; ``version`` is the digest of the programme that decided.
    """
    its, later = grants.c, grants.alias()
    same = (later.c.cause == its.cause) & (later.c.rule == its.rule) & (later.c.member == its.member)
    newer = select(later.c.number).where(
        same, later.c.occurrence == its.occurrence, later.c.revision > its.revision, later.c.number <= end
    )
    query = select(grants).where(its.number > after, its.number <= upto, ~newer.exists()).order_by(its.number)
    found = [grant_rows.granted(row) for row in tx.execute(query)]
    ids = grant_rows.first_ids(tx, {each.member for each in found}) if with_ids else {}
    objects = _objects(tx, found) if with_ids else {}
    return [_line(each, ids.get(each.member), objects.get(each.grant.cause), with_ids=with_ids) for each in found]


def _objects(tx: Tx, found: list[Granted]) -> dict[str, str]:
    """By event what it is about, where it names an object."""
    objects: dict[str, str] = {}
    for row in events_named(tx, [each.grant.cause for each in found]):
        named = parse_json(row.payload).get("object")
        if isinstance(named, str):
            objects[f"{row.source}/{row.id}"] = named
    return objects


def _line(each: Granted, member_id: str | None, object_: str | None, *, with_ids: bool) -> dict[str, Any]:
    grant = each.grant
    is_badge = grant.unit == "badge"
    line = {
        "award": each.number,
        "member": each.member,
        "member_id": member_id,
        "rule": grant.rule,
        "badge": badge_unit(grant.rule) if is_badge else None,
        "points": None if is_badge else grant.awarded,
        "desired": grant.desired,
        "state": "gone" if each.is_gone else "none" if is_badge and not grant.awarded else grant.state,
        "reason": grant.reason,
        "qualifying": grant.qualifying,
        "event": grant.cause,
        "object": object_,
        "occurrence": grant.occurrence or None,
        "at": format_instant(grant.at),
        "recorded_at": format_instant(each.recorded_at),
        "version": grant.version or None,
    }
    return line if with_ids else line | dict.fromkeys(_NAMING)
