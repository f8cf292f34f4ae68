"""Attacks 20 to 27 of docs/ATTACKS.md: signatures, forwarders, votes. Each ends as its verdict there says."""

import pytest
from eth_utils.crypto import keccak

from loyaltychain.chain import artifacts
from tests.contracts import evm
from tests.contracts.builders import World, administer, read
from tests.contracts.evm import refused
from tests.contracts.surface import OURS, SHIPPED, has_function
from tests.contracts.test_bind import flipped
from tests.contracts.wallets import AGREEING, FAR, bind, consent, eoa, make_wallet, tell, vouch, wallet_of

MEMBER, ANN = 17, make_wallet(1)
NOBODY = "0x" + "00" * 20


def compact(signature: bytes) -> bytes:
    """ERC-2098's 64 bytes of a signature."""
    parity = (signature[64] - 27) << 255
    return signature[:32] + (int.from_bytes(signature[32:64]) | parity).to_bytes(32)


def test_attack_20__another_form_of_a_signature(world: World) -> None:
    agreed, voucher = consent(world, MEMBER, ANN), vouch(world, MEMBER, ANN.address)

    for form in (flipped, compact, lambda s: s[:64] + bytes([s[64] - 27]), lambda s: s + b"\0"):
        with refused("WrongConsent"):
            tell(world, "stranger", "bind", MEMBER, ANN.address, FAR, voucher, form(agreed))
        with refused("WrongVoucher"):
            tell(world, "stranger", "bind", MEMBER, ANN.address, FAR, form(voucher), agreed)


def test_attack_21__signatures_of_nobody(world: World) -> None:
    voucher, agreed = vouch(world, MEMBER, ANN.address), consent(world, MEMBER, ANN)
    garbage = b"\xff" * 64 + b"\x1b"  # recovers address zero

    for wrong in (garbage, bytes(65), b""):
        with refused("WrongConsent"):
            tell(world, "stranger", "bind", MEMBER, ANN.address, FAR, voucher, wrong)
    with refused("NoWallet", NOBODY):
        tell(world, "stranger", "bind", MEMBER, NOBODY, FAR, vouch(world, MEMBER, NOBODY), garbage)
    tell(world, "guardian", "stopBinding")  # from now on no signer: nobody's signature is not that signer's
    for wrong in (garbage, voucher):
        with refused("BindingIsStopped"):
            tell(world, "stranger", "bind", MEMBER, ANN.address, FAR, wrong, agreed)


def test_attack_22__replay_on_another_chain_or_deployment(world: World) -> None:
    agreed = consent(world, MEMBER, ANN)
    for changes in ({"chain_id": 1}, {"contract": world.ledger}):
        with refused("WrongVoucher"):
            tell(
                world,
                "stranger",
                "bind",
                MEMBER,
                ANN.address,
                FAR,
                vouch(world, MEMBER, ANN.address, **changes),
                agreed,
            )
    key = eoa(world, 0)
    arguments = (MEMBER, key.address, FAR, vouch(world, MEMBER, key.address), consent(world, MEMBER, key))
    tell(world, "stranger", "bind", *arguments)
    tell(world, key.address, "unbind")
    with refused("WrongVoucher"):
        tell(world, "stranger", "bind", *arguments)


def test_attack_23__a_forwarder_that_speaks_for_others(world: World) -> None:
    assert has_function("forwarder", "trusted") == set()
    assert has_function("multicall", among=OURS) == set()
    settler = bytes.fromhex(world.people["settler"][2:])
    call = bytes.fromhex(evm.encode("PointsLedger", "setSettler", world.people["stranger"])[2:])

    with refused("AccessManagedUnauthorized", world.people["stranger"]):
        evm.send(world.chain, world.ledger, call + settler, sender=world.people["stranger"])
    for short in (call[:4], call[:20], b""):
        with pytest.raises(evm.Refused):
            evm.send(world.chain, world.ledger, short, sender=world.people["stranger"])


@pytest.mark.parametrize("runtime", ["5f5ffd", "fe", "60015f5260205ff3", "5f5ff3"],
                         ids=["reverts", "burns all gas", "says one", "says nothing"])  # fmt: skip
def test_attack_24__a_wallet_that_answers_nonsense(world: World, runtime: str) -> None:
    code = bytes.fromhex(runtime)
    wallet = evm.create(world.chain, bytes([0x5F + len(code)]) + code + bytes.fromhex("5f52")
                        + bytes([0x60, len(code), 0x60, 32 - len(code), 0xF3]))  # fmt: skip
    assert bytes(world.chain.w3.eth.get_code(wallet)) == code != AGREEING

    with refused("WrongConsent"):
        tell(world, "stranger", "bind", MEMBER, wallet, FAR, vouch(world, MEMBER, wallet), b"any")


def test_attack_25__front_running_a_proposal(world: World) -> None:
    stranger, guardian = world.people["stranger"], world.people["guardian"]
    administer(world, "grantRole", 2, guardian, 3600)
    call = bytes.fromhex(evm.encode("PointsLedger", "setTransferLogs", True)[2:])
    schedule = evm.encode("AccessManager", "schedule", world.ledger, call, 0)

    with pytest.raises(evm.Refused, match="AccessManagerUnauthorizedCall"):
        evm.send(world.chain, world.manager, schedule, sender=stranger)
    evm.send(world.chain, world.manager, schedule, sender=guardian)  # an operation's id names who scheduled it
    cancel = evm.encode("AccessManager", "cancel", guardian, world.ledger, call)
    with pytest.raises(evm.Refused, match="AccessManagerUnauthorized"):
        evm.send(world.chain, world.manager, cancel, sender=stranger)
    assert has_function("castVote", "quorum", "queue") == set()


def test_attack_26__votes_of_points(world: World) -> None:
    assert has_function("vote", "checkpoints", "snapshot", "delegates") == set()
    bind(world, MEMBER, ANN)
    with pytest.raises(evm.Refused):
        evm.ask(world.chain, world.ledger, keccak(text="getVotes(address)")[:4] + bytes(32))
    assert wallet_of(world, MEMBER) == ANN.address.lower()


def test_attack_27__a_permit_that_a_fallback_swallows(world: World) -> None:
    permit = "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)"
    for target in (world.ledger, world.members, world.registry):
        with refused("HoldersCannotMovePoints", keccak(text=permit)[:4]):
            evm.ask(world.chain, target, keccak(text=permit)[:4] + bytes(224))
    with refused(""):
        evm.ask(world.chain, world.proofs, keccak(text=permit)[:4] + bytes(224))
    kinds = {name: {e["type"] for e in artifacts.load(name).abi} for name in SHIPPED}
    assert {name for name, types in kinds.items() if types & {"fallback", "receive"}} == {"PointsProxy"}
    assert read(world, "allowance", ANN.address, NOBODY) == 0
