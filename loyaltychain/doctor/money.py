"""Whether the accounts that sign can pay, at what the next block asks: the settler its reserve, the registrar a
publication. What a deployment costs is ``deploy --dry-run``'s to say."""

from collections.abc import Mapping

from loyaltychain.chain.fees import CeilingReached, FeeBid, next_fees
from loyaltychain.chain.funds import Funds
from loyaltychain.chain.l1_fee import data_bound
from loyaltychain.chain.mainnets import MAINNETS
from loyaltychain.chain.profiles import Profile
from loyaltychain.chain.rpc import Rpc
from loyaltychain.chain.transactions import UnsignedTx
from loyaltychain.core import errors
from loyaltychain.doctor.finding import Finding, of_error
from loyaltychain.settlement.gas import DATA_BYTES_MAX

_HEAD_BYTES = 1_000  # of a batch's calldata beside its records, and more
_PUBLISH_GAS = 200_000  # a publication takes less
_NOBODY = "0x" + "00" * 20


def look_at_money(
    rpc: Rpc, profile: Profile, chain_id: int, addresses: Mapping[str, str], *, is_meant: bool
) -> list[Finding]:
    """A line for the price of gas, one for the data fee, one for each account that signs.

    Args:
        addresses: Role -> address, of the roles whose address is known.
        is_meant: Whether somebody has said that this main network is meant; whatever elsewhere.
    """
    try:
        bid = next_fees(None, rpc.fees(), profile)
        findings = [_judge_bid(bid, profile)]
        data_wei, data = _data_fee(rpc, profile, chain_id)
        findings += [data] if data is not None else []
        price = bid.max_fee if isinstance(bid, FeeBid) else bid.ceiling
        if address := addresses.get("settler"):
            cost = min(profile.tx_gas_cap * price + data_wei, profile.max_wei_per_batch)
            funds = Funds(balance=rpc.balance(address), batch=cost, batches=max(profile.reserve_batches, 1))
            findings.append(_judge_settler(address, funds))
        if address := addresses.get("registrar"):
            findings.append(_judge_registrar(address, rpc.balance(address), needed=_PUBLISH_GAS * price))
    except errors.RpcUnavailable as error:
        return [of_error("money", "balances", error, mend="Run this again when the node answers.")]
    return [*findings, *_judge_consent(chain_id, is_meant=is_meant)]


def _judge_bid(bid: FeeBid | CeilingReached, profile: Profile) -> Finding:
    if isinstance(bid, CeilingReached):
        found = f"{bid.wanted.max_fee} wei a gas are asked for, {bid.ceiling} may be bid at most"
        return Finding("money", "gas price", "warn", found, "Batches wait until gas is cheaper; nothing is lost.")
    found = f"a first bid is {bid.max_fee} wei a gas, tip {bid.tip}; no bid exceeds {profile.max_wei_per_gas}"
    return Finding("money", "gas price", "ok", found)


def _data_fee(rpc: Rpc, profile: Profile, chain_id: int) -> tuple[int, Finding | None]:
    """The most that the largest batch pays for its data, in wei beside the gas."""
    if profile.l1_fee is None:
        return 0, None
    tx = UnsignedTx(chain_id, 0, _NOBODY, b"\xff" * (DATA_BYTES_MAX + _HEAD_BYTES), profile.tx_gas_cap, 1, 1)
    try:
        wei = data_bound(rpc, profile.l1_fee, tx)
    except errors.InvalidSettings as error:
        mend = "Name the network whose chain this is; on a development node, the rollup's contracts are missing."
        return 0, of_error("money", "data on layer 1", error, mend=mend)
    found = f"{wei} wei for the largest batch" if profile.l1_fee == "op-stack" else "in gas, as the node estimates it"
    return wei, Finding("money", "data on layer 1", "ok", found)


def _judge_settler(address: str, funds: Funds) -> Finding:
    found = f"{address} holds {funds.balance} wei, {funds.lasts} of the largest batches"
    if funds.state == "enough":
        return Finding("money", "settler's balance", "ok", found)
    return Finding("money", "settler's balance", "fail" if funds.state == "short" else "warn", found, funds.advice)


def _judge_registrar(address: str, balance: int, *, needed: int) -> Finding:
    found = f"{address} holds {balance} wei"
    if balance < needed:
        mend = f"Send it {needed - balance} wei before the next programme is published."
        return Finding("money", "registrar's balance", "warn", found, mend)
    return Finding("money", "registrar's balance", "ok", found)


def _judge_consent(chain_id: int, *, is_meant: bool) -> list[Finding]:
    if chain_id not in MAINNETS:
        return []
    name = "main network"
    if is_meant:
        return [Finding("money", name, "ok", f"{MAINNETS[chain_id]} is meant: somebody has said so")]
    mend = "If you mean it: --i-know-this-is-mainnet with the first command that sends."
    return [Finding("money", name, "warn", f"{MAINNETS[chain_id]}: nobody has said yet that it is meant", mend)]
