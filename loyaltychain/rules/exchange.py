"""Purchases in another currency: the exchange rate that an event brings, and what its amounts are by it. Pure.

Whether a rate is right is not asked: it is kept with its source, so that anybody can.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any

from loyaltychain.core import errors
from loyaltychain.core.money import EXACT_MAX, EXPONENTS, RATIOS, Rounding, in_words, parse_decimal
from loyaltychain.events.orders import Order
from loyaltychain.events.types import TEXT_MAX, Event
from loyaltychain.program.types import Currencies, Program
from loyaltychain.rules.types import Evaluation

Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Exchange:
    """``rate`` units of the programme's currency for one of the other, as decimal text; who says so, and of when."""

    rate: str
    source: str
    as_of: str

    @property
    def document(self) -> dict[str, str]:
        """As JSON has it."""
        return asdict(self)

    def convert(self, amount: int, *, paid_in: str, to: str, rounding: Rounding) -> int:
        """``amount`` minor units of ``paid_in`` in those of ``to``; of a negative amount the rounding is mirrored.

        Raises InvalidEvent when it becomes too large.
        """
        rate = parse_decimal(self.rate)
        times, per = rate.digits * 10 ** EXPONENTS[to], 10 ** (rate.scale + EXPONENTS[paid_in])
        units = RATIOS[rounding](abs(amount), times=times, per=per)
        if units > EXACT_MAX:
            raise errors.InvalidEvent("The converted amount is too large.", largest=EXACT_MAX)
        return -units if amount < 0 else units


def read_exchange(payload: Facts) -> Exchange | None:
    """The ``exchange`` of an event; None when it brings none. Raises InvalidEvent naming the field."""
    if "exchange" not in payload:
        return None
    said = payload["exchange"]
    if not isinstance(said, dict):
        raise errors.InvalidEvent("exchange must be an object of rate, source and as_of.", found=f"{said!r:.60}")
    for field in ("rate", "source", "as_of"):
        found = said.get(field)
        if not isinstance(found, str) or not 0 < len(found) <= TEXT_MAX or not found.isprintable():
            raise errors.InvalidEvent(f"exchange.{field} must be printable text.", found=f"{found!r:.60}")
    if parse_decimal(said["rate"]).digits <= 0:
        raise errors.InvalidEvent("exchange.rate must be above 0.", found=said["rate"][:60])
    return Exchange(said["rate"], said["source"], said["as_of"])


def read_exchange_of(program: Program, event: Event) -> Exchange | None:
    """The same, where the programme asks for it: elsewhere the word is the app's own."""
    return None if program.currencies is None else read_exchange(event.payload)


def convert_event(program: Program, event: Event) -> tuple[Event, Facts | None]:
    """The event with its amount in the programme's currency, and what was done; itself when nothing is to be done."""
    amount, paid_in = event.payload.get("amount"), event.payload.get("currency")
    if program.currencies is None or type(amount) is not int or paid_in in (None, program.currency):
        return event, None
    exchange = read_exchange(event.payload)
    if exchange is None or paid_in not in EXPONENTS:
        return event, None
    now = exchange.convert(amount, paid_in=paid_in, to=program.currency, rounding=program.currencies.rounding)
    payload = event.payload | {"amount": now, "currency": program.currency}
    facts = _facts(exchange, program.currencies, (amount, paid_in), (now, program.currency))
    return replace(event, payload=payload), facts


def convert_order(
    order: Order, exchange: Exchange | None, *, currencies: Currencies | None, to: str
) -> tuple[Order, Facts | None]:
    """The same of an order: each line is converted and rounded by itself, so that lines and order always agree."""
    if currencies is None or exchange is None or order.currency == to:
        return order, None
    lines = tuple(
        replace(
            line,
            amount=exchange.convert(line.amount, paid_in=order.currency, to=to, rounding=currencies.rounding),
        )
        for line in order.lines
    )
    before, now = (sum(line.amount for line in each) for each in (order.lines, lines))
    if now > EXACT_MAX:
        raise errors.InvalidEvent("The converted amounts of all lines together are too large.", largest=EXACT_MAX)
    facts = _facts(exchange, currencies, (before, order.currency), (now, to))
    return replace(order, currency=to, lines=lines), facts


def _facts(exchange: Exchange, by: Currencies, before: tuple[int, str], now: tuple[int, str]) -> Facts:
    return exchange.document | {
        "amount": before[0],
        "currency": before[1],
        "converted": now[0],
        "to": now[1],
        "rounding": by.rounding,
    }


def explain_exchange(evaluation: Evaluation, facts: Facts | None) -> Evaluation:
    """The evaluation that says besides how amounts were converted."""
    if facts is None:
        return evaluation
    paid, counts = in_words(facts["amount"], facts["currency"]), in_words(facts["converted"], facts["to"])
    how = f"{paid} count as {counts} at {facts['rate']} ({facts['source']}, {facts['as_of']})."
    said = evaluation.explanation
    return replace(
        evaluation, explanation=said | {"result": f"{said['result']} {how}", "exchange": facts}, exchange=facts
    )
