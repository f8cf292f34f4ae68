"""What does not fit together in a programme's rules for purchases and orders, as problems with their places."""

from collections.abc import Iterator, Mapping
from typing import Any

from loyaltychain.core import errors
from loyaltychain.core.model_checks import Problem
from loyaltychain.program.schema import ProgramFile, RulePart

_DECIDES = "decides about pending points"


def earning_problems(said: ProgramFile, content: Mapping[str, Any]) -> Iterator[Problem]:
    """All of them; ``content`` is the whole file."""
    if not any(content.get(section) for section in ("rules", "behaviours", "referrals")):
        yield Problem(("rules",), "nothing is given for anything (add a rule, or behaviours)")
    taken = taken_types(said)
    yield from _role_problems(said)
    seen: set[str] = set()
    for place, rule in enumerate(said.rules):
        if rule.id in seen:
            yield Problem(("rules", place, "id"), f"each rule needs an id of its own; repeated: {rule.id}")
        seen.add(rule.id)
        yield from _rule_problems(("rules", place), rule, said, taken)


def taken_types(said: ProgramFile) -> dict[str, str]:
    """What events that earn nothing do, by type."""
    taken = {}
    if said.redemption is not None:
        taken[said.redemption.event] = "takes points"
    if said.orders is not None:
        taken |= {said.orders.returns: "brings goods back", said.orders.cancellations: "cancels an order"}
        taken[said.orders.edits] = "changes an order"
    return taken


def _role_problems(said: ProgramFile) -> Iterator[Problem]:
    redemption = None if said.redemption is None else said.redemption.event
    if said.orders is None:
        return
    for role, event in said.orders.roles.items():
        if event == redemption:
            yield Problem(("orders", role), f"{event!r} is the event that takes points")


def _rule_problems(
    path: tuple[str | int, ...], rule: RulePart, said: ProgramFile, taken: dict[str, str]
) -> Iterator[Problem]:
    signals = {each for other in said.rules if other.pending is not None for each in other.pending.types}
    does = taken.get(rule.event) or (_DECIDES if rule.event in signals else None)
    if does is not None:
        yield Problem((*path, "event"), f"{rule.event!r} is the event that {does}")
    yield from _waiting_problems(path, rule, said, taken)
    yield from _field_problems(path, rule)
    field, amount = rule.money
    if amount is not None:
        try:
            said.minor_units(amount)
        except errors.InvalidEvent as problem:
            yield Problem((*path, field), f"{problem.message} Found {amount!r}.")


def _waiting_problems(
    path: tuple[str | int, ...], rule: RulePart, said: ProgramFile, taken: dict[str, str]
) -> Iterator[Problem]:
    if rule.pending is None:
        return
    if rule.pending_days is not None:
        yield Problem((*path, "pending_days"), "pending has days of its own (remove one of the two)")
    order = None if said.orders is None else said.orders.event
    if rule.event == order:
        how = "an order's points wait by time alone, since returns change them"
        yield Problem((*path, "pending"), f"{how} (use pending_days, or another type of event)")
    for field, signal in (("until", rule.pending.until), ("reject", rule.pending.reject)):
        does = "is an order" if signal == order else taken.get(signal or "")
        if signal is not None and does is not None:
            yield Problem((*path, "pending", field), f"{signal!r} is the event that {does}")


def _field_problems(path: tuple[str | int, ...], rule: RulePart) -> Iterator[Problem]:
    """Fields of which the rule's kind has too few or too many."""
    said = {"from" if name == "threshold" else name for name in rule.model_fields_set}
    field, amount = rule.money
    foreign = ["from"] if field == "per" else ["per", "rounding", "max_points"]
    if amount is None:
        yield Problem((*path, field), "Field required (add it)")
    for name in foreign:
        if name in said:
            yield Problem((*path, name), f"a rule of the kind {rule.kind} has no such field (remove it)")
