"""Chain profiles
├── load_profile
│   ├── it reads the packaged ones
│   ├── given chain-<id>: the generic one with that id, and with nothing that only one chain has
│   └── when there is none of that name: it names those that there are
├── for_deployment
│   └── it waits less between steps, by depth alone, where the profile says so
├── refuse_mainnet
│   └── it refuses chains where gas costs money, unless that is meant
└── parse_profile
    ├── it takes exactly the fields of a profile; those with a default may be left out
    └── when a field is missing, unknown, of another type or out of range: it refuses
"""

from dataclasses import replace

import pytest

from loyaltychain.chain.mainnets import refuse_mainnet
from loyaltychain.chain.profiles import Profile, generic_name, load_profile, parse_profile, profile_names
from loyaltychain.core.errors import InvalidSettings
from tests.localchain.builders import CHAIN_ID

TEXT = """title = "A chain"
chain_id = 10
finality_depth = 0
poll_seconds = 2
min_tip = 0
bump_percent = 10
max_fee_multiple = 5
max_wei_per_gas = 1
tx_gas_cap = 16777216
log_range = 500
"""


def test_load_profile__given_packaged_names__reads_them() -> None:
    assert profile_names() == ("anvil", "arbitrum-sepolia", "base-sepolia", "local", "op-sepolia", "polygon-amoy")
    local, anvil = load_profile("local"), load_profile("anvil")
    assert (local.name, local.chain_id, local.finality_depth, local.bump_percent) == ("local", CHAIN_ID, 0, 10)
    assert (anvil.name, anvil.chain_id, anvil.tx_gas_cap, anvil.max_fee_multiple) == ("anvil", None, 2**24, 5)


@pytest.mark.parametrize("name", ["mainnet", "", "../local", "local.toml", "generic", "chain-", "chain-0"])
def test_load_profile__given_an_unknown_name__names_those_that_there_are(name: str) -> None:
    with pytest.raises(InvalidSettings, match=r"anvil, arbitrum-sepolia, .*, local, "):
        load_profile(name)


@pytest.mark.parametrize(
    ("name", "chain_id", "l1_fee"),
    [("base-sepolia", 84532, "op-stack"), ("op-sepolia", 11155420, "op-stack"), ("polygon-amoy", 80002, None),
     ("arbitrum-sepolia", 421614, "arbitrum")],
)  # fmt: skip
def test_load_profile__given_a_test_network__has_its_id_and_no_endpoint(
    name: str, chain_id: int, l1_fee: str | None
) -> None:
    profile = load_profile(name)

    assert (profile.chain_id, profile.l1_fee) == (chain_id, l1_fee)
    assert profile.explorer is not None
    assert profile.tx_gas_cap <= 2**24
    assert profile.for_deployment.finality_depth < profile.finality_depth


def test_load_profile__given_an_id_alone__is_generic() -> None:
    profile = load_profile("chain-84532")

    assert (profile.name, profile.chain_id, profile.finality_tag) == ("chain-84532", 84532, "finalized")
    assert (profile.explorer, profile.l1_fee) == (None, None)
    assert load_profile(generic_name(5)).chain_id == 5


def test_for_deployment__waits_by_the_depth_that_is_said() -> None:
    profile = load_profile("base-sepolia")

    assert (profile.for_deployment.finality_tag, profile.for_deployment.finality_depth) == (None, 5)
    assert load_profile("local").for_deployment == load_profile("local")


@pytest.mark.parametrize("chain_id", [1, 10, 137, 8453, 42161])
def test_refuse_mainnet__unless_it_is_meant(chain_id: int) -> None:
    with pytest.raises(InvalidSettings, match="--i-know-this-is-mainnet"):
        refuse_mainnet(chain_id, is_meant=False)

    refuse_mainnet(chain_id, is_meant=True)
    refuse_mainnet(84532, is_meant=False)


def test_parse_profile__given_every_field__takes_them() -> None:
    expected = Profile("mine", "A chain", 10, 0, 2, 0, 10, 5, 1, 16_777_216, 500)

    assert parse_profile("mine", TEXT) == expected
    assert parse_profile("mine", TEXT.replace("chain_id = 10\n", "")).chain_id is None
    more = 'finality_tag = "safe"\ndeploy_depth = 0\nl1_fee = "op-stack"\nexplorer = "https://x.example"\n'
    assert parse_profile("mine", TEXT + more) == replace(
        expected, finality_tag="safe", deploy_depth=0, l1_fee="op-stack", explorer="https://x.example"
    )


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("min_tip = 0\n", "", "min_tip"),
        ("min_tip = 0\n", "min_tip = 0\nfinality_tag = 1\n", "finality_tag"),
        ("min_tip = 0\n", 'min_tip = 0\nl1_fee = "free"\n', "l1_fee"),
        ("min_tip = 0\n", 'min_tip = 0\nexplorer = "ftp://x"\n', "explorer"),
        ("min_tip = 0\n", "min_tip = 0\ndeploy_depth = -1\n", "deploy_depth"),
        ("min_tip = 0\n", "min_tip = 0\ncolour = 1\n", "colour"),
        ("min_tip = 0", "min_tip = -1", "min_tip"),
        ("poll_seconds = 2", "poll_seconds = 0.5", "poll_seconds"),
        ("poll_seconds = 2", "poll_seconds = true", "poll_seconds"),
        ("chain_id = 10", "chain_id = 0", "chain_id"),
        ("chain_id = 10", 'chain_id = "10"', "chain_id"),
        ("bump_percent = 10", "bump_percent = 0", "bump_percent"),
        ("log_range = 500", "log_range = 0", "log_range"),
        ('title = "A chain"', 'title = ""', "title"),
        ('title = "A chain"', "title", "not TOML"),
    ],
)
def test_parse_profile__given_a_wrong_field__refuses_it(old: str, new: str, named: str) -> None:
    with pytest.raises(InvalidSettings, match=named):
        parse_profile("mine", TEXT.replace(old, new))
