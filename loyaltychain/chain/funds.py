"""Whether a signer's ether lasts: for the next batch, and for some more after it. Pure; reads no chain.

Low is a warning, since settling goes on; short parks what it is short for, until ether is there (``rehearse``).
"""

from dataclasses import dataclass
from typing import Literal

State = Literal["enough", "low", "short"]


@dataclass(frozen=True, slots=True)
class Funds:
    """A signer's balance beside what batches cost, in wei.

    Args:
        batch: What one batch may cost at the present bid, data on layer 1 included.
        batches: How many the reserve is for, from the chain's profile.
    """

    balance: int
    batch: int
    batches: int

    @property
    def reserve(self) -> int:
        """What should be there."""
        return self.batch * self.batches

    @property
    def lasts(self) -> int:
        """Batches that can be paid; the reserve's number when one costs nothing."""
        return self.balance // self.batch if self.batch else self.batches

    @property
    def state(self) -> State:
        """Short: not even one batch; low: fewer than the reserve is for."""
        if self.balance < self.batch:
            return "short"
        return "low" if self.balance < self.reserve else "enough"

    @property
    def advice(self) -> str:
        """What to do, in words; empty when nothing is."""
        if self.state == "enough":
            return ""
        missing = self.reserve - self.balance
        return f"It pays for {self.lasts} of the {self.batches} batches that the reserve is for: send it {missing} wei."
