"""How ``deploy --dry-run`` speaks: the transactions, the contracts' addresses, the cost against the balances."""

from typing import Any

from rich.table import Table

from loyaltychain.chain.profiles import Profile
from loyaltychain.cli.networks import assumptions
from loyaltychain.cli.output import print_facts, stdout
from loyaltychain.deploy.cost import Cost
from loyaltychain.deploy.estimate import Estimate
from loyaltychain.deploy.measure import METHOD
from loyaltychain.deploy.plan import DeployPlan

_WEI = 10**18  # of a chain's coin


def estimate_document(estimate: Estimate, plan: DeployPlan, profile: Profile) -> dict[str, Any]:
    """The estimate as JSON can hold it; amounts of wei are decimal texts, since they do not fit a double."""
    return {
        "dry_run": True,
        "network": plan.network,
        "chain_id": plan.chain_id,
        "contracts": dict(estimate.addresses),
        "steps_done": estimate.done,
        "steps": [
            {
                "name": cost.tx.name,
                "signer": cost.tx.role,
                "nonce": cost.tx.nonce,
                "target": cost.tx.target,
                "creates": cost.tx.creates,
                "address": cost.tx.address,
                "bytes": len(cost.tx.calldata),
                "gas": cost.gas,
                "data_wei": str(cost.data_wei),
            }
            for cost in estimate.transactions
        ],
        "gas": estimate.gas,
        "gas_method": METHOD,
        "wei_per_gas": {
            "now": str(estimate.prices.now),
            "bid": str(estimate.prices.bid),
            "ceiling": str(estimate.prices.ceiling),
        },
        "accounts": [_account(cost) for cost in estimate.accounts],
        "assumed": assumptions(profile),
    }


def print_estimate(estimate: Estimate, plan: DeployPlan, profile: Profile) -> None:
    """The same as tables."""
    names = {address: name for name, address in estimate.addresses.items()}
    title = f"Dry run on {plan.network} (chain {plan.chain_id}): {len(estimate.transactions)} transactions"
    table = Table("step", "calls", "bytes", "gas", title=title, title_justify="left", box=None, pad_edge=False)
    for column in table.columns[2:]:
        column.justify = "right"
    for cost in estimate.transactions:
        calls = "" if cost.tx.target is None else names.get(cost.tx.target, cost.tx.target)
        table.add_row(cost.tx.name, calls, f"{len(cost.tx.calldata):,}", f"{cost.gas:,}")
    stdout.print(table)
    print_facts("Contracts that will stand", dict(estimate.addresses))
    if estimate.done:
        stdout.print(f"{estimate.done} steps of an earlier start are done and are not sent again.")
    print_facts("Cost", {
        "gas": f"{estimate.gas:,}, {METHOD}",
        "wei a gas": f"{estimate.prices.now:,} now, {estimate.prices.ceiling:,} at most",
        **{f"{cost.role}": _in_words(cost) for cost in estimate.accounts},
    })  # fmt: skip
    print_facts("Assumed of this chain", dict(line.split(": ", 1) for line in assumptions(profile)))
    stdout.print("Nothing was signed and nothing was sent.")


def coins(wei: int) -> str:
    """Wei in the chain's own coin, exact."""
    return f"{wei // _WEI}.{wei % _WEI:018d}".rstrip("0").rstrip(".")


def _account(cost: Cost) -> dict[str, Any]:
    return {
        "role": cost.role,
        "address": cost.address,
        "gas": cost.gas,
        "data_wei": str(cost.data_wei),
        "at_current_fees": str(cost.at_current_fees),
        "at_ceiling": str(cost.at_ceiling),
        "needed": str(cost.needed),
        "balance": str(cost.balance),
        "covered": cost.is_covered,
    }


def _in_words(cost: Cost) -> str:
    data = f", {coins(cost.data_wei)} of it for data on layer 1" if cost.data_wei else ""
    verdict = "enough" if cost.is_covered else f"[!] {coins(cost.needed - cost.balance)} too little"
    return (
        f"{coins(cost.at_current_fees)} at current fees{data}; at most {coins(cost.at_ceiling)}. "
        f"{cost.address} needs {coins(cost.needed)} to begin and holds {coins(cost.balance)}: {verdict}"
    )
