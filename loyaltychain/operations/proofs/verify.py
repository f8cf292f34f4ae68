"""The proofs that events brought, judged once and for ever, in the order in which the events were taken in.

An app's word is no proof: what the engine sees of an event's ``proof`` is what stands here. So nothing is gained by
telling an event twice, late, or with somebody else's code.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.bulk import any_of, as_list, insert_rows
from loyaltychain.db.engine import Tx
from loyaltychain.events.links import find_survivors
from loyaltychain.events.named import read_named
from loyaltychain.events.store import read_members
from loyaltychain.events.tables import events as events_table
from loyaltychain.events.types import SequencedEvent
from loyaltychain.operations.proofs.judge import Judged, Offered, judge
from loyaltychain.operations.proofs.store import read_known
from loyaltychain.operations.proofs.tables import proof_decisions
from loyaltychain.program.types import Program

Key = tuple[str, str]  # (source, id) of an event
WORD = "proof"  # of a payload


def verify_proofs(tx: Tx, program: Program, events: Sequence[SequencedEvent]) -> None:
    """Judge the proofs of these events, which come in the order of their positions, and keep what became of each.

    One that was judged before is left alone.
    """
    told = [each for each in events if WORD in each.event.payload]
    if program.conduct is None or not told:
        return
    before = _read_decided(tx, [each.position for each in told])
    fresh = [each for each in told if each.position not in before]
    if not fresh:
        return
    received = _read_received(tx, [each.position for each in fresh])
    offered = [_offered(each, received[each.position]) for each in fresh]
    types = {each.id: each.events for each in program.conduct.behaviours}
    known = read_known(tx, offered, types)
    insert_rows(tx, proof_decisions, [
        _row(each, judge(one, known)) for each, one in zip(fresh, offered, strict=True)
    ])  # fmt: skip


def read_proofs(tx: Tx, keys: Collection[Key]) -> dict[Key, dict[str, Any]]:
    """What the engine is to see of these events' proofs; those that brought none that was judged are left out.

    ``{"kind", "behaviour", "by"}`` of a good one, ``by`` as the number of the member who attests to it, if it is one;
    ``{"kind": None, "refused"}`` of another.
    """
    rows = list(read_named(tx, proof_decisions, keys))
    numbers = _numbers(tx, {row.attested_by for row in rows if row.attested_by is not None})
    return {(row.source, row.event_id): _shown(row, numbers) for row in rows}


def with_proof(payload: Mapping[str, Any], proof: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The payload as the engine is to see it: with what was found of its proof instead of what its source said."""
    if WORD not in payload:
        return payload
    rest = {name: held for name, held in payload.items() if name != WORD}
    return rest if proof is None else rest | {WORD: dict(proof)}


def _shown(row: Any, numbers: Mapping[str, MemberNumber]) -> dict[str, Any]:
    if row.refused is not None:
        return {"kind": None, "refused": row.refused}
    return {"kind": row.kind, "behaviour": row.behaviour, "by": numbers.get(row.attested_by)}


def _numbers(tx: Tx, ids: set[str]) -> dict[str, MemberNumber]:
    found = {id_: member.number for id_, member in read_members(tx, ids).items()}
    survivors = find_survivors(tx, set(found.values()))
    return {id_: survivors.get(number, number) for id_, number in found.items()}


def _read_decided(tx: Tx, positions: Sequence[int]) -> set[int]:
    query = select(proof_decisions.c.position).where(any_of(tx.dialect.name, proof_decisions.c.position, "positions"))
    return set(tx.execute(query, {"positions": as_list(positions)}).scalars())


def _read_received(tx: Tx, positions: Sequence[int]) -> dict[int, UnixSeconds]:
    query = select(events_table.c.position, events_table.c.received_at)
    query = query.where(any_of(tx.dialect.name, events_table.c.position, "positions"))
    return {row.position: UnixSeconds(row.received_at) for row in tx.execute(query, {"positions": as_list(positions)})}


def _offered(each: SequencedEvent, received_at: UnixSeconds) -> Offered:
    event = each.event
    return Offered(event.source, event.id, event.type, each.member, received_at, event.payload[WORD])


def _row(each: SequencedEvent, judged: Judged) -> tuple[Any, ...]:
    head = each.position, each.event.source, each.event.id, each.member
    return *head, judged.kind, judged.refused, judged.behaviour, judged.handle, judged.attested_by
