"""The SQL of signals that wait, and of the events that signals are about. Decides nothing."""

from collections.abc import Collection

from sqlalchemy import insert, select, tuple_, update

from loyaltychain.core.amounts import QUALIFYING, MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.events.tables import events
from loyaltychain.ledger import book
from loyaltychain.ledger.store import parts
from loyaltychain.ledger.tables import entries, postings
from loyaltychain.ledger.types import EntryId
from loyaltychain.operations.policy_tables import parked_signals
from loyaltychain.operations.signal_book import Signal, SignalBook


def load_signals(tx: Tx, *, about: Collection[str], taken: Collection[str]) -> SignalBook:
    """The signals that wait for an event of this run, and what is known of the events that its signals are about.

    Args:
        about: The events that this run's signals name, as "source/id".
        taken: The events of this run themselves.
    """
    found = SignalBook()
    names = (events.c.source, events.c.id)
    query = select(events.c.position, events.c.member, *names)
    for part in parts(sorted(about)):
        for row in tx.execute(query.where(tuple_(*names).in_([tuple(cause.split("/", 1)) for cause in part]))):
            found.known[f"{row.source}/{row.id}"] = (row.position, MemberNumber(row.member))
    waiting = select(parked_signals).where(parked_signals.c.state == "waiting")
    for part in parts(sorted(taken)):
        for row in tx.execute(waiting.where(parked_signals.c.of.in_(part))):
            found.every.append(
                Signal(
                    row.source, row.event_id, MemberNumber(row.member), row.type, row.of,
                    UnixSeconds(row.occurred_at), is_stored=True,
                )
            )  # fmt: skip
    return found


def write_signals(tx: Tx, signals: SignalBook) -> None:
    """Insert those that wait since this run, and say of the others what became of them."""
    new = [
        {
            "source": each.source, "event_id": each.event_id, "member": each.member, "type": each.type,
            "of": each.of, "occurred_at": each.occurred_at, "state": each.state,
        }
        for each in signals.every
        if not each.is_stored
    ]  # fmt: skip
    if new:
        tx.execute(insert(parked_signals), new)
    for each in signals.every:
        if each.is_stored and each.is_changed:
            key = {"source": each.source, "event_id": each.event_id}
            tx.execute(update(parked_signals).filter_by(**key).values(state=each.state))


def qualifying_of(tx: Tx, entry_ids: Collection[EntryId]) -> dict[EntryId, int]:
    """The qualifying points that came with each of these entries."""
    query = select(postings.c.entry_id, postings.c.amount).where(postings.c.unit == QUALIFYING)
    found: dict[EntryId, int] = {}
    for part in parts(sorted(entry_ids)):
        found |= {EntryId(id_): amount for id_, amount in tx.execute(query.where(postings.c.entry_id.in_(part)))}
    return found


def was_cancelled(tx: Tx, award: str) -> bool:
    """Whether pending points of this award ("source/id" of its event) were taken back, by an event, time or hand."""
    ids = [f"reverse:{lot.id}" for lot in book.lots_of_award(tx, award) if lot.due_at is not None]
    return tx.execute(select(entries.c.id).where(entries.c.id.in_(ids)).limit(1)).first() is not None
