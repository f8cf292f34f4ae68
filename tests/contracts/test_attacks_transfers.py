"""Attacks 9 to 12 of docs/ATTACKS.md: moving points between members. Each ends as its verdict there says."""

import pytest
from eth_utils.crypto import keccak

from tests.contracts import evm
from tests.contracts.builders import World, act, read, settle
from tests.contracts.evm import refused
from tests.contracts.surface import ORIGIN, OURS, has_function, instructions_of
from tests.contracts.test_proxy import MOVES, call_of
from tests.contracts.wallets import FAR, ask, bind, eoa, make_contract_wallets, make_wallet, tell


def test_attack_09__moving_points_by_another_door(world: World) -> None:
    for signature in MOVES:
        with refused("HoldersCannotMovePoints", keccak(text=signature)[:4]):
            evm.ask(world.chain, world.ledger, call_of(signature), sender=world.people["stranger"])
    assert has_function("transfer", "approve", "permit", "flash", "bridge", "mint", "delegate") == {
        "PointsLedger.transferLogs", "PointsLedger.setTransferLogs",
    }  # fmt: skip


@pytest.mark.parametrize("amount", [0, 1])
def test_attack_10__transfers_to_oneself_or_of_nothing(world: World, amount: int) -> None:
    key = eoa(world, 0)
    bind(world, 17, key)
    settle(world, {17: 5})
    for signature, arguments in (
        ("transfer(address,uint256)", [key.address]),
        ("transferFrom(address,address,uint256)", [key.address, key.address]),
    ):
        selector = keccak(text=signature)[:4]
        call = selector + b"".join(bytes(12) + bytes.fromhex(each[2:]) for each in arguments) + amount.to_bytes(32)
        with refused("HoldersCannotMovePoints", selector):
            evm.send(world.chain, world.ledger, call, sender=key.address)
    assert read(world, "balanceOf", key.address) == 5


def test_attack_11__selling_the_wallet(world: World) -> None:
    signer, sold = make_contract_wallets(world, 2)
    tell(world, "config", "setVoucherSigner", signer)
    tell(world, "stranger", "bind", 17, sold, FAR, b"", b"")
    settle(world, {17: 5})

    # Whoever owns the wallet now: the points are the number's, and the programme can take the wallet off it.
    assert read(world, "balanceOf", sold) == 5
    tell(world, "config", "forceUnbind", 17)

    assert (read(world, "balanceOf", sold), read(world, "balanceOfMember", 17)) == (0, 5)
    # Nothing asks whether a sender has code, or who began the transaction.
    assert {name for name in OURS if instructions_of(name)[ORIGIN]} == set()


def test_attack_12__taking_more_or_from_somebody_else(world: World) -> None:
    settle(world, {16: 5, 17: 5, 18: 5})
    bind(world, 17, make_wallet(1))
    for person in set(world.people) - {"settler"}:
        with refused("NotSettler", world.people[person]):
            settle(world, {17: -1}, sender=person)
    with refused("BalanceTooLow", 17, 5, -6):
        settle(world, {17: -6})

    settle(world, {17: -5})

    assert [read(world, "balanceOfMember", member) for member in (16, 17, 18)] == [5, 0, 5]
    assert ask(world, "walletOf", 17) == make_wallet(1).address.lower()
    with refused("AccessManagedUnauthorized", world.people["settler"]):
        act(world, "settler", "setSettler", world.people["stranger"])
