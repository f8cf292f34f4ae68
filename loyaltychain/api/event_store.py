"""The SQL of lists of events, of corrections and of published programmes. Decides nothing."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, and_, func, select, tuple_

from loyaltychain.chain.tables import publications
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.db.engine import Tx
from loyaltychain.events.tables import events, members
from loyaltychain.ledger.tables import entries
from loyaltychain.operations.conduct.tables import grant_entries, grants
from loyaltychain.operations.shop_tables import corrections
from loyaltychain.operations.tables import outcomes

Found = Row[*tuple[Any, ...]]
WAITING = "waiting"  # the outcome of an event that has none yet


def list_events(
    tx: Tx,
    *,
    before: int | None,
    limit: int,
    type_: str | None,
    member: MemberNumber | None,
    outcome: str | None,
) -> list[Found]:
    """Newest first, from below position ``before``; each with its outcome, where it has one."""
    here = events.c.position
    query = (
        select(events, members.c.member_id, outcomes.c.outcome, outcomes.c.explanation)
        .join(members, members.c.number == events.c.member)
        .outerjoin(outcomes, outcomes.c.position == here)
    )
    if before is not None:
        query = query.where(here < before)
    if type_ is not None:
        query = query.where(events.c.type == type_)
    if member is not None:
        query = query.where(events.c.member == member)
    if outcome is not None:
        query = query.where(outcomes.c.outcome.is_(None) if outcome == WAITING else outcomes.c.outcome == outcome)
    return list(tx.execute(query.order_by(here.desc()).limit(limit)))


def corrected_by(tx: Tx, source: str, event_id: str) -> tuple[str, str] | None:
    """The event that corrects this one."""
    row = tx.execute(select(corrections).filter_by(of_source=source, of_id=event_id)).one_or_none()
    return None if row is None else (row.source, row.event_id)


def first_entries(tx: Tx, awards: Sequence[str]) -> dict[str, str]:
    """Of each award, named by its cause, the entry that gave it: the first of them."""
    if not awards:
        return {}
    named = (events.c.source, events.c.id)
    query = (
        select(*named, outcomes.c.entry_id)
        .join(outcomes, outcomes.c.position == events.c.position)
        .join(entries, entries.c.id == outcomes.c.entry_id)
        .where(tuple_(*named).in_([tuple(award.split("/", 1)) for award in awards if "/" in award]))
        .where(entries.c.kind == "earn")
    )
    return {f"{row.source}/{row.id}": row.entry_id for row in tx.execute(query)}


def first_of_grants(tx: Tx, found: Sequence[str]) -> dict[str, str]:
    """Of each of these entries of behaviours' awards, the first that gave something of the same award."""
    if not found:
        return {}
    own, same, other = grant_entries.alias(), grants.alias(), grant_entries.alias()
    is_same = [same.c[name] == grants.c[name] for name in ("cause", "rule", "occurrence", "member")]
    query = (
        select(own.c.entry_id, entries.c.id)
        .join(grants, grants.c.number == own.c.grant_number)
        .join(same, and_(*is_same))
        .join(other, other.c.grant_number == same.c.number)
        .join(entries, entries.c.id == other.c.entry_id)
        .where(own.c.entry_id.in_(found), entries.c.kind.in_(("earn", "badge")))
        .order_by(entries.c.position.desc())
    )
    return {row.entry_id: row.id for row in tx.execute(query)}


def list_publications(tx: Tx, network: str, *, before: int | None, limit: int) -> list[Found]:
    """Newest first, below number ``before``; each with the position from which its successor counts."""
    after = func.lead(publications.c.from_position).over(order_by=publications.c.number).label("next_from")
    numbered = select(publications, after).where(publications.c.network == network).subquery()
    query = select(numbered)
    if before is not None:
        query = query.where(numbered.c.number < before)
    return list(tx.execute(query.order_by(numbered.c.number.desc()).limit(limit)))


def publication_of(tx: Tx, network: str, digest: str) -> Found | None:
    """The newest publication of this digest."""
    found = list_publications(tx, network, before=None, limit=10_000)
    return next((row for row in found if row.digest == digest), None)


def version_of(tx: Tx, digest: str | None) -> int | None:
    """The version of the programme of this digest; without one, of the only programme that ever was published.

    None: it was not published here, or which of several it was is not kept.
    """
    query = select(publications.c.document).limit(2)
    if digest is not None:
        query = query.where(publications.c.digest == digest)
    documents = set(tx.execute(query).scalars())
    return int(json.loads(documents.pop())["version"]) if len(documents) == 1 else None
