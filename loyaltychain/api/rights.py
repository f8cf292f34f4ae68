"""What a key may do: which scope a request needs, by method and path alone, and which events it may write.

A write to a path that stands nowhere here needs ``manage``: a new route is closed until somebody opens it.
"""

from collections.abc import Mapping
from typing import Any

from loyaltychain.api.keys import ApiKey, Scope
from loyaltychain.api.problems import Problem
from loyaltychain.events.attest import attester
from loyaltychain.operations.conduct.words import RESTORED, RETRACTED, REVOKED
from loyaltychain.program.behaviours import Referral
from loyaltychain.program.types import Program

_READS = ("GET", "HEAD", "OPTIONS")
_REPORTS = ("/v1/exports", "/v1/reports")
_EVENTS = ("/v1/events", "/v1/orders")
_POINTS = ("/v1/redemptions", "/v1/holds", "/v1/awards")


def scope_of(method: str, path: str) -> Scope:
    """The scope that opens this route."""
    if path == "/v1/events":  # the route that is called most
        return "events:write" if method not in _READS else "read"
    if _is_under(path, _REPORTS):
        return "reports"
    if method in _READS:
        return "read"
    if path == "/v1/members" or _is_under(path, _EVENTS):  # who joins does so as with her first event
        return "events:write"
    return "points:write" if _is_under(path, _POINTS) else "manage"


def check_scope(key: ApiKey, method: str, path: str) -> None:
    """Raise a Problem unless the key has the scope that this request needs."""
    needed = scope_of(method, path)
    if needed not in key.scopes:
        how = "`--manages`" if needed == "manage" else f"`--scope {needed}`"
        raise Problem("forbidden", f"The key {key.name!r} may not do this: make one with {how}.")


def check_may_write(key: ApiKey, source: str) -> None:
    """Raise a Problem unless the key may write this source."""
    if source not in key.sources:
        allowed = ", ".join(key.sources)
        raise Problem("forbidden", f"The key {key.name!r} may not write the source {source!r}, only: {allowed}.")


def check_may_tell(key: ApiKey, program: Program, source: str, type_: str) -> None:
    """Raise a Problem unless the key may write an event of this source and type: one that spends points needs more."""
    check_may_write(key, source)
    if program.redemption is not None and type_ == program.redemption.event and "points:write" not in key.scopes:
        raise Problem(
            "forbidden",
            f"The key {key.name!r} may not write {type_!r}, which spends: make one with `--scope points:write`.",
        )


def check_may_attest(key: ApiKey, payload: dict[str, Any]) -> None:
    """Raise a Problem where the payload's proof is a moderator's word and the key may not bring it.

    Raises InvalidEvent when it does not say whose word it is.
    """
    if "proof" in payload and attester(payload) is not None and "manage" not in key.scopes:
        raise Problem(
            "forbidden",
            f"The key {key.name!r} may not bring a moderator's word (proof of the kind attested): make one with "
            "`--manages`.",
        )


def check_may_judge(key: ApiKey, program: Program, type_: str, payload: Mapping[str, Any]) -> None:
    """Raise a Problem where the event is support's or a moderator's word, and the key may not bring it.

    These are a badge taken away, a streak given back, a referral decided on, an act that is said never to have been
    (fraud), and any act of a source that is not the key's.
    """
    if "manage" in key.scopes:
        return
    judged = _judged_by(key, type_, payload)
    conduct = program.conduct
    if judged is None and conduct is not None and any(type_ in _words_on(each) for each in conduct.referrals):
        judged = "a word on a referral"
    if judged is not None:
        raise Problem("forbidden", f"The key {key.name!r} may not tell {judged}: make one with `--manages`.")


def _judged_by(key: ApiKey, type_: str, payload: Mapping[str, Any]) -> str | None:
    if type_ in (REVOKED, RESTORED):
        return f"{type_!r}, which is support's to say"
    if type_ != RETRACTED:
        return None
    if payload.get("fraud", False) is not False:
        return "that an act is a fraud"
    source = str(payload.get("event", "")).partition("/")[0]
    return None if source in key.sources else f"that an act of the source {source!r} was taken back"


def _words_on(referral: Referral) -> tuple[str, str]:
    return referral.approved_by, referral.rejected_by


def is_expensive(path: str) -> bool:
    """Whether the route reads much of the database, and has a rate of its own."""
    return _is_under(path, _REPORTS)


def _is_under(path: str, roots: tuple[str, ...]) -> bool:
    return path.startswith(roots) and any(path == root or path.startswith(root + "/") for root in roots)
