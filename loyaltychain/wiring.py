"""The only place that knows concretes: opens the database, the chain and the keys of a project, and hands them on."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Engine

from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import selector
from loyaltychain.chain.profiles import Profile, load_profile
from loyaltychain.chain.rpc import Rpc, Web3Rpc
from loyaltychain.chain.sender import Sender
from loyaltychain.chain.signer import AllowedCall, KeySigner, PrivateKey, Signer, load_key
from loyaltychain.config.project import ROLES, Project
from loyaltychain.core import errors
from loyaltychain.core.clock import Clock, system_clock
from loyaltychain.core.hashing import to_hex
from loyaltychain.db.migrate import open_migrated
from loyaltychain.deploy.deploy import fresh_instance_id
from loyaltychain.deploy.manifest import Manifest, read_manifest
from loyaltychain.deploy.plan import DeployPlan
from loyaltychain.localchain.process import find
from loyaltychain.program.load import load_program
from loyaltychain.program.types import Program
from loyaltychain.settlement.deployment import Deployment

_CONTRACTS = ("PointsLedger", "ProgramRegistry", "AccessManager", "PointsProxy")


@dataclass(frozen=True, slots=True)
class World:
    """A project with its database and its chain open."""

    project: Project
    engine: Engine
    rpc: Rpc
    profile: Profile
    clock: Clock

    @property
    def manifest(self) -> Manifest:
        """Raises NotDeployed."""
        return read_manifest(self.project.manifest_file)

    @property
    def deployment(self) -> Deployment:
        """Raises NotDeployed."""
        return Deployment.from_manifest(self.manifest)

    def program(self) -> Program:
        """Raises InvalidProgram."""
        return load_program(self.project.program_file)

    def sender(self, signers: Collection[Signer]) -> Sender:
        """A sender on this chain for these signers."""
        abis = [artifacts.load(name).abi for name in _CONTRACTS]
        return Sender(self.engine, self.rpc, signers, profile=self.profile, clock=self.clock, abis=abis)

    def key(self, role: str) -> PrivateKey:
        """The key of a role. Raises InvalidSettings when it cannot be read."""
        return load_key(self.project.key_file(role))

    def settler(self) -> KeySigner:
        """The hot key, which may do nothing but settle."""
        signature = "settle((uint32,bytes32,bytes32,bytes32,bytes32,bytes32,uint64,uint32,uint64,uint64),bytes)"
        return self._signer("settler", self.manifest["contracts"]["PointsLedger"]["address"], signature)

    def registrar(self) -> KeySigner:
        """The key that publishes programmes."""
        address = self.manifest["contracts"]["ProgramRegistry"]["address"]
        return self._signer("registrar", address, "publish(bytes32,uint64)")

    def _signer(self, role: str, target: str, signature: str) -> KeySigner:
        allowed = [AllowedCall(target, selector(signature))]
        return KeySigner(self.key(role), allowed, chain_id=self.manifest["chain_id"])


def open_world(project: Project, *, rpc: Rpc | None = None, clock: Clock = system_clock) -> World:
    """Everything a command needs.

    Args:
        rpc: A chain to use instead of the project's own (the demo's, in process).

    Raises:
        ChainNotRunning: the project's local chain has no process.
        InvalidSettings: no such network profile, or no endpoint for it.
    """
    profile = load_profile(project.settings.network)
    return World(project, open_migrated(project.database_url), rpc or _connect(project), profile, clock)


def connect(url: str) -> Rpc:
    """The node at ``url``. Raises InvalidSettings for what is no URL of a node."""
    if not url.startswith(("http://", "https://")):
        raise errors.InvalidSettings(f"{url!r} is not the URL of a node: it begins with http:// or https://.")
    return Web3Rpc.connect(url)


def _connect(project: Project) -> Rpc:
    if project.settings.rpc:
        return connect(project.settings.rpc)
    if project.settings.network != "local":
        raise errors.InvalidSettings(
            f"The network {project.settings.network!r} needs an endpoint: set `rpc` in loyaltychain.toml, "
            "or LOYALTYCHAIN_RPC."
        )
    return Web3Rpc.connect(find(project.home).url)


def wanted_plan(world: World) -> DeployPlan:
    """The deployment that the project's settings and keys ask for, with a fresh instance id."""
    settings = world.project.settings
    return DeployPlan(
        network=settings.network,
        chain_id=world.rpc.chain_id(),
        genesis_hash=to_hex(world.rpc.block(0).hash),
        instance_id=fresh_instance_id(),
        token_name=settings.token.name,
        token_symbol=settings.token.symbol,
        caps={
            "issuePerBatch": settings.caps.issue_per_batch,
            "burnPerBatch": settings.caps.burn_per_batch,
            "issuePerPeriod": settings.caps.issue_per_period,
            "burnPerPeriod": settings.caps.burn_per_period,
            "periodSeconds": settings.caps.period_seconds,
            "supplyCap": settings.caps.supply_cap,
        },
        roles={role: world.key(role).address for role in ROLES},
        delays={
            "admin": settings.delays.admin,
            "config": settings.delays.config,
            "upgrader": settings.delays.upgrader,
        },
    )
