"""A referrer's caps: what a referral that qualified may still give, and what is free again when one is undone."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from loyaltychain.program.behaviours import Cap, Referral
from loyaltychain.rules.engine.days import period_of
from loyaltychain.rules.engine.protocol import Run
from loyaltychain.rules.engine.referral_record import Record
from loyaltychain.rules.engine.types import Reason

Used = dict[str, int]  # by cap, period and what it counts by


def cap_award(
    used: Used, referral: Referral, record: Record, wanted: int, days: Callable[[int], int], run: Run
) -> tuple[int, Reason | None, dict[str, Any]]:
    """What of ``wanted`` points (> 0) the caps leave, why it is less, and the cap that cut it, as inputs.

    A record is asked for once; its answer stands until it is freed.

    Args:
        days: From an instant to the day of the programme's zone.
    """
    if record["capped"] is None:
        record["capped"] = list(_ask(used, referral, record, wanted, days, run))
    awarded, reason, inputs = record["capped"]
    return awarded, reason, inputs


def free(used: Used, referral: Referral, sent: Iterable[Record], record: Record, run: Run) -> list[Record]:
    """Give back what a record used up, of shared caps too. Gives those that the referrer's caps had cut, in their
    order: they are to be asked again."""
    _give_back(used, record)
    shares, record["shares"] = record["shares"], {}
    _give_up(referral, record, shares, run)
    cut = [each for each in sent if each is not record and each["capped"] is not None and each["capped"][1] is not None]
    for each in cut:
        _give_back(used, each)
    return sorted(cut, key=lambda each: (each["qualified"][1], each["qualified"][0]))


def _ask(
    used: Used, referral: Referral, record: Record, wanted: int, days: Callable[[int], int], run: Run
) -> tuple[int, Reason | None, dict[str, Any]]:
    awarded, reason, inputs, day = wanted, None, {}, days(record["qualified"][1])
    asked, before, record["shares"] = [], record["shares"], {}
    for place, cap in enumerate(referral.caps):
        key = f"{place}:{period_of(day, cap.per)}:{_counted_by(cap, record)}"
        left = _left(used, referral, record, cap, key, awarded, run)
        if left < awarded:
            awarded, reason = left, _reason(cap)
            inputs = {"cap": {"most": cap.most, "unit": cap.unit, "per": cap.per, "shared": cap.shared}}
        asked.append((cap, key, left if cap.unit == "points" else int(left > 0)))
    for cap, key, had in asked:
        amount = awarded if cap.unit == "points" else int(awarded > 0)
        if cap.shared and amount < had:  # a later one left less
            _take(referral, record, cap, key, amount, run)
        elif amount and not cap.shared:
            used[key] = used.get(key, 0) + amount
            record["took"].append([key, amount])
    _give_up(referral, record, {key: most for key, most in before.items() if key not in record["shares"]}, run)
    return awarded, reason, inputs


def _left(used: Used, referral: Referral, record: Record, cap: Cap, key: str, wanted: int, run: Run) -> int:
    """How many of ``wanted`` points this cap leaves."""
    if not wanted:
        return 0
    if cap.shared:
        got = _take(referral, record, cap, key, wanted if cap.unit == "points" else 1, run)
        return got if cap.unit == "points" else wanted * got
    left = max(cap.most - used.get(key, 0), 0)
    return min(wanted, left) if cap.unit == "points" else wanted * (left > 0)


def _take(referral: Referral, record: Record, cap: Cap, key: str, wanted: int, run: Run) -> int:
    record["shares"][key] = cap.most
    at = record["qualified"][1]
    return run.shared.take(_resource(referral, key), _occasion(referral, record), wanted, most=cap.most, at=at)


def _give_up(referral: Referral, record: Record, shares: Mapping[str, int], run: Run) -> None:
    """Leave to others what was asked for of shared caps: the record needs nothing of them."""
    for key, most in shares.items():
        run.shared.take(_resource(referral, key), _occasion(referral, record), 0, most=most, at=run.at)


def _resource(referral: Referral, key: str) -> str:
    return f"cap:referral:{referral.id}:{key}"


def _occasion(referral: Referral, record: Record) -> str:
    return f"referral:{referral.id}|{record['cause']}|referrer"


def _counted_by(cap: Cap, record: Record) -> str:
    if cap.each == "device":
        return record["device"] or ""
    if cap.each in ("counterpart", "actor"):
        return str(record["referee"])
    return ""


def _reason(cap: Cap) -> Reason:
    if cap.shared:
        return "shared-cap"
    return "cap-points" if cap.unit == "points" else "cap-times"


def _give_back(used: Used, record: Record) -> None:
    for key, amount in record["took"]:
        used[key] -= amount
        if not used[key]:
            del used[key]
    record["took"], record["capped"] = [], None
