"""The only place that knows concretes: opens the database, the chain and the keys of a project, and hands them on."""

import os
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine

from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import selector
from loyaltychain.chain.key_sources import KeySource, find_source, open_key, read_source_address
from loyaltychain.chain.keystore import password_source
from loyaltychain.chain.mainnets import MAINNETS, refuse_mainnet
from loyaltychain.chain.nodes import Nodes
from loyaltychain.chain.observe import finality_depth
from loyaltychain.chain.profiles import Profile, load_profile
from loyaltychain.chain.rpc import LOG_RANGE, Rpc, Web3Rpc
from loyaltychain.chain.sender import Sender
from loyaltychain.chain.signer import AllowedCall, Key, KeySigner, Signer
from loyaltychain.chain.upstream import Upstream, name_nodes
from loyaltychain.config.consents import read_consents
from loyaltychain.config.project import ROLES, Project
from loyaltychain.core import errors, failpoints
from loyaltychain.core.clock import Clock, system_clock
from loyaltychain.core.environment import Environment
from loyaltychain.core.hashing import to_hex
from loyaltychain.db.migrate import open_migrated
from loyaltychain.deploy.deploy import fresh_instance_id
from loyaltychain.deploy.manifest import Manifest, read_manifest
from loyaltychain.deploy.plan import DeployPlan
from loyaltychain.localchain.process import find
from loyaltychain.program.load import load_program
from loyaltychain.program.types import Program
from loyaltychain.settlement.deployment import Deployment
from loyaltychain.settlement.guard import check_identity

LOCAL_SECONDS = 30  # that an answer of the local chain, in Python, may take


@dataclass(frozen=True, slots=True)
class World:
    """A project with its database and its chain open."""

    project: Project
    engine: Engine
    rpc: Rpc
    profile: Profile
    clock: Clock
    deployer_keystore: Path | None = None  # in place of the deployer's file in keys/
    _unlocked: dict[KeySource, Key] = field(default_factory=dict)  # so that each password is asked for once

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
        """A sender on this chain for these signers. Raises as ``check_may_spend``."""
        return self._sender(signers, self.profile)

    def deploy_sender(self, signers: Collection[Signer]) -> Sender:
        """A sender for a deployment's steps, each of which waits only as long as the profile says for them.

        Raises as ``check_may_spend``.
        """
        return self._sender(signers, self.profile.for_deployment)

    def finality_depth(self) -> int:
        """Blocks that a block needs on top of it to be final now. Raises RpcUnavailable."""
        return finality_depth(self.rpc, self.profile, head=self.rpc.block("latest").number)

    def address(self, role: str) -> str:
        """The address of a role's key, lower-case; a keystore that says it is not decrypted for that.

        A role that signs nothing here needs no more than its address in a file.

        Raises InvalidSettings when there is neither, or it cannot be read; SignerUnavailable.
        """
        return read_source_address(self.key_source(role)) or self.key(role).address

    def key(self, role: str) -> Key:
        """The key of a role, from where ``key_source`` finds it; a keystore's password is asked for.

        Raises:
            InvalidSettings: there is none, it cannot be read, or the password does not fit.
            SignerUnavailable: it is somewhere else, and its adapter could not be made.
        """
        source = self.key_source(role)
        if source in self._unlocked:
            return self._unlocked[source]
        environ = Environment(os.environ)
        key = open_key(source, environ, password_source(environ))
        if source.kind in ("keystore", "signer"):
            self._unlocked[source] = key
        return key

    def key_source(self, role: str) -> KeySource:
        """Where a role's key is; reads none. Raises InvalidSettings when two places are named."""
        return find_source(
            role,
            Environment(os.environ),
            self.project.home / "keys",
            signer=self.project.settings.signers.get(role),
            keystore=self.deployer_keystore if role == "deployer" else None,
        )

    def forget_keys(self) -> None:
        """Read each key anew when it is next needed: their files have changed."""
        self._unlocked.clear()

    def check_may_spend(self) -> None:
        """Raise InvalidSettings on a main network that nobody has said is meant, or in a test; RpcUnavailable."""
        chain_id = self.profile.chain_id or self.rpc.chain_id()
        refuse_mainnet(chain_id, is_meant=chain_id in read_consents(self.project.home))
        if chain_id in MAINNETS and failpoints.is_set():
            raise errors.InvalidSettings(
                f"{failpoints.VARIABLE} is set, by which tests have a process killed: unset it on a main network."
            )

    def _sender(self, signers: Collection[Signer], profile: Profile) -> Sender:
        self.check_may_spend()
        abis = [artifacts.load(name).abi for name in artifacts.CONTRACTS]
        return Sender(self.engine, self.rpc, signers, profile=profile, clock=self.clock, abis=abis)

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


