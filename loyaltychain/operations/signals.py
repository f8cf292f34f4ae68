"""Signals: what becomes of an event that decides about pending points of another. Works on the desk alone.

A signal that comes before the event it is about waits for it, as a return waits for its order.
"""

from collections.abc import Sequence
from typing import Any

from loyaltychain.core import errors
from loyaltychain.core.words import counted
from loyaltychain.events.types import SequencedEvent
from loyaltychain.ledger.lots import Lot, Movement, Stamp
from loyaltychain.ledger.purse import Purse
from loyaltychain.ledger.types import EntryId
from loyaltychain.operations.desk import Desk
from loyaltychain.operations.signal_book import Signal
from loyaltychain.operations.summary import Fate


def take_signal(desk: Desk, found: SequencedEvent, of: str) -> Fate:
    """Give or take the points that wait for this event; with their event still to come, wait for it.

    Raises SignalRefused: the event is another member's, or nothing of it waits for such a signal.
    """
    event, known = found.event, desk.signals.known.get(of)
    signal = Signal(event.source, event.id, found.member, event.type, of, event.occurred_at)
    purse = desk.open_purse(found.member, event.occurred_at)
    waiting = _waiting(purse, signal)
    if waiting:
        start = len(desk.movements)
        _apply(desk, purse, signal, waiting)
        return Fate({"result": _say(desk.moved_since(start)), "event": of})
    if known is not None and desk.owner(known[1]) != found.member:
        raise errors.SignalRefused("The event that it is about is another member's.", code="foreign-event", event=of)
    if known is None or known[0] > found.position:
        desk.signals.every.append(signal)
        result = f"Waits for the event {of!r}, of which nobody has told yet."
        return Fate({"result": result, "reason": "parked", "event": of}, is_parked=True)
    raise errors.SignalRefused(
        "No points of that event wait for this: it gave none, or they were decided about before.",
        code="nothing-waits",
        event=of,
    )


def apply_parked_signals(desk: Desk, found: SequencedEvent) -> dict[str, Any]:
    """Apply the signals that came before this event, oldest first. Returns what to add to its explanation."""
    applied: list[str] = []
    refused: list[dict[str, str]] = []
    for signal in desk.signals.waiting_for(found.event.cause):
        reason = _apply_late(desk, found, signal)
        signal.settle("applied" if reason is None else "refused")
        if reason is None:
            applied.append(signal.cause)
        else:
            refused.append({"signal": signal.cause, "reason": reason})
    notes: dict[str, Any] = {"signalled_before": applied, "signals_refused": refused}
    return {name: fact for name, fact in notes.items() if fact}


def _apply_late(desk: Desk, found: SequencedEvent, signal: Signal) -> str | None:
    """Apply a signal that waited; why not, if not."""
    if desk.owner(signal.member) != desk.owner(found.member):
        return "foreign-event"
    purse = desk.open_purse(found.member, max(signal.occurred_at, found.event.occurred_at))
    waiting = _waiting(purse, signal)
    if not waiting:
        return "nothing-waits"
    _apply(desk, purse, signal, waiting)
    return None


def _waiting(purse: Purse, signal: Signal) -> list[Lot]:
    return sorted(
        (
            lot
            for lot in purse.lots
            if lot.award == signal.of
            and lot.due_at is not None
            and lot.remaining
            and lot.condition is not None
            and signal.type in (lot.condition.until, lot.condition.reject)
        ),
        key=lambda lot: lot.id,
    )


def _apply(desk: Desk, purse: Purse, signal: Signal, lots: Sequence[Lot]) -> None:
    for lot in lots:
        assert lot.condition is not None, lot
        gives = signal.type == lot.condition.until
        id_ = EntryId(f"activate:{lot.id}" if gives else f"reverse:{lot.id}")  # as time alone would name it: once
        stamp = Stamp(id_, signal.cause, max(signal.occurred_at, lot.earned_at), desk.now)
        if gives:
            desk.movements.append(purse.activate(stamp, lot.id))
        else:
            desk.movements.append(purse.cancel(stamp, lot.id, qualifying=lot.condition.qualifying))


def _say(movements: Sequence[Movement]) -> str:
    points = {
        kind: sum(
            -change for each in movements if each.entry.kind == kind for _, change in each.lot_moves if change < 0
        )
        for kind in ("activate", "reverse")
    }
    said = [f"{counted(points['activate'], 'pending point')} given."] if points["activate"] else []
    said += [f"{counted(points['reverse'], 'pending point')} taken back."] if points["reverse"] else []
    return " ".join(said)
