"""A small programme that really ran: contracts on a local chain, two weeks of a shop, several settled batches.

Built once, then copied for each test, so that a test may spoil anything.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import text

from loyaltychain.audit.report import Report
from loyaltychain.audit.run import run_audit
from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import encode_call
from loyaltychain.chain.devkeys import development_keys
from loyaltychain.chain.intents import NewIntent
from loyaltychain.chain.rpc import Rpc, Web3Rpc
from loyaltychain.chain.signer import AllowedCall, KeySigner
from loyaltychain.config.project import ROLES, make_project, open_project
from loyaltychain.db.engine import reading
from loyaltychain.deploy.deploy import deploy
from loyaltychain.deploy.publish import publish
from loyaltychain.events.ingest import ingest_file
from loyaltychain.events.map import packaged_map
from loyaltychain.localchain.local_chain import LocalChain
from loyaltychain.localchain.provider import InProcessProvider
from loyaltychain.program.load import template
from loyaltychain.wiring import World, open_world, wanted_plan
from loyaltychain.worker import run_once

NOW = 1_790_000_000
HEADER = "order_id,customer,kind,at,total,points\n"
FIRST_WEEK = (
    f"{HEADER}"
    "S-1,ann,sale,2026-01-05T09:00:00+00:00,12.50,\n"
    "S-2,bob,sale,2026-01-05T10:00:00+00:00,400.00,\n"
    "S-3,cay,sale,2026-01-05T11:00:00+00:00,0.99,\n"
)
SECOND_WEEK = (
    f"{HEADER}"
    "R-1,bob,redeem,2026-01-12T09:00:00+00:00,,100\n"
    "R-2,ann,redeem,2026-01-12T10:00:00+00:00,,9999\n"
    "S-4,ann,sale,2026-01-12T11:00:00+00:00,7.00,\n"
    "S-5,bob,sale,2026-01-12T12:00:00+00:00,30.00,\n"
)
THIRD_WEEK = f"{HEADER}S-6,cay,sale,2026-01-19T09:00:00+00:00,2.00,\n"


@dataclass(frozen=True, slots=True)
class Scenario:
    """The running programme, and what the auditor says of it."""

    world: World
    chain: LocalChain

    @property
    def manifest(self) -> dict[str, Any]:
        return dict(self.world.manifest)

    def audit(self, **changes: Any) -> Report:
        """An audit with everything at hand; ``changes`` replace or withhold a part."""
        sources: dict[str, Any] = {"rpc": self.world.rpc, "database": self.world.engine} | changes
        rpc = sources.pop("rpc")
        manifest = sources.pop("manifest", self.manifest)
        return run_audit(rpc, manifest, clock=lambda: 0.0, **sources)

    def codes(self, **changes: Any) -> list[str]:
        """Each code that an audit finds, once, in order."""
        return list(dict.fromkeys(finding.code for finding in self.audit(**changes).findings))

    def edit(self, *statements: str) -> None:
        """Changes rows behind everybody's back: triggers dropped, foreign keys off. Each must change something."""
        with closing(sqlite3.connect(self.world.engine.url.database or "")) as connection:
            triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for (name,) in triggers:
                connection.execute(f'DROP TRIGGER "{name}"')
            for statement in statements:
                assert connection.execute(statement).rowcount >= 1, statement
            connection.commit()

    def row(self, query: str, **values: object) -> Mapping[str, Any]:
        """The one row that a query answers."""
        with reading(self.world.engine) as tx:
            return dict(tx.execute(text(query), values).mappings().one())

    def send(self, role: str, contract: str, function: str, arguments: tuple[object, ...]) -> None:
        """A transaction of a role's key to a contract, past everything that would stop it off chain."""
        calldata = encode_call(artifacts.load(contract).abi, function, arguments)
        self.send_bytes(role, self.address(contract), calldata)

    def send_bytes(self, role: str, target: str, calldata: bytes) -> None:
        """A transaction of any content."""
        self._execute(role, target, calldata)

    def address(self, contract: str) -> str:
        """Where a contract is called."""
        return str(self.manifest["contracts"][contract]["address"])

    def role(self, name: str) -> str:
        """The address that the manifest gives a role."""
        return str(self.manifest["roles"][name])

    def create(self, creation_code: bytes) -> str:
        """The address of a new contract."""
        address = self._execute("deployer", None, creation_code)
        assert address is not None
        return address

    def work(self, content: str, name: str = "more.csv") -> None:
        """Takes in a file of the shop and settles what follows from it."""
        self.take_in(content, name)
        run_once(self.world)

    def take_in(self, content: str, name: str = "more.csv") -> None:
        """Takes in a file of the shop, and settles nothing."""
        file = self.world.project.home / name
        file.write_text(content, encoding="utf-8")
        ingest_file(
            self.world.engine,
            file,
            format="csv",
            event_map=packaged_map("simulated_shop"),
            received_at=self.world.clock(),
            rejects=file.with_suffix(".rejects.csv"),
        )

    def _execute(self, role: str, target: str | None, calldata: bytes) -> str | None:
        chain_id = self.world.rpc.chain_id()
        allowed = [] if target is None else [AllowedCall(target, calldata[:4])]
        signer = KeySigner(self.world.key(role), allowed, chain_id=chain_id, allowed_creations=target is None)
        intent = NewIntent(
            id=f"test:{role}:{self.world.rpc.nonce(signer.address)}",
            chain_id=chain_id,
            signer=signer.address,
            target=target,
            calldata=calldata,
        )
        return self.world.sender([signer]).execute(intent).contract_address


