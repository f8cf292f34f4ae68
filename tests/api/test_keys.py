"""API keys
├── given a new key: its text opens it, and the database holds no part of the secret
├── given any change of its text, another environment, or a revoked key: none
├── given a name or a source that cannot be one: refused
├── the checksum refuses what is mistyped before the database is asked
└── the command line makes, lists and revokes them
"""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from loyaltychain.api.keys import APP_SCOPES, create_key, find_key, list_keys, revoke_key
from loyaltychain.api.tables import api_keys
from loyaltychain.cli import main as command_line
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading, transaction
from tests.projects import new_project

NOW = UnixSeconds(1_780_000_000)


def make(engine: Engine) -> str:
    with transaction(engine) as tx:
        return create_key(tx, "till", ["shop"], environment="test", manages=False, now=NOW)[1]


def test_key__its_text__opens_it_and_is_not_stored(database: Engine) -> None:
    text = make(database)

    with reading(database) as tx:
        found = find_key(tx, text, environment="test", now=NOW)
        assert found == list_keys(tx)[0]
        assert (found.name, found.sources, found.scopes) == ("till", ("shop",), APP_SCOPES)
        stored = json.dumps([tuple(row) for row in tx.execute(select(api_keys))])
        assert find_key(tx, text, environment="live", now=NOW) is None
    assert text.split("_")[3][:32] not in stored


@given(place=st.integers(0, 60), letter=st.sampled_from("aZ0_é\n"))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_key__one_letter_changed__is_none(database: Engine, place: int, letter: str) -> None:
    text = make(database)
    other = text[: place % len(text)] + letter + text[place % len(text) + 1 :]

    with reading(database) as tx:
        assert (find_key(tx, other, environment="test", now=NOW) is not None) == (other == text)
        for longer in (text + "a", text + "\n", " " + text, text[:-1], ""):
            assert find_key(tx, longer, environment="test", now=NOW) is None


def test_key__revoked__is_none_for_ever(database: Engine) -> None:
    text = make(database)
    with transaction(database) as tx:
        [key] = list_keys(tx)
        revoke_key(tx, key.id, now=NOW)
        again = revoke_key(tx, key.id, now=UnixSeconds(NOW + 5))
        assert find_key(tx, text, environment="test", now=NOW) is None
        assert again.revoked_at == NOW
        with pytest.raises(errors.InvalidSettings, match="key list"):
            revoke_key(tx, "none", now=NOW)


@pytest.mark.parametrize(
    ("name", "sources"),
    [("", ["shop"]), ("a\nb", ["shop"]), ("x" * 101, ["shop"]), ("till", []), ("till", ["a/b"]), ("till", [""])],
)
def test_key__impossible__is_refused(database: Engine, name: str, sources: list[str]) -> None:
    with transaction(database) as tx, pytest.raises(errors.InvalidSettings):
        create_key(tx, name, sources, environment="test", manages=False, now=NOW)


def test_command_line__makes_lists_and_revokes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = str(new_project(tmp_path / "shop").home)

    def run(*arguments: str, exit_code: int = 0) -> str:
        monkeypatch.setattr("sys.argv", ["loyaltychain", *arguments, "--home", home])
        with pytest.raises(SystemExit) as end:
            command_line.main()
        assert (end.value.code or 0) == exit_code, capsys.readouterr()
        return capsys.readouterr().out

    def ask(*arguments: str, exit_code: int = 0) -> Any:
        return json.loads(run(*arguments, "--json", exit_code=exit_code))

    first = ask("key", "new", "till", "--source", "shop", "--source", "app")
    text = run("key", "new", "office", "--source", "shop", "--manages").strip()

    assert first["key"].startswith("lc_test_") and text.startswith("lc_test_")
    listed = {key["name"]: (key["sources"], key["scopes"]) for key in ask("key", "list")["keys"]}
    app = ["events:write", "points:write", "read"]
    assert listed == {"till": (["shop", "app"], app), "office": (["shop"], [*app, "manage", "reports"])}
    assert ask("key", "revoke", first["key"])["id"] == first["id"]
    table = run("key", "list")
    assert first["key"] not in table and max(map(len, table.splitlines())) <= 80
    assert ask("key", "revoke", "none", exit_code=2)["error"]["code"] == "InvalidSettings"
    assert ask("key", "new", "x", "--source", "a/b", exit_code=2)["error"]["code"] == "InvalidSettings"
