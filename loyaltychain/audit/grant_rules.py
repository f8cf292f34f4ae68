"""What a published programme can give for an award of behaviours at most, worked out from its document: the second way.

Shares no code with the rules that made the award. An award's worth is worked out exactly from what its entry says it
was worked out from; what limits it is held against the document as far as one award shows it. What takes a member's
whole history, or that of others, is not worked out, and counted.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor
from typing import Any, Final

from loyaltychain.audit.award_file import Granted
from loyaltychain.audit.award_rules import Unanswerable
from loyaltychain.audit.grant_sums import Sum, sums_of_badge, sums_of_caps

_ROUND: Final[dict[str, Callable[[Fraction], int]]] = {"down": floor, "up": ceil, "half_even": round}
_LIMITS: Final = ("gate", "after", "once", "every", "cooldown", "proof", "pairs", "tiers", "segments")
_WHOLE: Final = 100  # percent

Document = Mapping[str, Any]


@dataclass(slots=True)
class Ruling:
    """What a programme says of one award.

    Args:
        desired: What it is worth before limits, exactly.
        most: The most of it that can be given, without a sign.
        is_qualifying: The same number may count towards a tier.
        types: Of the event that causes it; None: any.
        faults: (code, what the programme says, what the award says) of all that cannot be.
        sums: What it counts towards, together with others.
        open: How many of the programme's conditions were not worked out.
    """

    desired: int
    most: int
    is_qualifying: bool = False
    types: Sequence[str] | None = None
    faults: list[tuple[str, str, str]] = field(default_factory=list)
    sums: list[Sum] = field(default_factory=list)
    open: int = 0


def rule_on(
    document: Document, granted: Granted, *, is_badge: bool, at: int, facts: Mapping[str, Any]
) -> Ruling | None:
    """What the programme gives at most; None where it declares no such rule.

    Args:
        at: When the act was done, seconds.
        facts: Of the event: ``items``, the numbers of a list whose items are each worth something.

    Raises:
        Unanswerable: the document or the facts lack what the rule reads; says what.
    """
    try:
        return _rule_on(document, granted, is_badge, at, facts)
    except Unanswerable:
        raise
    except (KeyError, TypeError, AttributeError, ValueError, IndexError, ArithmeticError) as error:
        raise Unanswerable(f"a programme and an award of the known form: {error!r:.100}") from error


def declared(conduct: Document, rule: str) -> Document | None:
    """What the document says under the rule's name."""
    kind, _, id_ = rule.partition(":")
    return next((each for each in conduct.get(f"{kind}s", ()) if each["id"] == id_), None)


def _rule_on(document: Document, granted: Granted, is_badge: bool, at: int, facts: Mapping[str, Any]) -> Ruling | None:
    conduct = document.get("conduct", {})
    own = declared(conduct, granted.rule)
    if own is None:
        return None
    kind = granted.rule.partition(":")[0]
    if kind == "behaviour":
        return None if "points" not in own else _of_behaviour(document, own, granted, at, facts)
    if kind == "achievement":
        return _of_achievement(own, granted, is_badge)
    return _of_streak(own, granted) if kind == "streak" else _of_referral(own, granted)


def _of_achievement(own: Document, granted: Granted, is_badge: bool) -> Ruling:
    points = 1 if is_badge else own.get("points", 0)
    ruling = Ruling(points, points, own.get("qualifying", False) and not is_badge, open=1)
    if own.get("status", "active") != "active":
        ruling.faults.append(("award-unfounded", "a badge that is given", f"one that is {own['status']}"))
    ruling.sums = sums_of_badge(own, "badge" if is_badge else "points", granted.member)
    return ruling


def _of_streak(own: Document, granted: Granted) -> Ruling | None:
    points = next((points for length, points in own.get("rewards", ()) if str(length) == granted.occurrence), None)
    return None if points is None else Ruling(points, points, open=1)


def _of_referral(own: Document, granted: Granted) -> Ruling | None:
    if granted.occurrence not in ("referrer", "referee"):
        return None
    points = own[f"{granted.occurrence}_points"]
    caps = own.get("caps", ()) if granted.occurrence == "referrer" else ()
    names = ("hold_on", "velocity", "retracted_by")
    count = 1 + len(own.get("where", ())) + len(caps) + sum(name in own for name in names)
    return Ruling(
        points,
        min([points, *(cap["most"] for cap in caps if cap["unit"] == "points")]),
        types=(own["event"],),
        open=count,
    )


