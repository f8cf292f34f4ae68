"""What a point costs and what behaviours are worth, as the operator says it: private, and no part of the programme.

The file of these numbers is never hashed or published. They are the operator's own; nothing here knows whether they
are true.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field

from loyaltychain.core import errors
from loyaltychain.core.model_checks import check_model
from loyaltychain.core.money import EXPONENTS, make_minor_units, parse_decimal
from loyaltychain.core.strict_yaml import parse_yaml
from loyaltychain.program.lint_rules import SHARE_PERCENT
from loyaltychain.program.schema_parts import Part


@dataclass(frozen=True, slots=True)
class Worth:
    """How much more a member is worth over her life who does this than a similar one who does not.

    Args:
        minor_units: Of the programme's currency.
        acts: How often she does it, over that life.
    """

    minor_units: int
    acts: int = 1


@dataclass(frozen=True, slots=True)
class Economics:
    """What the operator says.

    Args:
        point_cost: What a point costs, in minor units of the programme's currency, exact.
        share_percent: Of what a behaviour is worth, the most that its reward may cost.
        worth: By the id of a behaviour or of a referral.
    """

    point_cost: Fraction
    share_percent: int = SHARE_PERCENT
    worth: Mapping[str, Worth] = field(default_factory=dict)


def _money_as_text(content: object) -> object:
    return str(content) if type(content) is int else content


def _as_section(content: object) -> object:
    return {"more": content} if isinstance(content, str | int) else content


Money = Annotated[str, BeforeValidator(_money_as_text)]


class WorthPart(Part):
    """Money, and how often."""

    more: Money
    acts: Annotated[int, Field(ge=1, le=1_000_000)] = 1


class EconomicsFile(Part):
    """The whole file."""

    cost_per_point: Money
    share_percent: Annotated[int, Field(ge=1, le=100)] = SHARE_PERCENT
    worth: dict[str, Annotated[WorthPart, BeforeValidator(_as_section)]] = Field(default_factory=dict)


def load_economics(path: Path, *, currency: str) -> Economics:
    """The numbers in a file. Raises InvalidSettings saying what to correct, also when it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "it is not UTF-8 text"
        raise errors.InvalidSettings("The economics cannot be read.", file=str(path), reason=reason) from problem
    return parse_economics(text, currency=currency, file=path.name)


def parse_economics(text: str, *, currency: str, file: str = "the economics") -> Economics:
    """The numbers that the YAML ``text`` holds; money is in ``currency``. Raises InvalidSettings."""
    content = parse_yaml(text, file=file, error=errors.InvalidSettings)
    said = check_model(EconomicsFile, content, file=file, error=errors.InvalidSettings, text=text)
    exponent = EXPONENTS[currency]
    try:
        cost = parse_decimal(said.cost_per_point)
        worth = {
            id_: Worth(make_minor_units(parse_decimal(part.more), exponent=exponent, rounding=None), part.acts)
            for id_, part in said.worth.items()
        }
    except errors.InvalidEvent as problem:
        raise errors.InvalidSettings(
            f'{file}: {problem.message} Money is text, such as "0.01".', file=file
        ) from problem
    if cost.digits <= 0 or any(each.minor_units <= 0 for each in worth.values()):
        raise errors.InvalidSettings(f"{file}: every amount must be more than 0.", file=file)
    return Economics(Fraction(cost.digits * 10**exponent, 10**cost.scale), said.share_percent, worth)
