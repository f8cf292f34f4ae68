"""Whether a chain is alive: how old its newest block is, and its newest final one. Pure; asks no node and no clock.

A silent chain is one to send nothing to: whatever is signed now waits at an unknown price. A late one is alive and does
not make its blocks final: signing goes on, and somebody should look. Neither concerns the ledger.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

State = Literal["ok", "silent", "late"]


class Alarms(Protocol):
    """The part of a chain profile that says what is too old, in seconds; None: nothing is."""

    @property
    def head_alarm(self) -> int | None: ...
    @property
    def final_alarm(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class ChainPulse:
    """Ages by our own clock, in seconds; below zero where it is behind the chain's.

    A clock that is wrong by more than an alarm makes the pulse wrong: ``doctor`` shows that.
    """

    head_age: int
    final_age: int | None  # None: not asked for

    def state(self, alarms: Alarms) -> State:
        """``silent`` comes before ``late``: without blocks, nothing becomes final either."""
        if alarms.head_alarm is not None and self.head_age > alarms.head_alarm:
            return "silent"
        if alarms.final_alarm is not None and self.final_age is not None and self.final_age > alarms.final_alarm:
            return "late"
        return "ok"

    def reason(self, alarms: Alarms) -> str | None:
        """What is wrong, as one clause for people; None when nothing is."""
        match self.state(alarms):
            case "silent":
                return f"the chain is silent: its newest block is {self.head_age} s old ({alarms.head_alarm} at most)"
            case "late":
                return (
                    f"finality is late: the newest final block is {self.final_age} s old ({alarms.final_alarm} at most)"
                )
            case _:
                return None


def take_pulse(*, now: int, head_time: int, final_time: int | None) -> ChainPulse:
    """The pulse at ``now`` from the times of the newest block and of the newest final one, unix seconds all three."""
    return ChainPulse(now - head_time, None if final_time is None else now - final_time)
