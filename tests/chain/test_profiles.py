"""Chain profiles
├── load_profile
│   ├── it reads the packaged ones
│   ├── every figure and hash in their files has its source beside it: a URL, "Measured:" or "Choice:"
│   ├── given a main network: its id is on the list of those where gas costs money, its genesis is known
│   ├── given a public chain: it holds what keeps a worker from harm (ceilings, a reserve, half a block)
│   ├── given chain-<id>: the generic one with that id, and with nothing that only one chain has
│   └── when there is none of that name: it names those that there are
├── for_deployment
│   └── it waits less between steps, by depth alone, where the profile says so
├── refuse_mainnet
│   └── it refuses chains where gas costs money, unless that is meant
└── parse_profile
    ├── it takes exactly the fields of a profile; those with a default may be left out
    ├── when a field is missing, unknown, of another type or out of range: it refuses
    └── when finality and finality_tag do not fit together: it refuses
"""

import re
from dataclasses import replace
from importlib import resources
from itertools import pairwise

import pytest

from loyaltychain.chain.mainnets import MAINNETS, refuse_mainnet
from loyaltychain.chain.profiles import Profile, generic_name, load_profile, parse_profile, profile_names
from loyaltychain.core.errors import InvalidSettings
from tests.localchain.builders import CHAIN_ID

TEXT = """title = "A chain"
chain_id = 10
finality = "depth"
finality_depth = 0
poll_seconds = 2
min_tip = 0
bump_percent = 10
max_fee_multiple = 5
max_wei_per_gas = 1
tx_gas_cap = 16777216
block_gas_percent = 50
max_wei_per_batch = 9
reserve_batches = 0
log_range = 500
"""


def test_load_profile__given_packaged_names__reads_them() -> None:
    assert profile_names() == (
        "anvil", "arbitrum-one", "arbitrum-sepolia", "base", "base-sepolia", "local", "op-mainnet", "op-sepolia",
        "polygon", "polygon-amoy",
    )  # fmt: skip
    local, anvil = load_profile("local"), load_profile("anvil")
    assert (local.name, local.chain_id, local.finality_depth, local.bump_percent) == ("local", CHAIN_ID, 0, 10)
    assert (anvil.name, anvil.chain_id, anvil.tx_gas_cap, anvil.max_fee_multiple) == ("anvil", None, 2**24, 5)


SOURCED = re.compile(r"https://\S|\b(?:Choice|Measured): \S")
FIGURE = re.compile(r'[a-z0-9_]+ = (?:[0-9]|"0x)')


@pytest.mark.parametrize("name", [*profile_names(), "generic"])
def test_load_profile__every_figure__has_its_source_beside_it(name: str) -> None:
    lines = (resources.files("loyaltychain.chain") / "profiles" / f"{name}.toml").read_text("utf-8").splitlines()
    unsourced = [line for line, comment in _figures(lines) if not SOURCED.search(comment)]

    assert unsourced == []
    assert len(_figures(lines)) >= 11


def _figures(lines: list[str]) -> list[tuple[str, str]]:
    """Each line that sets a figure or a hash, with the comment right above it; one comment serves one figure."""
    found, comment = [], ""
    for before, line in pairwise(["", *lines]):
        if line.startswith("#"):
            comment = f"{comment} {line}" if before.startswith("#") else line
        elif FIGURE.match(line):
            found.append((line, comment))
            comment = ""
        elif line == "":
            comment = ""
    return found


@pytest.mark.parametrize(
    ("comments", "is_sourced"),
    [("# Choice: ours.", True), ("# https://x.example", True), ("# Ours.", False), ("# Choice: ours.\na = 1", False),
     ("# Choice: ours.\n", False), ("# Measured: 3.\nword = \"x\"", True)],
)  # fmt: skip
def test_figures__by_their_comments(comments: str, is_sourced: bool) -> None:
    line, comment = _figures([*comments.splitlines(), *([""] if comments.endswith("\n") else []), "tip = 1"])[-1]

    assert (line, bool(SOURCED.search(comment))) == ("tip = 1", is_sourced)


@pytest.mark.parametrize("name", ["op-mainnet", "base", "polygon", "arbitrum-one"])
def test_load_profile__given_a_main_network__is_known_as_one(name: str) -> None:
    profile = load_profile(name)

    assert MAINNETS[profile.chain_id or 0] == profile.title
    assert profile.genesis_hash is not None


