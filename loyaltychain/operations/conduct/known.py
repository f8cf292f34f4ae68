"""What was decided about events and members before, as facts need it: SQL that decides nothing."""

from collections.abc import Collection
from typing import Any

import orjson
from sqlalchemy import select

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.bulk import any_of, as_list, insert_rows
from loyaltychain.db.engine import Tx
from loyaltychain.events.links import member_link_ends, member_links
from loyaltychain.events.tables import events
from loyaltychain.ledger.store import parts
from loyaltychain.operations.conduct.tables import actor_roles, retractions
from loyaltychain.operations.proofs.verify import read_proofs
from loyaltychain.rules.engine.types import Retraction

Key = tuple[str, str]  # (source, id)


def read_survivors(tx: Tx) -> dict[MemberNumber, MemberNumber]:
    """Into whom all went over who did and did not come out again, through as many merges as there were."""
    ended = select(member_link_ends.c.link)
    query = select(member_links.c.merged, member_links.c.survivor).where(member_links.c.id.not_in(ended))
    step = {MemberNumber(row.merged): MemberNumber(row.survivor) for row in tx.execute(query)}
    found: dict[MemberNumber, MemberNumber] = {}
    for merged, survivor in step.items():
        while survivor in step:
            survivor = step[survivor]
        found[merged] = survivor
    return found


def read_retractions(tx: Tx, positions: Collection[int]) -> dict[int, list[Retraction]]:
    """What took the events at these positions back."""
    query = (
        select(retractions.c.position, retractions.c.at, retractions.c.is_fraud, events.c.source, events.c.id)
        .join(events, events.c.position == retractions.c.by_position)
        .where(any_of(tx.dialect.name, retractions.c.position, "positions"))
    )
    found: dict[int, list[Retraction]] = {}
    for row in tx.execute(query, {"positions": as_list(positions)}):
        taken = Retraction(f"{row.source}/{row.id}", UnixSeconds(row.at), bool(row.is_fraud))
        found.setdefault(row.position, []).append(taken)
    return found


def read_told_at(tx: Tx, positions: Collection[int]) -> dict[int, UnixSeconds]:
    """When the events at these positions came in."""
    query = select(events.c.position, events.c.received_at)
    query = query.where(any_of(tx.dialect.name, events.c.position, "positions"))
    rows = tx.execute(query, {"positions": as_list(positions)})
    return {row.position: UnixSeconds(row.received_at) for row in rows}


def read_some_proofs(tx: Tx, keys: Collection[Key]) -> dict[Key, dict[str, Any]]:
    """What was found of the proofs of these events."""
    found: dict[Key, dict[str, Any]] = {}
    for part in parts(sorted(keys)):
        found |= read_proofs(tx, part)
    return found


def read_actor_roles(tx: Tx, positions: Collection[int]) -> dict[int, tuple[str, ...]]:
    """The roles that the doers of these signals held when they were decided on."""
    query = select(actor_roles).where(any_of(tx.dialect.name, actor_roles.c.position, "positions"))
    rows = tx.execute(query, {"positions": as_list(positions)})
    return {row.position: tuple(orjson.loads(row.roles)) for row in rows}


def write_actor_roles(tx: Tx, found: dict[int, Collection[str]]) -> None:
    """Record the roles that doers of signals hold; what was recorded stays."""
    known = read_actor_roles(tx, found.keys())
    rows = [
        (position, orjson.dumps(sorted(found[position])).decode()) for position in sorted(found.keys() - known.keys())
    ]
    insert_rows(tx, actor_roles, rows)
