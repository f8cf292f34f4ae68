"""template: what its comments show

given a template with every commented field taken in
    it is a valid programme that says what the comments say
"""

import re

from loyaltychain.program.lifetime import Lifetime
from loyaltychain.program.load import parse_program, template
from loyaltychain.program.types import Currencies, Inactivity, PendingUntil

_FIELDS = ("pending_days", "expiry", "max_points", "notice_days", "inactivity", "currencies")


def uncommented(text: str) -> str:
    """The text with its commented fields, and the rule that it shows, taken in."""
    fields = re.sub(rf"(?m)^( *)# ({'|'.join(_FIELDS)}): ", r"\1\2: ", text)
    return re.sub(r"(?m)^  # (- id: booking|  (?:kind|event|points|per|pending): .*)$", r"  \1", fields)


def test_orders__its_comments_taken_in__valid() -> None:
    program = parse_program(uncommented(template("orders")))

    spend, _, booking = program.rules
    assert (spend.pending_days, spend.expiry) == (14, Lifetime())
    assert booking.pending == PendingUntil("stay_completed", "stay_cancelled", 90, "cancel")
    assert program.expiry is not None
    assert (program.expiry.notice_days, program.expiry.inactivity) == (30, Inactivity(12, None, 30))
    assert program.currencies == Currencies("exchange", "down")


def test_orders__day_of_the_year_instead_of_a_period__valid() -> None:
    text = (
        template("orders").replace("  end_of: month ", "  # end_of: month ").replace('  # on: "12-31"', '  on: "12-31"')
    )

    program = parse_program(text)

    assert program.expiry is not None and program.expiry.lifetime == Lifetime(12, on="12-31")


def test_shop__its_expiry_taken_in__valid() -> None:
    text = re.sub(r"(?m)^# (expiry:|  after: .*|  end_of: .*)$", r"\1", template("shop"))

    program = parse_program(text)

    assert program.expiry is not None and program.expiry.lifetime == Lifetime(12, end_of="month")
