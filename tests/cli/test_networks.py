"""choose_network
├── given nothing: the project's own
├── given a name: that one, at the endpoint that was told or is set
├── given a URL and an id: chain-<id>, unless the project is on that chain already
└── given a URL alone on the local network, or a name and another id: InvalidSettings that says what to add
check_chain
├── given the chain that is meant: its id
└── given another: WrongChain that names both
deploy
├── given another chain than was told: nothing is decrypted, sent or written
├── given a mainnet's id: refused unless it is meant
├── given a deployment that was begun with another holder of a role: refused, and both are named
├── given a development key as voucher signer on a real chain: refused
├── given what is no URL of a node: refused, and it is not shown
├── given a worker: a dry run is shown beside it, a deployment has to wait
├── given a database that holds another project's deployment: refused, and no manifest is written
├── given a keystore in keys/: --dry-run needs no password
└── given a network and a URL: both are remembered
coins: given wei, the exact decimal
"""

# ruff: noqa: F811  fixtures are named where they are used

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from eth_account import Account
from filelock import FileLock

from loyaltychain.chain.devkeys import development_addresses
from loyaltychain.chain.keystore import PASSWORD
from loyaltychain.chain.profiles import load_profile
from loyaltychain.cli.estimates import coins
from loyaltychain.cli.networks import check_chain, choose_network
from loyaltychain.cli.options import project_at
from loyaltychain.config.project import ROLES, Project
from loyaltychain.core.errors import InvalidSettings, WrongChain
from loyaltychain.deploy.deploy import find_finished, keep_plan
from loyaltychain.localchain import process
from loyaltychain.wiring import open_world, wanted_plan
from tests.anvil import running_anvil
from tests.cli.test_commands import Speaker, home, speaker  # noqa: F401  fixtures
from tests.projects import new_project, project_world, run_deploy

URL = "http://127.0.0.1:9"
LOCAL = 131277322940537


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return new_project(tmp_path / "chosen")


@pytest.fixture
def served(speaker: Speaker) -> Iterator[str]:
    """The URL of the project's local chain, served for this test."""
    assert speaker.say("chain", "start")[0] == 0
    yield process.find(Path.cwd()).url
    assert speaker.say("chain", "stop")[0] == 0


def on(project: Project, network: str, rpc: str | None = None) -> Project:
    return replace(project, settings=project.settings.model_copy(update={"network": network, "rpc": rpc}))


@pytest.mark.parametrize(
    ("at", "told", "network", "rpc"),
    [
        (("local", None), {}, "local", None),
        (("local", None), {"network": "base-sepolia", "rpc": URL}, "base-sepolia", URL),
        (("local", URL), {"network": "base-sepolia"}, "base-sepolia", URL),
        (("local", None), {"rpc": URL, "chain_id": 84532}, "chain-84532", URL),
        (("base-sepolia", None), {"rpc": URL, "chain_id": 84532}, "base-sepolia", URL),
        (("base-sepolia", "http://x"), {"rpc": URL}, "base-sepolia", URL),
        (("chain-5", "http://x"), {"rpc": URL, "chain_id": 6}, "chain-6", URL),
        (("local", None), {"network": "anvil", "rpc": URL, "chain_id": 84532}, "anvil", URL),
        (("local", None), {"network": "base-sepolia", "chain_id": 84532}, "base-sepolia", None),
        (("local", None), {"rpc": URL, "chain_id": LOCAL}, "local", URL),
    ],
)
def test_choose_network__what_was_told__is_where_it_is(
    project: Project, at: tuple[str, str | None], told: dict[str, str | int], network: str, rpc: str | None
) -> None:
    flags = {"network": None, "rpc": None, "chain_id": None} | told

    chosen = choose_network(on(project, *at), **flags).settings  # type: ignore[arg-type]

    assert (chosen.network, chosen.rpc) == (network, rpc)


def test_choose_network__unclear__says_what_to_add(project: Project) -> None:
    with pytest.raises(InvalidSettings, match="Add --chain-id N"):
        choose_network(project, network=None, rpc=URL, chain_id=None)
    with pytest.raises(InvalidSettings, match="chain 84532, but --chain-id says 10"):
        choose_network(project, network="base-sepolia", rpc=URL, chain_id=10)
    with pytest.raises(InvalidSettings, match="no chain profile"):
        choose_network(project, network="goerli", rpc=URL, chain_id=None)


def test_check_chain__only_the_one_that_is_meant(tmp_path: Path) -> None:
    with project_world(tmp_path / "p") as world:
        assert check_chain(world.rpc, load_profile("local"), told=None) == LOCAL
        assert check_chain(world.rpc, load_profile("anvil"), told=LOCAL) == LOCAL
        with pytest.raises(WrongChain, match=f"serves chain {LOCAL}, but chain 84532 is meant"):
            check_chain(world.rpc, load_profile("base-sepolia"), told=None)
        with pytest.raises(WrongChain, match="chain 7 is meant"):
            check_chain(world.rpc, load_profile("anvil"), told=7)


def test_deploy__another_chain__nothing_happens(speaker: Speaker, served: str) -> None:
    key = Path("keys/deployer.key")
    key.write_text("not looked at", encoding="ascii")

    code, error = speaker.error("deploy", "--rpc", served, "--chain-id", "84532")

    assert (code, error["code"], error["facts"]) == (4, "WrongChain", {"expected": 84532, "actual": LOCAL})
    assert not Path("network.json").exists()
    assert not Path("deployments").exists()