@pytest.mark.parametrize("name", sorted({*profile_names(), "chain-5"} - {"anvil", "local"}))
def test_load_profile__given_a_public_chain__bounds_what_a_worker_may_do(name: str) -> None:
    profile = load_profile(name)

    assert profile.max_wei_per_batch < profile.tx_gas_cap * profile.max_wei_per_gas
    assert (profile.block_gas_percent, profile.reserve_batches) == (50, 3)
    assert profile.finality_depth >= 100


@pytest.mark.parametrize(
    ("name", "finality", "head_alarm"),
    [("op-mainnet", ("tag", "finalized"), 40), ("base", ("tag", "finalized"), 40), ("polygon", ("depth", None), 30),
     ("arbitrum-one", ("tag", "finalized"), None), ("anvil", ("depth", None), None)],
)  # fmt: skip
def test_load_profile__says_what_is_final_and_what_is_silence(
    name: str, finality: tuple[str, str | None], head_alarm: int | None
) -> None:
    profile = load_profile(name)

    assert (profile.finality, profile.finality_tag) == finality
    assert profile.head_alarm == head_alarm
    assert (profile.final_alarm is None) == (head_alarm is None)


@pytest.mark.parametrize("name", ["mainnet", "", "../local", "local.toml", "generic", "chain-", "chain-0"])
def test_load_profile__given_an_unknown_name__names_those_that_there_are(name: str) -> None:
    with pytest.raises(InvalidSettings, match=r"anvil, arbitrum-one, .*, local, "):
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

    steps = profile.for_deployment
    assert (steps.finality, steps.finality_tag, steps.finality_depth) == ("depth", None, 5)
    assert load_profile("local").for_deployment == load_profile("local")


@pytest.mark.parametrize("chain_id", [1, 10, 137, 8453, 42161])
def test_refuse_mainnet__unless_it_is_meant(chain_id: int) -> None:
    with pytest.raises(InvalidSettings, match="--i-know-this-is-mainnet"):
        refuse_mainnet(chain_id, is_meant=False)

    refuse_mainnet(chain_id, is_meant=True)
    refuse_mainnet(84532, is_meant=False)


def test_parse_profile__given_every_field__takes_them() -> None:
    expected = Profile("mine", "A chain", 10, "depth", 0, 2, 0, 10, 5, 1, 16_777_216, 50, 9, 0, 500)

    assert parse_profile("mine", TEXT) == expected
    assert parse_profile("mine", TEXT.replace("chain_id = 10\n", "")).chain_id is None
    more = (
        'finality_tag = "safe"\ndeploy_depth = 0\nl1_fee = "op-stack"\nexplorer = "https://x.example"\n'
        f'genesis_hash = "0x{"0a" * 32}"\nhead_alarm = 40\nfinal_alarm = 900\n'
    )
    assert parse_profile("mine", TEXT.replace('"depth"', '"both"') + more) == replace(
        expected, finality="both", finality_tag="safe", deploy_depth=0, l1_fee="op-stack",
        explorer="https://x.example", genesis_hash="0x" + "0a" * 32, head_alarm=40, final_alarm=900,
    )  # fmt: skip


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
        ("block_gas_percent = 50", "block_gas_percent = 101", "block_gas_percent"),
        ("block_gas_percent = 50", "block_gas_percent = 0", "block_gas_percent"),
        ("block_gas_percent = 50", "block_gas_percent = true", "block_gas_percent"),
        ("max_wei_per_batch = 9", "max_wei_per_batch = 0", "max_wei_per_batch"),
        ("reserve_batches = 0", "reserve_batches = -1", "reserve_batches"),
        ("min_tip = 0\n", "min_tip = 0\nhead_alarm = 0\n", "head_alarm"),
        ("min_tip = 0\n", 'min_tip = 0\ngenesis_hash = "0x12"\n', "genesis_hash"),
        ('finality = "depth"', 'finality = "deep"', "finality"),
        ('finality = "depth"\n', "", "finality"),
        ('finality = "depth"', 'finality = "tag"', "finality_tag"),
        ('finality = "depth"', 'finality = "both"', "finality_tag"),
        ('finality = "depth"', 'finality = "depth"\nfinality_tag = "safe"', "finality_tag"),
        ("log_range = 500", "log_range = 0", "log_range"),
        ('title = "A chain"', 'title = ""', "title"),
        ('title = "A chain"', "title", "not TOML"),
    ],
)
def test_parse_profile__given_a_wrong_field__refuses_it(old: str, new: str, named: str) -> None:
    with pytest.raises(InvalidSettings, match=named):
        parse_profile("mine", TEXT.replace(old, new))
