"""The project's configuration: one frozen value, built from ``loyaltychain.toml`` and the environment.

Nothing reads the environment at import; ``load_settings`` is given both sources.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from loyaltychain.config.api import Api
from loyaltychain.config.network import apply_choice, read_choice
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


class Wallets(Strict):
    """What wallets and explorers see of members who bind one, and how slowly a lost one is replaced."""

    transfer_logs: bool = False
    rebind_delay: int = Field(default=259_200, ge=1, le=2**32 - 1)  # seconds
    voucher_signer: str | None = Field(default=None, pattern="^0x[0-9a-fA-F]{40}$")  # none: the registrar


class Ledger(Strict):
    """How balances are surfaced on chain (docs/PROTOCOL.md, 12): decided before the deployment."""

    mode: Literal["push", "root"] = "push"
    challenge_window: int = Field(default=86_400, ge=1, le=30 * 86_400)  # seconds; counts in root mode


class Approvals(Strict):
    """What a second person has to agree to."""

    adjust_above: int | None = Field(default=None, ge=0)  # points, up or down; none: nothing
    days: int = Field(default=7, ge=1, le=365)


class Safety(Strict):
    """What slows down somebody who has taken over an account."""

    cooldown_hours: int = Field(default=0, ge=0, le=720)  # without spending, after ids or wallet changed


class Liability(Strict):
    """What reports say that outstanding points may cost."""

    cost_per_point: str | None = Field(default=None, pattern=r"^[0-9]{1,9}(\.[0-9]{1,9})?$")  # none: no cost is said
    currency: str | None = Field(default=None, pattern="^[A-Z]{3}$")  # none: the programme's


class Settings(Strict):
    """Everything that a command needs to know of its project. Paths are relative to the project's directory."""

    program: str = "program.yaml"
    network: str = "local"
    rpc: str | None = None  # the network's endpoint; none: the local chain of this project
    database: str = "sqlite:///ledger.sqlite3"
    settle_every: int = Field(default=86_400, ge=0)  # seconds between two batches of a worker that goes on
    token: Token
    caps: Caps
    delays: Delays
    wallets: Wallets = Wallets()
    ledger: Ledger = Ledger()
    liability: Liability = Liability()
    approvals: Approvals = Approvals()
    safety: Safety = Safety()
    api: Api = Api()


def load_settings(home: Path, environ: Mapping[str, str]) -> Settings:
    """The settings of the project in ``home``: its file, the network that `deploy` was told, the environment.

    Raises:
        ProjectMissing: there is no ``loyaltychain.toml`` in ``home``.
        InvalidSettings: it cannot be read, or values are missing or wrong; all of them are named.
    """
    overrides = {setting: environ[name] for name, setting in OVERRIDES.items() if environ.get(name)}
    content = apply_choice(read_file(home), read_choice(home), other=overrides.get("network")) | overrides
    try:
        return Settings.model_validate(content)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise errors.InvalidSettings(f"{FILE} or the environment: {wrong}.") from error


def read_file(home: Path) -> dict[str, Any]:
    """What stands in ``loyaltychain.toml``, unchecked.

    Raises ProjectMissing when there is none, InvalidSettings when it is not TOML.
    """
    file = home / FILE
    if not file.is_file():
        raise errors.ProjectMissing(
            f"There is no loyaltychain project in {home}: run `loyaltychain init` there, "
            "or name the project's directory with --home."
        )
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise errors.InvalidSettings(f"{FILE} is not valid TOML: {error}") from error
