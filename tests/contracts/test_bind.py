"""
bind
├── given both signatures, anybody binds; the outcome is the same whoever submits
├── given a contract wallet or a contract as voucher signer (ERC-1271), it asks the contract
├── given a voucher or a consent over anything else, by anybody else or in another form, it refuses
├── given the same signatures again, after the wallet left, it refuses
├── given a number that is no member's, a wallet that is none, or a side that is bound, it refuses
├── given a deadline that passed, it refuses; on the second itself it binds
└── given no ledger yet, or no voucher signer, it refuses
"""

import pytest
from eth_utils.crypto import keccak

from tests.contracts import evm
from tests.contracts.builders import (
    World,
    make_members_initialisation,
    read,
    settle,
)
from tests.contracts.evm import refused
from tests.contracts.wallets import (
    AGREEING,
    CURVE_ORDER,
    FAR,
    ask,
    bind,
    consent,
    eoa,
    make_contract_wallets,
    make_wallet,
    nonce_of,
    tell,
    vouch,
    wallet_of,
)

NOBODY = "0x" + "00" * 20
MEMBER = 17
ANN, BOB = make_wallet(1), make_wallet(2)


@pytest.mark.parametrize("person", ["stranger", "registrar", "settler"])
def test_bind__given_both_signatures__anybody_binds(world: World, person: str) -> None:
    settle(world, {MEMBER: 30, 18: 5})

    receipt = bind(world, MEMBER, ANN, person=person)

    (log,) = receipt["logs"]  # without transfer logs, there is nothing else
    assert [bytes(topic) for topic in log["topics"]] == [
        keccak(text="WalletBound(uint32,address)"), MEMBER.to_bytes(32), bytes(12) + bytes.fromhex(ANN.address[2:]),
    ]  # fmt: skip
    assert wallet_of(world, MEMBER) == ANN.address.lower()
    assert ask(world, "memberOf", ANN.address, types=("uint32",)) == MEMBER
    assert ask(world, "walletsOf", [18, MEMBER], types=("address[]",)) == (NOBODY, ANN.address.lower())
    assert read(world, "balanceOf", ANN.address) == 30
    assert read(world, "balanceOf", BOB.address) == 0
    assert read(world, "allowance", ANN.address, BOB.address) == 0
    assert nonce_of(world, MEMBER) == 1


@pytest.mark.parametrize("member", [1, 2**27 - 1])
def test_bind__given_the_first_or_the_last_number__binds(world: World, member: int) -> None:
    bind(world, member, ANN)

    assert ask(world, "memberOf", ANN.address, types=("uint32",)) == member


def test_bind__given_contracts_that_agree__binds(world: World) -> None:
    signer, wallet = make_contract_wallets(world, 2)
    tell(world, "config", "setVoucherSigner", signer)

    tell(world, "stranger", "bind", MEMBER, wallet, FAR, b"", b"any form")

    assert wallet_of(world, MEMBER) == wallet.lower()


@pytest.mark.parametrize(
    "answer",
    [bytes(4), bytes.fromhex("ffffffff"), bytes.fromhex("1626ba7f")],
    ids=["nothing", "no", "almost the magic value"],
)
def test_bind__given_a_contract_that_does_not_agree__refuses(world: World, answer: bytes) -> None:
    runtime = AGREEING.replace(bytes.fromhex("1626ba7e"), answer)
    wallet = evm.create(world.chain, bytes([0x60 + len(runtime) - 1]) + runtime + bytes.fromhex("5f52600e6012f3"))
    assert bytes(world.chain.w3.eth.get_code(wallet)) == runtime

    with refused("WrongConsent"):
        tell(world, "stranger", "bind", MEMBER, wallet, FAR, vouch(world, MEMBER, wallet), b"")


def flipped(signature: bytes) -> bytes:
    """The other signature of the same digest: r, n - s, and the other v."""
    s = int.from_bytes(signature[32:64])
    return signature[:32] + (CURVE_ORDER - s).to_bytes(32) + bytes([55 - signature[64]])


OTHER_THAN_ASKED = {
    "another member": {"member": 18},
    "another wallet": {"wallet": BOB.address},
    "another nonce": {"nonce": 1},
    "another deadline": {"deadline": FAR - 1},
    "another chain": {"chain_id": 1},
    "another contract": {"contract": BOB.address},
}


