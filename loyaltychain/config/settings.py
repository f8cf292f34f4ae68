"""The project's configuration: one frozen value, built from ``loyaltychain.toml`` and the environment.

Nothing reads the environment at import; ``load_settings`` is given both sources.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from loyaltychain.core import errors

FILE = "loyaltychain.toml"
#: Environment variable -> the setting that it overrides.
OVERRIDES = {
    "LOYALTYCHAIN_DATABASE": "database",
    "LOYALTYCHAIN_NETWORK": "network",
    "LOYALTYCHAIN_RPC": "rpc",
    "LOYALTYCHAIN_PROGRAM": "program",
}
_UINT48 = 2**48 - 1


class Strict(BaseModel):
    """Refuses unknown names and silent conversions."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Token(Strict):
    """What wallets and explorers show."""

    name: str = Field(min_length=1, max_length=64)
    symbol: str = Field(min_length=1, max_length=11)


class Caps(Strict):
    """The bounds of the settler's key, in points. They bound the harm of a stolen one."""

    issue_per_batch: int = Field(ge=0, le=_UINT48)
    burn_per_batch: int = Field(ge=0, le=_UINT48)
    issue_per_period: int = Field(ge=0, le=_UINT48)
    burn_per_period: int = Field(ge=0, le=_UINT48)
    period_seconds: int = Field(ge=1, le=2**32 - 1)
    supply_cap: int = Field(ge=0, le=2**63 - 1)


class Delays(Strict):
    """Seconds between scheduling an operation and its earliest execution, by role."""

    admin: int = Field(ge=0, le=2**32 - 1)
    config: int = Field(ge=0, le=2**32 - 1)
    upgrader: int = Field(ge=0, le=2**32 - 1)


class Settings(Strict):
    """Everything that a command needs to know of its project. Paths are relative to the project's directory."""

    program: str = "program.yaml"
    network: str = "local"
    rpc: str | None = None  # the network's endpoint; none: the local chain of this project
    database: str = "sqlite:///ledger.sqlite3"
    token: Token
    caps: Caps
    delays: Delays


def load_settings(home: Path, environ: Mapping[str, str]) -> Settings:
    """The settings of the project in ``home``.

    Raises:
        ProjectMissing: there is no ``loyaltychain.toml`` in ``home``.
        InvalidSettings: it cannot be read, or values are missing or wrong; all of them are named.
    """
    file = home / FILE
    if not file.is_file():
        raise errors.ProjectMissing(
            f"There is no loyaltychain project in {home}: run `loyaltychain init` there, "
            "or name the project's directory with --home."
        )
    try:
        content: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise errors.InvalidSettings(f"{FILE} is not valid TOML: {error}") from error
    content |= {setting: environ[name] for name, setting in OVERRIDES.items() if environ.get(name)}
    try:
        return Settings.model_validate(content)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise errors.InvalidSettings(f"{FILE} or the environment: {wrong}.") from error
