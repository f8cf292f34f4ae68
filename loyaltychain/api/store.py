"""The SQL of what the API shows, one function a query. Decides nothing."""

from typing import Any

from sqlalchemy import ColumnElement, Row, select

from loyaltychain.chain.tables import attempts, intents, publications
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.db.engine import Tx
from loyaltychain.db.step import read_cursor
from loyaltychain.events.tables import events
from loyaltychain.ledger.by_cause import made_for
from loyaltychain.ledger.tables import entries
from loyaltychain.operations.conduct.step import CONDUCT
from loyaltychain.operations.conduct.versions import read_versions
from loyaltychain.operations.tables import outcomes
from loyaltychain.settlement.tables import batches, receipts

Found = Row[*tuple[Any, ...]]


def received_at(tx: Tx, source: str, event_id: str) -> int:
    """When the event came in."""
    return int(tx.execute(select(events.c.received_at).filter_by(source=source, id=event_id)).scalar_one())


def outcome_at(tx: Tx, position: int) -> Found | None:
    """The outcome of the event at this position; None while it waits."""
    return tx.execute(select(outcomes).where(outcomes.c.position == position)).one_or_none()


def is_decided(tx: Tx, source: str, event_id: str) -> bool:
    """Whether the worker has decided on the event, by rules and, where a programme has any, by behaviours."""
    query = select(events.c.position).join(outcomes, outcomes.c.position == events.c.position)
    position = tx.execute(query.where(events.c.source == source, events.c.id == event_id)).scalar_one_or_none()
    if position is None:
        return False
    return not read_versions(tx).have_conduct or read_cursor(tx, CONDUCT) >= position


def entries_of_cause(tx: Tx, cause: str) -> list[Found]:
    """By id."""
    return list(tx.execute(select(entries).where(made_for(tx, cause)).order_by(entries.c.id)))


def entries_of_member(tx: Tx, member: MemberNumber, before: tuple[int, str] | None, limit: int) -> list[Found]:
    """Newest first by position, from behind ``before`` (when recorded, id)."""
    query = select(entries).where(entries.c.member == member)
    if before is not None:
        last = entries.alias("last")
        place = select(last.c.position).where(last.c.id == before[1]).scalar_subquery()
        query = query.where(entries.c.position < place)
    return list(tx.execute(query.order_by(entries.c.position.desc()).limit(limit)))


def receipts_of(tx: Tx, condition: ColumnElement[bool], limit: int) -> list[Found]:
    """Receipts with their batch's state, newest first."""
    query = (
        select(receipts, receipts.c.index.label("place"), batches.c.state)
        .join(batches, batches.c.id == receipts.c.batch)
        .where(condition)
        .order_by(receipts.c.batch.desc(), receipts.c.index.desc())
        .limit(limit)
    )
    return list(tx.execute(query))


def batch_ids(tx: Tx, before: int | None, limit: int) -> list[int]:
    """The numbers of batches, newest first, below ``before``."""
    query = select(batches.c.id).order_by(batches.c.id.desc()).limit(limit)
    return list(tx.execute(query if before is None else query.where(batches.c.id < before)).scalars())


def transactions_of(tx: Tx, batch_id: int) -> list[str]:
    """The hashes of the signed transactions of this batch's intents, newest first."""
    name = f"settle:{batch_id}"
    query = (
        select(attempts.c.tx_hash)
        .join(intents, intents.c.id == attempts.c.intent_id)
        .where((intents.c.id == name) | intents.c.id.startswith(f"{name}:", autoescape=True))
        .order_by(attempts.c.signed_at.desc(), attempts.c.tx_hash)
    )
    return list(tx.execute(query).scalars())


def publication(tx: Tx, network: str) -> Found | None:
    """What was published last on this network."""
    query = select(publications).where(publications.c.network == network)
    return tx.execute(query.order_by(publications.c.number.desc()).limit(1)).one_or_none()
