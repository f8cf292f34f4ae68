"""What events without lines are worth, worked out once for each type and sum of money, with the explanation as text.

Two events of one type and sum earn the same and are told the same, so that a shop's prices need not be evaluated, nor
their explanations encoded, again and again. Says nothing of an event whose evaluation is refused.
"""

from functools import lru_cache
from typing import Any, NamedTuple

from loyaltychain.core import errors
from loyaltychain.core.canonical import encode_text
from loyaltychain.events.types import known_event
from loyaltychain.program.types import Program
from loyaltychain.rules.evaluate import evaluate
from loyaltychain.rules.types import Award

_MOST = 16_384  # sums kept; each is about a kilobyte

Sum = tuple[str, int, str]  # event type, minor units, currency


class Worth(NamedTuple):
    """The awards of an event, their sum, and the explanation as canonical JSON without its first brace.

    ``entries``, of an event that was posted, comes before all that it says, in the order of RFC 8785.
    """

    awards: tuple[Award, ...]
    points: int
    explanation: str


class Prices:
    """What a programme gives for a sum of money."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._counted = {rule.event for rule in program.rules}
        self._known: dict[Sum, Worth | None] = {}

    def worth(self, type_: str, payload: dict[str, Any]) -> Worth | None:
        """What an event with this payload is worth; None where it is refused, or where more decides on it."""
        if type_ not in self._counted:
            return self._keep((type_, 0, ""))
        amount, currency = payload.get("amount"), payload.get("currency")
        if type(amount) is not int or type(currency) is not str:
            return None
        return self._keep((type_, amount, currency))

    def _keep(self, key: Sum) -> Worth | None:
        try:
            return self._known[key]
        except KeyError:
            if len(self._known) >= _MOST:
                self._known.clear()
            worth = self._known[key] = self._work_out(*key)
            return worth

    def _work_out(self, type_: str, amount: int, currency: str) -> Worth | None:
        event = known_event("", "", type_, "", 0, {"amount": amount, "currency": currency})  # type: ignore[arg-type]
        try:
            found = evaluate(self._program, event)
        except errors.RequestError:
            return None
        points = sum(award.amount for award in found.awards)
        said = {**found.explanation, "issued": points} if points else found.explanation
        return Worth(found.awards, points, encode_text(said)[1:])


@lru_cache(maxsize=8)
def prices(program: Program) -> Prices:
    """The programme's prices, as far as they were asked for."""
    return Prices(program)
