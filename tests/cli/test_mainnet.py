"""--i-know-this-is-mainnet
├── given a command that sends transactions, on a main network: refused before a node is asked or a key is read
│   ├── said once: it goes on, and so does each later command of the project
│   └── said for one main network: another one is still refused
├── given a watcher that would challenge, with a manifest alone: refused too, each time
├── given a command that only reads: it does not ask
├── given a test network: it does not ask
└── World.sender
    └── given a node of a main network behind a profile of any chain: refused until it was meant
        └── and refused where the environment names a place to be killed at
"""

# ruff: noqa: F811  fixtures are named where they are used

import json
from pathlib import Path

import pytest

from loyaltychain.cli.options import project_at
from loyaltychain.config.consents import FILE, remember_consent
from loyaltychain.core.errors import InvalidSettings
from loyaltychain.core.failpoints import VARIABLE
from loyaltychain.wiring import open_world
from tests.anvil import running_anvil
from tests.cli.doctoring import shop  # noqa: F401  fixture
from tests.cli.test_commands import Speaker, home, speaker  # noqa: F401  fixtures
from tests.projects import ProjectWorld

NOBODY = "http://127.0.0.1:1"
FLAG = "--i-know-this-is-mainnet"
SENDING = [
    ("run", "--once"),
    ("worker",),
    ("rotate-settler",),
    ("pause",),
    ("unpause",),
    ("settler", "0x" + "99" * 20),
    ("caps", "lower", "--issue-per-batch", "1"),
    ("caps", "raise", "--issue-per-batch", "1"),
    ("mode", "propose", "--window", "60"),
    ("mode", "count"),
    ("mode", "activate"),
    ("mode", "cancel"),
    ("upgrade", "schedule", "PointsLedger", "--to", "X"),
    ("upgrade", "execute", "PointsLedger"),
    ("upgrade", "cancel", "PointsLedger"),
    ("wallet", "bind", "voucher.json", "--consent", "0x"),
    ("wallet", "rebind", "voucher.json", "--consent", "0x"),
    ("wallet", "execute", "--member", "ann"),
    ("wallet", "cancel", "--member", "ann"),
]


@pytest.fixture
def on_base(speaker: Speaker, monkeypatch: pytest.MonkeyPatch) -> Speaker:
    monkeypatch.setenv("LOYALTYCHAIN_NETWORK", "base")
    monkeypatch.setenv("LOYALTYCHAIN_RPC", NOBODY)
    for key in Path("keys").iterdir():
        key.write_text("not looked at", encoding="ascii")
    return speaker


@pytest.mark.parametrize("command", SENDING, ids=" ".join)
def test_sending__main_network__refused(on_base: Speaker, command: tuple[str, ...]) -> None:
    Path("voucher.json").write_text("{}", encoding="utf-8")

    code, refused = on_base.error(*command)

    assert (code, refused["facts"], FLAG in refused["message"]) == (2, {"chain_id": 8453}, True)
    assert not Path(FILE).exists()
    assert not Path("ledger.sqlite3").exists()


@pytest.mark.parametrize("command", [("pause",), ("run", "--once")], ids=" ".join)
def test_sending__main_network__meant_once__is_remembered(on_base: Speaker, command: tuple[str, ...]) -> None:
    code, said = on_base.error(*command, FLAG)

    assert FLAG not in said["message"]
    assert json.loads(Path(FILE).read_text(encoding="utf-8")) == {"chain_ids": [8453]}
    assert on_base.error(*command) == (code, said)
    assert FLAG not in on_base.error("unpause")[1]["message"]


def test_sending__another_main_network__is_another_question(on_base: Speaker, monkeypatch: pytest.MonkeyPatch) -> None:
    on_base.error("pause", FLAG)
    monkeypatch.setenv("LOYALTYCHAIN_NETWORK", "op-mainnet")

    code, refused = on_base.error("pause")

    assert (code, refused["facts"]) == (2, {"chain_id": 10})


def test_watch__challenging_on_a_main_network__only_when_it_is_meant(
    shop: ProjectWorld, speaker: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOYALTYCHAIN_WATCHER_KEY", "no key")
    manifest = json.dumps(dict(shop.open().manifest) | {"chain_id": 8453})
    Path("manifest.json").write_text(manifest, encoding="utf-8")
    watching = ("watch", "--manifest", "manifest.json", "--rpc", NOBODY, "--once", "--challenge")

    code, refused = speaker.error(*watching)
    _, meant = speaker.error(*watching, FLAG)

    assert (code, refused["facts"]) == (2, {"chain_id": 8453})
    assert "LOYALTYCHAIN_WATCHER_KEY" in meant["message"]
    assert not Path(FILE).exists()


@pytest.mark.parametrize(
    "command", [("mode", "status"), ("caps", "show"), ("verify",), ("wallet", "show", "--member", "a")]
)
def test_reading__main_network__is_not_asked(on_base: Speaker, command: tuple[str, ...]) -> None:
    assert FLAG not in on_base.error(*command)[1]["message"]


def test_sending__test_network__is_not_asked(on_base: Speaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOYALTYCHAIN_NETWORK", "base-sepolia")

    assert FLAG not in on_base.error("pause")[1]["message"]
    assert FLAG not in on_base.error("pause", FLAG)[1]["message"]
    assert not Path(FILE).exists()


def test_sender__main_network_behind_any_profile__refused_until_it_was_meant(
    speaker: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOYALTYCHAIN_NETWORK", "anvil")
    with running_anvil("--chain-id", "8453") as node:
        monkeypatch.setenv("LOYALTYCHAIN_RPC", node.url)
        world = open_world(project_at(Path()))
        for make in (world.sender, world.deploy_sender):
            with pytest.raises(InvalidSettings, match="Chain 8453 is Base"):
                make([])

        remember_consent(world.project.home, 8453)

        assert world.sender([]).profile.name == "anvil"

        monkeypatch.setenv(VARIABLE, "send.after")
        with pytest.raises(InvalidSettings, match="unset it on a main network"):
            world.sender([])
