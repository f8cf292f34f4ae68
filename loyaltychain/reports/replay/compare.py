"""Grants that were worked out anew, held against those that are stored. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.canonical import encode_text
from loyaltychain.reports.grant_rows import Granted
from loyaltychain.reports.replay.findings import Finding
from loyaltychain.reports.replay.shared import Asked
from loyaltychain.rules.engine.types import Grant

Key = tuple[str, str, str]  # rule, cause, occurrence
_FIELDS = ("unit", "at", "desired", "awarded", "state", "reason", "qualifying", "due_at", "role", "version")


def compare_grants(
    member: MemberNumber,
    computed: Iterable[Grant],
    stored: Mapping[Key, Granted],
    *,
    now: UnixSeconds,
) -> Iterator[Finding]:
    """What differs for one member.

    Args:
        stored: Hers, by what each is one of.
        now: A pending grant that is due by now may still be stored as pending: time is booked later.
    """
    left = dict(stored)
    for grant in computed:
        kept = left.pop(grant.key, None)
        if kept is None:
            yield Finding("grant-missing", _subject(member, grant.key), said(grant), "none")
        elif kept.is_gone:
            yield Finding("grant-differs", _name(kept), said(grant), "gone")
        elif not _is_same(grant, kept.grant) and not _waits_for_time(kept.grant, now):
            yield Finding("grant-differs", _name(kept), said(grant), said(kept.grant))
    for key, kept in left.items():
        if not kept.is_gone:
            yield Finding("grant-unfounded", _name(kept), "none", f"{_subject(member, key)}: {said(kept.grant)}")
        elif kept.is_gone and kept.grant.awarded:
            yield Finding("grant-differs", _name(kept), "0, gone", f"{kept.grant.awarded}, gone")


def compare_decisions(
    asked: Mapping[Asked, tuple[int, int]],
    decided: Mapping[Asked, tuple[int, int, int]],
    limits: Mapping[str, int],
) -> Iterator[Finding]:
    """What differs between the questions that acts ask, with (wanted, most), and the decisions that were recorded,
    with (wanted, granted, most).

    Args:
        limits: By resource, the most that there ever was of it: a version that lowers it takes from nobody.

    Of several limits on one award, each is asked for what those before it leave. How much that was is not recorded,
    once a later one refused more and the rest was given back; so less may have been wanted.
    """
    taken: dict[str, int] = {}
    limits_of = Counter(key for _, key in asked)
    for name, (wanted, most) in sorted(asked.items()):
        found = decided.get(name)
        if found is None:
            yield Finding("decision-missing", _decision(name), f"{wanted} wanted of {most}", "none")
        elif found[2] != most or not (found[0] == wanted or (limits_of[name[1]] > 1 and found[1] <= found[0] < wanted)):
            yield Finding(
                "decision-differs", _decision(name), f"{wanted} wanted of {most}", f"{found[0]} wanted of {found[2]}"
            )
    for name, (_, granted, _) in sorted(decided.items()):
        taken[name[0]] = taken.get(name[0], 0) + granted
        if granted and name not in asked:
            yield Finding("decision-unasked", _decision(name), "0", str(granted))
    for resource, amount in sorted(taken.items()):
        if amount > limits.get(resource, 0):
            yield Finding("decision-exceeds", resource, f"<= {limits[resource]}", str(amount))


def said(grant: Grant) -> str:
    """A grant in short: "5 of 20 points, given, cap-points"."""
    parts = [f"{grant.awarded} of {grant.desired} {grant.unit}", grant.state, *([grant.reason] if grant.reason else ())]
    if grant.qualifying:
        parts.append(f"qualifying {grant.qualifying}")
    return f"{', '.join(parts)}, at {grant.at}, due {grant.due_at}, inputs {encode_text(dict(grant.inputs))}"


def _is_same(one: Grant, other: Grant) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in _FIELDS) and _plain(one) == _plain(other)


def _plain(grant: Grant) -> dict[str, Any]:
    """The inputs as JSON has them."""
    text = encode_text({"inputs": dict(grant.inputs), "expiry": None if grant.expiry is None else str(grant.expiry)})
    return {"text": text}


def _waits_for_time(stored: Grant, now: UnixSeconds) -> bool:
    return stored.state == "pending" and stored.due_at is not None and stored.due_at <= now


def _name(kept: Granted) -> str:
    return f"award:{kept.number}"


def _subject(member: MemberNumber, key: Key) -> str:
    rule, cause, occurrence = key
    return f"member {member}, {rule} for {cause}" + (f" ({occurrence})" if occurrence else "")


def _decision(name: Asked) -> str:
    return f"decision {name[0]} for {name[1]}"
