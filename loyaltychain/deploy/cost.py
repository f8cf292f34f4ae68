"""What a deployment will cost, and whether its accounts can pay: gas, the market's price, and data on layer 1.

Reads the chain's fees and balances; signs and sends nothing. How much gas it takes is ``measure``'s business.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loyaltychain.chain.fees import FeeBid, next_fees
from loyaltychain.chain.l1_fee import data_cost
from loyaltychain.chain.profiles import L1Fee, Profile
from loyaltychain.chain.rpc import Rpc
from loyaltychain.chain.signer import UnsignedTx
from loyaltychain.core.amounts import ratio_up
from loyaltychain.core.errors import InsufficientFunds
from loyaltychain.deploy.outline import PlannedTx


@dataclass(frozen=True, slots=True)
class TxCost:
    """One transaction and what it takes."""

    tx: PlannedTx
    gas: int  # that will be used, the margin and gas for layer 1 included
    data_wei: int  # for layer 1, beside the gas

    @property
    def gas_limit(self) -> int:
        """What the sender will sign with: a quarter above (``rehearse``)."""
        return ratio_up(self.gas, times=5, per=4)


@dataclass(frozen=True, slots=True)
class Prices:
    """Wei a gas."""

    now: int  # base fee and tip of the next block
    bid: int  # the most that a first attempt offers
    ceiling: int  # the most that any attempt offers


@dataclass(frozen=True, slots=True)
class Cost:
    """What one account has to pay, in wei."""

    role: str
    address: str
    balance: int
    gas: int
    data_wei: int
    at_current_fees: int
    at_ceiling: int
    needed: int  # that must be there from the beginning, so that no bid of a first attempt goes uncovered

    @property
    def is_covered(self) -> bool:
        return self.balance >= self.needed


def price_transactions(
    rpc: Rpc,
    l1_fee: L1Fee | None,
    waiting: Sequence[PlannedTx],
    gas: Mapping[str, int],
    *,
    prices: Prices,
    chain_id: int,
) -> list[TxCost]:
    """Each transaction with its gas and what the chain asks for its data now.

    Args:
        gas: Of the execution, by the transaction's name.

    Raises InvalidSettings when the chain does not charge as its profile says.
    """
    costs = []
    for tx in waiting:
        unsigned = UnsignedTx(chain_id, tx.nonce, tx.target, tx.calldata, gas=gas[tx.name], max_fee=prices.bid, tip=1)
        data = data_cost(rpc, l1_fee, unsigned)
        costs.append(TxCost(tx, gas[tx.name] + data.gas, data.wei))
    return costs


def read_prices(rpc: Rpc, profile: Profile) -> Prices:
    """What gas costs now, and what the profile lets it cost."""
    market = rpc.fees()
    bid = next_fees(None, market, profile)
    offered = bid.max_fee if isinstance(bid, FeeBid) else bid.ceiling
    return Prices(market.base_fee + max(market.tip, profile.min_tip), offered, profile.max_wei_per_gas)


def add_up(costs: Sequence[TxCost], prices: Prices, *, balances: Mapping[str, int]) -> list[Cost]:
    """The sums of each account, in the order in which they send first.

    Args:
        balances: Wei of each signer, by its address.
    """
    roles = dict.fromkeys((cost.tx.role, cost.tx.signer) for cost in costs)
    sums = []
    for role, signer in roles:
        own = [cost for cost in costs if cost.tx.signer == signer]
        gas, data = sum(cost.gas for cost in own), sum(cost.data_wei for cost in own)
        now, ceiling = gas * prices.now + data, gas * prices.ceiling + data
        sums.append(Cost(role, signer, balances[signer], gas, data, now, ceiling, _needed(own, prices)))
    return sums


def check_funds(sums: Sequence[Cost]) -> None:
    """Raise InsufficientFunds if an account cannot pay for its transactions; nothing was sent, so nothing is lost."""
    for cost in sums:
        if not cost.is_covered:
            raise InsufficientFunds(
                f"The {cost.role}'s account {cost.address} holds {cost.balance} wei and needs {cost.needed}: send it "
                f"{cost.needed - cost.balance} wei more, then run this again. Nothing was sent.",
                role=cost.role,
                address=cost.address,
                balance=cost.balance,
                needed=cost.needed,
            )


def _needed(costs: Sequence[TxCost], prices: Prices) -> int:
    """A node takes a transaction only when the account covers its gas limit at its bid; what came before is spent."""
    spent = needed = 0
    for cost in costs:
        needed = max(needed, spent + cost.gas_limit * prices.bid + cost.data_wei)
        spent += cost.gas * prices.now + cost.data_wei
    return max(needed, spent)
