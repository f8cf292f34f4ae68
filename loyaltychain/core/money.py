"""Decimal text turned into whole minor units, and back into words. No float ever touches an amount."""

import re
from dataclasses import dataclass
from typing import Literal

from loyaltychain.core import errors
from loyaltychain.core.amounts import ratio_down, ratio_half_even, ratio_up

Rounding = Literal["down", "up", "half_even"]

EXACT_MAX = 2**53 - 1  # the largest integer that JSON holds exactly everywhere
RATIOS = {"down": ratio_down, "up": ratio_up, "half_even": ratio_half_even}

#: Minor-unit digits by currency code. Source: ISO 4217, list one, active currencies of common use.
EXPONENTS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV"), 0),
    **dict.fromkeys(("XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("AED", "ARS", "AUD", "BDT", "BGN", "BRL", "CAD", "CHF", "CNY", "COP", "CRC", "CZK", "DKK"), 2),
    **dict.fromkeys(("DOP", "EGP", "EUR", "GBP", "GEL", "GHS", "GTQ", "HKD", "HUF", "IDR", "ILS", "INR", "KES"), 2),
    **dict.fromkeys(("KZT", "LKR", "MAD", "MXN", "MYR", "NGN", "NOK", "NZD", "PEN", "PHP", "PKR", "PLN", "QAR"), 2),
    **dict.fromkeys(("RON", "RSD", "SAR", "SEK", "SGD", "THB", "TRY", "TWD", "TZS", "UAH", "USD", "UYU", "ZAR"), 2),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}

_DECIMAL = re.compile(r"([+-]?)([0-9]{1,18})(?:\.([0-9]{1,18}))?")


@dataclass(frozen=True, slots=True)
class Exact:
    """The decimal ``digits / 10**scale``."""

    digits: int
    scale: int

    def times(self, other: "Exact") -> "Exact":
        """The exact product."""
        return Exact(self.digits * other.digits, self.scale + other.scale)


def parse_decimal(text: str) -> Exact:
    """The number that ``text`` writes, such as ``-12.50``.

    Raises:
        InvalidEvent: anything else: a thousands separator, a decimal comma, an exponent, more than
            18 digits on a side. Guessing which of these was meant would be guessing an amount.
    """
    match = _DECIMAL.fullmatch(text)
    if match is None or not text.isascii():
        raise errors.InvalidEvent("This is not a decimal number such as 1234.50.", found=text[:60])
    sign, whole, fraction = match[1], match[2], match[3] or ""
    digits = int(whole + fraction)
    return Exact(-digits if sign == "-" else digits, len(fraction))


def make_minor_units(exact: Exact, *, exponent: int, rounding: Rounding | None) -> int:
    """``exact`` in units of ``10**-exponent``.

    Args:
        rounding: ``down`` is towards zero, ``up`` away from zero, on both sides of it. None: what does
            not fit is refused.

    Raises:
        InvalidEvent: a fraction of a minor unit and no declared rounding, or too large an amount.
    """
    size, per = abs(exact.digits), 10**exact.scale
    units = RATIOS[rounding or "down"](size, times=10**exponent, per=per)
    if rounding is None and units * per != size * 10**exponent:
        raise errors.InvalidEvent(
            f"The amount has more than {exponent} fraction digits; declare a rounding in the map to allow that.",
            digits=exact.digits,
            scale=exact.scale,
        )
    if units > EXACT_MAX:
        raise errors.InvalidEvent("The amount is too large.", largest=EXACT_MAX)
    return -units if exact.digits < 0 else units


def in_words(amount: int, currency: str) -> str:
    """``amount`` minor units as text: ``1530`` of GBP is ``15.30 GBP``."""
    exponent = EXPONENTS[currency]
    sign = "-" if amount < 0 else ""
    if exponent == 0:
        return f"{sign}{abs(amount)} {currency}"
    whole, rest = divmod(abs(amount), 10**exponent)
    return f"{sign}{whole}.{rest:0{exponent}d} {currency}"
