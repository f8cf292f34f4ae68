"""The network that deploy was told
├── given none: the project's file counts
├── given one: it counts, other settings stay, and the person's file is not touched
├── given one without an endpoint: that of the file counts, or those
├── given a change of network or rpc in the file afterwards: the file counts
├── given another network in the environment: neither its name nor its endpoint counts
└── given a file that is none: InvalidSettings that says what to do
"""

import stat
from pathlib import Path

import pytest

from loyaltychain.config.network import FILE, remember_choice
from loyaltychain.config.project import ROLES, make_project
from loyaltychain.config.settings import FILE as SETTINGS_FILE
from loyaltychain.config.settings import load_settings, read_file
from loyaltychain.core.errors import InvalidSettings

URL = "https://node.example/key"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return make_project(tmp_path, program="x", keys={role: f"{n:064x}" for n, role in enumerate(ROLES, start=1)}).home


def remember(home: Path, *, rpc: str | None = URL) -> None:
    remember_choice(home, network="chain-84532", rpc=rpc, file=read_file(home))


def test_load_settings__nothing_told__as_the_file_says(home: Path) -> None:
    settings = load_settings(home, {})

    assert (settings.network, settings.rpc) == ("local", None)


def test_load_settings__several_endpoints_in_the_file__count_until_they_change(home: Path) -> None:
    file = home / SETTINGS_FILE
    text = file.read_text(encoding="utf-8")
    file.write_text(f'rpc = ["http://a", "http://b"]\n{text}', encoding="utf-8")
    remember(home, rpc=None)

    settings = load_settings(home, {})
    assert (settings.network, settings.endpoints) == ("chain-84532", ("http://a", "http://b"))

    file.write_text(f'rpc = ["http://a"]\n{text}', encoding="utf-8")
    assert load_settings(home, {}).network == "local"


def test_load_settings__told__counts_and_the_file_stays(home: Path) -> None:
    before, text = load_settings(home, {}), (home / SETTINGS_FILE).read_text(encoding="utf-8")

    remember(home)

    assert load_settings(home, {}) == before.model_copy(update={"network": "chain-84532", "rpc": URL})
    assert (home / SETTINGS_FILE).read_text(encoding="utf-8") == text
    assert stat.S_IMODE((home / FILE).stat().st_mode) == 0o600
    remember(home, rpc="https://other.example")
    assert load_settings(home, {}).rpc == "https://other.example"


def test_load_settings__told_without_an_endpoint__takes_that_of_the_file(home: Path) -> None:
    edit(home, 'network = "local"', f'network = "local"\nrpc = "{URL}"')
    remember(home, rpc=None)

    settings = load_settings(home, {})

    assert (settings.network, settings.rpc) == ("chain-84532", URL)


@pytest.mark.parametrize("text", ['network = "base-sepolia"', 'network = "local"\nrpc = "http://127.0.0.1:1"'])
def test_load_settings__file_changed_afterwards__the_file_counts(home: Path, text: str) -> None:
    remember(home)
    edit(home, 'network = "local"', text)

    settings = load_settings(home, {})

    assert settings.network in ("base-sepolia", "local")
    assert settings.rpc in (None, "http://127.0.0.1:1")


def test_load_settings__environment_names_another__the_endpoint_does_not_count(home: Path) -> None:
    remember(home)

    other = load_settings(home, {"LOYALTYCHAIN_NETWORK": "op-sepolia"})
    same = load_settings(home, {"LOYALTYCHAIN_NETWORK": "chain-84532", "LOYALTYCHAIN_RPC": "http://127.0.0.1:2"})

    assert (other.network, other.rpc) == ("op-sepolia", None)
    assert (same.network, same.rpc) == ("chain-84532", "http://127.0.0.1:2")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"network": 1, "rpc": null, "file_network": "", "file_rpc": ""}'])
def test_load_settings__broken_choice__says_what_to_do(home: Path, content: str) -> None:
    (home / FILE).write_text(content, encoding="utf-8")

    with pytest.raises(InvalidSettings, match="delete it"):
        load_settings(home, {})


def edit(home: Path, old: str, new: str) -> None:
    file = home / SETTINGS_FILE
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
