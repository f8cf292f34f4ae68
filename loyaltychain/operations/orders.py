"""Orders and their edits: what becomes of an event that tells of one. Works on the desk alone."""

from dataclasses import replace

from loyaltychain.core import canonical, errors
from loyaltychain.core.amounts import LANE_MAX, MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.hashing import to_hex
from loyaltychain.events.orders import Order
from loyaltychain.events.types import SequencedEvent
from loyaltychain.ledger.lots import Condition, Stamp
from loyaltychain.ledger.purse import Purse
from loyaltychain.ledger.types import EntryId
from loyaltychain.operations.changes import post_changes
from loyaltychain.operations.desk import Desk
from loyaltychain.operations.order_state import BonusState, LineState, OrderState
from loyaltychain.operations.returns import apply_parked
from loyaltychain.operations.summary import Fate, explain_changes
from loyaltychain.program.expiry import DAY_SECONDS, ExpiryTerms, expires_at
from loyaltychain.rules.exchange import convert_order, explain_exchange, read_exchange, read_exchange_of
from loyaltychain.rules.orders import evaluate_order
from loyaltychain.rules.points import in_points
from loyaltychain.rules.terms import read_terms, recorded_rules
from loyaltychain.rules.types import Award, Evaluation


def take_order(desk: Desk, found: SequencedEvent, order: Order) -> Fate:
    """Award an order by its lines, and let the returns find it that came before it.

    Raises:
        OrderConflict: its id is known, with other content.
        OverCap, BalanceTooLarge: an award is too large.
        InvalidEvent: it lies so far in the future that no expiry can be told.
    """
    event = found.event
    content = _content(found.member, order)
    known = desk.orders.orders.get(order.order)
    if known is not None:
        if known.content not in {content, *(_content(member, order) for member in desk.numbers_of(found.member))}:
            raise errors.OrderConflict(
                f"The order {order.order!r} is known as {known.cause} with other content; send an edit instead."
            )
        return Fate({"result": f"The order is known as {known.cause}.", "known_as": known.cause})
    exchange = read_exchange_of(desk.program, event) if order.currency != desk.program.currency else None
    terms = read_terms(recorded_rules(desk.program, exchange))
    counted, exchanged = convert_order(order, exchange, currencies=terms.currencies, to=terms.currency)
    evaluation = explain_exchange(evaluate_order(terms, counted), exchanged)
    # The latest expiry that anything of this order can have: when calendars reach that, no later change can fail.
    terms.expiries(UnixSeconds(event.occurred_at + terms.pending_days[1] * DAY_SECONDS))
    purse = desk.open_purse(found.member, event.occurred_at)
    check_awards(desk, purse, evaluation.awards)
    earn(desk, purse, found, evaluation, terms=terms)
    rules = recorded_rules(desk.program, exchange)
    state = _make_state(desk, found, replace(counted, currency=order.currency), evaluation, content, rules=rules)
    desk.orders.add_order(state)
    notes = apply_parked(desk, purse, state)
    _find_late_returns(desk, state)
    post_changes(desk, purse, event.cause, event.occurred_at)
    return Fate(evaluation.explanation | {"order": order.order} | notes)


def _content(member: MemberNumber, order: Order) -> str:
    """Digest of what an order says, whoever says it: another source may number its events otherwise."""
    # Ids are printable, so that a line break cannot stand in one; one text is encoded faster than many.
    lines = sorted(f"{line.line}\n{line.item}\n{line.quantity}\n{line.amount}" for line in order.lines)
    return to_hex(canonical.digest([member, order.currency, "\n".join(lines)]))


def _make_state(
    desk: Desk, found: SequencedEvent, order: Order, evaluation: Evaluation, content: str, *, rules: str
) -> OrderState:
    event = found.event
    pairs = zip(order.lines, evaluation.lines, strict=True)
    return OrderState(
        id=order.order,
        member=found.member,
        source=event.source,
        event_id=event.id,
        occurred_at=event.occurred_at,
        currency=order.currency,
        program=desk.program_hash,
        rules=rules,
        content=content,
        lines={
            line.line: LineState(
                line.line, place, line.item, line.quantity, line.amount, award.points, award.qualifying
            )
            for place, (line, award) in enumerate(pairs)
        },
        bonuses=[
            BonusState(bonus.rule, bonus.threshold, bonus.points, bonus.qualifying, taken=not bonus.reached)
            for bonus in evaluation.bonuses
        ],
    )


def _find_late_returns(desk: Desk, state: OrderState) -> None:
    """Match anew where goods came back after this order was placed and before it was told of."""
    assert desk.program.orders is not None
    if desk.program.orders.match == "none":
        return
    late = {
        (state.member, line.item)
        for line in state.lines.values()
        if (pair := desk.orders.pairs.get((state.member, line.item))) is not None
        and pair.has_return_after(state.key_of(line))
    }
    for key in sorted(late):
        desk.orders.fold(key)


