"""find_source
├── given every place: in this order, and a keystore of the command line before all
├── given two places outside keys/: InvalidSettings that names both
├── given empty variables: as if they were not set
└── given any of it: nothing of a secret is in what it returns
open_key
├── given each kind of place: its key; a variable may name a keystore too
├── given a file that is open to others, no file, a pipe: InvalidSettings that says what to do
├── given what is no key: InvalidSettings, and no frame of the traceback shows it
├── given the address of another key beside it: InvalidSettings
└── given an adapter: asked for its key, whose address must be the pinned one
read_source_address
└── given an address or a keystore: the address, and no password is asked for
Environment
└── given any way to look at it: no value is shown, not even by reporters that open mappings
"""

import json
import os
import pickle
import traceback
from collections.abc import Mapping
from pathlib import Path

import pytest
from eth_account import Account

from loyaltychain.chain.key_sources import KeySource, find_source, open_key, read_source_address
from loyaltychain.chain.private_key import PrivateKey
from loyaltychain.config.project import open_project
from loyaltychain.core import errors
from loyaltychain.core.environment import Environment
from tests.projects import new_project

SECRETS = [bytes([number]) * 32 for number in range(1, 7)]
ADDRESSES = [PrivateKey(secret).address for secret in SECRETS]
KEY, KEY_FILE = "LOYALTYCHAIN_SETTLER_KEY", "LOYALTYCHAIN_SETTLER_KEY_FILE"
WORDS = "correct horse"


def put(file: Path, text: str, mode: int = 0o600) -> Path:
    file.write_text(text + "\n", encoding="utf-8")
    file.chmod(mode)
    return file


def keystore(secret: bytes) -> str:
    return json.dumps(Account.encrypt(secret, WORDS, kdf="pbkdf2", iterations=100))


def never(file: str) -> str:
    raise AssertionError(f"nobody asked for the password of {file}")


def key_of(environ: Mapping[str, str], directory: Path | None, *, signer: str | None = None) -> str:
    variables = Environment(environ)
    source = find_source("settler", variables, directory, signer=signer)
    return open_key(source, variables, lambda _: WORDS).address


def all_text_of(error: BaseException) -> str:
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(shown.format(chain=True))


def test_find_source__every_place__in_order(tmp_path: Path) -> None:
    file = put(tmp_path / "elsewhere", SECRETS[1].hex())
    put(tmp_path / "settler.key", SECRETS[2].hex())
    put(tmp_path / "settler.json", keystore(SECRETS[3]), 0o644)

    assert key_of({KEY: SECRETS[0].hex()}, tmp_path) == ADDRESSES[0]
    assert key_of({KEY: "0x" + SECRETS[0].hex().upper()}, None) == ADDRESSES[0]
    assert key_of({KEY_FILE: str(file), KEY: ""}, tmp_path) == ADDRESSES[1]
    assert key_of({}, tmp_path) == ADDRESSES[2]
    (tmp_path / "settler.key").unlink()
    assert key_of({}, tmp_path) == ADDRESSES[3]
    (tmp_path / "settler.json").unlink()
    put(tmp_path / "settler.address", ADDRESSES[4])
    assert find_source("settler", Environment({}), tmp_path).kind == "address"
    named = find_source("settler", Environment({KEY: "x", KEY_FILE: "y"}), tmp_path, keystore=file)
    assert (named.kind, named.where) == ("keystore", str(file))


def test_open_key__variable_names_a_keystore__unlocked(tmp_path: Path) -> None:
    file = put(tmp_path / "secret", keystore(SECRETS[1]))

    assert key_of({KEY_FILE: str(file)}, None) == ADDRESSES[1]


@pytest.mark.parametrize(
    ("environ", "signer", "named"),
    [
        ({KEY: "1", KEY_FILE: "2"}, None, [KEY, KEY_FILE]),
        ({KEY: "1"}, "a:b", ["[signers] settler", KEY]),
        ({KEY_FILE: "2"}, "a:b", ["[signers] settler", KEY_FILE]),
    ],
)
def test_find_source__two_places__refused(environ: dict[str, str], signer: str | None, named: list[str]) -> None:
    with pytest.raises(errors.InvalidSettings, match="leave one of them") as caught:
        find_source("settler", Environment(environ), None, signer=signer)

    assert caught.value.context["places"] == named


