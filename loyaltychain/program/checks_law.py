"""What a programme's expiry says against the law that it declares to keep, as problems with their places.

Ontario: points do not expire by the passage of time alone; by inactivity of a period that members were told, they may.
Source: Consumer Protection Act, 2002 (Ontario), section 47.1; O. Reg. 17/05, sections 43.1 ff. (O. Reg. 388/17).
Québec: neither; by inactivity of a year or more, with a notice of that alone 30 to 60 days before.
Source: Consumer Protection Act (Québec), section 187.8; P-40.1, r. 3, section 79.6.3.

Both leave out programmes of one reward alone, and of rewards of 50 dollars or less: such a programme names neither.
This holds a file to its own word, by a careful reading; it is no legal advice.
"""

from collections.abc import Iterator

from loyaltychain.core.model_checks import Problem
from loyaltychain.core.strict_yaml import Path
from loyaltychain.program.jurisdictions import NAMES
from loyaltychain.program.schema import ProgramFile
from loyaltychain.program.schema_parts import InactivityPart, LifetimePart

_NOTICE = range(30, 61)  # days
_YEAR_MONTHS, _YEAR_DAYS = 12, 366


def law_problems(said: ProgramFile) -> Iterator[Problem]:
    """All of them."""
    declared = said.jurisdictions or []
    for place, each in enumerate(declared):
        if each in declared[:place]:
            yield Problem(("jurisdictions", place), f"{each!r} stands twice (remove one)")
    if not declared:
        return
    for path, lifetime in _lifetimes(said):
        if lifetime.says_when:
            whose = " and ".join(NAMES[each] for each in dict.fromkeys(declared))
            what = f"points do not expire by their age in {whose} (use expiry.inactivity, or remove it)"
            yield Problem((*path, _field(lifetime)), what)
    if "quebec" in declared and said.expiry is not None and said.expiry.inactivity is not None:
        yield from _quebec_problems(("expiry", "inactivity"), said.expiry.inactivity)


def _lifetimes(said: ProgramFile) -> Iterator[tuple[Path, LifetimePart]]:
    if said.expiry is not None:
        yield ("expiry",), said.expiry
    for place, rule in enumerate(said.rules):
        if rule.expiry is not None:
            yield ("rules", place, "expiry"), rule.expiry
    for id_, part in (said.behaviours or {}).items():
        if part.expiry is not None:
            yield ("behaviours", id_, "expiry"), part.expiry


def _field(lifetime: LifetimePart) -> str:
    return next(field for field in ("after", "end_of", "on") if getattr(lifetime, field) is not None)


def _quebec_problems(path: Path, part: InactivityPart) -> Iterator[Problem]:
    if part.months is not None and part.months < _YEAR_MONTHS:
        yield Problem((*path, "months"), "in Québec a member may be inactive for at least 12 months (say 12 or more)")
    if part.days is not None and part.days < _YEAR_DAYS:
        yield Problem((*path, "days"), "in Québec a member may be inactive for at least 12 months (say {months: 12})")
    if part.notice_days not in _NOTICE:
        yield Problem((*path, "notice_days"), "in Québec the notice comes 30 to 60 days before (say 30 to 60)")