def edit_order(desk: Desk, found: SequencedEvent, order: Order) -> Fate:
    """Evaluate the lines of a known order anew, by the rules that it was awarded by, and post the difference alone.

    Raises:
        ReturnRefused: the order is unknown, another member's, in another currency, or would hold less than came back.
        OverCap, BalanceTooLarge: an award is too large.
    """
    event = found.event
    state = desk.orders.orders.get(order.order)
    if state is None:
        raise errors.ReturnRefused("There is no such order to be changed.", code="unknown-order", order=order.order)
    if state.member != found.member:
        raise errors.ReturnRefused("This order is another member's.", code="foreign-order", order=order.order)
    if state.currency != order.currency:
        raise errors.ReturnRefused(
            "An edit cannot change the currency.", code="order-conflict", was=state.currency, now=order.currency
        )
    _check_kept(state, order)
    terms = state.terms
    own = None if terms.currencies is None or order.currency == terms.currency else read_exchange(event.payload)
    order, exchanged = convert_order(
        order, own or terms.exchange, currencies=terms.currencies, to=terms.currency
    )  # an edit that brings no rate of its own is by the order's
    evaluation = explain_exchange(evaluate_order(terms, order), exchanged)
    purse = desk.open_purse(found.member, event.occurred_at)
    before = sum(line.share(line.award) for line in state.lines.values())
    before += sum(bonus.award for bonus in state.bonuses if not bonus.taken)
    _check_room(purse, max(sum(award.amount for award in evaluation.awards) - before, 0))
    articles = _change_lines(desk, state, order, evaluation)
    if desk.program.orders is not None and desk.program.orders.match != "none":
        for item in sorted(articles):
            if (state.member, item) in desk.orders.pairs:
                desk.orders.fold((state.member, item))
    start = len(desk.movements)
    post_changes(desk, purse, event.cause, event.occurred_at, giving="earn")
    return Fate(
        {"result": explain_changes(desk.movements[start:], nothing="The edit changes no points.")}
        | {"order": order.order, "rules": evaluation.explanation["rules"]}
        | ({} if exchanged is None else {"exchange": exchanged})
    )


def _check_kept(state: OrderState, order: Order) -> None:
    told = {line.line: line for line in order.lines}
    for line in state.lines.values():
        came_back = line.named + line.matched
        now = told.get(line.line)
        if came_back and (now is None or now.quantity < came_back or now.item != line.item):
            raise errors.ReturnRefused(
                "More of this line came back already than the edit leaves in the order.",
                code="returned-already",
                line=line.line,
                returned=came_back,
            )


def _change_lines(desk: Desk, state: OrderState, order: Order, evaluation: Evaluation) -> set[str]:
    """Make the lines what the edit says. Returns the articles of which something changed."""
    articles: set[str] = set()
    for place, (line, award) in enumerate(zip(order.lines, evaluation.lines, strict=True)):
        known = state.lines.get(line.line)
        if known is None:
            known = LineState(line.line, place, line.item, 0, 0, 0, 0)
            desk.orders.add_line(state, known)
        elif known.item != line.item:
            articles.add(known.item)
            desk.orders.move_line(state, known, line.item)
        known.place = place
        articles.add(line.item)
        desk.orders.change(state, known, bought=(line.quantity, line.amount, award.points, award.qualifying))
    told = {line.line for line in order.lines}
    for gone in [line for line in state.lines.values() if line.line not in told]:
        articles.add(gone.item)
        desk.orders.change(state, gone, bought=(0, 0, 0, 0))
    return articles


def check_awards(desk: Desk, purse: Purse, awards: tuple[Award, ...]) -> None:
    """Raise OverCap or BalanceTooLarge when these awards cannot be given."""
    for award in awards:
        if award.amount > desk.bounds.award:
            raise errors.OverCap(
                f"{in_points(award.amount)} in one entry, and the contract's caps let a batch settle "
                f"{in_points(desk.bounds.award)}.",
                amount=award.amount,
                cap=desk.bounds.award,
            )
    _check_room(purse, sum(award.amount for award in awards))


def _check_room(purse: Purse, more: int) -> None:
    owns = purse.owned + purse.pending
    if owns + more > LANE_MAX:
        raise errors.BalanceTooLarge("A member can own at most 4,294,967,295 points.", owns=owns, award=more)


def earn(desk: Desk, purse: Purse, found: SequencedEvent, evaluation: Evaluation, *, terms: ExpiryTerms) -> None:
    """One entry for each award, under the programme's digest. Raises InvalidEvent when no expiry can be told."""
    awards, event = evaluation.awards, found.event
    due = [_due_at(found, award) for award in awards]
    starts = [event.occurred_at if at is None else at for at in due]
    expiries = [expires_at(terms, at, own=award.lifetime) for award, at in zip(awards, starts, strict=True)]
    details = None if evaluation.exchange is None else {"exchange": evaluation.exchange}
    for award, due_at, expiry in zip(awards, due, expiries, strict=True):
        stamp = Stamp(
            EntryId(f"earn:{event.cause}:{award.rule}"),
            event.cause,
            event.occurred_at,
            desk.now,
            rule=award.rule,
            program=desk.program_hash,
            details=details,
        )
        desk.movements.append(
            purse.earn(
                stamp,
                award.amount,
                award=event.cause,
                expires_at=expiry,
                due_at=due_at,
                qualifying=award.qualifying,
                condition=_condition(award),
            )
        )


def _condition(award: Award) -> Condition | None:
    waits = award.pending
    return None if waits is None else Condition(waits.until, waits.reject, waits.otherwise, award.qualifying)


def _due_at(found: SequencedEvent, award: Award) -> UnixSeconds | None:
    if award.pending_days is None:
        return None
    return UnixSeconds(found.event.occurred_at + award.pending_days * DAY_SECONDS)
