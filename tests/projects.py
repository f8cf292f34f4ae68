"""A whole project for tests: its directory, its database, its own chain in process."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from loyaltychain.chain.devkeys import development_keys
from loyaltychain.chain.rpc import Rpc, Web3Rpc
from loyaltychain.config.project import ROLES, Project, make_project, open_project
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.environment import Environment
from loyaltychain.db.migrate import open_migrated
from loyaltychain.deploy.deploy import Deployed, choose_plan, deploy
from loyaltychain.deploy.publish import publish
from loyaltychain.deploy.published import Publication
from loyaltychain.localchain.local_chain import LocalChain
from loyaltychain.localchain.provider import InProcessProvider
from loyaltychain.program.load import template
from loyaltychain.wiring import World, open_world, wanted_plan

NOW = UnixSeconds(1_780_000_000)


def fixed_clock() -> UnixSeconds:
    return NOW


@dataclass
class ProjectWorld:
    """What outlives a program: the project's directory and the chain."""

    project: Project
    chain: LocalChain

    @property
    def rpc(self) -> Web3Rpc:
        return Web3Rpc(InProcessProvider(self.chain))

    def ask(self, method: str, *params: object) -> Any:
        """The chain's answer to one request; also what only development nodes know, like ``evm_snapshot``."""
        answer = self.chain.answer({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
        assert "error" not in answer, answer
        return answer["result"]

    def open_engine(self) -> Engine:
        return open_migrated(self.project.database_url)

    def open(self, *, engine: Engine | None = None, rpc: Rpc | None = None) -> World:
        """The project with its chain, through this engine and this node if given."""
        world = open_world(self.project, rpc=rpc or self.rpc, clock=fixed_clock)
        if engine is None:
            return world
        world.engine.dispose()
        return World(world.project, engine, world.rpc, world.profile, world.clock)


def new_project(home: Path) -> Project:
    """A project as ``loyaltychain init`` makes it."""
    keys = dict(zip(ROLES, development_keys(len(ROLES)), strict=True))
    return make_project(home, program=template("shop"), keys=keys)


@contextmanager
def project_world(home: Path) -> Iterator[ProjectWorld]:
    """A new project in ``home`` with a new chain; nothing deployed yet."""
    chain = LocalChain(None, clock=fixed_clock)
    try:
        yield ProjectWorld(new_project(home), chain)
    finally:
        chain.close()


class DeployedOnce:
    """A project that is deployed once, for tests that begin behind that: each gets a copy, and the chain as it was."""

    def __init__(self, home: Path, chain: LocalChain) -> None:
        self._world = ProjectWorld(new_project(home), chain)
        run_deploy(self._world.open())

    @contextmanager
    def copied(self, home: Path) -> Iterator[ProjectWorld]:
        """A copy in ``home``. One at a time: they share the chain, which goes back to the deployment afterwards."""
        shutil.copytree(self._world.project.home, home)
        snapshot = self._world.ask("evm_snapshot")
        try:
            yield ProjectWorld(open_project(home, Environment({})), self._world.chain)
        finally:
            assert self._world.ask("evm_revert", snapshot) is True


@contextmanager
def deployed_once(home: Path) -> Iterator[DeployedOnce]:
    """A new project in ``home``, deployed on a new chain."""
    chain = LocalChain(None, clock=fixed_clock)
    try:
        yield DeployedOnce(home, chain)
    finally:
        chain.close()


@dataclass(frozen=True)
class RunDeploy:
    """What ``loyaltychain deploy`` came to."""

    deployed: Deployed
    publication: Publication
    is_published_now: bool


def run_deploy(world: World, *, on_step: Callable[[int, int, str], None] = lambda *_: None) -> RunDeploy:
    """What ``loyaltychain deploy`` does, without its words."""
    plan = choose_plan(world.engine, world.project.plan_file, wanted_plan(world))
    manifest_file = world.project.manifest_file
    deployed = deploy(world.sender, plan, world.key("deployer"), manifest_file=manifest_file, on_step=on_step)
    return RunDeploy(deployed, *run_publish(world))


def run_publish(world: World) -> tuple[Publication, bool]:
    """The part of it that publishes the programme."""
    program, archive = world.program(), world.project.program_archive
    sender = world.sender([world.registrar()])
    return publish(sender, world.manifest, document=program.document, digest=program.digest, archive=archive)
