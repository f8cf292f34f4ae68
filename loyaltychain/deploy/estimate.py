"""A deployment looked at beforehand: its transactions, its contracts' addresses, its cost. Sends and signs nothing."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Engine

from loyaltychain.chain.profiles import Profile
from loyaltychain.chain.rpc import Rpc
from loyaltychain.db.engine import reading
from loyaltychain.deploy.cost import Cost, Prices, TxCost, add_up, price_transactions, read_prices
from loyaltychain.deploy.measure import measure
from loyaltychain.deploy.outline import outline, publication
from loyaltychain.deploy.plan import DeployPlan


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is left to send, and what it takes."""

    transactions: list[TxCost]  # in their order, the programme's publication last
    addresses: Mapping[str, str]  # of all contracts, by name
    done: int  # steps of an earlier start that are final
    prices: Prices
    accounts: list[Cost]

    @property
    def gas(self) -> int:
        return sum(cost.gas for cost in self.transactions)


def estimate_deployment(engine: Engine, rpc: Rpc, profile: Profile, plan: DeployPlan, *, digest: bytes) -> Estimate:
    """What ``plan`` has still to send at the fees of now.

    Args:
        digest: The programme's, which is published after the last step.

    Raises:
        InvalidSettings: the chain does not charge for data as its profile says.
        RpcUnavailable: the node does not answer.
    """
    with reading(engine) as tx:
        left = outline(tx, rpc, plan)
    waiting = [*left.waiting, publication(rpc, plan, left.addresses, digest=digest)]
    prices, gas = read_prices(rpc, profile), measure(plan, digest=digest)
    costs = price_transactions(rpc, profile.l1_fee, waiting, gas, prices=prices, chain_id=plan.chain_id)
    balances = {cost.tx.signer: rpc.balance(cost.tx.signer) for cost in costs}
    return Estimate(costs, left.addresses, left.done, prices, add_up(costs, prices, balances=balances))
