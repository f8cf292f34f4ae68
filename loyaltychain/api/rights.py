"""What a key may do: which scope a request needs, by method and path alone, and which events it may write.

A write to a path that stands nowhere here needs ``manage``: a new route is closed until somebody opens it.
"""

from loyaltychain.api.keys import ApiKey, Scope
from loyaltychain.api.problems import Problem
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


def is_expensive(path: str) -> bool:
    """Whether the route reads much of the database, and has a rate of its own."""
    return _is_under(path, _REPORTS)


def _is_under(path: str, roots: tuple[str, ...]) -> bool:
    return path.startswith(roots) and any(path == root or path.startswith(root + "/") for root in roots)
