"""What does not fit together in objects, measures, behaviours, boosts and referrals, as problems with their places."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from loyaltychain.core.model_checks import Problem
from loyaltychain.core.strict_yaml import Path
from loyaltychain.program.checks_earning import taken_types
from loyaltychain.program.checks_fields import WORKED_OUT, act_field_problems
from loyaltychain.program.checks_names import Names, all_unknown, unknown
from loyaltychain.program.checks_whose import whose_problems
from loyaltychain.program.schema import ProgramFile
from loyaltychain.program.schema_behaviours import BehaviourPart, GatePart, ReferralPart
from loyaltychain.program.schema_words import DatedPart

_ABOUT_POINTS = ("qualifying", "once", "every", "caps", "cooldown", "budget", "pairs", "expiry")


def act_problems(said: ProgramFile, names: Names) -> Iterator[Problem]:
    """All of them."""
    taken = taken_types(said)
    yield from _object_problems(said, names, taken)
    for id_, part in (said.behaviours or {}).items():
        yield from _behaviour_problems(("behaviours", id_), part, said, names, taken)
    for id_, boost in (said.boosts or {}).items():
        path = ("boosts", id_)
        yield from all_unknown((*path, "behaviours"), boost.behaviours, names.behaviours, "a behaviour", "behaviours")
        yield from _whom_problems(path, boost.tiers, boost.segments, names)
        yield from date_problems(path, boost)
    for id_, referral in (said.referrals or {}).items():
        yield from _referral_problems(("referrals", id_), referral, taken)


def date_problems(path: Path, part: DatedPart) -> Iterator[Problem]:
    """Whether what has a first and a last day has them in this order."""
    if part.starts is not None and part.ends is not None and part.ends < part.starts:
        yield Problem((*path, "to"), f"it ends before it begins, on {part.starts} (correct one of the two)")


def _object_problems(said: ProgramFile, names: Names, taken: Mapping[str, str]) -> Iterator[Problem]:
    makers: dict[str, str] = {}
    for id_, part in (said.objects or {}).items():
        path = ("objects", id_)
        if part.parent is not None:
            yield from unknown((*path, "parent"), part.parent, names.objects, "a kind of object", "objects")
        if part.made_by in makers:
            kind = makers[part.made_by]
            yield Problem((*path, "made_by"), f"{part.made_by!r} makes {kind} already (one event makes one object)")
        makers.setdefault(part.made_by, id_)
        if part.made_by in taken:
            yield Problem((*path, "made_by"), f"{part.made_by!r} is the event that {taken[part.made_by]}")
    for id_ in said.measures or {}:
        if not names.objects:
            yield Problem(("measures", id_), "there are no objects to measure (declare them under objects)")
        if id_ in WORKED_OUT:
            yield Problem(("measures", id_), "this name stands for something that is worked out (name it otherwise)")


def _behaviour_problems(
    path: Path, part: BehaviourPart, said: ProgramFile, names: Names, taken: Mapping[str, str]
) -> Iterator[Problem]:
    yield from _event_problems(path, part, taken)
    yield from whose_problems(path, part, said, names)
    if part.after is not None:
        known, at = names.behaviours, (*path, "after", "behaviour")
        yield from unknown(at, part.after.behaviour, known, "a behaviour", "behaviours")
    if part.every > 1 and part.once is not None:
        yield Problem((*path, "every"), "what counts once has no further acts (remove every or once)")
    if part.pairs is not None:
        yield from _weight_problems((*path, "pairs", "weights"), part.pairs.weights)
    yield from _pointless_problems(path, part)
    yield from act_field_problems((*path, "where"), part.where, names)
    yield from _whom_problems(path, part.tiers, part.segments, names)
    yield from date_problems(path, part)


def _event_problems(path: Path, part: BehaviourPart, taken: Mapping[str, str]) -> Iterator[Problem]:
    for place, event in enumerate(part.event):
        does = taken.get(event)
        if does == "takes points" and part.points is not None:
            yield Problem(
                (*path, "event", place), f"{event!r} takes points: it may count, but give none (remove points)"
            )
        elif does is not None and does != "takes points":
            yield Problem((*path, "event", place), f"{event!r} is the event that {does} (put it into retracted_by)")
    for place, event in enumerate(part.retracted_by or ()):
        if event in part.event:
            yield Problem((*path, "retracted_by", place), f"{event!r} is the act itself (name what takes it back)")
    if part.pending is not None:
        yield from _gate_problems((*path, "pending"), part.pending, part.event)


def _gate_problems(path: Path, gate: GatePart, own: Sequence[str]) -> Iterator[Problem]:
    for place, signal in enumerate(gate.until):
        if signal.event in own:
            what = f"{signal.event!r} is the act itself (name what others do about it)"
            yield Problem((*path, "until", place, "event"), what)
    until = {signal.event for signal in gate.until}
    for place, event in enumerate(gate.reject or ()):
        if event in until:
            yield Problem((*path, "reject", place), f"{event!r} gives the points already (name another, or remove it)")
        elif event in own:
            yield Problem((*path, "reject", place), f"{event!r} is the act itself (name what others do about it)")


def _weight_problems(path: Path, weights: Sequence[int]) -> Iterator[Problem]:
    for place, (before, weight) in enumerate(pairwise(weights), 1):
        if weight > before:
            yield Problem((*path, place), f"weights fall: {weight} cannot follow {before} (write them in this order)")


def _pointless_problems(path: Path, part: BehaviourPart) -> Iterator[Problem]:
    """What limits or delays points where there are none."""
    if part.points is not None:
        return
    for field in _ABOUT_POINTS:
        if field in part.model_fields_set and getattr(part, field) != BehaviourPart.model_fields[field].default:
            yield Problem(
                (*path, field),
                "this is about points, and none are given; acts count all the same (add points, or remove this)",
            )


def _whom_problems(
    path: Path, tiers: Sequence[str] | None, segments: Sequence[str] | None, names: Names
) -> Iterator[Problem]:
    yield from all_unknown((*path, "tiers"), tiers, names.tiers, "a tier", "tiers.levels")
    yield from all_unknown((*path, "segments"), segments, names.segments, "a segment", "segments")


def _referral_problems(path: Path, part: ReferralPart, taken: Mapping[str, str]) -> Iterator[Problem]:
    for field in ("event", "qualified_by", "approved_by", "rejected_by"):
        event = getattr(part, field)
        if event in taken:
            yield Problem((*path, field), f"{event!r} is the event that {taken[event]}")
    roles = {part.event: "event"}
    for field in ("qualified_by", "approved_by", "rejected_by"):
        event = getattr(part, field)
        if event in roles:
            yield Problem((*path, field), f"{event!r} is the type of {roles[event]} already (name another)")
        roles.setdefault(event, field)
    for place, event in enumerate(part.retracted_by or ()):
        if event in roles:
            yield Problem((*path, "retracted_by", place), f"{event!r} is the type of {roles[event]} (name another)")
    if not part.referrer and not part.referee:
        yield Problem((*path, "referrer"), "nobody is given anything (say points for one of them)")
