"""Chain profiles
├── load_profile
│   ├── it reads the packaged ones
│   └── when there is none of that name: it names those that there are
└── parse_profile
    ├── it takes exactly the fields of a profile
    └── when a field is missing, unknown, of another type or out of range: it refuses
"""

import pytest

from loyaltychain.chain.profiles import Profile, load_profile, parse_profile, profile_names
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
    assert profile_names() == ("anvil", "local")
    local, anvil = load_profile("local"), load_profile("anvil")
    assert (local.name, local.chain_id, local.finality_depth, local.bump_percent) == ("local", CHAIN_ID, 0, 10)
    assert (anvil.name, anvil.chain_id, anvil.tx_gas_cap, anvil.max_fee_multiple) == ("anvil", None, 2**24, 5)


@pytest.mark.parametrize("name", ["mainnet", "", "../local", "local.toml"])
def test_load_profile__given_an_unknown_name__names_those_that_there_are(name: str) -> None:
    with pytest.raises(InvalidSettings, match="anvil, local"):
        load_profile(name)


def test_parse_profile__given_every_field__takes_them() -> None:
    expected = Profile("mine", "A chain", 10, 0, 2, 0, 10, 5, 1, 16_777_216, 500)

    assert parse_profile("mine", TEXT) == expected
    assert parse_profile("mine", TEXT.replace("chain_id = 10\n", "")).chain_id is None


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("min_tip = 0\n", "", "min_tip"),
        ("min_tip = 0\n", "min_tip = 0\nfinality_tag = 1\n", "finality_tag"),
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
