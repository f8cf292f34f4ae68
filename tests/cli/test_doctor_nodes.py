"""doctor, about nodes, money and clocks
├── given anvil under a public network's profile: another genesis is said, finality by its tag
│   ├── no predeploy for data fees: fails; with one: the largest batch's fee
│   └── development keys: fail
├── given a node that does not know the tag: a warning; fails where both are asked for
├── given two nodes: they agree, or not; one that is behind is named
├── given a silent chain, or a late one: said, by the profile's alarms
├── given an account with less than the reserve: a warning; with less than a batch: fails
├── given a main network that nobody has meant: a warning
├── given a clock that is wrong: said, from either side of the database's, from one of the chain's
└── name_nodes: hosts alone, with a number where there are two of one name
"""

# ruff: noqa: F811  fixtures are named where they are used

from dataclasses import replace
from pathlib import Path

import pytest

from loyaltychain.chain.l1_fee import GAS_PRICE_ORACLE
from loyaltychain.chain.profiles import Finality, Profile, load_profile
from loyaltychain.chain.rpc import Web3Rpc
from loyaltychain.chain.upstream import name_nodes
from loyaltychain.config.project import Project
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.hashing import to_hex
from loyaltychain.doctor.clock import judge_by_chain, judge_by_database
from loyaltychain.doctor.examine import examine
from loyaltychain.doctor.money import look_at_money
from loyaltychain.doctor.nodes import Meant, Node, compare, look_at
from loyaltychain.localchain.provider import InProcessProvider
from tests.anvil import Anvil, running_anvil
from tests.chain.test_finality_tag import TAGGED, Refusing
from tests.cli.doctoring import bad, level, node, shop  # noqa: F401  fixtures
from tests.projects import NOW, ProjectWorld

ANSWERS_ITS_WORD = "0x60043560005260206000f3"  # returns the first word of its arguments: any fee for any size
OP = load_profile("op-sepolia")


def test_examine__anvil_as_op_sepolia__says_what_it_is_not(shop: ProjectWorld, node: Anvil, tmp_path: Path) -> None:
    project = undeployed(shop, tmp_path)
    head = node.rpc.block("latest")

    findings = examine(project, OP, [Node("one", node.rpc)], chain_id=None, clock=lambda: UnixSeconds(head.timestamp))

    failed = bad(findings)
    assert level(findings, "one: genesis") == "warn"
    assert level(findings, "one: finality") == "ok"
    assert "anvil" in next(finding.found for finding in findings if finding.name == "one: client")
    assert "does not answer getL1Fee" in failed.pop("data on layer 1")
    assert {name for name, found in failed.items() if "everybody knows" in found} == {
        "deployer", "admin", "guardian", "config", "upgrader", "registrar", "settler",
    }  # fmt: skip


def undeployed(shop: ProjectWorld, home: Path) -> Project:
    """The same keys on a network that nothing was deployed to."""
    (home / "keys").symlink_to(shop.project.home / "keys")
    settings = shop.project.settings.model_copy(update={"network": "op-sepolia"})
    return Project(home, settings)


def test_look_at_money__op_stack_with_its_oracle__has_the_data_fee(node: Anvil) -> None:
    node.ask("anvil_setCode", GAS_PRICE_ORACLE, ANSWERS_ITS_WORD)

    findings = look_at_money(node.rpc, OP, 11155420, {}, is_meant=True)

    assert level(findings, "data on layer 1") == "ok"
    node.ask("anvil_setCode", GAS_PRICE_ORACLE, "0x")


def test_compare__two_nodes__agree_or_not(node: Anvil) -> None:
    with running_anvil("--chain-id", "11155420", "--timestamp", "1700000000") as other:
        other.ask("anvil_mine", hex(64), hex(2))
        now = UnixSeconds(node.rpc.block("latest").timestamp)
        views = [look_at(Node(name, each.rpc), OP, Meant(None, None), now=now)[1]
                 for name, each in (("a", node), ("b", node), ("c", other))]  # fmt: skip
        one, same, another = (view for view in views if view is not None)

        assert [finding.level for finding in compare([one, same], OP)] == ["ok"]
        assert [finding.level for finding in compare([one], OP)] == ["warn"]
        behind, finding = compare([one, same, another], OP)

    assert (behind.level, behind.name) == ("warn", "c: beside the others")
    assert (finding.level, finding.name) == ("fail", "agreement")
    assert "a: 0x" in finding.found
    assert "c: 0x" in finding.found


