"""What happened, in words and numbers: explanations of decisions, and the totals of a run. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from loyaltychain.core.amounts import POINTS
from loyaltychain.ledger import accounts
from loyaltychain.ledger.lots import Movement
from loyaltychain.ledger.plain import Plain
from loyaltychain.operations.types import OutcomeRow, StepReport
from loyaltychain.rules.points import in_points


@dataclass(frozen=True, slots=True)
class Fate:
    """What a handler says of its event: the explanation without the entries, and whether something of it waits."""

    explanation: dict[str, Any]
    is_parked: bool = False


@dataclass(frozen=True, slots=True)
class Sums:
    """Points moved by some movements; ``owed`` and ``run_out`` are parts of ``reversed``."""

    issued: int = 0
    redeemed: int = 0
    reversed: int = 0
    reinstated: int = 0
    refunded: int = 0
    owed: int = 0
    run_out: int = 0


_BY_DESTINATION = {accounts.REDEEMED: "redeemed", accounts.REVERSED: "reversed"}
_BY_SOURCE = {accounts.ISSUED: "issued", accounts.REVERSED: "reinstated", accounts.REDEEMED: "refunded"}


def add_up(movements: Iterable[Movement | Plain]) -> Sums:
    """The points that these movements moved, by what for."""
    sums: Counter[str] = Counter()
    issued = 0
    for movement in movements:
        if isinstance(movement, Plain):
            issued += movement.amount
            continue
        for posting in movement.entry.postings:
            if posting.unit != POINTS:
                continue
            if (name := _BY_SOURCE.get(posting.source)) is not None:
                sums[name] += posting.amount
            if (name := _BY_DESTINATION.get(posting.destination)) is not None:
                sums[name] += posting.amount
            if posting.destination == accounts.REVERSED and accounts.is_debt(posting.source):
                sums["owed"] += posting.amount
            if posting.destination == accounts.REVERSED and posting.source == accounts.EXPIRED:
                sums["run_out"] += posting.amount
    sums["issued"] += issued
    return Sums(**sums)


def explain_changes(movements: Iterable[Movement | Plain], *, nothing: str) -> str:
    """The movements in a sentence that an app can show; ``nothing`` when there are none."""
    sums = add_up(movements)
    said: list[str] = []
    if sums.issued:
        said.append(f"{in_points(sums.issued)} given.")
    if sums.reinstated:
        said.append(f"{in_points(sums.reinstated)} given again.")
    if sums.refunded:
        said.append(f"{in_points(sums.refunded)} refunded.")
    if sums.reversed:
        said.append(f"{in_points(sums.reversed)} taken back.")
    if sums.owed:
        said.append(f"{in_points(sums.owed)} of them had been spent and are owed.")
    if sums.run_out:
        said.append(f"{in_points(sums.run_out)} of them had expired.")
    return " ".join(said) or nothing


def explain_released(movements: Iterable[Movement | Plain]) -> str:
    """The points of holds that these movements released, in a sentence; empty when there are none."""
    points = sum(
        posting.amount
        for movement in movements
        if isinstance(movement, Movement) and movement.entry.kind == "release"
        for posting in movement.entry.postings
        if posting.unit == POINTS
    )
    return f"{in_points(points)} that were held for it are free again." if points else ""


def explain_numbers(movements: Sequence[Movement]) -> dict[str, Any]:
    """What an explanation says in numbers; ``not_undone`` lists what had happened with the points meanwhile."""
    sums = add_up(movements)
    numbers = {
        "issued": sums.issued,
        "reinstated": sums.reinstated,
        "refunded": sums.refunded,
        "taken_back": sums.reversed,
    }
    said: dict[str, Any] = {name: number for name, number in numbers.items() if number}
    undone = [{"what": what, "points": points} for what, points in (("spent", sums.owed), ("expired", sums.run_out))]
    if not_undone := [each for each in undone if each["points"]]:
        said["not_undone"] = not_undone
    return said


def make_report(decided: Sequence[OutcomeRow], movements: Sequence[Movement | Plain], parked: int) -> StepReport:
    """The figures of a run."""
    became = Counter(outcome for _, outcome, _, _ in decided)
    sums = add_up(movements)
    return StepReport(
        position=decided[-1][0],
        events=len(decided),
        posted=became["posted"],
        nothing=became["nothing"],
        refused=became["refused"],
        entries=len(movements),
        issued=sums.issued,
        redeemed=sums.redeemed,
        reversed=sums.reversed,
        reinstated=sums.reinstated,
        refunded=sums.refunded,
        owed=sums.owed,
        parked=parked,
    )