def test_deploy__mainnet__only_when_it_is_meant(speaker: Speaker) -> None:
    with running_anvil("--chain-id", "8453") as base:
        told = ["deploy", "--rpc", base.url, "--chain-id", "8453"]

        code, error = speaker.error(*told)
        meant_code, meant = speaker.error(*told, "--i-know-this-is-mainnet")

    assert (code, "Chain 8453 is Base, where gas costs money" in error["message"]) == (2, True)
    assert (meant_code, "development keys" in meant["message"]) == (2, True)


def test_deploy__begun_with_another_holder__refused(speaker: Speaker, served: str) -> None:
    world = open_world(project_at(Path()))
    begun = wanted_plan(world)
    keep_plan(world.project.plan_file, begun)
    admin = Path("keys/admin.key")
    admin.unlink()
    admin.with_suffix(".address").write_text("0x" + "99" * 20, encoding="ascii")

    code, error = speaker.error("deploy")

    assert (code, error["facts"]) == (2, {"role": "admin", "begun": begun.roles["admin"], "now": "0x" + "99" * 20})
    assert world.rpc.block("latest").number == 0


def test_deploy__development_key_as_voucher_signer__refused(speaker: Speaker) -> None:
    for number, role in enumerate(ROLES):
        Path(f"keys/{role}.key").write_text(f"{number + 7:064x}", encoding="ascii")
    signer = development_addresses()[0]
    file = Path("loyaltychain.toml")
    text = file.read_text(encoding="utf-8").replace("[wallets]", f'[wallets]\nvoucher_signer = "{signer}"')
    file.write_text(text, encoding="utf-8")

    with running_anvil("--chain-id", "84532") as node:
        code, error = speaker.error("deploy", "--network", "base-sepolia", "--rpc", node.url, "--dry-run")

    assert (code, error["facts"]) == (2, {"addresses": [signer]})


def test_deploy__database_of_another_project__says_to_give_it_its_own(tmp_path: Path) -> None:
    with project_world(tmp_path / "one") as one, project_world(tmp_path / "other") as other:
        run_deploy(one.open())

        with pytest.raises(WrongChain, match=r"give this one its own, or on PostgreSQL a schema of its own"):
            find_finished(one.open_engine(), other.rpc, "local", manifest_file=other.project.manifest_file)

        assert not other.project.manifest_file.exists()
        other.project.manifest_file.parent.mkdir()
        shutil.copy(one.project.manifest_file, other.project.manifest_file)  # the one that is of this database
        with pytest.raises(WrongChain, match="begin a fresh project in another directory"):
            find_finished(one.open_engine(), other.rpc, "local", manifest_file=other.project.manifest_file)


def test_deploy__no_url_of_a_node__refused_without_showing_it(speaker: Speaker) -> None:
    code, error = speaker.error("deploy", "--rpc", "ftp://me:secret@node", "--chain-id", "5", "--dry-run")

    assert (code, error["code"]) == (2, "InvalidSettings")
    assert "secret" not in json.dumps(error)


def test_deploy__dry_run_beside_a_worker__is_shown(speaker: Speaker, served: str) -> None:
    with FileLock("ledger.sqlite3.worker.lock"):
        code, _ = speaker.say("deploy", "--dry-run", "--json")
        busy_code, busy = speaker.error("deploy")

    assert (code, busy_code, busy["code"]) == (0, 3, "DatabaseBusy")


def test_deploy__dry_run_with_a_keystore__needs_no_password(
    speaker: Speaker,
    served: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(PASSWORD, raising=False)
    key = Path("keys/deployer.key")
    encrypted = Account.encrypt(key.read_text(encoding="ascii").strip(), "words", kdf="pbkdf2", iterations=100)
    key.with_suffix(".json").write_text(json.dumps(encrypted), encoding="utf-8")
    key.unlink()

    code, out = speaker.say("deploy", "--dry-run", "--json")

    looked = json.loads(out)
    assert (code, looked["network"], looked["accounts"][0]["covered"]) == (0, "local", True)
    assert not Path("deployments").exists()

    code, words = speaker.say("deploy", "--dry-run")
    assert (code, "Nothing was signed and nothing was sent." in words) == (0, True)
    assert all(address in words for address in looked["contracts"].values())

    monkeypatch.setenv(PASSWORD, "words")
    code, out = speaker.say("deploy", "--json")

    done = json.loads(out)
    assert (code, done["new"], done["contracts"].items() <= looked["contracts"].items()) == (0, True, True)
    assert speaker.say("deploy", "--dry-run")[0] == 0


@pytest.mark.slow
def test_deploy__network_and_url__are_remembered(speaker: Speaker) -> None:
    with running_anvil() as node:
        code, error = speaker.error("deploy", "--network", "anvil")
        assert (code, "needs an endpoint" in error["message"]) == (2, True)

        assert speaker.say("deploy", "--network", "anvil", "--rpc", node.url)[0] == 0
        again = json.loads(speaker.say("deploy", "--json")[1])

    assert (again["network"], again["new"], again["different"]) == ("anvil", False, [])
    assert json.loads(Path("network.json").read_text(encoding="utf-8"))["rpc"] == node.url


@pytest.mark.parametrize(
    ("wei", "text"), [(0, "0"), (1, "0.000000000000000001"), (10**18, "1"), (1_500_000_000_000_000_000, "1.5")]
)
def test_coins__exact(wei: int, text: str) -> None:
    assert coins(wei) == text
