"""What a hostile deployer would put on chain, assembled by hand: a forged constructor, and code that comes and goes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from eth._utils.address import generate_contract_address
from eth_typing import Address

from loyaltychain.audit.views import IMPLEMENTATION_SLOT
from loyaltychain.chain import artifacts
from loyaltychain.chain.rpc import Receipt
from loyaltychain.chain.signer import AllowedCall, KeySigner, UnsignedTx
from loyaltychain.core.hashing import keccak256, to_hex
from loyaltychain.deploy.manifest import make_manifest
from loyaltychain.deploy.steps import STEPS
from loyaltychain.wiring import World, wanted_plan
from tests.audit.builders import word
from tests.audit.scenario import creation_of

HIDDEN = "0x" + "66" * 20
GWEI = 10**9
_ROLES_SLOT = 1  # of AccessManager: mapping(uint64 role => struct that begins with mapping(address => Access))
_ROLE_GRANTED = keccak256(b"RoleGranted(uint64,address,uint32,uint48,bool)")

#: Creates a contract with its calldata as creation code, at an address that only this code decides (CREATE2, salt 0).
FACTORY = bytes.fromhex("365f5f375f365f5ff500")
#: Creates a contract with its calldata as creation code; without calldata it destroys itself.
NEST = bytes.fromhex("3660065733ff5b365f5f37365f5ff000")
#: As an implementation: answers proxiableUUID with EIP-1967's slot, else stores its second argument at its first;
#: without calldata it destroys itself.
BURGLAR = bytes.fromhex(
    "3660065733ff5b5f3560e01c6352d1902d14601d5760243560043555005b7f" + word(IMPLEMENTATION_SLOT).hex() + "5f5260205ff3"
)


def act(world: World, role: str, target: str | None, calldata: bytes, *, gas: int | None = None) -> Receipt:
    """A transaction of a role's key that no database knows of: without a target a creation, without gas estimated."""
    rpc = world.rpc
    allowed = [] if target is None else [AllowedCall(target, calldata[:4])]
    signer = KeySigner(world.key(role), allowed, chain_id=rpc.chain_id(), allowed_creations=target is None)
    signed = signer.sign(
        UnsignedTx(
            chain_id=rpc.chain_id(),
            nonce=rpc.nonce(signer.address),
            target=target,
            calldata=calldata,
            gas=gas or rpc.estimate_gas(target, calldata, sender=signer.address),
            max_fee=10 * GWEI,
            tip=GWEI,
        )
    )
    rpc.send_raw(signed.raw)
    receipt = rpc.receipt(signed.tx_hash)
    assert receipt is not None
    assert receipt.status == 1
    return receipt


def deploy_by_hand(
    world: World,
    *,
    forge: Mapping[str, Callable[[World], bytes]] | None = None,
    meanwhile: Callable[[str], int] | None = None,
) -> dict[str, Any]:
    """The manifest of a deployment that somebody made with tools of their own.

    Args:
        forge: By the name of a step: the bytes to send instead of the true ones.
        meanwhile: Done with the access manager's address once it is there; answers the first block to claim.
    """
    plan = wanted_plan(world)
    addresses: dict[str, str] = {}
    creations: dict[str, str] = {}
    first_block = 0
    for step in STEPS:
        target = None if step.target is None else addresses[step.target]
        forged = (forge or {}).get(step.name)
        outcome = act(world, "deployer", target, forged(world) if forged else step.build(plan, addresses))
        if step.creates is not None:
            addresses[step.creates] = str(outcome.contract_address)
            creations[step.creates] = to_hex(outcome.tx_hash)
        if step.creates == "AccessManager":
            first_block = meanwhile(addresses["AccessManager"]) if meanwhile else outcome.block_number
    return make_manifest(plan, addresses, creations=creations, first_block=first_block)


def forged_manager(world: World) -> bytes:
    """Creation code that makes two addresses ADMIN, logs one of them as the true code would, and leaves that code."""
    deployer = world.key("deployer").address
    runtime = artifacts.load("AccessManager").runtime_code
    members = keccak256(word(0) + word(_ROLES_SLOT))
    program = bytearray()
    for account in (HIDDEN, deployer):
        program += b"\x60\x01\x7f" + keccak256(word(int(account, 16)) + members) + b"\x55"  # since 1, no delay
    program += bytes.fromhex("42602052600160405273") + bytes.fromhex(deployer[2:]) + b"\x5f\x7f" + _ROLE_GRANTED
    program += bytes.fromhex("60605fa3")
    size, tail = len(runtime).to_bytes(2), 14
    program += b"\x61" + size + b"\x61" + (len(program) + tail - 1).to_bytes(2) + b"\x5f\x39\x61" + size + b"\x5f\xf3"
    return bytes(program) + runtime


def script(calls: Sequence[tuple[str, bytes]]) -> bytes:
    """Creation code that makes these calls one after the other in one transaction, and fails if one of them does."""
    call_bytes, end = 43, 7
    fail = len(calls) * call_bytes + 3
    at = fail + end - 3
    program = bytearray()
    for target, content in calls:
        size = len(content).to_bytes(2)
        program += b"\x61" + size + b"\x61" + at.to_bytes(2) + b"\x5f\x39"  # memory[0:] = content
        program += b"\x5f\x5f\x61" + size + b"\x5f\x5f\x73" + bytes.fromhex(target[2:]) + b"\x5a\xf1"
        program += b"\x15\x61" + fail.to_bytes(2) + b"\x57"
        at += len(content)
    program += bytes.fromhex("5f5ff35b5f5ffd")
    return bytes(program) + b"".join(content for _, content in calls)


def created_by(creator: str, nonce: int) -> str:
    """The address of what ``creator`` creates with that nonce."""
    return to_hex(generate_contract_address(Address(bytes.fromhex(creator[2:])), nonce))


def nest_of(factory: str) -> str:
    """The address at which a factory creates ``NEST``, as often as it is gone again."""
    code_hash = keccak256(creation_of(NEST))
    return to_hex(keccak256(b"\xff" + bytes.fromhex(factory[2:]) + bytes(32) + code_hash)[12:])
