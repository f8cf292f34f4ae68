"""Orders as answers: decided ones as they stand, others as they were told. Reads only."""

import json
from typing import Any

from loyaltychain.api import order_answers as answers
from loyaltychain.api import store, views
from loyaltychain.api.instants import format_optional
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import Tx
from loyaltychain.events.orders import parse_order
from loyaltychain.events.store import read_event, read_member
from loyaltychain.events.types import SequencedEvent
from loyaltychain.operations.order_state import WHOLE, LineState
from loyaltychain.operations.order_tell import told_events
from loyaltychain.operations.order_view import OrderView, find_order


def show_order(tx: Tx, source: str, order_id: str, now: UnixSeconds) -> answers.Order:
    """The order of this id. Raises UnknownOrder."""
    view = find_order(tx, order_id)
    if view is not None:
        return _decided(tx, view, now)
    waiting = waiting_event(tx, source, order_id)
    if waiting is None:
        raise errors.UnknownOrder("There is no order of this id.", order=order_id)
    return _waiting(tx, waiting, order_id)


def waiting_event(tx: Tx, source: str, order_id: str) -> SequencedEvent | None:
    """The event that told last of an order that is not decided yet; None when none waits."""
    found = told_events(tx, order_id)
    by_itself = read_event(tx, source, order_id)
    candidates = found or ([] if by_itself is None else [by_itself])
    waits = [each for each in candidates if store.outcome_at(tx, each.position) is None and _is_order(each, order_id)]
    return waits[0] if waits else None


def show_told(
    tx: Tx, status: Any, order: tuple[str, str], event: tuple[str, str] | None, now: UnixSeconds
) -> answers.OrderTold:
    """A write's answer: the order (source, id) as it stands with the event (source, id) that came of it."""
    shown = None if event is None else views.show_event(tx, *event)
    outcome = None if shown is None else shown.outcome
    return answers.OrderTold(
        status=status,
        event=shown,
        order=show_order(tx, *order, now),
        not_undone=[] if outcome is None else list(outcome.explanation.get("not_undone", [])),
    )


def _is_order(found: SequencedEvent, order_id: str) -> bool:
    try:
        return parse_order(found.event).order == order_id
    except errors.InvalidEvent:
        return False


def _decided(tx: Tx, view: OrderView, now: UnixSeconds) -> answers.Order:
    order = view.order
    member = read_member(tx, order.member)
    assert member is not None, order.member
    rules = _rules(tx, view)
    lines = [_line(view, line, rules) for line in view.lines]
    bonuses = [
        answers.OrderBonus(rule=each.rule, threshold=each.threshold, points=each.award, stands=not each.taken)
        for each in order.bonuses
    ]
    return answers.Order(
        source=order.source,
        id=order.id,
        member=member.member_id,
        occurred_at=format_instant(order.occurred_at),
        currency=order.currency,
        counted_in=order.terms.currency,
        state=view.state(now),
        decided=True,
        returnable_until=format_optional(order.until),
        program=order.program,
        lines=lines,
        bonuses=bonuses,
        points=sum(line.points for line in lines) + sum(each.points for each in bonuses if each.stands),
        rules=rules,
        returns=[
            answers.OrderReturn(
                source=each.source,
                id=each.event_id,
                kind="cancellation" if each.line == WHOLE else "return",
                line=each.line or None,
                quantity=None if each.line == WHOLE else each.quantity,
                applied=each.is_applied,
                occurred_at=format_instant(each.occurred_at),
            )
            for each in view.came_back
        ],
    )


def _rules(tx: Tx, view: OrderView) -> list[dict[str, Any]]:
    """The rules' findings of the event that told last of the order and was not refused."""
    told = told_events(tx, view.order.id)
    first = read_event(tx, view.order.source, view.order.event_id)
    for found in [*told, *([] if first is None else [first])]:
        outcome = store.outcome_at(tx, found.position)
        if outcome is not None and outcome.outcome != "refused":
            rules = json.loads(outcome.explanation).get("rules")
            if rules is not None:
                return list(rules)
    return []


def _line(view: OrderView, line: LineState, rules: list[dict[str, Any]]) -> answers.OrderLineState:
    cancelled = view.cancelled[line.line]
    by_rule = [
        answers.RulePoints(rule=rule["rule"], points=points)
        for rule in rules
        for name, points in rule.get("lines", [])
        if name == line.line
    ]
    return answers.OrderLineState(
        line=line.line,
        item=line.item,
        quantity=line.quantity,
        amount=line.amount,
        returned=line.named + line.matched - cancelled,
        cancelled=cancelled,
        kept=line.kept,
        awarded=line.award,
        points=line.share(line.award),
        rules=by_rule,
    )


def _waiting(tx: Tx, found: SequencedEvent, order_id: str) -> answers.Order:
    event, order = found.event, parse_order(found.event)
    lines = [
        answers.OrderLineState(
            line=line.line, item=line.item, quantity=line.quantity, amount=line.amount, returned=0, cancelled=0,
            kept=line.quantity, awarded=0, points=0, rules=[],
        )
        for line in order.lines
    ]  # fmt: skip
    return answers.Order(
        source=event.source, id=order_id, member=event.member_id, occurred_at=format_instant(event.occurred_at),
        currency=order.currency, counted_in=order.currency, state="open", decided=False, returnable_until=None,
        program=None, lines=lines, bonuses=[], points=0, rules=[], returns=[],
    )  # fmt: skip
