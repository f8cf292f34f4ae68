"""What becomes of one event, given what its member has. Pure: the caller reads holdings and writes decisions."""

from loyaltychain.core import errors
from loyaltychain.core.amounts import LANE_MAX, POINTS, Amount
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.events.types import Event, SequencedEvent
from loyaltychain.ledger.accounts import ISSUED, REDEEMED, available
from loyaltychain.ledger.types import Entry, EntryId, Posting
from loyaltychain.operations.types import Bounds, Decision, Holding
from loyaltychain.program.types import Program
from loyaltychain.rules.evaluate import evaluate
from loyaltychain.rules.points import in_points

NO_BOUNDS = Bounds()
_REASONS = {
    errors.InvalidEvent: "invalid-event",
    errors.BalanceTooLarge: "balance-too-large",
    errors.InsufficientBalance: "insufficient-balance",
    errors.OverCap: "over-cap",
}


def decide(
    program: Program,
    found: SequencedEvent,
    *,
    holding: Holding,
    program_hash: str,
    now: UnixSeconds,
    bounds: Bounds = NO_BOUNDS,
) -> Decision:
    """The decision on one event: posted, nothing, or refused with a reason. Never raises for what an event holds.

    Args:
        holding: The member's points after all events before this one.
        program_hash: The programme's digest as 0x hex; stands on every entry.
        now: When the entries are recorded; unix seconds.
        bounds: What one entry may move at most.
    """
    takes_points = program.redemption is not None and found.event.type == program.redemption.event
    move = _redeem if takes_points else _earn
    try:
        decision = move(program, found, holding=holding, program_hash=program_hash, now=now)
        _check_bounds(decision, bounds)
        return decision
    except tuple(_REASONS) as problem:
        explanation = {"result": f"Refused: {problem}", "reason": _REASONS[type(problem)]}
        return Decision(found.position, "refused", (), explanation, 0)


def _check_bounds(decision: Decision, bounds: Bounds) -> None:
    for entry in decision.entries:
        amount = sum(posting.amount for posting in entry.postings)
        most = bounds.redemption if entry.kind == "redeem" else bounds.award
        if amount > most:
            raise errors.OverCap(
                f"{in_points(amount)} in one entry, and the contract's caps let a batch settle {in_points(most)}.",
                amount=amount,
                cap=most,
            )


def _earn(
    program: Program, found: SequencedEvent, *, holding: Holding, program_hash: str, now: UnixSeconds
) -> Decision:
    event = found.event
    evaluation = evaluate(program, event)
    if not evaluation.awards:
        return Decision(found.position, "nothing", (), evaluation.explanation, 0)
    total = sum(award.amount for award in evaluation.awards)
    if holding.available + holding.held + total > LANE_MAX:
        raise errors.BalanceTooLarge(
            "A member can own at most 4,294,967,295 points.", owns=holding.available + holding.held, award=total
        )
    entries = tuple(
        Entry(
            id=EntryId(f"earn:{event.cause}:{award.rule}"),
            kind="earn",
            member=found.member,
            cause=event.cause,
            rule=award.rule,
            program=program_hash,
            occurred_at=event.occurred_at,
            recorded_at=now,
            postings=(Posting(ISSUED, available(found.member), award.unit, award.amount),),
        )
        for award in evaluation.awards
    )
    explanation = evaluation.explanation | {"entries": [entry.id for entry in entries]}
    return Decision(found.position, "posted", entries, explanation, total)


def _redeem(
    _program: Program, found: SequencedEvent, *, holding: Holding, program_hash: str, now: UnixSeconds
) -> Decision:
    event = found.event
    wanted = _points_wanted(event)
    if wanted > holding.available:
        raise errors.InsufficientBalance(
            f"{in_points(wanted)} wanted, {in_points(holding.available)} available.",
            wanted=wanted,
            available=holding.available,
        )
    entry = Entry(
        id=EntryId(f"redeem:{event.cause}"),
        kind="redeem",
        member=found.member,
        cause=event.cause,
        rule=None,
        program=program_hash,
        occurred_at=event.occurred_at,
        recorded_at=now,
        postings=(Posting(available(found.member), REDEEMED, POINTS, wanted),),
    )
    explanation = {"result": f"{in_points(wanted)} redeemed.", "redeemed": wanted, "entries": [entry.id]}
    return Decision(found.position, "posted", (entry,), explanation, -wanted)


def _points_wanted(event: Event) -> Amount:
    amount = event.payload.get("amount")
    if type(amount) is not int or amount < 1 or event.payload.get("unit") != POINTS:
        raise errors.InvalidEvent("A redemption takes a whole number of points above 0.", payload=event.payload)
    return Amount(amount)