def _of_behaviour(document: Document, own: Document, granted: Granted, at: int, facts: Mapping[str, Any]) -> Ruling:
    conduct = document["conduct"]
    base = _base(own["points"], granted.inputs, facts)
    worth, faults, open_ = _boosted(conduct, own, base, granted.inputs.get("boosts", ()), at)
    ruling = Ruling(worth, abs(worth), own.get("qualifying", False), own["events"], faults, open=open_)
    ruling.open += len(own.get("where", ())) + sum(name in own for name in _LIMITS)
    if not own.get("starts", at) <= at < own.get("ends", at + 1):
        faults.append(("award-unfounded", "an act within the rule's dates", f"one at {at}"))
    limits = {own["id"]: own.get("caps", ()), "*": conduct.get("caps", ())}
    limits["budget of " + own["id"]] = [own["budget"] | {"shared": True}] if "budget" in own else []
    caps = [cap for each in limits.values() for cap in each]
    if "gate" in own or worth < 0:  # what waits is limited by the version in force when it no longer does
        ruling.open += len(caps)
        return ruling
    ruling.most = min([worth, *(cap["most"] for cap in caps if cap["unit"] == "points")])
    _weigh(ruling, own, granted.inputs)
    _cap(ruling, caps, granted.inputs.get("cap"))
    ruling.open += sum("each" in cap for cap in caps)
    ruling.sums = [
        each
        for name, some in limits.items()
        for each in sums_of_caps(some, name, granted.member, at=at, timezone=document["timezone"])
    ]
    return ruling


def _base(points: Document, inputs: Mapping[str, Any], facts: Mapping[str, Any]) -> int:
    """What the act is worth before boosts: fixed, by a number, or by each item of a list."""
    if "each" in points:
        items = facts.get("items")
        if not isinstance(items, list) or not all(item is None or type(item) is int for item in items):
            raise Unanswerable("the numbers of a list")
        return sum(_of_one(points, item) for item in items)
    return _of_one(points, inputs.get("amount"))


def _of_one(points: Document, number: Any) -> int:
    give, per = int(points["give"]), points.get("per")
    if per is None:
        return give
    size = 0
    if type(number) is int and number > 0:
        size = _ROUND[points.get("rounding", "down")](Fraction(number * abs(give), per))
    return size if give > 0 else -size


def _boosted(
    conduct: Document, own: Document, worth: int, said: Sequence[Mapping[str, Any]], at: int
) -> tuple[int, list[tuple[str, str, str]], int]:
    """The worth with the boosts that the award names, what of them the programme does not say, and what stays open."""
    known, faults, open_ = _boosts(conduct, own["id"], at), list[tuple[str, str, str]](), 0
    places = list(known)
    for each in said:
        name = each["id"]
        if name not in places or worth <= 0:
            faults.append(("award-unfounded", "boosts that the programme has for it, each once", f"boost {name}"))
            continue
        places = places[places.index(name) + 1 :]
        times, per, rounding, is_open = known[name]
        worth = _ROUND[rounding](Fraction(worth * times, per))
        open_ += is_open
    return worth, faults, open_


def _boosts(conduct: Document, behaviour: str, at: int) -> dict[str, tuple[int, int, str, bool]]:
    """The boosts that an act may have at an instant, in their order: times, per, rounding, and whether they are for
    some members only. A tier's comes last."""
    found: dict[str, tuple[int, int, str, bool]] = {}
    for each in conduct.get("boosts", ()):
        is_in_time = each.get("starts", at) <= at < each.get("ends", at + 1)
        if is_in_time and behaviour in each.get("behaviours", (behaviour,)):
            is_open = "tiers" in each or "segments" in each
            found[each["id"]] = (each["times"], each["per"], each["rounding"], is_open)
    tiers = conduct.get("tiers")
    if tiers is not None:
        rounding = tiers.get("rounding", "down")
        found |= {f"tier:{each['id']}": (*each["boost"], rounding, True) for each in tiers["levels"] if "boost" in each}
    return found


def _weigh(ruling: Ruling, own: Document, inputs: Mapping[str, Any]) -> None:
    """The weight that the award says it had, among acts of the same two members."""
    if "weight" not in inputs:
        return
    weights, nth, said = own.get("pairs", {}).get("weights", (_WHOLE,)), inputs["nth"], inputs["weight"]
    percent = weights[min(nth, len(weights)) - 1] if nth >= 1 else 0
    if said not in (0, percent):
        ruling.faults.append(("award-exceeds", f"weight {percent}", f"weight {said} of act {nth}"))
    ruling.most = min(ruling.most, ruling.desired * min(said, percent) // _WHOLE)


def _cap(ruling: Ruling, caps: Iterable[Document], said: Mapping[str, Any] | None) -> None:
    """The cap by which the award says it was cut."""
    if said is None:
        return
    names = ("most", "unit", "per", "each")
    if not any(all(cap.get(name) == said.get(name) for name in names) for cap in caps):
        ruling.faults.append(("award-unfounded", "a cap of the programme", f"{said['most']} {said['unit']}"))
    elif "used" in said and said["unit"] == "points":
        ruling.most = min(ruling.most, max(said["most"] - said["used"], 0))
