"""Programme files become Programs, or an error that says what to correct."""

from pathlib import Path

from loyaltychain.core import errors
from loyaltychain.core.model_checks import check_model
from loyaltychain.core.strict_yaml import parse_yaml
from loyaltychain.core.words import nearest
from loyaltychain.program.checks import problems_of
from loyaltychain.program.load_conduct import make_conduct
from loyaltychain.program.load_parts import make_lifetime
from loyaltychain.program.schema import ProgramFile, RulePart
from loyaltychain.program.schema_parts import ExpiryPart, PendingPart
from loyaltychain.program.types import (
    BonusFromAmount,
    Currencies,
    Expiry,
    Inactivity,
    Orders,
    PendingUntil,
    PointsPerCurrencyUnit,
    Program,
    Redemption,
    Rule,
)

TEMPLATES = Path(__file__).parent / "templates"
_HOW_TO_BEGIN = "`loyaltychain init`, in another directory, writes a programme to begin with."


def load_program(path: Path) -> Program:
    """The programme in a file. Raises InvalidProgram, also when the file cannot be read."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as problem:
        raise errors.InvalidProgram(f"There is no programme file {path}: {_HOW_TO_BEGIN}", file=str(path)) from problem
    except (OSError, UnicodeDecodeError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "it is not UTF-8 text"
        raise errors.InvalidProgram("The programme cannot be read.", file=str(path), reason=reason) from problem
    return parse_program(text, file=path.name)


def parse_program(text: str, *, file: str = "the programme") -> Program:
    """The programme that the YAML ``text`` holds, completed with its defaults.

    Raises InvalidProgram naming ``file``, the field, what is wrong with it and what to do.
    """
    content = parse_yaml(text, file=file, error=errors.InvalidProgram)
    if content is None:
        raise errors.InvalidProgram(f"{file} is empty: {_HOW_TO_BEGIN}", file=file)
    said = check_model(
        ProgramFile,
        content,
        file=file,
        error=errors.InvalidProgram,
        text=text,
        also=problems_of,
        stand_ins={"name": "?", "version": 1, "timezone": "UTC", "currency": "EUR"},
    )
    return Program(
        name=said.name,
        version=said.version,
        timezone=said.timezone,
        currency=said.currency,
        rules=tuple(_make_rule(rule, said) for rule in said.rules),
        redemption=Redemption(said.redemption.event) if said.redemption is not None else None,
        orders=Orders(**said.orders.model_dump()) if said.orders is not None else None,
        expiry=_make_expiry(said.expiry) if said.expiry is not None else None,
        currencies=Currencies(**said.currencies.model_dump()) if said.currencies is not None else None,
        conduct=make_conduct(said),
    )


def _make_rule(rule: RulePart, said: ProgramFile) -> Rule:
    money = said.minor_units(rule.money[1] or "")
    pending, expiry = _make_pending(rule.pending), None if rule.expiry is None else make_lifetime(rule.expiry)
    if rule.kind == "bonus_from_amount":
        return BonusFromAmount(
            id=rule.id,
            kind=rule.kind,
            event=rule.event,
            points=rule.points,
            threshold=money,
            pending_days=rule.pending_days,
            qualifying=rule.qualifying,
            pending=pending,
            expiry=expiry,
        )
    return PointsPerCurrencyUnit(
        id=rule.id,
        kind=rule.kind,
        event=rule.event,
        points=rule.points,
        per=money,
        rounding=rule.rounding,
        max_points=rule.max_points,
        pending_days=rule.pending_days,
        qualifying=rule.qualifying,
        pending=pending,
        expiry=expiry,
    )


def _make_pending(part: PendingPart | None) -> PendingUntil | None:
    return None if part is None else PendingUntil(**part.model_dump())


def _make_expiry(part: ExpiryPart) -> Expiry:
    lifetime = make_lifetime(part)
    return Expiry(
        lifetime.months,
        lifetime.days,
        lifetime.end_of,
        part.grace_days,
        on=lifetime.on,
        notice_days=part.notice_days,
        inactivity=Inactivity(**part.inactivity.model_dump()) if part.inactivity is not None else None,
    )


def template(name: str) -> str:
    """The text of a starter programme. Raises InvalidProgram listing them for an unknown name."""
    names = sorted(path.stem for path in TEMPLATES.glob("*.yaml"))
    if name not in names:
        raise errors.InvalidProgram(f"There is no template {name!r}{nearest(name, names)}.", there_are=", ".join(names))
    return (TEMPLATES / f"{name}.yaml").read_text(encoding="utf-8")
