"""What rounds of the worker did, in figures that can be added up."""

from dataclasses import asdict, dataclass
from typing import Any

from loyaltychain.operations.conduct.step import ConductReport
from loyaltychain.operations.types import StepReport

_OF_A_STEP = ("events", "entries", "nothing", "refused", "parked", "issued", "redeemed", "reversed", "reinstated",
              "refunded", "owed")  # fmt: skip


@dataclass(frozen=True, slots=True)
class RunReport:
    """What one round did. ``issued`` to ``expired`` are points, as in ``StepReport``; ``gas_used`` is of all settled
    batches. ``parked`` counts events of which something waits for an order."""

    events: int = 0
    entries: int = 0
    nothing: int = 0
    refused: int = 0
    parked: int = 0
    issued: int = 0
    redeemed: int = 0
    reversed: int = 0
    reinstated: int = 0
    refunded: int = 0
    owed: int = 0
    expired: int = 0
    batches: int = 0
    updates: int = 0
    gas_used: int = 0
    grants: int = 0  # of behaviours: new ones, and what became of older ones
    looked_at: int = 0  # events, members and entries that the conduct step went through
    waiting_for: str | None = None  # why a batch could not be settled yet

    @classmethod
    def of_step(cls, step: StepReport) -> "RunReport":
        """What one run of ``earn_step`` did."""
        return cls(**{name: getattr(step, name) for name in _OF_A_STEP})

    @classmethod
    def of_conduct(cls, step: ConductReport) -> "RunReport":
        """What one run of ``conduct_step`` did; its events are those of ``earn_step``, and counted there."""
        return cls(
            entries=step.entries, issued=step.issued, reversed=step.reversed, reinstated=step.reinstated,
            grants=step.grants, looked_at=step.work,
        )  # fmt: skip

    @property
    def is_more(self) -> bool:
        """Whether there may be more to decide on."""
        return bool(self.events or self.looked_at)

    def plus(self, more: "RunReport") -> "RunReport":
        """Both rounds together; what is waited for now is what the later one waits for."""
        sums = {name: value + getattr(more, name) for name, value in asdict(self).items() if name != "waiting_for"}
        return RunReport(**sums, waiting_for=more.waiting_for)

    def document(self) -> dict[str, Any]:
        """The report as JSON can hold it."""
        return asdict(self)
