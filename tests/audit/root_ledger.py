"""A ledger in root mode on a local chain, and what its settler, liars among them, and strangers can do with it.

No database: batches are made by the tests' own codecs and tree, and settled with the settler's key.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from loyaltychain.audit.balances import Balances
from loyaltychain.audit.lies import Lie
from loyaltychain.audit.report import Report
from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import encode_call
from loyaltychain.chain.devkeys import development_keys
from loyaltychain.config.project import ROLES, make_project
from loyaltychain.core.hashing import keccak256
from loyaltychain.deploy.deploy import deploy
from loyaltychain.program.load import template
from loyaltychain.wiring import wanted_plan
from tests.audit.hostile import act
from tests.audit.scenario import NOW, Scenario, opened
from tests.contracts.headers import Header, hash_header
from tests.contracts.records import encode_records
from tests.contracts.tree import apply_deltas, root_of, siblings_of

WINDOW: Final = 3_600
GAS: Final = 8_000_000
EMPTY_PROOF: Final = (0, 0, [], 0, [])


@dataclass(frozen=True, slots=True)
class Entry:
    """A batch, and the words after it as its settler has them."""

    header: Header
    data: bytes = b""
    words: Mapping[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class RootLedger:
    """The good batches in order, batch 0 first; false ones stand there until they are voided."""

    scenario: Scenario
    clock: "Moving"
    entries: list[Entry] = field(default_factory=lambda: [Entry(Header())])
    last_id: int = 0

    @property
    def last(self) -> Entry:
        return self.entries[-1]

    def settle(
        self,
        deltas: Mapping[int, int],
        *,
        data: bytes | None = None,
        words: Mapping[int, int] | None = None,
        **lies: Any,
    ) -> Entry:
        """Settles a batch, true unless told otherwise: ``words`` are those that a liar's root is of."""
        claimed = apply_deltas(self.last.words, deltas) if words is None else words
        data = encode_records(deltas) if data is None else data
        values: dict[str, Any] = {
            "batch_id": self.last_id + 1,
            "prev_hash": self.hash_of(self.last),
            "balance_root": root_of(claimed),
            "receipt_root": bytes(32),
            "ledger_head": bytes(32),
            "program_hash": bytes(32),
            "data_hash": keccak256(data),
            "time": NOW,
            "updates": len(deltas),
            "issued": sum(delta for delta in deltas.values() if delta > 0),
            "burned": -sum(delta for delta in deltas.values() if delta < 0),
        } | lies
        supply = self.last.header.supply + values["issued"] - values["burned"]
        batch = tuple(value for name, value in values.items() if name != "data_hash")
        self._call("settler", "settle", (batch, data))
        self.entries.append(Entry(Header(**values, supply=supply), data, claimed))
        self.last_id += 1
        return self.last

    def hash_of(self, entry: Entry) -> bytes:
        """The batch hash on this chain and ledger."""
        manifest = self.scenario.manifest
        return hash_header(manifest["chain_id"], self.scenario.address("PointsLedger"), entry.header.fields())

    def challenge(self, *, place: int = -1, index: int | None = None) -> None:
        """Has the entry at ``place`` voided: for its data or totals, or by a word of the liar's own tree."""
        previous, disputed = self.entries[place - 1], self.entries[place]
        proof: Any = EMPTY_PROOF
        if index is not None:
            old, new = previous.words, disputed.words
            proof = (
                index, old.get(index, 0), siblings_of(old, [index]), new.get(index, 0), siblings_of(new, [index]),
            )  # fmt: skip
        arguments = (previous.header.fields(), disputed.header.fields(), disputed.data, proof)
        self._call("deployer", "challenge", arguments)
        del self.entries[place:]

    def sync(self, *indexes: int, place: int = -1) -> None:
        """Writes words as they are after the entry at ``place``, the newest final one."""
        after = self.entries[place + 1 : place + 2] if place != -1 else []
        chain = [entry.header.fields() for entry in (self.entries[place], *after)]
        words = self.entries[place].words
        proof = ([words.get(index, 0) for index in indexes], siblings_of(words, indexes))
        self._call("deployer", "sync", (chain, list(indexes), *proof))

    def retrace(self, lie: Lie, balances: Balances, upto: int) -> None:
        """One call of a stranger's retracing of a lie, in one go: ``balances`` are those before it."""
        touched = sorted({member // 8 for member, _ in lie.changes})
        words = [balances.word(index) for index in touched]
        siblings = balances.tree.siblings(touched) if touched else []
        arguments = (astuple(lie.previous), astuple(lie.disputed), lie.data, upto, words, siblings)
        self._call("deployer", "retrace", arguments)

    def role(self, role: str, function: str, *arguments: object) -> None:
        """A call of the ledger by one of the roles."""
        self._call(role, function, arguments)

    def end_window(self) -> None:
        """Everything that is settled is final from the next block on."""
        self.clock.now = self.scenario.world.rpc.block("latest").timestamp + WINDOW

    def audit(self, **changes: Any) -> Report:
        """An audit without a database."""
        return self.scenario.audit(**{"database": None} | changes)

    def found(self, **changes: Any) -> list[tuple[str, str]]:
        """Code and subject of what an audit finds."""
        return [(finding.code, finding.subject) for finding in self.audit(**changes).findings]

    def _call(self, role: str, function: str, arguments: tuple[object, ...]) -> None:
        calldata = encode_call(artifacts.load("PointsLedger").abi, function, arguments)
        act(self.scenario.world, role, self.scenario.address("PointsLedger"), calldata, gas=GAS)


@dataclass(slots=True)
class Moving:
    """A clock that a test can put forward."""

    now: int = NOW

    def __call__(self) -> int:
        return self.now


def build_root(home: Path, *, mode: str = "root") -> None:
    """Deploys a ledger in ``home``, with transfer logs: nothing else happens there."""
    keys = dict(zip(ROLES, development_keys(len(ROLES)), strict=True))
    make_project(home, program=template("shop"), keys=keys)
    (home / "chain").mkdir()
    with opened(home) as scenario:
        world = scenario.world
        window = WINDOW if mode == "root" else 0
        wanted = replace(
            wanted_plan(world),
            delays={"admin": 0, "config": 0, "upgrader": 0},
            mode=mode, challenge_window=window, transfer_logs=True,
        )  # fmt: skip
        manifest = world.project.manifest_file
        deploy(world.sender, wanted, world.key("deployer"), manifest_file=manifest, on_step=lambda *_: None)


@contextmanager
def copied_root(built: Path, home: Path) -> Iterator[RootLedger]:
    """A copy of a built ledger, to be lied to."""
    shutil.copytree(built, home)
    moving = Moving()
    with opened(home, moving) as scenario:
        yield RootLedger(scenario, moving)
