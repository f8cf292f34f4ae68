"""When a backlog is settled, by what gas costs: at once while it is cheap, later and in fewer batches while it is dear.

Pure. The cost of one member's update falls as a batch grows, so waiting costs less than it saves; but not for ever.
"""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["now", "dear"]


@dataclass(frozen=True, slots=True)
class GasPolicy:
    """What the project's settings say.

    Args:
        calm_wei_per_gas: Up to this price (base fee and tip) batches are settled as they come; None: at any price.
        patience_seconds: How long the oldest unsettled entry waits for a lower price; then it is settled at any price
            that the profile's ceilings allow.
    """

    calm_wei_per_gas: int | None = None
    patience_seconds: int = 0


def judge(policy: GasPolicy, *, wei_per_gas: int, oldest_age: int) -> Verdict:
    """Whether to seal and submit now.

    Args:
        wei_per_gas: What the next block asks, base fee and tip.
        oldest_age: Seconds since the oldest entry that is in no batch was recorded.
    """
    if policy.calm_wei_per_gas is None or wei_per_gas <= policy.calm_wei_per_gas:
        return "now"
    return "dear" if oldest_age < policy.patience_seconds else "now"
