"""Which type an entry is to an app, what it says beyond its points, and which entry it belongs to. Pure."""

from collections.abc import Mapping
from typing import Any

from loyaltychain.api import entry_answers as answers
from loyaltychain.api.instants import format_optional

_TYPES: dict[str, answers.EntryType] = {
    "earn": "accrue",
    "activate": "activate",
    "redeem": "redeem",
    "hold": "hold",
    "commit": "commit",
    "release": "release",
    "refund": "refund",
    "expire": "expire",
    "reverse": "clawback",
    "reinstate": "reinstate",
    "adjust": "adjust",
    "merge_in": "merge_in",
    "merge_out": "merge_out",
    "requalify": "requalify",
    "badge": "badge",
    "revoke": "revoke",
}
_CLOCK = "clock/"  # the cause of what time does: behind it stands the lot or hold
_TWINS = {"merge_in": "merge_out", "merge_out": "merge_in"}


def type_of(kind: str) -> answers.EntryType:
    """What an entry of this kind is to an app."""
    return _TYPES.get(kind, "other")


def metadata_of(row: Any, details: Mapping[str, Any]) -> answers.Metadata | None:
    """What the entry ``row`` says beyond its points."""
    kind, cause = row.kind, str(row.cause)
    if kind == "earn":
        return answers.Accrual(
            event=cause, rule=row.rule, program=row.program, order=details.get("order"),
            corrects=details.get("corrects"), grant=details["award"] if "grant" in details else None,
        )  # fmt: skip
    if "grant" in details:
        award, rule = details["award"], details["grant"]
        return answers.OfGrant(award=award, event=cause, rule=rule, grant=award, reason=details.get("reason"))
    if kind in ("activate", "expire"):
        return answers.OfLot(lot=_lot_of(row))
    if kind in ("hold", "commit", "release"):
        timed_out = cause.startswith(_CLOCK)
        end = None if kind == "hold" else "time-out" if timed_out else kind
        return answers.OfHold(hold=details.get("hold", cause.removeprefix(_CLOCK)), end=end)
    if kind == "redeem":
        return answers.Spending(items=list(details.get("items", ())))
    if kind == "refund":
        return answers.GivenBack(redemption=details["redemption"], reason=details.get("reason"))
    if kind in ("reverse", "reinstate"):
        return answers.OfAward(award=str(details.get("award") or cause), event=cause)
    if kind == "adjust":
        return answers.ByHand(
            reason=details["reason"], actor=details["actor"], expires_at=format_optional(details.get("expires_at")),
            may_owe=details.get("may_owe", False),
        )  # fmt: skip
    return answers.OfMerge(merge=cause) if kind in ("merge_in", "merge_out", "requalify") else None


def award_of(row: Any, details: Mapping[str, Any]) -> str | None:
    """The award that the entry takes back, gives again or corrects; None for others."""
    if row.kind in ("reverse", "reinstate", "revoke"):
        found = details.get("award")
    else:
        found = details.get("corrects") if row.kind == "earn" else None
    return None if found is None else str(found)


def related_of(row: Any, details: Mapping[str, Any], awards: Mapping[str, str]) -> str | None:
    """The entry that it undoes, ends or goes along with. ``awards``: the first entry of each award of ``award_of``."""
    kind, cause = row.kind, str(row.cause)
    award = award_of(row, details)
    if award is not None:
        return awards.get(award)
    if kind in ("activate", "expire") or (kind == "reverse" and "award" not in details):
        return _lot_of(row)
    if kind in ("commit", "release"):
        return f"hold:{details.get('hold', cause.removeprefix(_CLOCK))}"
    if kind == "refund":
        return str(details["redemption"])
    if kind in _TWINS:
        return _TWINS[kind] + str(row.id).removeprefix(kind)
    return None


def _lot_of(row: Any) -> str:
    """The lot that time, a signal or a hand decided about: what time does is caused by it, all else is named for it."""
    cause = str(row.cause)
    return cause.removeprefix(_CLOCK) if cause.startswith(_CLOCK) else str(row.id).removeprefix(f"{row.kind}:")
