"""read_keystore
├── given a file as wallets write it: the address, and nothing was decrypted
├── given a file without an address: None
├── given no file, a bare key, other JSON, another version, a broken address: InvalidSettings, and no frame shows it
└── given a key derivation out of all bounds: InvalidSettings, before any password is tried
Keystore.unlock
├── given the password, by either key derivation: the key, which signs for that address
├── given another password: InvalidSettings, and no frame of the traceback shows password or key
├── given the key of another address than the file says: InvalidSettings
└── given parts that are missing or broken: InvalidSettings
read_address
├── given an address, checksummed or not: it, in lower case
└── given anything else, a broken checksum included: InvalidSettings, and no frame shows it
password_source
├── given the variable, the file, the terminal: in this order
├── given a file that cannot be read, or is open to others: InvalidSettings
└── given nobody to ask, or a terminal that closes: InvalidSettings that names the variables
"""

import json
import traceback
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from loyaltychain.chain.keystore import PASSWORD, PASSWORD_FILE, password_source, read_address, read_keystore
from loyaltychain.chain.signer import PrivateKey
from loyaltychain.core.errors import InvalidSettings

SECRET = bytes(range(1, 33))
ADDRESS = PrivateKey(SECRET).address
WORDS = "correct horse battery staple"


def encrypted(kdf: str = "pbkdf2", **changes: Any) -> dict[str, Any]:
    cost = 2**10 if kdf == "scrypt" else 100
    return Account.encrypt(SECRET, WORDS, kdf=kdf, iterations=cost) | changes  # type: ignore[arg-type]


def keystore_file(tmp_path: Path, content: object) -> Path:
    file = tmp_path / "wallet.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return file


def all_text_of(error: BaseException) -> str:
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(shown.format(chain=True))


def test_read_keystore__wallet_file__tells_the_address(tmp_path: Path) -> None:
    keystore = read_keystore(keystore_file(tmp_path, encrypted()))

    assert keystore.address == ADDRESS
    assert "ciphertext" not in repr(keystore)


def test_read_keystore__without_an_address__says_none(tmp_path: Path) -> None:
    content = encrypted()
    del content["address"]

    keystore = read_keystore(keystore_file(tmp_path, content))

    assert keystore.address is None
    assert keystore.unlock(WORDS).address == ADDRESS


@pytest.mark.parametrize(
    "content",
    [
        SECRET.hex(),
        "",
        "[]",
        {"address": ADDRESS},
        encrypted(version=4),
        encrypted(address="0x12"),
        encrypted(crypto=1),
    ],
)
def test_read_keystore__no_keystore__is_refused_and_unseen(tmp_path: Path, content: object) -> None:
    file = keystore_file(tmp_path, content)

    with pytest.raises(InvalidSettings) as caught:
        read_keystore(file)

    assert SECRET.hex() not in str(caught.value)


def test_read_keystore__no_file__is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="cannot be read"):
        read_keystore(tmp_path / "wallet.json")


@pytest.mark.parametrize(
    "change",
    [{"n": 2**30}, {"n": "large"}, {"r": 2**20}, {"p": 0}, {"c": 10**12}, {"r": 64, "n": 2**20}, {"dklen": 2**40}],
)
def test_read_keystore__derivation_without_bounds__is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    content = encrypted("scrypt")
    content["crypto"]["kdfparams"] |= change

    with pytest.raises(InvalidSettings, match="out of all bounds"):
        read_keystore(keystore_file(tmp_path, content))


@pytest.mark.parametrize("kdf", ["pbkdf2", "scrypt"])
def test_unlock__the_password__gives_the_key(tmp_path: Path, kdf: str) -> None:
    keystore = read_keystore(keystore_file(tmp_path, encrypted(kdf)))

    assert keystore.unlock(WORDS).address == ADDRESS