def creation_of(runtime: bytes) -> bytes:
    """Creation code that leaves ``runtime`` as the contract's code."""
    return b"\x61" + len(runtime).to_bytes(2, "big") + bytes.fromhex("80600a3d393df3") + runtime


def build(home: Path, **changes: Any) -> None:
    """Makes the programme in ``home`` and lets it run. ``changes`` replace values of the deployment's plan."""
    begin(home, template("shop"), **changes)
    with opened(home) as scenario:
        for week, content in enumerate((FIRST_WEEK, SECOND_WEEK)):
            scenario.work(content, f"week-{week}.csv")


def begin(home: Path, rules: str, **changes: Any) -> None:
    """Makes a programme of these rules in ``home``, deployed and published."""
    keys = dict(zip(ROLES, development_keys(len(ROLES)), strict=True))
    make_project(home, program=rules, keys=keys)
    (home / "chain").mkdir()
    with opened(home) as scenario:
        world = scenario.world
        # The roles act at once, so that a test can do in one call what a timelock would announce.
        plan = replace(wanted_plan(world), delays={"admin": 0, "config": 0, "upgrader": 0}, **changes)
        deployed = deploy(
            world.sender,
            plan,
            world.key("deployer"),
            manifest_file=world.project.manifest_file,
            on_step=lambda *_: None,
        )
        program = world.program()
        publish(
            world.sender([world.registrar()]),
            deployed.manifest,
            document=program.document,
            digest=program.digest,
            archive=world.project.program_archive,
        )


@contextmanager
def opened(home: Path, clock: Callable[[], int] = lambda: NOW) -> Iterator[Scenario]:
    """The programme in ``home``, its chain in process."""
    chain = LocalChain(home / "chain" / "state.sqlite", clock=clock)  # type: ignore[arg-type]  # a plain int is seconds
    try:
        world = open_world(open_project(home, {}), rpc=Web3Rpc(InProcessProvider(chain)), clock=clock)  # type: ignore[arg-type]
        yield Scenario(world, chain)
        world.engine.dispose()
    finally:
        chain.close()


@contextmanager
def copied(built: Path, home: Path) -> Iterator[Scenario]:
    """A copy of a built programme, to be spoilt."""
    shutil.copytree(built, home)
    with opened(home) as scenario:
        yield scenario


class LyingRpc:
    """A node that answers truly, except where a test tells it what to say instead."""

    def __init__(self, rpc: Rpc, **answers: Callable[..., Any]) -> None:
        self._rpc = rpc
        self._answers = answers

    def __getattr__(self, method: str) -> Any:
        truth = getattr(self._rpc, method)
        if method not in self._answers:
            return truth
        return lambda *arguments, **options: self._answers[method](truth(*arguments, **options), *arguments)
