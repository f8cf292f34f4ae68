"""Where the drill is played: a project in a temporary directory, a chain in memory, a clock that is set by hand."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from loyaltychain.audit.report import Report
from loyaltychain.audit.run import run_audit
from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import decode_output, encode_call
from loyaltychain.chain.devkeys import COUNT, development_keys
from loyaltychain.chain.rpc import Rpc, Web3Rpc
from loyaltychain.chain.signer import AllowedCall, Key, KeySigner, PrivateKey
from loyaltychain.config.project import ROLES, make_project
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.hashing import to_hex
from loyaltychain.demo.play import Week, simulated
from loyaltychain.demo.replay import ReplayClock
from loyaltychain.demo.shop import Shop
from loyaltychain.deploy.accept import accept_settings
from loyaltychain.deploy.deploy import deploy
from loyaltychain.deploy.managed import advance, allowed_calls, managed_call
from loyaltychain.deploy.manifest import write_manifest
from loyaltychain.deploy.publish import publish
from loyaltychain.events.ingest import ingest_file
from loyaltychain.events.map import packaged_map
from loyaltychain.localchain.local_chain import LocalChain
from loyaltychain.localchain.provider import InProcessProvider
from loyaltychain.program.load import template
from loyaltychain.watch.look import Sight
from loyaltychain.watch.notes import Note
from loyaltychain.watch.run import watch
from loyaltychain.watch.send import Courier, Refused
from loyaltychain.wiring import open_world, wanted_plan
from loyaltychain.worker import run_once

WINDOW: Final = 3_600  # seconds, of the drill's ledger
START: Final = UnixSeconds(1_769_990_400)  # 2026-02-02, after the simulated weeks
GAS_MAX: Final = 10_000_000
_SHOP: Final = Shop(members=24, days=21)


@dataclass(frozen=True, slots=True)
class Paid:
    """One transaction: what it did, whose account paid, and its gas."""

    what: str
    payer: str
    gas: int
    tx_hash: str


class Stage:
    """The project and its chain, and what the steps of the drill do with them."""

    def __init__(self, home: Path) -> None:
        keys = dict(zip(ROLES, development_keys(len(ROLES)), strict=True))
        self.clock = ReplayClock(START)
        self._chain = LocalChain(clock=self.clock)
        self.rpc: Rpc = Web3Rpc(InProcessProvider(self._chain))
        project = make_project(home, program=template("shop"), keys=keys, mode="root")
        self.world = open_world(project, rpc=self.rpc, clock=self.clock)
        self.weeks = simulated(_SHOP, folder=home / "weeks", clock=self.clock).weeks
        self.watcher = PrivateKey(bytes.fromhex(development_keys()[COUNT - 1]))
        self._successor = development_keys()[COUNT - 2]

    def close(self) -> None:
        """Let go of everything."""
        self.world.engine.dispose()
        self._chain.close()

    @property
    def ledger(self) -> str:
        """The ledger's address."""
        return str(self.world.manifest["contracts"]["PointsLedger"]["address"])

    def deploy(self) -> int:
        """Deploy, and publish the programme. Gas of the deployment."""
        world = self.world
        plan = replace(wanted_plan(world), challenge_window=WINDOW)
        file = world.project.manifest_file
        deployed = deploy(world.sender, plan, world.key("deployer"), manifest_file=file, on_step=lambda *_: None)
        program = world.program()
        archive = world.project.program_archive
        sender = world.sender([world.registrar()])
        publish(sender, deployed.manifest, document=program.document, digest=program.digest, archive=archive)
        return deployed.gas_used

    def work(self, week: Week) -> None:
        """Take in a week of the shop, and settle what follows from it."""
        ingest_file(
            self.world.engine,
            week.file,
            format="csv",
            event_map=packaged_map("simulated_shop"),
            received_at=self.clock(),
            rejects=week.file.with_suffix(".rejects.csv"),
        )
        run_once(self.world)
        self.pass_time(600)

    def pass_time(self, seconds: int) -> None:
        """Let the clock go on."""
        self.clock.set(UnixSeconds(self.clock() + seconds))

    def look(self, key: Key | None = None) -> tuple[Sight, list[Note]]:
        """One look of a watcher; with a key, and the challenges that follow."""
        notes: list[Note] = []
        limits, manifest = self.world.profile, self.world.manifest
        watched = watch(self.rpc, manifest, limits=limits, key=key, once=True, on_note=notes.append)
        assert watched.sight is not None, "a watch of one look ends with it"
        return watched.sight, notes

    def ask(self, function: str, *arguments: object) -> Any:
        """What a view of the ledger answers."""
        abi = artifacts.load("PointsLedger").abi
        return decode_output(abi, function, self.rpc.call(self.ledger, encode_call(abi, function, arguments)))

    def standing(self) -> dict[str, Any]:
        """Where the ledger stands."""
        return {
            "last_batch": self.ask("lastBatchId"),
            "hash": to_hex(self.ask("lastBatchHash")),
            "supply": self.ask("totalSupply"),
            "paused": self.ask("paused"),
        }

    def send(self, key: Key, calldata: bytes, *, what: str) -> Paid:
        """A call of the ledger."""
        receipt = self._courier(key, calldata).send(calldata, gas_max=GAS_MAX)
        assert not isinstance(receipt, Refused), receipt
        return Paid(what, key.address, receipt.gas_used, to_hex(receipt.tx_hash))

    def try_out(self, key: Key, calldata: bytes) -> str:
        """Why the ledger refuses a call; nothing is sent."""
        answer = self._courier(key, calldata).rehearse(calldata, gas_max=GAS_MAX)
        assert isinstance(answer, Refused), "the drill tries out what must be refused"
        return answer.reason

    def exchange_settler(self) -> list[Paid]:
        """CONFIG schedules another settler and the end of the pause, waits, and executes both."""
        world, successor = self.world, PrivateKey(bytes.fromhex(self._successor))
        signer = KeySigner(world.key("config"), allowed_calls(world.manifest), chain_id=self.rpc.chain_id())
        calls = {
            "setSettler": managed_call(world.manifest, "config", "PointsLedger", "setSettler", successor.address),
            "unpause": managed_call(world.manifest, "config", "PointsLedger", "unpause"),
        }
        paid = []
        for verb in ("schedule", "execute"):
            for what, call in calls.items():
                outcome = advance(world.sender([signer]), world.manifest, call).outcome
                assert outcome is not None, "nothing waits here"
                paid.append(Paid(f"{verb} {what}", signer.address, outcome.gas_used, to_hex(outcome.tx_hash)))
            self.pass_time(2 * world.project.settings.delays.config)
        return paid

    def take_over_settler(self) -> str:
        """Give the worker the new settler's key, and the manifest his address, which is returned."""
        world = self.world
        world.project.key_file("settler").write_text(self._successor + "\n", encoding="ascii")
        write_manifest(world.project.manifest_file, accept_settings(self.rpc, world.manifest))
        return world.settler().address

    def audit(self) -> Report:
        """An audit with everything at hand."""
        return run_audit(self.rpc, self.world.manifest, clock=time.monotonic, database=self.world.engine)

    def _courier(self, key: Key, calldata: bytes) -> Courier:
        signer = KeySigner(key, [AllowedCall(self.ledger, calldata[:4])], chain_id=self.rpc.chain_id())
        return Courier(self.rpc, signer, self.world.profile, target=self.ledger)
