"""Whether a watch sees anything: no look for a while, or none but old blocks, is an alarm before a window ends."""

from typing import Final

from loyaltychain.chain.pulse import Alarms, take_pulse
from loyaltychain.core.clock import Clock
from loyaltychain.watch.look import Sight
from loyaltychain.watch.notes import Note, note_blind, note_silent
from loyaltychain.watch.standing import Standing, stage_of

BLIND_AFTER: Final = 300  # seconds without a look that came to its end


class Blindness:
    """By our own clock; where there is none, nothing is told."""

    def __init__(self, clock: Clock | None, limits: Alarms) -> None:
        self._clock = clock
        self._limits = limits
        self._standing = Standing()
        self._since = 0 if clock is None else clock()  # of the last look
        self._last: Sight | None = None

    def see(self, sight: Sight) -> list[Note]:
        """A look came to its end. What is to be told of it, here that blocks are too old."""
        self._last = sight
        if self._clock is None:
            return []
        self._since = now = self._clock()
        pulse = take_pulse(now=now, head_time=sight.time, final_time=None)
        is_old = pulse.state(self._limits) == "silent"
        reason = pulse.reason(self._limits) if is_old else None
        return self._standing.update({} if reason is None else {"silent": note_silent(reason)})

    def fail(self) -> list[Note]:
        """A look came to nothing. What is to be told of it, once it was the last of too many."""
        if self._clock is None:
            return []
        seconds = self._clock() - self._since
        if seconds < BLIND_AFTER:
            return []
        last = self._last
        window = 0 if last is None else last.mode.challenge_window
        deadline = None if last is None or not window else last.time + window
        # A batch that came right after the last look is final when the window of that look is over.
        left = None if last is None or deadline is None else deadline - (last.time + seconds)
        return self._standing.update({"blind": note_blind(seconds, deadline, left=left)},
                                     stage=stage_of(left=left, window=window))  # fmt: skip

    @property
    def is_any(self) -> bool:
        """Whether an alarm of this kind stands."""
        return self._standing.is_any