def test_unlock__another_password__is_refused_and_nothing_shows(tmp_path: Path) -> None:
    keystore = read_keystore(keystore_file(tmp_path, encrypted()))
    mistyped = [WORDS[::-1]]  # in a list, so that this frame's own repr is the only one that could show it

    with pytest.raises(InvalidSettings, match="The password does not fit") as caught:
        keystore.unlock(mistyped.pop())

    shown = all_text_of(caught.value)
    assert WORDS[::-1] not in shown
    assert SECRET.hex() not in shown


def test_unlock__key_of_another_address__is_refused(tmp_path: Path) -> None:
    keystore = read_keystore(keystore_file(tmp_path, encrypted(address="11" * 20)))

    with pytest.raises(InvalidSettings, match="another address") as caught:
        keystore.unlock(WORDS)

    assert caught.value.context["holds"] == ADDRESS


@pytest.mark.parametrize("part", ["ciphertext", "mac", "kdfparams", "kdf", "cipherparams"])
def test_unlock__part_missing__is_refused(tmp_path: Path, part: str) -> None:
    content = encrypted()
    del content["crypto"][part]

    with pytest.raises(InvalidSettings):
        read_keystore(keystore_file(tmp_path, content)).unlock(WORDS)


def test_unlock__unknown_derivation__is_refused(tmp_path: Path) -> None:
    content = encrypted()
    content["crypto"]["kdf"] = "argon2"

    with pytest.raises(InvalidSettings, match="cannot be decrypted"):
        read_keystore(keystore_file(tmp_path, content)).unlock(WORDS)


@pytest.mark.parametrize("text", [ADDRESS, Account.from_key(SECRET).address, f"  {ADDRESS}\n"])
def test_read_address__an_address__in_lower_case(tmp_path: Path, text: str) -> None:
    file = tmp_path / "admin.address"
    file.write_text(text, encoding="ascii")

    assert read_address(file) == ADDRESS


@pytest.mark.parametrize("text", ["", SECRET.hex(), ADDRESS[2:], ADDRESS.replace("a", "A", 1), ADDRESS + "00"])
def test_read_address__anything_else__is_refused_and_unseen(tmp_path: Path, text: str) -> None:
    file = tmp_path / "admin.address"
    file.write_text(text, encoding="ascii")

    with pytest.raises(InvalidSettings, match="one address") as caught:
        read_address(file)

    assert SECRET.hex() not in str(caught.value)


def test_password_source__variable_file_terminal__in_this_order(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("from file\n", encoding="utf-8")
    file.chmod(0o600)
    both = {PASSWORD: "from variable", PASSWORD_FILE: str(file)}

    def ask(environ: dict[str, str]) -> str:
        return password_source(environ, prompt=lambda words: f"asked: {words}", is_terminal=lambda: True)("w.json")

    assert ask(both) == "from variable"
    assert ask({PASSWORD_FILE: str(file)}) == "from file"
    assert ask({}) == "asked: Password of w.json: "


def test_password_source__file_open_to_others__is_refused(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("correct horse\n", encoding="utf-8")
    file.chmod(0o644)

    with pytest.raises(InvalidSettings, match="chmod 600 password") as caught:
        password_source({PASSWORD_FILE: str(file)})("w.json")

    shown = all_text_of(caught.value)
    assert "correct horse" not in shown


def test_password_source__file_missing__is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match=PASSWORD_FILE):
        password_source({PASSWORD_FILE: str(tmp_path / "none")})("w.json")


def test_password_source__nobody_to_ask__names_the_variables() -> None:
    with pytest.raises(InvalidSettings, match=PASSWORD_FILE):
        password_source({}, is_terminal=lambda: False)("w.json")


def test_password_source__terminal_closed__names_the_variables() -> None:
    def closed(_: str) -> str:
        raise EOFError

    with pytest.raises(InvalidSettings, match=PASSWORD_FILE):
        password_source({}, prompt=closed, is_terminal=lambda: True)("w.json")
