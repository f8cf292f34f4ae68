"""How far the worker is behind, in figures, and which of them somebody should look at. Reads only.

Shown by ``status``, ``/readyz`` and ``/metrics`` alike.
"""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ScalarSelect, func, or_, select

from loyaltychain.config.api import Ready
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.db.reconciliations import last_reconciliation
from loyaltychain.events.tables import events
from loyaltychain.ledger.store import read_entries
from loyaltychain.ledger.tables import entries
from loyaltychain.operations.conduct.step import read_decided
from loyaltychain.settlement.cut import changes_of
from loyaltychain.settlement.standing import Standing, read_standing
from loyaltychain.settlement.tables import batches

_ENTRIES_PER_READ = 100

Alarm = Literal[
    "events-waiting",
    "oldest-event",
    "oldest-unsettled",
    "newest-final",
    "worker-silent",
    "deciding-stopped",
    "settlement-halted",
    "settlement-paused",
    "chain-head",
    "chain-final",
    "reconciliation-differs",
    "reconciliation-late",
]


@dataclass(frozen=True, slots=True)
class Lag:
    """Ages in seconds; None where there is nothing of the kind."""

    events_waiting: int  # that the worker has not decided on
    oldest_event_seconds: int | None  # since the first of them came in
    oldest_unsettled_seconds: int | None  # since the first was recorded that waits for a final batch
    newest_final_seconds: int | None  # since the newest final batch was sealed
    worker_seen_seconds: int | None  # since the worker was last seen alive
    chain_head_seconds: int | None  # age of the newest block that the worker saw; None on a chain that may be idle
    chain_final_seconds: int | None  # age of the newest final one
    reconciled_seconds: int | None  # since ledger, batches and chain were last compared, or since the first batch
    differences: int | None  # that it found; None before the first comparison


def read_lag(tx: Tx, network: str, *, now: UnixSeconds) -> tuple[Lag, Standing | None]:
    """The figures, and how the worker itself stands; None before it ran."""
    waiting, first = _waiting_events(tx)
    standing = read_standing(tx, network)
    head = standing.head if standing else None
    last = last_reconciliation(tx, network, is_brief=True)
    lag = Lag(
        events_waiting=waiting,
        oldest_event_seconds=_age(first, now),
        oldest_unsettled_seconds=_age(_oldest_unsettled(tx), now),
        newest_final_seconds=_age(_newest_final(tx), now),
        worker_seen_seconds=_age(standing.beat_at if standing else None, now),
        chain_head_seconds=_age(head.time if head else None, now),
        chain_final_seconds=_age(head.final_time if head else None, now),
        reconciled_seconds=_age(last.at if last else _first_batch(tx), now),
        differences=last.count if last else None,
    )
    return lag, standing


def find_alarms(lag: Lag, standing: Standing | None, bounds: Ready) -> list[Alarm]:
    """What somebody should look at."""
    is_due = lag.oldest_unsettled_seconds is not None
    figures: tuple[tuple[Alarm, bool], ...] = (
        ("events-waiting", lag.events_waiting > bounds.events_waiting),
        ("oldest-event", (lag.oldest_event_seconds or 0) > bounds.oldest_event),
        ("oldest-unsettled", (lag.oldest_unsettled_seconds or 0) > bounds.oldest_unsettled),
        # Where nothing waits to be settled, no new batch is due.
        ("newest-final", is_due and (lag.newest_final_seconds or 0) > bounds.newest_final),
        # Nor is a worker missed where nothing waits for it.
        ("worker-silent", _is_awaited(lag) and (lag.worker_seen_seconds or 0) > bounds.worker_seen),
        ("deciding-stopped", standing is not None and standing.deciding.state == "stopped"),
        ("settlement-halted", standing is not None and standing.settling.state == "halted"),
        ("settlement-paused", standing is not None and standing.settling.state == "paused"),
        ("chain-head", (lag.chain_head_seconds or 0) > bounds.chain_head),
        ("chain-final", (lag.chain_final_seconds or 0) > bounds.chain_final),
        ("reconciliation-differs", bool(lag.differences)),
        ("reconciliation-late", (lag.reconciled_seconds or 0) > bounds.reconciled),
    )
    return [name for name, is_wrong in figures if is_wrong]


def oldest_unsealed(tx: Tx) -> UnixSeconds | None:
    """When the first entry was recorded that is in no batch; None if all are."""
    sealed_to = select(func.coalesce(func.max(batches.c.to_position), 0)).where(batches.c.state != "void")
    return _first_entry_after(tx, sealed_to.scalar_subquery())


def _is_awaited(lag: Lag) -> bool:
    return lag.events_waiting > 0 or lag.oldest_unsettled_seconds is not None


def _waiting_events(tx: Tx) -> tuple[int, UnixSeconds | None]:
    done = read_decided(tx)
    last = int(tx.execute(select(func.coalesce(func.max(events.c.position), 0))).scalar_one())
    first = select(events.c.received_at).where(events.c.position > done).order_by(events.c.position).limit(1)
    return last - done, tx.execute(first).scalar_one_or_none()


def _newest_final(tx: Tx) -> UnixSeconds | None:
    query = select(batches.c.time).filter_by(state="final").order_by(batches.c.id.desc()).limit(1)
    return tx.execute(query).scalar_one_or_none()


def _first_batch(tx: Tx) -> UnixSeconds | None:
    return tx.execute(select(func.min(batches.c.time))).scalar_one_or_none()


def _oldest_unsettled(tx: Tx) -> UnixSeconds | None:
    settled_to = select(func.coalesce(func.max(batches.c.to_position), 0)).filter_by(state="final")
    return _first_entry_after(tx, settled_to.scalar_subquery())


def _first_entry_after(tx: Tx, position: ScalarSelect[int]) -> UnixSeconds | None:
    """Of those that change something on chain: a badge, points that wait and a hold go along with the next of them."""
    touching = or_(entries.c.postings.like('%:available"%'), entries.c.postings.like('%:held"%'))
    query = select(entries.c.position).where(touching).order_by(entries.c.position).limit(_ENTRIES_PER_READ)
    after: ScalarSelect[int] | int = position
    while some := tx.execute(query.where(entries.c.position > after)).scalars().all():
        for place in some:
            [each] = read_entries(tx, place - 1, place)
            if changes_of(each.entry):
                return each.entry.recorded_at
        after = some[-1]
    return None


def _age(since: int | None, now: UnixSeconds) -> int | None:
    return None if since is None else max(0, now - since)
