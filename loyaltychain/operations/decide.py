"""What becomes of one event, on what the events before it left on the desk. Reads and writes no database."""

from collections.abc import Sequence
from typing import Any

from loyaltychain.core import errors
from loyaltychain.core.amounts import POINTS
from loyaltychain.core.canonical import encode_text
from loyaltychain.events.orders import redemption_order
from loyaltychain.events.types import Event, SequencedEvent
from loyaltychain.ledger.lots import Movement, Stamp
from loyaltychain.ledger.purse_time import CLOCK
from loyaltychain.ledger.types import EntryId
from loyaltychain.operations.cooldown import refuse_cooling
from loyaltychain.operations.correct import correct
from loyaltychain.operations.desk import Desk, entry_ids
from loyaltychain.operations.frozen import refuse_frozen
from loyaltychain.operations.orders import check_awards, earn, edit_order, take_order
from loyaltychain.operations.plain import Run, Till
from loyaltychain.operations.reopen import reopen_order
from loyaltychain.operations.returns import cancel_order, take_return
from loyaltychain.operations.signals import apply_parked_signals, take_signal
from loyaltychain.operations.summary import Fate, explain_numbers
from loyaltychain.operations.told import Told
from loyaltychain.operations.types import Decision, OutcomeRow
from loyaltychain.rules.evaluate import evaluate
from loyaltychain.rules.points import in_points

#: The ``reason`` of a refusal. A SignalRefused names its own: foreign-event or nothing-waits. So does a
#: ReturnRefused: unknown-order, foreign-order, unknown-line,
#: wrong-item, more-than-bought, more-than-paid, too-late, returned-already, not-cancelled or order-conflict.
_REASONS: dict[type[errors.LoyaltyError], str] = {
    errors.InvalidEvent: "invalid-event",
    errors.BalanceTooLarge: "balance-too-large",
    errors.InsufficientBalance: "insufficient-balance",
    errors.OverCap: "over-cap",
    errors.MemberClosed: "member-closed",
    errors.CoolingDown: "cooling-down",
    errors.PointsFrozen: "points-frozen",
    errors.OrderConflict: "order-conflict",
    errors.IdempotencyConflict: "redemption-conflict",
    errors.ReturnRefused: "",
    errors.SignalRefused: "",
}


def decide(desk: Desk, told: Told) -> Decision:
    """The decision on one event: posted, nothing, or refused with a reason. Never raises for what an event holds.

    What it moves is true on the desk, and stands in its movements.
    """
    decision = _decide(desk, told)
    cause = told.found.event.cause
    if cause in desk.corrected:  # a correction in this run asks for it, before it is stored
        desk.fates[cause] = decision.outcome, decision.explanation
    return decision


def _decide(desk: Desk, told: Told) -> Decision:
    position, start = told.found.position, len(desk.movements)
    try:
        fate = _handle(desk, told)
    except tuple(_REASONS) as problem:
        return Decision(position, "refused", (), _refusal(problem))
    moved = [each for each in desk.moved_since(start) if not _is_by_time(each, told.found.event.cause)]
    if not moved:
        return Decision(position, "nothing", (), fate.explanation, fate.is_parked)
    entries = entry_ids(moved)
    explanation = fate.explanation | explain_numbers(moved) | {"entries": list(entries)}
    return Decision(position, "posted", entries, explanation, fate.is_parked)


def _is_by_time(movement: Movement, cause: str) -> bool:
    """Whether it happened meanwhile, and is not this event's doing."""
    by = movement.entry.cause
    return by.startswith(CLOCK) and by != cause


def decide_all(desk: Desk, run: Run, told: Sequence[Told]) -> tuple[list[OutcomeRow], int]:
    """The outcomes of a run's events, in their order, and of how many something waits for an order.

    What they move stands on the desk, in that order too.
    """
    parked = 0
    till, for_desk = Till(desk.program, desk.program_hash, desk.now), iter(told)
    decided: list[OutcomeRow] = []
    for row, worth in zip(run.rows, run.worths, strict=True):
        if worth is None or row.member in run.desk_members:
            decision = decide(desk, next(for_desk))
            parked += decision.parked
            decided.append(outcome_row(decision))
            continue
        try:
            awards, outcome = till.award(row, worth)
        except errors.InvalidEvent as problem:  # no expiry can be told
            decided.append(outcome_row(Decision(row.position, "refused", (), _refusal(problem))))
        else:
            desk.movements += awards
            decided.append(outcome)
    return decided, parked


