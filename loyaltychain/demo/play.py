"""What a demo plays: a programme, a map, and files that come in week by week."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.clock import Clock, system_clock
from loyaltychain.demo.shop import Shop, weekly_files
from loyaltychain.events.map import EventMap, packaged_map
from loyaltychain.program.load import template


@dataclass(frozen=True, slots=True)
class Week:
    """One week's file, and when it is over by the play's clock."""

    file: Path
    ends_at: UnixSeconds


@dataclass(frozen=True, slots=True)
class Play:
    """A whole play. ``advance`` sets its clock; a play in real time leaves it alone."""

    program: str  # the text of the programme file
    event_map: EventMap
    weeks: tuple[Week, ...]
    clock: Clock
    advance: Callable[[UnixSeconds], None]


def simulated(shop: Shop, *, folder: Path, clock: Clock = system_clock) -> Play:
    """The simulated shop's weeks, as files in ``folder``, all of them past by the real clock."""
    folder.mkdir(parents=True, exist_ok=True)
    weeks: list[Week] = []
    for number, text in enumerate(weekly_files(shop), start=1):
        file = folder / f"week-{number:02d}.csv"
        file.write_text(text, encoding="utf-8")
        weeks.append(Week(file, ends_at=clock()))
    return Play(
        program=template("shop"),
        event_map=packaged_map("simulated_shop"),
        weeks=tuple(weeks),
        clock=clock,
        advance=lambda _: None,
    )
