"""Caps that are the member's own: how much of one is left for an act, and what the act takes of it.

Kept by the cap's kind and not by its number, so that a cap that is raised still knows what was used.
"""

from typing import Any

from loyaltychain.program.behaviours import Cap, Each
from loyaltychain.rules.engine.days import period_of
from loyaltychain.rules.engine.protocol import Act
from loyaltychain.rules.engine.types import Reason

_NO_END = 2**62

Stored = list[Any]  # [window, {each: used}, {earlier window: {each: used}}]


def each_of(each: Each | None, act: Act) -> str:
    """By what a cap counts the act: acts without such a thing are counted together."""
    if each is None:
        return ""
    if each == "object":
        return act.object or ""
    if each == "device":
        return act.device or ""
    who = act.counterpart if each == "counterpart" else act.actor
    return "" if who is None else str(who)


class Slot:
    """One cap in the state of a member: ``stored[name]`` of whatever it belongs to.

    Args:
        waits: For how many days an act may come to its cap after it was done; so long earlier windows are kept.
        is_common: It is one of all behaviours together.
    """

    def __init__(self, cap: Cap, waits: int, *, is_common: bool = False) -> None:
        self.cap = cap
        self.name = f"{cap.unit}/{cap.per}/{cap.each or ''}"
        own: Reason = "cap-points" if cap.unit == "points" else "cap-times"
        self.reason: Reason = "cap-all" if is_common else own
        self._counts_points = cap.unit == "points"
        self._is_daily = cap.per == "day"
        self._is_plain = self._is_daily and self._counts_points and cap.each is None and not waits
        self._waits = waits

    def left(self, stored: dict[str, Any] | None, act: Act) -> tuple[int, int]:
        """How many points the act may be given, and how much was used before."""
        found: Stored | None = None if stored is None else stored.get(self.name)
        if found is None:
            used = 0
        else:
            window = act.day if self._is_daily else period_of(act.day, self.cap.per)
            values = found[1] if found[0] == window else found[2].get(str(window))
            each = "" if self.cap.each is None else each_of(self.cap.each, act)
            used = 0 if values is None else values.get(each, 0)
        if self._counts_points:
            left = self.cap.most - used
            return (left if left > 0 else 0), used
        return (_NO_END if used < self.cap.most else 0), used

    def take(self, stored: dict[str, Any], act: Act, wanted: int) -> tuple[int, int]:
        """What the act is given of ``wanted`` points where this is all that limits it, and how much was used before."""
        found: Stored | None = stored.get(self.name)
        if found is not None and self._is_plain and wanted <= self.cap.most:  # the way of most acts
            if found[0] < act.day:
                found[0], found[1] = act.day, {"": wanted}
                return wanted, 0
            used = found[1][""]
            if found[0] == act.day and used + wanted <= self.cap.most:
                found[1][""] = used + wanted
                return wanted, used
        left, used = self.left(stored, act)
        given = left if left < wanted else wanted
        if given:
            self.use(stored, act, given)
        return given, used

    def use(self, stored: dict[str, Any], act: Act, points: int) -> None:
        """Take of the cap what the act was given."""
        window = act.day if self._is_daily else period_of(act.day, self.cap.per)
        each = "" if self.cap.each is None else each_of(self.cap.each, act)
        size = points if self._counts_points else 1
        found: Stored | None = stored.get(self.name)
        if found is None:
            stored[self.name] = [window, {each: size}, {}]
            return
        if window > found[0]:
            if self._waits:
                self._keep(found, act.day)
            found[0], found[1] = window, {each: size}
            return
        values = found[1] if window == found[0] else found[2].setdefault(str(window), {})
        values[each] = values.get(each, 0) + size

    def words(self, act: Act, used: int) -> dict[str, Any]:
        """The cap as an explanation shows it."""
        return cap_words(self.cap, act) | {"used": used}

    def _keep(self, found: Stored, day: int) -> None:
        oldest = period_of(day - self._waits, self.cap.per)
        earlier = {key: values for key, values in found[2].items() if int(key) >= oldest}
        found[2] = earlier | {str(found[0]): found[1]}


def cap_words(cap: Cap, act: Act) -> dict[str, Any]:
    """What a cap says, and for what it was asked."""
    words = {"most": cap.most, "unit": cap.unit, "per": cap.per}
    return words if cap.each is None else {**words, "each": cap.each, "key": each_of(cap.each, act)}