def test_find_source__next_settler__variable_without_a_hyphen() -> None:
    source = find_source("next-settler", Environment({"LOYALTYCHAIN_NEXT_SETTLER_KEY": "12"}), None)

    assert source == KeySource("next-settler", "variable", "LOYALTYCHAIN_NEXT_SETTLER_KEY")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o602, 0o610])
def test_open_key__file_of_others__refused(tmp_path: Path, mode: int) -> None:
    file = put(tmp_path / "secret", SECRETS[0].hex(), mode)

    with pytest.raises(errors.InvalidSettings, match="chmod 600 secret"):
        key_of({KEY_FILE: str(file)}, None)


def test_open_key__no_file_no_key_a_pipe_a_folder__refused(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    for place in (tmp_path / "none", pipe, tmp_path):
        with pytest.raises(errors.InvalidSettings, match="secret"):
            key_of({KEY_FILE: str(place)}, None)
    with pytest.raises(errors.InvalidSettings, match=f"{KEY}_FILE"):
        key_of({}, tmp_path)
    put(tmp_path / "settler.address", ADDRESSES[0])
    with pytest.raises(errors.InvalidSettings, match="its address alone"):
        key_of({}, tmp_path)


@pytest.mark.parametrize("text", [SECRETS[0].hex()[:-1], SECRETS[0].hex() + "00", "ff" * 32 + " ", "not a key"])
def test_open_key__no_key__refused_and_unseen(tmp_path: Path, text: str) -> None:
    holders = [{KEY: text}, {KEY_FILE: str(put(tmp_path / "secret", text))}]
    for environ in holders:
        source = find_source("settler", Environment(environ), None)
        with pytest.raises(errors.InvalidSettings) as caught:
            open_key(source, Environment(environ), never)
        frames = all_text_of(caught.value).split("\n  File ")
        own = [frame for frame in frames if "/loyaltychain/" in frame.split(", line ")[0]]
        assert len(own) >= 3
        assert text.startswith("ff") or not any(text in frame for frame in own)  # beyond the order: nobody's key


def test_open_key__another_address_beside_it__refused(tmp_path: Path) -> None:
    put(tmp_path / "settler.address", ADDRESSES[1])

    with pytest.raises(errors.InvalidSettings, match=r"not the one of settler\.address"):
        key_of({KEY: SECRETS[0].hex()}, tmp_path)
    put(tmp_path / "settler.address", ADDRESSES[0])
    assert key_of({KEY: SECRETS[0].hex()}, tmp_path) == ADDRESSES[0]


def test_open_key__adapter__its_key_if_it_is_the_pinned_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kms_here.py").write_text(
        "class Signer:\n"
        f"    address = {ADDRESSES[0]!r}\n"
        "    def sign_digest(self, digest):\n        return (1, 1)\n"
        "def make(role):\n    return Signer()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    assert key_of({}, None, signer="kms_here:make") == ADDRESSES[0]
    put(tmp_path / "settler.address", ADDRESSES[1])
    with pytest.raises(errors.InvalidSettings, match=r"settler\.address"):
        key_of({}, tmp_path, signer="kms_here:make")


def test_read_source_address__keystore_or_address__without_a_password(tmp_path: Path) -> None:
    put(tmp_path / "settler.json", keystore(SECRETS[0]))
    source = find_source("settler", Environment({}), tmp_path)
    assert read_source_address(source) == ADDRESSES[0]
    put(tmp_path / "settler.address", ADDRESSES[1])
    assert read_source_address(find_source("settler", Environment({}), tmp_path, signer="no:where")) == ADDRESSES[1]
    assert read_source_address(find_source("settler", Environment({KEY: "x"}), None)) is None


def test_environment__any_way_to_look__shows_no_value(tmp_path: Path) -> None:
    environ = Environment({KEY: SECRETS[0].hex(), "LOYALTYCHAIN_NETWORK": "no-such-profile"})

    assert not isinstance(environ, Mapping)
    assert not hasattr(environ, "__dict__")
    with pytest.raises(TypeError):
        pickle.dumps(environ)
    new_project(tmp_path / "shop")
    (tmp_path / "shop" / "loyaltychain.toml").write_text("broken = [")
    with pytest.raises(errors.InvalidSettings) as caught:
        open_project(tmp_path / "shop", environ)
    text = all_text_of(caught.value)
    assert "environ = Environment(not shown)" in text
    assert SECRETS[0].hex() not in text
