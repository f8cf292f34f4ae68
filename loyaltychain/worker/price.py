"""Whether now is the time to seal, by what gas costs. The judgement is ``settlement/gas_policy.py``'s.

Without a price in the settings, any is right: a batch is sealed when it is due.
"""

from loyaltychain.db.engine import reading
from loyaltychain.settlement.gas_policy import GasPolicy, judge
from loyaltychain.settlement.lag import oldest_unsealed
from loyaltychain.wiring import World


def why_later(world: World) -> str | None:
    """Why the next batch is not sealed now; None if it is, or nothing waits for one. Raises RpcUnavailable."""
    gas = world.project.settings.gas
    policy = GasPolicy(gas.calm_wei_per_gas, gas.patience_seconds)
    if policy.calm_wei_per_gas is None:
        return None
    with reading(world.engine) as tx:
        oldest = oldest_unsealed(tx)
    if oldest is None:
        return None
    fees = world.rpc.fees()
    price = fees.base_fee + max(fees.tip, world.profile.min_tip)
    if judge(policy, wei_per_gas=price, oldest_age=world.clock() - oldest) == "now":
        return None
    return (
        f"cheaper gas: it costs {price} wei, and up to {policy.calm_wei_per_gas} wei are calm; the oldest entry waits "
        f"for {policy.patience_seconds} s at most"
    )
