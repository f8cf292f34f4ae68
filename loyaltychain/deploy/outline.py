"""Which transactions a deployment has still to send, and where its contracts will stand. Signs and writes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass

from loyaltychain.chain import artifacts, outbox
from loyaltychain.chain.abi import encode_call
from loyaltychain.chain.rlp import created_address
from loyaltychain.chain.rpc import Rpc
from loyaltychain.db.engine import Tx
from loyaltychain.deploy.deploy import step_intent
from loyaltychain.deploy.plan import DeployPlan
from loyaltychain.deploy.steps import STEPS


@dataclass(frozen=True, slots=True)
class PlannedTx:
    """One transaction before its signature."""

    name: str
    role: str  # whose key signs it
    signer: str
    nonce: int
    target: str | None  # None: a creation
    calldata: bytes
    creates: str | None = None  # the contract's name
    address: str | None = None  # and where it will stand


@dataclass(frozen=True, slots=True)
class Outline:
    """What is left of a deployment, and the addresses of all its contracts, those that exist already included."""

    waiting: list[PlannedTx]
    addresses: Mapping[str, str]
    done: int  # steps that are final


def outline(tx: Tx, rpc: Rpc, plan: DeployPlan) -> Outline:
    """The steps of ``plan`` that are not final yet, in order.

    Addresses follow from the deployer's nonces: those that steps hold already, then the next free ones.
    """
    deployer = plan.roles["deployer"].lower()
    free = max(rpc.nonce(deployer), outbox.next_nonce(tx, plan.chain_id, deployer))
    addresses: dict[str, str] = {}
    waiting: list[PlannedTx] = []
    for step in STEPS:
        intent = step_intent(plan, step, addresses)
        known = outbox.find_intent(tx, intent.id)
        if known is not None and known.state == "final":
            if step.creates is not None and known.contract_address is not None:
                addresses[step.creates] = known.contract_address
            continue
        nonce = free if known is None or known.nonce is None else known.nonce
        free = max(free, nonce + 1)
        address = None if step.creates is None else created_address(deployer, nonce)
        if step.creates is not None and address is not None:
            addresses[step.creates] = address
        waiting.append(
            PlannedTx(step.name, "deployer", deployer, nonce, intent.target, intent.calldata, step.creates, address)
        )
    return Outline(waiting, addresses, done=len(STEPS) - len(waiting))


def publication(rpc: Rpc, plan: DeployPlan, addresses: Mapping[str, str], *, digest: bytes) -> PlannedTx:
    """The transaction that puts a programme's hash on chain after a deployment, by the registrar."""
    registrar = plan.roles["registrar"].lower()
    call = encode_call(artifacts.load("ProgramRegistry").abi, "publish", (digest, 1))
    return PlannedTx("publish", "registrar", registrar, rpc.nonce(registrar), addresses["ProgramRegistry"], call)