@pytest.mark.parametrize("changes", OTHER_THAN_ASKED.values(), ids=OTHER_THAN_ASKED)
def test_bind__given_a_voucher_over_anything_else__refuses(world: World, changes: dict) -> None:
    signed = {"member": MEMBER, "wallet": ANN.address} | changes

    with refused("WrongVoucher"):
        tell(world, "stranger", "bind", MEMBER, ANN.address, FAR,
             vouch(world, **signed), consent(world, MEMBER, ANN))  # fmt: skip


@pytest.mark.parametrize("changes", OTHER_THAN_ASKED.values(), ids=OTHER_THAN_ASKED)
def test_bind__given_a_consent_over_anything_else__refuses(world: World, changes: dict) -> None:
    signed = {"member": MEMBER} | changes

    with refused("WrongConsent"):
        tell(world, "stranger", "bind", MEMBER, ANN.address, FAR,
             vouch(world, MEMBER, ANN.address), consent(world, key=ANN, **signed))  # fmt: skip


def test_bind__given_a_signature_of_anybody_else_or_in_another_form__refuses(world: World) -> None:
    voucher, agreed = vouch(world, MEMBER, ANN.address), consent(world, MEMBER, ANN)
    by_others = vouch(world, MEMBER, ANN.address, key=BOB), consent(world, MEMBER, BOB, wallet=ANN.address)

    for wrong in (by_others[0], flipped(voucher), voucher[:64], voucher[:-1] + b"\x1d", b"", agreed):
        with refused("WrongVoucher"):
            tell(world, "stranger", "bind", MEMBER, ANN.address, FAR, wrong, agreed)
    for wrong in (by_others[1], flipped(agreed), agreed[:64], agreed[:-1] + b"\x1d", b"", voucher):
        with refused("WrongConsent"):
            tell(world, "stranger", "bind", MEMBER, ANN.address, FAR, voucher, wrong)


def test_bind__given_signatures_that_were_used__refuses(world: World) -> None:
    key = eoa(world, 0)
    arguments = (MEMBER, key.address, FAR, vouch(world, MEMBER, key.address), consent(world, MEMBER, key))
    tell(world, "stranger", "bind", *arguments)
    tell(world, key.address, "unbind")

    with refused("WrongVoucher"):
        tell(world, "stranger", "bind", *arguments)


@pytest.mark.parametrize("member", [0, 2**27, 2**32 - 1])
def test_bind__given_a_number_that_is_no_members__refuses(world: World, member: int) -> None:
    with refused("NoMemberNumber", member):
        bind(world, member, ANN)


def test_bind__given_an_address_that_is_no_wallet__refuses(world: World) -> None:
    for address in (NOBODY, world.members, world.ledger):
        with refused("NoWallet", address):
            tell(world, "stranger", "bind", MEMBER, address, FAR, vouch(world, MEMBER, address), b"")


def test_bind__given_a_side_that_is_bound__refuses(world: World) -> None:
    bind(world, MEMBER, ANN)

    with refused("WalletIsBound", ANN.address, MEMBER):
        bind(world, 18, ANN)
    with refused("WalletIsBound", ANN.address, MEMBER):
        bind(world, MEMBER, ANN)
    with refused("MemberIsBound", MEMBER, ANN.address):
        bind(world, MEMBER, BOB)


@pytest.mark.parametrize(("late", "binds"), [(0, True), (1, False)])
def test_bind__given_a_deadline__binds_until_that_second(world: World, late: int, binds: bool) -> None:
    deadline = evm.now(world.chain) + 100_000
    signatures = [
        vouch(world, MEMBER, ANN.address, deadline=deadline),
        consent(world, MEMBER, ANN, deadline=deadline),
    ]
    world.chain.tester.time_travel(deadline + late)

    if binds:
        tell(world, "stranger", "bind", MEMBER, ANN.address, deadline, *signatures)
        assert evm.now(world.chain) == deadline
    else:
        with refused("DeadlinePassed", deadline):
            tell(world, "stranger", "bind", MEMBER, ANN.address, deadline, *signatures)


def test_bind__given_no_ledger_yet__refuses(world: World) -> None:
    young = evm.deploy(world.chain, "PointsProxy", world.members_implementation,
                       make_members_initialisation(authority=world.manager))  # fmt: skip
    call = evm.encode("MemberRegistry", "bind", MEMBER, ANN.address, FAR, b"", b"")

    with refused("LedgerIsNotSet"):
        evm.send(world.chain, young, call, sender=world.people["stranger"])
