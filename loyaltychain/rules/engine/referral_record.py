"""One referral as one of its two sides keeps it, and what follows from it for that side. Pure; listens to nothing.

What depends on other members (who came first, rings, fields in common, how many there were) is a fact that comes with
the referral: ``ReferralFacts``. So both sides, each in a fold of its own, come to the same end.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.program.behaviours import Referral
from loyaltychain.rules.engine.types import Fact, Reason

DAY = 86_400
Side = Literal["referrer", "referee"]
Record = dict[str, Any]  # JSON


class Verdict(NamedTuple):
    """What a side has of a referral at the moment, before caps."""

    awarded: int
    state: Literal["given", "pending", "held"]
    reason: Reason | None
    at: UnixSeconds
    due_at: UnixSeconds | None = None


def refuse(fact: Fact) -> Reason | None:
    """Why a referral is none; whatever happens later, it will give nothing."""
    told = fact.referral
    assert told is not None, fact.cause
    if fact.retraction is not None:
        return "fraud" if fact.retraction.is_fraud else "retracted"
    if told.referrer is None:
        return "rejected"
    if told.is_self:
        return "self-dealing"
    if not told.is_first:
        return "once"
    return "cycle" if told.is_cycle else None


def new_record(referral: Referral, fact: Fact) -> Record:
    """Of a referral that is one, and of which nothing more is known yet."""
    told = fact.referral
    assert told is not None and told.referrer is not None, fact.cause
    device = fact.payload.get("device")
    return {
        "cause": fact.cause,
        "at": fact.at,
        "referee": told.referee,
        "referrer": told.referrer,
        "device": device if isinstance(device, str) else None,
        "hold": _hold(referral, fact),
        "common": [name for name in referral.hold_on if name in told.common],
        "signals": [name for name in referral.signal_on if name in told.common],
        "decided": None,  # [approved or rejected, cause, at]
        "qualified": None,  # [cause, at, object]
        "undone": None,  # the cause that took a qualification back
        "is_open": True,  # the time for a qualifying event is not over
        "is_safe": False,  # a qualification can be taken back no more
        "is_empty": False,  # of the referrer, when it was qualified
        "took": [],  # [key, amount] of what it uses up of the referrer's caps
        "shares": {},  # {key: most} of the shared caps that were asked for it
        "capped": None,  # [awarded, reason, inputs] once caps were asked
    }


def until(referral: Referral, record: Record) -> UnixSeconds:
    """When a qualifying event comes too late; exclusive."""
    return UnixSeconds(record["at"] + referral.days * DAY)


def safe_from(referral: Referral, record: Record) -> UnixSeconds:
    """From when on nothing takes the qualification back any more."""
    wait = referral.days * DAY if referral.retracted_by else 0
    return UnixSeconds(record["qualified"][1] + wait)


def is_taken_back(referral: Referral, fact: Fact) -> bool:
    """Whether a qualifying event was taken back in time."""
    taken = fact.retraction
    return taken is not None and (taken.is_fraud or taken.at < fact.at + referral.days * DAY)


def names_it(record: Record, fact: Fact) -> bool:
    """Whether a refund is of the qualifying event: it names it, or its object, or its order; or nothing at all."""
    cause, _, about = record["qualified"]
    payload = fact.payload
    if "event" in payload:
        return bool(payload["event"] == cause)
    if "object" in payload:
        return about is not None and payload["object"] == about
    if "order" in payload:
        return bool(payload["order"] == cause.partition("/")[2])
    return True


def judge(referral: Referral, record: Record, side: Side) -> Verdict:
    """What the side has now. ``awarded`` is what caps may still make smaller."""
    decided, qualified = record["decided"], record["qualified"]
    if decided is not None and not decided[0]:
        return Verdict(0, "given", "rejected", decided[2])
    if qualified is None:
        return _unqualified(referral, record)
    if side == "referrer" and record["is_empty"]:
        return Verdict(0, "given", "chain", qualified[1])
    if record["hold"] is not None and decided is None:
        return Verdict(0, "held", record["hold"], qualified[1])
    points = referral.referrer_points if side == "referrer" else referral.referee_points
    at = qualified[1] if decided is None else max(qualified[1], decided[2])
    if record["is_safe"]:
        return Verdict(points, "given", None, at)
    return Verdict(points, "pending", None, at, safe_from(referral, record))


def is_final(record: Record, verdict: Verdict) -> bool:
    """Whether nothing that may still come changes it."""
    if verdict.state != "given":
        return False
    return record["is_safe"] or verdict.reason == "rejected" or record["qualified"] is None


def inputs(record: Record, side: Side) -> dict[str, Any]:
    """What it was worked out from; fields by name, their values stay where they are."""
    found: dict[str, Any] = {"side": side, "referrer": record["referrer"], "referee": record["referee"]}
    qualified, decided = record["qualified"], record["decided"]
    found |= {"qualified_by": qualified[0]} if qualified is not None else {}
    found |= {name: record[name] for name in ("common", "signals") if record[name]}
    found |= {"decided_by": decided[1]} if decided is not None else {}
    return found | ({"by": record["undone"]} if record["undone"] is not None else {})


def told_inputs(fact: Fact, side: Side) -> Mapping[str, Any]:
    """The same of a referral that is none."""
    told = fact.referral
    assert told is not None, fact.cause
    found: dict[str, Any] = {"side": side, "referrer": told.referrer, "referee": told.referee}
    taken = fact.retraction
    return found if taken is None else found | {"by": taken.cause, "at": taken.at}


def _hold(referral: Referral, fact: Fact) -> Reason | None:
    told = fact.referral
    assert told is not None
    if any(name in told.common for name in referral.hold_on):
        return "held"
    return "velocity" if referral.velocity is not None and told.nth > referral.velocity.most else None


def _unqualified(referral: Referral, record: Record) -> Verdict:
    if record["is_open"]:
        state: Literal["held", "pending"] = "held" if _waits_for_word(record) else "pending"
        reason: Reason = record["hold"] if state == "held" else "not-yet"
        return Verdict(0, state, reason, record["at"], until(referral, record))
    return Verdict(0, "given", "timed-out" if record["undone"] is None else "retracted", record["at"])


def _waits_for_word(record: Record) -> bool:
    return record["hold"] is not None and record["decided"] is None