@pytest.mark.parametrize(("behind", "expected"), [(40, ["ok"]), (41, ["warn", "ok"])])
def test_compare__one_is_behind__warns(node: Anvil, behind: int, expected: list[str]) -> None:
    head = node.rpc.block("latest")
    _, view = look_at(Node("a", node.rpc), OP, Meant(None, None), now=UnixSeconds(head.timestamp))
    assert view is not None
    late = replace(view, node=Node("b", node.rpc), head=replace(head, timestamp=head.timestamp - behind))

    assert [finding.level for finding in compare([view, late], OP)] == expected


@pytest.mark.parametrize(
    ("after", "changes", "expected"),
    [(40, {}, "ok"), (41, {}, "fail"), (41, {"head_alarm": None}, "ok"), (40, {"final_alarm": 30}, "warn")],
)
def test_look_at__ages__by_the_profiles_alarms(
    node: Anvil, after: int, changes: dict[str, int | None], expected: str
) -> None:
    profile: Profile = replace(OP, **changes)  # type: ignore[arg-type]
    now = UnixSeconds(node.rpc.block("latest").timestamp + after)

    findings, _ = look_at(Node("one", node.rpc), profile, Meant(None, None), now=now)

    assert level(findings, "newest block") == expected


def test_look_at__genesis_of_another_chain__warns(shop: ProjectWorld) -> None:
    local = load_profile("local")
    known, _ = look_at(Node("one", shop.rpc), local, Meant(None, None), now=NOW)
    genesis = replace(local, genesis_hash=to_hex(bytes(32)))
    other, _ = look_at(Node("one", shop.rpc), genesis, Meant(None, None), now=NOW)

    assert (level(known, "finality"), level(known, "genesis"), level(other, "genesis")) == ("ok", "ok", "warn")


def test_look_at_money__by_the_balance(shop: ProjectWorld) -> None:
    rich, poor = shop.open().address("settler"), "0x" + "99" * 20
    profile = replace(load_profile("local"), reserve_batches=3)

    def judge(address: str, **changes: int) -> str:
        addresses = {"settler": address, "registrar": rich}
        findings = look_at_money(shop.rpc, replace(profile, **changes), 1337, addresses, is_meant=True)
        return level(findings, "settler's balance")

    assert (judge(rich), judge(poor)) == ("ok", "fail")
    half = shop.rpc.balance(rich) // 2
    assert judge(rich, max_wei_per_batch=half, tx_gas_cap=10**18) == "warn"


@pytest.mark.parametrize(("is_meant", "expected"), [(True, "ok"), (False, "warn")])
def test_look_at_money__main_network__whether_it_is_meant(shop: ProjectWorld, is_meant: bool, expected: str) -> None:
    findings = look_at_money(shop.rpc, load_profile("local"), 8453, {}, is_meant=is_meant)

    assert level(findings, "main network") == expected


@pytest.mark.parametrize(("finality", "expected"), [("tag", "warn"), ("both", "fail")])
def test_look_at__tag_unknown__depth_counts_unless_both_are_asked_for(finality: Finality, expected: str) -> None:
    chain = Refusing(-39001, "Unknown block")
    profile = replace(TAGGED, chain_id=None, finality=finality)

    findings, _ = look_at(Node("one", Web3Rpc(InProcessProvider(chain))), profile, Meant(None, None), now=NOW)

    assert level(findings, "finality") == expected
    chain.close()


@pytest.mark.parametrize(("behind", "expected"), [(-100, "ok"), (0, "ok"), (15, "ok"), (16, "fail")])
def test_judge_by_chain__only_a_block_from_the_future_tells(behind: int, expected: str) -> None:
    assert judge_by_chain(now=NOW, head_time=NOW + behind).level == expected


@pytest.mark.parametrize(
    ("difference", "expected"), [(0, "ok"), (5, "ok"), (-5, "ok"), (6, "warn"), (-60, "warn"), (61, "fail")]
)
def test_judge_by_database__by_the_difference(difference: int, expected: str) -> None:
    assert judge_by_database(now=NOW + difference, database=NOW).level == expected


@pytest.mark.parametrize(
    ("urls", "names"),
    [
        (["https://me:secret@a.example/v2/key", "http://127.0.0.1:8545"], ["a.example", "127.0.0.1:8545"]),
        (["https://a.example/x", "https://a.example/y"], ["a.example (1)", "a.example (2)"]),
        (["nonsense"], ["node"]),
    ],
)
def test_name_nodes__hosts_alone(urls: list[str], names: list[str]) -> None:
    assert name_nodes(urls) == names
