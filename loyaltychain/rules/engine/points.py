"""What one act is worth before anything limits it: fixed, in proportion, by item; then boosted. Pure arithmetic."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.money import RATIOS
from loyaltychain.program.achievements import Tiers
from loyaltychain.program.behaviours import Boost, Points
from loyaltychain.rules.engine.fields import dig
from loyaltychain.rules.engine.state import State

Payload = Mapping[str, Any]
Inputs = dict[str, Any]
Worth = Callable[[Payload], tuple[int, Inputs]]
InSegment = Callable[[State, UnixSeconds], bool]
TierAt = Callable[[State, UnixSeconds], str]


def make_worth(points: Points) -> Worth:
    """A function from an event's payload to its points and what they were worked out from.

    A number that the payload does not have, or has below zero, gives nothing. Each item of a list is rounded by
    itself, so that the items always add up to the whole.
    """
    give, per, each, rounding = points.give, points.per, points.each, points.rounding
    if per is None and each is None:
        fixed = {"give": give, "base": give}
        return lambda payload: (give, fixed)
    names = None if points.of is None else points.of.split(".")
    ratio = RATIOS[rounding]

    def of_one(item: Any) -> int:
        if per is None or names is None:
            return give
        value = dig(item, names) if isinstance(item, Mapping) else None
        size = ratio(value, times=abs(give), per=per) if type(value) is int and value > 0 else 0
        return size if give > 0 else -size

    rate: Inputs = {"give": give}
    if per is not None:
        rate |= {"per": per, "of": points.of, "rounding": rounding}

    def of_whole(payload: Payload) -> tuple[int, Inputs]:
        worth = of_one(payload)
        amount = None if names is None else dig(payload, names)
        return worth, {**rate, "amount": amount if type(amount) is int else None, "base": worth}

    if each is None:
        return of_whole
    place = each.split(".")

    def of_items(payload: Payload) -> tuple[int, Inputs]:
        items = dig(payload, place)
        items = items if isinstance(items, Sequence) and not isinstance(items, str) else ()
        worth = sum(map(of_one, items))
        return worth, {**rate, "each": each, "items": len(items), "base": worth}

    return of_items


@dataclass(frozen=True, slots=True)
class _Step:
    """A boost as it is asked: when it holds and by what it multiplies."""

    boost: Boost
    segments: tuple[InSegment, ...]

    def holds(self, state: State, at: UnixSeconds, tier_at: TierAt | None) -> bool:
        boost = self.boost
        if (boost.starts is not None and at < boost.starts) or (boost.ends is not None and at >= boost.ends):
            return False
        if boost.tiers and (tier_at is None or tier_at(state, at) not in boost.tiers):
            return False
        return not self.segments or any(holds(state, at) for holds in self.segments)


class Boosts:
    """The boosts of one behaviour: those that hold, one after another in the file's order, each rounded as it says;
    then the one of the member's tier. What takes points is not boosted."""

    def __init__(
        self,
        boosts: Sequence[Boost],
        *,
        segments: Mapping[str, InSegment],
        tiers: Tiers | None,
        tier_at: TierAt | None,
    ) -> None:
        self._steps = tuple(_Step(each, tuple(segments[name] for name in each.segments)) for each in boosts)
        self._of_tiers = {} if tiers is None else {each.id: each.boost for each in tiers.levels if each.boost}
        self._rounding = "down" if tiers is None else tiers.rounding
        self._tier_at = tier_at

    @property
    def is_empty(self) -> bool:
        """Whether no act is ever boosted."""
        return not self._steps and not self._of_tiers

    def apply(self, state: State, at: UnixSeconds, worth: int, inputs: Inputs) -> tuple[int, Inputs]:
        """The points with all boosts that hold at ``at``, and the inputs with them."""
        used: list[Inputs] = []
        for step in self._steps:
            if step.holds(state, at, self._tier_at):
                boost = step.boost
                worth = RATIOS[boost.rounding](worth, times=boost.times, per=boost.per)
                used.append({"id": boost.id, "times": boost.times, "per": boost.per, "rounding": boost.rounding})
        if self._of_tiers and self._tier_at is not None:
            tier = self._tier_at(state, at)
            ratio = self._of_tiers.get(tier)
            if ratio is not None:
                worth = RATIOS[self._rounding](worth, times=ratio[0], per=ratio[1])
                used.append({"id": f"tier:{tier}", "times": ratio[0], "per": ratio[1], "rounding": self._rounding})
        return (worth, {**inputs, "boosts": used}) if used else (worth, inputs)
