"""Where a project keeps its things, and how a new one is made."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from loyaltychain.config.settings import FILE, Settings, load_settings
from loyaltychain.core import errors
from loyaltychain.core.environment import Variables

#: One key a role: the hot key (settler) can do nothing but settle.
ROLES = ("deployer", "admin", "guardian", "config", "upgrader", "registrar", "settler")

EXAMPLES = "events.example.jsonl"


@dataclass(frozen=True, slots=True)
class Project:
    """A project's directory and its settings."""

    home: Path
    settings: Settings

    @property
    def program_file(self) -> Path:
        return self.home / self.settings.program

    @property
    def database_url(self) -> str:
        """The database, with a relative SQLite path made absolute."""
        prefix, _, path = self.settings.database.partition("sqlite:///")
        if prefix or not path or Path(path).is_absolute():
            return self.settings.database
        return f"sqlite:///{self.home / path}"

    @property
    def chain_directory(self) -> Path:
        return self.home / "chain"

    @property
    def manifest_file(self) -> Path:
        return self.home / "deployments" / f"{self.settings.network}.json"

    @property
    def plan_file(self) -> Path:
        """What a deployment was begun with; kept so that it can be resumed."""
        return self.home / "deployments" / f"{self.settings.network}.plan.json"

    @property
    def verification_directory(self) -> Path:
        """What explorers need to show the contracts' sources."""
        return self.home / "deployments" / f"{self.settings.network}.verify"

    @property
    def program_archive(self) -> Path:
        """The documents of published programmes, by digest."""
        return self.home / "programs"

    def key_file(self, role: str) -> Path:
        return self.home / "keys" / f"{role}.key"

    def keystore_file(self, role: str) -> Path:
        """An encrypted key, used where there is no ``key_file``."""
        return self.home / "keys" / f"{role}.json"

    def address_file(self, role: str) -> Path:
        """The address of a role whose key is somewhere else, used where there is neither of the two."""
        return self.home / "keys" / f"{role}.address"


def open_project(home: Path, environ: Variables) -> Project:
    """The project in ``home``. Raises ProjectMissing or InvalidSettings."""
    return Project(home.resolve(), load_settings(home, environ))


def make_project(
    home: Path,
    *,
    program: str,
    keys: Mapping[str, str],
    mode: str = "push",
    database: str | None = None,
    examples: str | None = None,
) -> Project:
    """Lay out a new project: configuration, programme, keys (mode 0600). Nothing that exists is overwritten.

    Args:
        program: Text of the starter programme.
        keys: Role -> private key as hex; one for each of ``ROLES``.
        mode: Of the ledger, ``push`` or ``root``.
        database: Its URL; None: an SQLite file in ``home``.
        examples: Events to try the programme with, JSON lines; None: there are none.

    Raises:
        ProjectExists: ``home`` holds one already.
    """
    assert set(keys) == set(ROLES), keys.keys()
    if (home / FILE).exists():
        raise errors.ProjectExists(
            f"{home / FILE} exists already: this directory holds a project. Look at it with: loyaltychain status"
        )
    (home / "keys").mkdir(parents=True, exist_ok=True)
    for role, key in keys.items():
        _write_secret(home / "keys" / f"{role}.key", key)
    if not (home / "program.yaml").exists():
        (home / "program.yaml").write_text(program, encoding="utf-8")
    if examples is not None and not (home / EXAMPLES).exists():
        (home / EXAMPLES).write_text(examples, encoding="utf-8")
    (home / FILE).write_text(_settings_file({"mode": mode} | ({"database": database} if database else {})))
    return open_project(home, {})


def _settings_file(wanted: Mapping[str, str]) -> str:
    """The template with these settings, each of which it names on a line of its own."""
    text = (resources.files("loyaltychain.config") / "template.toml").read_text(encoding="utf-8")
    for name, value in wanted.items():
        found = re.findall(rf'(?m)^{name} = ".*"$', text)
        assert len(found) == 1, name
        text = text.replace(found[0], f"{name} = {json.dumps(value)}")
    return text


def _write_secret(file: Path, text: str) -> None:
    if file.exists():
        return
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(text + "\n")
