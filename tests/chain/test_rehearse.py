"""rehearse
├── given a call that succeeds and can be paid: gas with a quarter above the estimate
├── given a rollup: the bound of what its data costs, with a quarter above, has to be there as well
│   └── and a chain without the oracle is refused as wrong settings, never priced at nothing
├── given a cost above what one transaction may cost: refused with both figures; allowed to the wei
├── given less ether than that: refused with the wei that lack; allowed to the wei
└── given a call that would revert: refused with its custom error in words
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from loyaltychain.chain.fees import FeeBid
from loyaltychain.chain.intents import Intent
from loyaltychain.chain.l1_fee import GAS_PRICE_ORACLE
from loyaltychain.chain.profiles import Profile, load_profile
from loyaltychain.chain.rehearse import Ready, Refused, rehearse
from loyaltychain.core.errors import InvalidSettings
from tests.anvil import Anvil, running_anvil
from tests.chain.intent_builders import make_intent
from tests.chain.small_world import CLOSED

BID = FeeBid(max_fee=2_000_000_000, tip=1)
SIGNER, TARGET = "0x" + "5e" * 20, "0x" + "c0" * 20
#: Answers every call with the word after its selector: a bound of as many wei as it is told of bytes, or of gas.
ANSWERS_ITS_WORD = "0x600435" + "5f52" + "60205ff3"
REFUSES_CLOSED = "0x63" + "1cdde67b" + "6000526004601cfd"  # revert Closed()


@pytest.fixture(scope="module")
def node() -> Iterator[Anvil]:
    with running_anvil() as anvil:
        anvil.ask("anvil_setCode", TARGET, "0x00")
        anvil.ask("anvil_setBalance", SIGNER, hex(10**18))
        yield anvil


@pytest.fixture
def profile() -> Profile:
    return replace(load_profile("local"), max_wei_per_batch=10**18, tx_gas_cap=1_000_000)


def tried(node: Anvil, profile: Profile, of: Intent | None = None) -> Ready | Refused:
    return rehearse(node.rpc, of or call(), BID, limits=profile, abis=[CLOSED])


def call() -> Intent:
    return make_intent(signer=SIGNER, target=TARGET, chain_id=31337, nonce=None, state="pending")


def test_rehearse__fine__a_quarter_above(node: Anvil, profile: Profile) -> None:
    estimate = node.rpc.estimate_gas(TARGET, b"\x01\x02\x03\x04", sender=SIGNER)
    assert tried(node, profile) == Ready(-(-estimate * 5 // 4))


def test_rehearse__rollup__data_has_to_be_paid_too(node: Anvil, profile: Profile) -> None:
    ready = tried(node, profile)
    assert isinstance(ready, Ready)
    execution = ready.gas * BID.max_fee
    rollup = replace(profile, l1_fee="op-stack")
    with pytest.raises(InvalidSettings, match="does not answer"):
        tried(node, rollup)
    node.ask("anvil_setCode", GAS_PRICE_ORACLE, ANSWERS_ITS_WORD)

    refused = tried(node, replace(rollup, max_wei_per_batch=execution))
    assert isinstance(refused, Refused)
    assert "for its data on layer 1" in refused.reason
    assert tried(node, rollup) == ready


def test_rehearse__too_dear__refused_above_the_wei(node: Anvil, profile: Profile) -> None:
    ready = tried(node, profile)
    assert isinstance(ready, Ready)
    cost = ready.gas * BID.max_fee

    assert tried(node, replace(profile, max_wei_per_batch=cost)) == ready
    refused = tried(node, replace(profile, max_wei_per_batch=cost - 1))
    assert isinstance(refused, Refused)
    assert f"could cost {cost} wei" in refused.reason
    assert f"may cost {cost - 1}" in refused.reason


def test_rehearse__too_little_ether__refused_with_what_lacks(node: Anvil, profile: Profile) -> None:
    ready = tried(node, profile)
    assert isinstance(ready, Ready)
    node.ask("anvil_setBalance", SIGNER, hex(ready.gas * BID.max_fee - 7))

    refused = tried(node, profile)

    assert isinstance(refused, Refused)
    assert f"{SIGNER} lacks 7 wei" in refused.reason
    node.ask("anvil_setBalance", SIGNER, hex(ready.gas * BID.max_fee))
    assert tried(node, profile) == ready
    node.ask("anvil_setBalance", SIGNER, hex(10**18))


def test_rehearse__would_revert__refused_in_words(node: Anvil, profile: Profile) -> None:
    closed = "0x" + "c1" * 20
    node.ask("anvil_setCode", closed, REFUSES_CLOSED)

    assert tried(node, profile, replace(call(), target=closed)) == Refused("Closed()")
