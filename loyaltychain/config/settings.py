"""The project's configuration: one frozen value, built from ``loyaltychain.toml`` and the environment.

Nothing reads the environment at import; ``load_settings`` is given both sources.
"""

import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from loyaltychain.config.api import Api
from loyaltychain.config.network import apply_choice, read_choice
from loyaltychain.config.signers import Signers
from loyaltychain.core import errors
from loyaltychain.core.environment import Variables

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
    adjust_a_day: int | None = Field(default=None, ge=0)  # of one person or key; none: ten times adjust_above
    days: int = Field(default=7, ge=1, le=365)

    @property
    def a_day(self) -> int | None:
        """Points that one person may adjust within a day without a second one; None: any number."""
        if self.adjust_a_day is None and self.adjust_above is not None:
            return 10 * self.adjust_above
        return self.adjust_a_day


class Gas(Strict):
    """When a backlog is settled, by what gas costs (docs/WORKER.md)."""

    calm_wei_per_gas: int | None = Field(default=None, ge=1)  # up to this price at once; none: at any price
    patience_seconds: int = Field(default=86_400, ge=0)  # that the oldest entry waits for it; then at any price


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
    #: The network's endpoints: one URL, several with spaces between, or a list. None: the project's local chain.
    rpc: str | list[str] | None = None
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
    gas: Gas = Gas()
    api: Api = Api()
    signers: Signers = Field(default_factory=dict)

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The URLs of the network's nodes, each once, in their order; none for the project's local chain."""
        given = self.rpc.split() if isinstance(self.rpc, str) else self.rpc or ()
        return tuple(dict.fromkeys(given))


def load_settings(home: Path, environ: Variables) -> Settings:
    """The settings of the project in ``home``: its file, the network that `deploy` was told, the environment.

    Raises:
        ProjectMissing: there is no ``loyaltychain.toml`` in ``home``.
        InvalidSettings: it cannot be read, or values are missing or wrong; all of them are named.
    """
    overrides = {setting: value for name, setting in OVERRIDES.items() if (value := environ.get(name))}
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
