"""
setVoucherSigner, stopBinding
├── given another signer, old vouchers are worth nothing
└── given a stop, nothing binds until there is a signer again
setLedger
└── given a second time, or a ledger that names another registry, it refuses
initialize
├── given an unusable value, or a second call, it refuses
└── given a fresh deployment, every value it was given can be read
onBinding
└── given anybody but the registry, it refuses
supportsInterface
└── given an interface id, it claims what is there and nothing else
upgradeToAndCall
└── given a new copy of the implementation, every binding stays
"""

import pytest

from tests.contracts import evm
from tests.contracts.builders import (
    REBIND_DELAY,
    VOUCHER_KEY,
    World,
    act,
    initialise_for,
    make_members_initialisation,
)
from tests.contracts.evm import refused
from tests.contracts.test_proxy import IMPLEMENTATION_SLOT
from tests.contracts.wallets import (
    FAR,
    ask,
    bind,
    consent,
    eoa,
    make_wallet,
    names_of,
    nonce_of,
    propose,
    tell,
    vouch,
    wallet_of,
)

NOBODY = "0x" + "00" * 20
MEMBER = 17
ANN, BOB = make_wallet(1), make_wallet(2)


def test_set_voucher_signer__given_another__old_vouchers_are_worth_nothing(world: World) -> None:
    receipt = tell(world, "config", "setVoucherSigner", BOB.address)

    assert names_of(receipt) == ["VoucherSignerChanged"]
    with refused("WrongVoucher"):
        bind(world, MEMBER, ANN)
    voucher = vouch(world, MEMBER, ANN.address, key=BOB)
    tell(world, "stranger", "bind", MEMBER, ANN.address, FAR, voucher, consent(world, MEMBER, ANN))
    assert wallet_of(world, MEMBER) == ANN.address.lower()


def test_set_voucher_signer__given_zero__refuses(world: World) -> None:
    with refused("ZeroVoucherSigner"):
        tell(world, "config", "setVoucherSigner", NOBODY)


def test_stop_binding__given_a_stop__nothing_binds_until_there_is_a_signer(world: World) -> None:
    key = eoa(world, 0)
    bind(world, MEMBER, ANN)
    bind(world, 18, key)
    propose(world, MEMBER, BOB)
    evm.travel(world.chain, seconds=REBIND_DELAY + 1)

    receipt = tell(world, "guardian", "stopBinding")

    assert names_of(receipt) == ["VoucherSignerChanged"]
    assert ask(world, "voucherSigner") == NOBODY
    with refused("BindingIsStopped"):
        bind(world, 19, BOB)
    with refused("BindingIsStopped"):
        propose(world, 18, BOB)
    with refused("BindingIsStopped"):
        tell(world, "stranger", "executeRebind", MEMBER)
    with refused("BindingIsStopped"):
        tell(world, "guardian", "stopBinding")
    tell(world, key.address, "unbind")  # leaving is always possible
    tell(world, "config", "setVoucherSigner", VOUCHER_KEY.address)
    tell(world, "stranger", "executeRebind", MEMBER)
    assert wallet_of(world, MEMBER) == BOB.address.lower()


def test_set_ledger__given_a_second_time_or_a_foreign_one__refuses(world: World) -> None:
    call = evm.encode("MemberRegistry", "setLedger", world.ledger)
    with refused("LedgerIsSet", world.ledger):
        evm.send(world.chain, world.members, call, sender=world.people["admin"])
    young = evm.deploy(world.chain, "PointsProxy", world.members_implementation,
                       make_members_initialisation(authority=world.manager))  # fmt: skip
    with refused("ForeignLedger", world.ledger):
        evm.send(world.chain, young, call, sender=world.people["admin"])
    own = evm.deploy(
        world.chain, "PointsProxy", world.ledger_implementation,
        initialise_for(world, members=young),
    )  # fmt: skip
    assert ask(world, "ledger") == world.ledger.lower()

    receipt = evm.send(world.chain, young, evm.encode("MemberRegistry", "setLedger", own), sender=world.people["admin"])

    assert names_of(receipt) == ["LedgerSet"]


@pytest.mark.parametrize("person", ["admin", "config", "settler", "stranger"])
def test_on_binding__given_anybody_but_the_registry__refuses(world: World, person: str) -> None:
    with refused("NotMemberRegistry", world.people[person]):
        act(world, person, "onBinding", MEMBER, NOBODY, ANN.address)


@pytest.mark.parametrize(
    ("changes", "error", "facts"),
    [
        ({"authority": NOBODY}, "AccessManagedInvalidAuthority", (NOBODY,)),
        ({"voucher_signer": NOBODY}, "ZeroVoucherSigner", ()),
        ({"rebind_delay": 0}, "ZeroRebindDelay", ()),
    ],
    ids=["authority", "voucher signer", "delay"],
)
def test_initialize__given_an_unusable_value__refuses(world: World, changes: dict, error: str, facts: tuple) -> None:
    call = make_members_initialisation(**{"authority": world.manager} | changes)

    with refused(error, *facts):
        evm.deploy(world.chain, "PointsProxy", world.members_implementation, call)


def test_initialize__given_a_second_call_or_the_implementation__refuses(world: World) -> None:
    call = make_members_initialisation(authority=world.manager)

    for target in (world.members, world.members_implementation):
        with refused("InvalidInitialization"):
            evm.send(world.chain, target, call, sender=world.people["admin"])


def test_settings__given_a_fresh_deployment__can_be_read(world: World) -> None:
    domain = ask(
        world, "eip712Domain", types=("bytes1", "string", "string", "uint256", "address", "bytes32", "uint256[]")
    )

    assert ask(world, "rebindDelay", types=("uint32",)) == REBIND_DELAY
    assert ask(world, "voucherSigner") == VOUCHER_KEY.address.lower()
    assert ask(world, "authority") == world.manager.lower()
    assert domain == (
        b"\x0f", "loyaltychain MemberRegistry", "1", world.chain.w3.eth.chain_id, world.members.lower(), bytes(32), (),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("interface_id", "claimed"),
    [("01ffc9a7", True), ("84b0196e", True), ("ffffffff", False), ("36372b07", False)],
    ids=["ERC-165", "ERC-5267", "nothing", "ERC-20"],
)
def test_supports_interface__given_an_id__claims_what_is_there(world: World, interface_id: str, claimed: bool) -> None:
    assert ask(world, "supportsInterface", bytes.fromhex(interface_id), types=("bool",)) is claimed


def test_upgrade__given_a_new_copy__keeps_every_binding(world: World) -> None:
    bind(world, MEMBER, ANN)
    propose(world, MEMBER, BOB)
    due = ask(world, "rebindOf", MEMBER, types=("address", "uint64"))
    copy = evm.deploy(world.chain, "MemberRegistry")

    tell(world, "upgrader", "upgradeToAndCall", copy, b"")

    assert evm.storage(world.chain, world.members, IMPLEMENTATION_SLOT) == int(copy, 16)
    assert (wallet_of(world, MEMBER), nonce_of(world, MEMBER)) == (ANN.address.lower(), 2)
    assert ask(world, "memberOf", ANN.address, types=("uint32",)) == MEMBER
    assert ask(world, "rebindOf", MEMBER, types=("address", "uint64")) == due
    assert (ask(world, "ledger"), ask(world, "voucherSigner")) == (world.ledger.lower(), VOUCHER_KEY.address.lower())
