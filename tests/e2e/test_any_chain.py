"""A chain that is known by its URL and id alone, with keys of its own
├── given an account without money: deploy refuses before anything is sent, and says both figures
├── given a node of another chain, or another password: deploy refuses, and nothing was signed
├── given a deployment that was killed: another chain with the same id is refused, and the right one finishes it
└── given a deployment: every later command finds the network again, and settles, audits and verifies on it
"""

import json
import secrets
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from loyaltychain.config.project import ROLES
from loyaltychain.events.map import MAPS
from tests.anvil import Anvil, running_anvil
from tests.e2e.processes import Commands
from tests.e2e.test_four_processes import WEEK

CHAIN_ID = 84532
PASSWORD = "correct horse"
OPTIONS = ("--chain-id", str(CHAIN_ID), "--block-time", "0.5", "--slots-in-an-epoch", "1")


class Unlocked(Commands):
    """Commands that find the keystores' password in the environment."""

    password = PASSWORD

    def _env(self) -> dict[str, str]:  # type: ignore[override]
        return Commands._env() | {"LOYALTYCHAIN_KEYSTORE_PASSWORD": self.password}


class Mistyped(Unlocked):
    password = "wrong horse"


@pytest.fixture(scope="module")
def chain() -> Iterator[Anvil]:
    with running_anvil(*OPTIONS) as node:
        yield node


def with_own_keys(home: Path) -> dict[str, str]:
    """A project whose keys nobody knows: two are encrypted, and the admin's is not here. Role -> address."""
    Commands(home).run("init", "--template", "shop")
    accounts = {role: Account.from_key(secrets.token_bytes(32)) for role in ROLES}
    for role, account in accounts.items():
        (home / "keys" / f"{role}.key").write_text(account.key.hex().removeprefix("0x") + "\n", encoding="ascii")
    for role, place in (("deployer", home / "wallet.json"), ("settler", home / "keys" / "settler.json")):
        (home / "keys" / f"{role}.key").unlink()
        encrypted = Account.encrypt(accounts[role].key, PASSWORD, kdf="pbkdf2", iterations=1000)
        place.write_text(json.dumps(encrypted), encoding="utf-8")
    (home / "keys" / "admin.key").unlink()
    (home / "keys" / "admin.address").write_text(accounts["admin"].address + "\n", encoding="ascii")
    return {role: account.address.lower() for role, account in accounts.items()}


def fund(chain: Anvil, *addresses: str) -> None:
    rich = chain.ask("eth_accounts")[0]
    for address in addresses:
        chain.ask("eth_sendTransaction", {"from": rich, "to": address, "value": hex(10**18)})
    deadline = time.monotonic() + 30
    while not all(chain.rpc.balance(address) for address in addresses):
        assert time.monotonic() < deadline, "the money did not arrive"
        time.sleep(0.1)


def flags(home: Path, chain: Anvil, *, chain_id: int = CHAIN_ID) -> list[str]:
    return ["deploy", "--rpc", chain.url, "--chain-id", str(chain_id), "--keystore", str(home / "wallet.json")]


@pytest.mark.slow
def test_deploy__refusals__before_anything_is_sent(tmp_path: Path, chain: Anvil) -> None:
    home = tmp_path / "shop"
    addresses = with_own_keys(home)
    locked, unlocked, mistyped = Commands(home), Unlocked(home), Mistyped(home)

    looked: dict[str, Any] = locked.ask(*flags(home, chain), "--dry-run")
    assert (looked["network"], looked["steps"][0]["name"]) == ("chain-84532", "create-AccessManager")
    deployer = looked["accounts"][0]
    assert (deployer["address"], deployer["balance"], deployer["covered"]) == (addresses["deployer"], "0", False)

    poor = unlocked.ask(*flags(home, chain), exit_code=2)["error"]
    assert (poor["code"], poor["facts"]["balance"]) == ("InsufficientFunds", 0)
    assert poor["facts"]["needed"] > 0
    other = locked.ask(*flags(home, chain, chain_id=10), exit_code=4)["error"]
    assert (other["code"], other["facts"]) == ("WrongChain", {"expected": 10, "actual": CHAIN_ID})
    fund(chain, addresses["deployer"], addresses["registrar"])
    wrong = mistyped.ask(*flags(home, chain), exit_code=2)["error"]
    assert (wrong["code"], wrong["message"]) == ("InvalidSettings", "The password does not fit.")
    silent = locked.ask(*flags(home, chain), exit_code=2)["error"]
    assert "LOYALTYCHAIN_KEYSTORE_PASSWORD_FILE" in silent["message"]

    assert chain.rpc.nonce(addresses["deployer"]) == 0
    assert list((home / "deployments").glob("*")) == []


@pytest.mark.slow
def test_any_chain__by_url__deploys_settles_and_audits_clean(tmp_path: Path, chain: Anvil) -> None:
    home = tmp_path / "shop"
    addresses = with_own_keys(home)
    commands = Unlocked(home)
    fund(chain, addresses["deployer"], addresses["registrar"], addresses["settler"])
    looked = Commands(home).ask(*flags(home, chain), "--dry-run")

    killed = commands.spawn(*flags(home, chain))
    wait_for_transactions(chain, addresses["deployer"], count=3)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    with running_anvil(*OPTIONS, "--timestamp", "1000000") as twin:
        refused = commands.ask(*flags(home, twin), exit_code=4)["error"]
    assert refused["code"] == "WrongChain"
    assert "begun on the chain with genesis" in refused["message"]

    done = commands.ask("deploy", "--keystore", str(home / "wallet.json"))
    assert (done["network"], done["new"], done["published"], done["different"]) == ("chain-84532", True, True, [])
    assert {name: looked["contracts"][name] for name in done["contracts"]} == done["contracts"]
    estimated = sum(step["gas"] for step in looked["steps"] if step["signer"] == "deployer")
    assert done["gas_used"] <= estimated <= done["gas_used"] * 115 // 100
    assert chain.rpc.nonce(addresses["deployer"]) == len(looked["steps"]) - 1
    made = {path.stem for path in Path(done["verification"]).iterdir()}
    assert made == {step["creates"] for step in looked["steps"] if step["creates"]}

    commands.ask("ingest", commands.write("week.csv", WEEK), "--map", simulated_map(commands))
    assert commands.ask("run", "--once")["batches"] == 1
    report = commands.ask("audit")
    assert (report["findings"], report["batches"], report["members"], report["supply"]) == ([], 1, 2, 75)
    assert commands.ask("verify")["different"] == []
    assert commands.ask("status")["network"] == "chain-84532"
    assert Commands(home).ask("deploy")["new"] is False
    assert (home / "network.json").stat().st_mode & 0o077 == 0
    assert 'network = "local"' in (home / "loyaltychain.toml").read_text(encoding="utf-8")


def wait_for_transactions(chain: Anvil, address: str, *, count: int) -> None:
    deadline = time.monotonic() + 120
    while chain.rpc.nonce(address) < count:
        assert time.monotonic() < deadline, "the deployment does not begin"
        time.sleep(0.1)


def simulated_map(commands: Commands) -> str:
    return commands.write("map.yaml", (MAPS / "simulated_shop.yaml").read_text(encoding="utf-8"))
