"""How much gas a deployment takes: the same transactions, run on an EVM in this process. Nothing leaves the machine.

The steps depend on one another, so a node cannot estimate the later ones before the earlier ones are mined. Here all of
them are mined, on a chain of their own that is thrown away. Its rules are Prague's; a chain with other prices differs.
"""

from collections.abc import Mapping
from dataclasses import replace

from loyaltychain.chain.devkeys import development_addresses, development_keys
from loyaltychain.chain.rpc import Receipt, Rpc, Web3Rpc
from loyaltychain.chain.signer import AllowedCall, KeySigner, PrivateKey, UnsignedTx
from loyaltychain.core.amounts import ratio_up
from loyaltychain.core.errors import InvariantError
from loyaltychain.deploy.deploy import step_intent
from loyaltychain.deploy.outline import publication
from loyaltychain.deploy.plan import DeployPlan
from loyaltychain.deploy.steps import STEPS
from loyaltychain.localchain.local_chain import LocalChain
from loyaltychain.localchain.provider import InProcessProvider

#: On top of what was measured: addresses with fewer zero bytes cost a little more.
MARGIN_PERCENT = 2
METHOD = (
    f"measured by running the same transactions on an EVM in this process (Prague's rules), plus {MARGIN_PERCENT} %; "
    "a chain that prices gas otherwise differs"
)
_GAS_LIMIT = 30_000_000  # of each transaction there; what is not used costs nothing
_FEE = 100_000_000_000  # wei a gas; the accounts there are rich


def measure(plan: DeployPlan, *, digest: bytes) -> dict[str, int]:
    """Gas of every step of ``plan`` by its name, and of ``publish``, the margin included.

    Args:
        digest: The programme's, as it will be published.

    Raises:
        InvariantError: a step fails, so it would fail on any chain.
    """
    there = _with_keys_of_ours(plan)
    chain = LocalChain(None)
    try:
        rpc = Web3Rpc(InProcessProvider(chain))
        addresses: dict[str, str] = {}
        used: dict[str, int] = {}
        for step in STEPS:
            intent = step_intent(there, step, addresses)
            receipt = _mine(rpc, there.roles["deployer"], intent.target, intent.calldata, name=step.name)
            used[step.name] = receipt.gas_used
            if step.creates is not None and receipt.contract_address is not None:
                addresses[step.creates] = receipt.contract_address
        last = publication(rpc, there, addresses, digest=digest)
        used[last.name] = _mine(rpc, last.signer, last.target, last.calldata, name=last.name).gas_used
    finally:
        chain.close()
    return {name: ratio_up(gas, times=100 + MARGIN_PERCENT, per=100) for name, gas in used.items()}


def _with_keys_of_ours(plan: DeployPlan) -> DeployPlan:
    """The plan with senders whose keys everybody knows: the real ones stay where they are."""
    ours = development_addresses()
    free = [address for address in ours if address not in {role.lower() for role in plan.roles.values()}]
    senders = {
        role: plan.roles[role] if plan.roles[role].lower() in ours else free[number]
        for number, role in enumerate(("deployer", "registrar"))
    }
    return replace(plan, roles={**plan.roles, **senders})


def _mine(rpc: Rpc, sender: str, target: str | None, calldata: bytes, *, name: str) -> Receipt:
    signer = _signer(rpc, sender, target, calldata)
    signed = signer.sign(
        UnsignedTx(rpc.chain_id(), rpc.nonce(sender), target, calldata, gas=_GAS_LIMIT, max_fee=_FEE, tip=0)
    )
    rpc.send_raw(signed.raw)
    receipt = rpc.receipt(signed.tx_hash)
    if receipt is None or receipt.status != 1:
        raise InvariantError("This step of the deployment fails, here and on any chain.", step=name)
    return receipt


def _signer(rpc: Rpc, sender: str, target: str | None, calldata: bytes) -> KeySigner:
    key = PrivateKey(bytes.fromhex(_keys()[sender.lower()]))
    allowed = [] if target is None else [AllowedCall(target, calldata[:4])]
    return KeySigner(key, allowed, chain_id=rpc.chain_id(), allowed_creations=target is None)


def _keys() -> Mapping[str, str]:
    return dict(zip(development_addresses(), development_keys(), strict=True))