def outcome_row(decision: Decision) -> OutcomeRow:
    """A decision as it is stored."""
    entry = decision.entries[0] if decision.entries else None
    return decision.position, decision.outcome, entry, encode_text(decision.explanation)


def _refusal(problem: errors.LoyaltyError) -> dict[str, Any]:
    facts = {name: _plain(value) for name, value in problem.context.items() if name != "code"}
    said: dict[str, Any] = {
        "result": f"Refused: {problem.message}",
        "reason": _REASONS[type(problem)] or str(problem.context["code"]),
    }
    return said | ({"facts": facts} if facts else {})


def _plain(value: object) -> object:
    """As JSON has it."""
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, bool | int | str) else errors.in_words(value)


def _handle(desk: Desk, told: Told) -> Fate:
    if told.found.member in desk.closed:
        raise errors.MemberClosed(member=told.found.member)
    if told.problem is not None:
        raise told.problem
    if told.order is not None:
        handle = take_order if told.role == "order" else edit_order
        return handle(desk, told.found, told.order)
    if told.returned is not None:
        return take_return(desk, told.found, told.returned)
    if told.cancelled is not None:
        return cancel_order(desk, told.found, told.cancelled)
    if told.signal is not None:
        return take_signal(desk, told.found, told.signal)
    if told.correction is not None:
        return correct(desk, told.found, told.correction)
    if told.reopened is not None:
        return reopen_order(desk, told.found, told.reopened)
    return _redeem(desk, told.found) if told.role == "redemption" else _earn(desk, told.found)


def _earn(desk: Desk, found: SequencedEvent) -> Fate:
    """An event without lines."""
    evaluation = evaluate(desk.program, found.event)
    if evaluation.awards:
        purse = desk.purse_to_fill(found.member, found.event.occurred_at)
        check_awards(desk, purse, evaluation.awards)
        earn(desk, purse, found, evaluation, terms=desk.program)
    return Fate(evaluation.explanation | apply_parked_signals(desk, found))


def _redeem(desk: Desk, found: SequencedEvent) -> Fate:
    event = found.event
    wanted, reference = _points_wanted(event), redemption_order(event)
    entry_id = EntryId(f"redeem:{event.cause}")
    if entry_id in desk.known:
        return _redeemed_before(desk, found, entry_id, wanted)
    if wanted > desk.bounds.redemption:
        raise errors.OverCap(
            f"{in_points(wanted)} in one entry, and the contract's caps let a batch settle "
            f"{in_points(desk.bounds.redemption)}.",
            amount=wanted,
            cap=desk.bounds.redemption,
        )
    at = desk.moment(event.occurred_at)
    refuse_frozen(found.member, is_frozen=found.member in desk.frozen)
    refuse_cooling(found.member, desk.changed.get(found.member), seconds=desk.bounds.cooldown, at=desk.now)
    purse = desk.open_purse(found.member, event.occurred_at)
    stamp = Stamp(entry_id, event.cause, event.occurred_at, desk.now)
    movement = purse.redeem(stamp, wanted, at=at, reference=reference)
    desk.movements.append(movement)
    assert movement.redemption is not None
    desk.add_redemption(movement.redemption)
    return Fate({"result": f"{in_points(wanted)} redeemed.", "redeemed": wanted})


def _redeemed_before(desk: Desk, found: SequencedEvent, entry_id: EntryId, wanted: int) -> Fate:
    """An app redeemed it by the same id already. Raises IdempotencyConflict when it was something else."""
    known = desk.known[entry_id]
    if (desk.owner(known.member), known.amount) != (found.member, wanted):
        raise errors.IdempotencyConflict("This id was used before for another redemption.", entry=entry_id)
    return Fate({"result": f"The redemption is known as {entry_id}.", "known_as": entry_id})


def _points_wanted(event: Event) -> int:
    amount = event.payload.get("amount")
    if type(amount) is not int or amount < 1 or event.payload.get("unit") != POINTS:
        shown = {key: event.payload.get(key) for key in ("amount", "unit")}
        raise errors.InvalidEvent("A redemption takes a whole number of points above 0.", **shown)
    return amount