def open_world(
    project: Project, *, rpc: Rpc | None = None, clock: Clock = system_clock, deployer_keystore: Path | None = None
) -> World:
    """Everything a command needs.

    Args:
        rpc: A chain to use instead of the project's own (the demo's, in process).
        deployer_keystore: The deployer's key, in place of its file in ``keys/``.

    Raises:
        ChainNotRunning: the project's local chain has no process.
        InvalidSettings: no such network profile, or no endpoint for it.
    """
    profile = load_profile(project.settings.network)
    node = rpc or _connect(project, profile, clock)
    return World(project, open_migrated(project.database_url), node, profile, clock, deployer_keystore)


def connect(url: str, *, log_range: int = LOG_RANGE, rests: bool = True) -> Web3Rpc:
    """The node at ``url``; ``log_range`` is how many blocks it may be asked for at once, ``rests`` as for Web3Rpc.

    Raises InvalidSettings for what is no URL of a node.
    """
    if not url.startswith(("http://", "https://")):
        # Not shown: a URL may hold a key.
        raise errors.InvalidSettings("This is not the URL of a node: it begins with http:// or https://.")
    return Web3Rpc.connect(url, log_range=log_range, rests=rests)


def _connect(project: Project, profile: Profile, clock: Clock) -> Rpc:
    endpoints = project.settings.endpoints
    if len(endpoints) > 1:
        return _connect_all(project, profile, clock)
    if endpoints:
        return connect(endpoints[0], log_range=profile.log_range)
    if project.settings.network != "local":
        raise errors.InvalidSettings(
            f"The network {project.settings.network!r} needs an endpoint: set `rpc` in loyaltychain.toml, "
            "or LOYALTYCHAIN_RPC; `loyaltychain deploy` takes it as --rpc too."
        )
    # It answers a request when it has run its transactions.
    return Web3Rpc.connect(find(project.home).url, read_seconds=LOCAL_SECONDS, rests=False)


def _connect_all(project: Project, profile: Profile, clock: Clock) -> Nodes:
    """Each node is held against the deployment as soon as there is one, before anything that it says counts."""

    def check(node: Rpc) -> None:
        if project.manifest_file.is_file():
            check_identity(node, Deployment.from_manifest(read_manifest(project.manifest_file)))

    urls = project.settings.endpoints
    upstreams = [
        Upstream(name, connect(url, log_range=profile.log_range, rests=False))
        for name, url in zip(name_nodes(urls), urls, strict=True)
    ]
    return Nodes(upstreams, profile, clock, chain_id=profile.chain_id, check=check)


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
        roles={role: world.address(role) for role in ROLES},
        delays={
            "admin": settings.delays.admin,
            "config": settings.delays.config,
            "upgrader": settings.delays.upgrader,
        },
        transfer_logs=settings.wallets.transfer_logs,
        mode=settings.ledger.mode,
        challenge_window=settings.ledger.challenge_window if settings.ledger.mode == "root" else 0,
        rebind_delay=settings.wallets.rebind_delay,
        voucher_signer=(settings.wallets.voucher_signer or world.address("registrar")).lower(),
    )
