"""load_settings
├── given no project: it raises ProjectMissing and says what to run
├── given a new project's file: it reads it
├── given environment variables: they win
├── given one endpoint, several in a text or in a list: each once, in their order
├── given several mistakes: it names all of them
├── given [signers]: roles and factories, and nothing else
└── given what is not TOML: it says where
make_project
├── given an empty directory: keys are private to their owner, nothing else is needed
└── given a project: it raises ProjectExists and overwrites nothing
"""

import stat
from pathlib import Path

import pytest

from loyaltychain.config.project import ROLES, make_project, open_project
from loyaltychain.config.settings import FILE, load_settings
from loyaltychain.core import errors

KEYS = {role: f"{number:064x}" for number, role in enumerate(ROLES, start=1)}


def test_load_settings__no_project__says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(errors.ProjectMissing, match="loyaltychain init"):
        load_settings(tmp_path, {})


def test_load_settings__environment__wins(tmp_path: Path) -> None:
    make_project(tmp_path, program="x", keys=KEYS)

    settings = load_settings(tmp_path, {"LOYALTYCHAIN_NETWORK": "anvil", "LOYALTYCHAIN_RPC": "http://127.0.0.1:1"})

    assert (settings.network, settings.rpc, settings.program) == ("anvil", "http://127.0.0.1:1", "program.yaml")


@pytest.mark.parametrize(
    ("rpc", "endpoints"),
    [('"http://a"', ("http://a",)), ('" http://a  http://b "', ("http://a", "http://b")),
     ('["http://b", "http://a", "http://b"]', ("http://b", "http://a")), ("[]", ()), ('""', ())],
)  # fmt: skip
def test_load_settings__endpoints__each_once(tmp_path: Path, rpc: str, endpoints: tuple[str, ...]) -> None:
    make_project(tmp_path, program="x", keys=KEYS)
    assert load_settings(tmp_path, {}).endpoints == ()
    text = (tmp_path / FILE).read_text(encoding="utf-8")
    (tmp_path / FILE).write_text(f"rpc = {rpc}\n{text}", encoding="utf-8")

    assert load_settings(tmp_path, {}).endpoints == endpoints
    assert load_settings(tmp_path, {"LOYALTYCHAIN_RPC": "http://c http://d"}).endpoints == ("http://c", "http://d")


def test_load_settings__several_mistakes__names_all(tmp_path: Path) -> None:
    make_project(tmp_path, program="x", keys=KEYS)
    text = (tmp_path / FILE).read_text(encoding="utf-8")
    text = text.replace("period_seconds = 86_400", "period_seconds = 0").replace('symbol = "CSP"', "symbol = 5")
    (tmp_path / FILE).write_text("colour = 1\n" + text, encoding="utf-8")

    with pytest.raises(errors.InvalidSettings) as caught:
        load_settings(tmp_path, {})

    for field in ("caps.period_seconds", "token.symbol", "colour"):
        assert field in caught.value.message


def test_load_settings__not_toml__says_where(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("program = \n", encoding="utf-8")

    with pytest.raises(errors.InvalidSettings, match=r"not valid TOML.*line 1"):
        load_settings(tmp_path, {})


def test_make_project__empty_directory__keys_are_private(tmp_path: Path) -> None:
    project = make_project(tmp_path / "a shop", program="name: x\n", keys=KEYS)

    assert {stat.S_IMODE(project.key_file(role).stat().st_mode) for role in ROLES} == {0o600}
    assert project.key_file("settler").read_text(encoding="ascii").strip() == KEYS["settler"]
    assert project.program_file.read_text(encoding="utf-8") == "name: x\n"
    assert project.database_url == f"sqlite:///{(tmp_path / 'a shop').resolve()}/ledger.sqlite3"


def test_make_project__a_project__overwrites_nothing(tmp_path: Path) -> None:
    make_project(tmp_path, program="first", keys=KEYS)

    with pytest.raises(errors.ProjectExists, match="exists already"):
        make_project(tmp_path, program="second", keys=dict.fromkeys(ROLES, "0" * 64))

    assert (tmp_path / "program.yaml").read_text(encoding="utf-8") == "first"
    assert open_project(tmp_path, {}).key_file("admin").read_text(encoding="ascii").strip() == KEYS["admin"]


def test_signers__role_and_factory__kept_and_anything_else_refused(tmp_path: Path) -> None:
    make_project(tmp_path, program="x", keys=KEYS)
    text = (tmp_path / FILE).read_text(encoding="utf-8")

    def read(line: str) -> dict[str, str]:
        (tmp_path / FILE).write_text(text.replace("\n[signers]\n", f"\n[signers]\n{line}\n"), encoding="utf-8")
        return load_settings(tmp_path, {}).signers

    assert read('settler = "my_kms.google:make_signer"') == {"settler": "my_kms.google:make_signer"}
    for line in ('watchman = "a:b"', 'settler = "a"', 'settler = "a:b:c"', 'settler = "os.system(1):b"', "settler = 1"):
        with pytest.raises(errors.InvalidSettings, match="signers"):
            read(line)
