"""A database that was restored from an older backup: what the chain has and it does not know, on each engine at hand

given a backup that has the entries, of members whose receipts have a key
├── the worker signs nothing before `reconcile`, and that takes the batch over as final, with its transaction
├── then it goes on as if nothing had been: the next batch settles on the next nonce, and the audit finds nothing
├── and with a batch of its own sealed since, under the same number: that one is forgotten
├── and with the batch sealed, or signed: it is that very one
└── and with nothing of it in a final block yet: waits
given a backup whose ledger does not prove it: stops with a report, and the worker signs nothing
├── its entries are not there
├── a member's receipt key was made after the backup
└── somebody else's batch, under our ledger head, changes another balance: says member, chain and books
given logs that do not lead to the contract's hash: asks again later
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from loyaltychain.chain.rpc import Rpc
from loyaltychain.config.project import open_project
from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.hashing import ZERO_HASH, keccak256
from loyaltychain.db.backup import restore, write_backup
from loyaltychain.db.engine import open_database, reading, transaction
from loyaltychain.db.restores import unreconciled
from loyaltychain.operations.redeem import redeem
from loyaltychain.reports.proving import prove_restored
from loyaltychain.settlement import codec, store
from loyaltychain.settlement.header import batch_hash
from loyaltychain.settlement.reconcile import is_ahead
from loyaltychain.settlement.reconcile import reconcile as release_restored
from loyaltychain.settlement.seal import seal_step
from loyaltychain.settlement.submit import make_settle_call
from loyaltychain.settlement.take_over import TakenOver, take_over
from loyaltychain.settlement.types import Batch
from loyaltychain.worker import rounds
from tests.database import ENGINES, fresh_postgresql_url
from tests.projects import NOW
from tests.worker.builders import MORE, SALES, MeddledRpc, Original, Shop, deployed_shop

ANN = MemberNumber(1)
LATER = "S-9,ann,sale,2026-01-07T09:00:00Z,3.00,\n"


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Original]:
    """One batch is final: ann has 12 points, bob 30."""
    with deployed_shop(tmp_path_factory.mktemp("settled") / "shop") as original:
        original.shop.take(SALES)
        original.shop.run()
        yield original


@dataclass
class Restored:
    """A shop whose database can be put back to an older one, in another database of either kind."""

    shop: Shop
    kind: str
    file: Path

    def spend(self, name: str) -> None:
        """An entry that no batch has yet."""
        engine = self.shop.open_engine()
        with transaction(engine) as tx:
            redeem(tx, source="shop", id_=name, member=ANN, points=1, now=NOW)
        engine.dispose()

    def back_up(self) -> None:
        engine = self.shop.open_engine()
        write_backup(engine, self.file, now=NOW)
        engine.dispose()

    def give_back(self) -> None:
        """Restore, and name the new database in the project's configuration, as an operator does."""
        url = f"sqlite:///{self.file}.sqlite3" if self.kind == "sqlite" else fresh_postgresql_url()
        engine = open_database(url)
        restore(engine, self.file, now=NOW, prove=lambda tx: prove_restored(tx, actor="eve", reason="a drill", at=NOW))
        engine.dispose()
        project = open_project(self.shop.home, {"LOYALTYCHAIN_DATABASE": url})
        self.shop.project = replace(self.shop.project, project=project)

    def take_over(self, *, depth: int = 0, rpc: Rpc | None = None) -> TakenOver:
        """What `reconcile` does before it compares."""
        world = self.shop.open(rpc=rpc)
        try:
            return take_over(world.engine, world.rpc, world.deployment, depth=depth, actor="eve", now=NOW)
        finally:
            world.engine.dispose()

    def release(self) -> bool:
        world = self.shop.open()
        try:
            return release_restored(world.engine, world.rpc, world.deployment, actor="eve", now=NOW)
        finally:
            world.engine.dispose()

    def signs_nothing(self) -> bool:
        """Whether the worker refuses to work, and the chain has no batch more than before."""
        before = self.shop.settled()
        with pytest.raises(errors.NotReconciled):
            self.shop.run()
        return self.shop.settled() == before

    def is_ahead(self) -> bool:
        world = self.shop.open()
        try:
            return is_ahead(world.engine, world.rpc, world.deployment)
        finally:
            world.engine.dispose()


@pytest.fixture
def restored(request: pytest.FixtureRequest, settled: Original, tmp_path: Path) -> Iterator[Restored]:
    with settled.copied(tmp_path / "shop") as shop:
        yield Restored(shop, getattr(request, "param", "sqlite"), tmp_path / "old.backup")


def check_goes_on(restored: Restored, *, batches: int) -> None:
    """Nothing is left of it: it settles what comes next, and everything is as on chain."""
    shop = restored.shop
    assert not restored.is_ahead()
    assert restored.release()
    shop.take(MORE, "more.csv")
    assert shop.run().batches == 1
    assert shop.settled() == list(range(1, batches + 2))
    assert shop.states() == ["final"] * (batches + 1)
    assert shop.findings() == []
    engine = shop.open_engine()
    with reading(engine) as tx:
        assert unreconciled(tx) is None
    engine.dispose()


@pytest.mark.parametrize("restored", ENGINES, indirect=True)
def test_take_over__the_ledger_proves_it__final_and_goes_on(restored: Restored) -> None:
    shop = restored.shop
    restored.spend("R-1")
    restored.back_up()
    shop.run()
    restored.spend("R-2")
    shop.run()
    [sent] = shop.intents(2)
    restored.give_back()

    assert restored.signs_nothing() and restored.is_ahead()
    restored.spend("R-2")  # told again; the ledger has it under the same id and content
    taken = restored.take_over()

    assert (taken.numbers, taken.stopped_at) == ((2, 3), None)
    assert shop.states() == ["final"] * 3
    [intent] = shop.intents(2)
    assert (intent.state, intent.nonce, intent.tx_hash) == ("final", sent.nonce, sent.tx_hash)
    check_goes_on(restored, batches=3)


@pytest.mark.parametrize("done", ["sealed otherwise", "sealed", "signed"])
def test_take_over__a_batch_of_this_number_is_here__ends_in_the_chains(
    restored: Restored, done: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = restored.shop
    restored.spend("R-1")
    if done == "sealed":
        seal(shop, at=NOW)
    if done == "signed":
        monkeypatch.setattr(rounds, "LOOKS_MAX", 1)
        shop.run(finality_depth=9)
        assert [intent.state in ("broadcast", "mined", "signed") for intent in shop.intents(2)] == [True]
    restored.back_up()
    monkeypatch.undo()
    shop.run()
    restored.spend("R-2")
    shop.run()
    restored.give_back()
    if done == "sealed otherwise":
        seal(shop, at=NOW + 5)
    restored.spend("R-2")

    assert restored.take_over().numbers == (2, 3)
    check_goes_on(restored, batches=3)


def seal(shop: Shop, *, at: int) -> None:
    world = shop.open()
    assert seal_step(world.engine, world.deployment, now=at) is not None  # type: ignore[arg-type]
    world.engine.dispose()


def test_take_over__not_in_a_final_block__waits(restored: Restored) -> None:
    restored.spend("R-1")
    restored.back_up()
    restored.shop.run()
    restored.give_back()

    assert restored.take_over(depth=1) == TakenOver((), 2, "it is not final yet: look again later")
    assert restored.take_over().numbers == (2,)


def check_stops(restored: Restored, *, words: str) -> str:
    taken = restored.take_over()
    assert (taken.numbers, taken.stopped_at) == ((), 2)
    assert taken.reason is not None and words in taken.reason
    assert restored.shop.states() == ["final"]
    assert restored.is_ahead() and restored.signs_nothing()
    with pytest.raises(errors.ChainAhead, match="loyaltychain reconcile"):
        restored.release()
    return taken.reason


def test_take_over__its_entries_are_not_here__stops(restored: Restored) -> None:
    restored.back_up()
    restored.spend("R-1")
    restored.shop.run()
    restored.give_back()

    check_stops(restored, words="its entries are missing here, or not ours")


def test_take_over__a_receipt_key_is_not_here__stops(restored: Restored, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = restored.shop
    shop.take(MORE, "more.csv")
    with monkeypatch.context() as patched:  # decides, and settles nothing
        patched.setattr(rounds._Round, "_carry", lambda *_: None)
        shop.run()
    restored.back_up()
    shop.run()
    restored.give_back()

    check_stops(restored, words="the receipt keys of 1 of its members (number 3)")


@pytest.mark.parametrize("restored", ENGINES, indirect=True)
def test_take_over__somebody_elses_batch__says_what_differs(restored: Restored) -> None:
    shop = restored.shop
    restored.spend("R-1")
    restored.back_up()
    settle_falsely(shop)
    restored.give_back()

    check_stops(restored, words="(member 1: chain +1, books -1)")


def settle_falsely(shop: Shop) -> None:
    """Somebody has the settler's key, knows our ledger's head, and gives member 1 a point."""
    world = shop.open()
    deployment = world.deployment
    sealed = seal_step(world.engine, deployment, now=NOW)
    with reading(world.engine) as tx:
        before = store.last_final(tx)
    world.engine.dispose()
    assert sealed is not None and before is not None
    data = codec.encode({1: 1})
    header = replace(
        sealed.batch.header, receipt_root=ZERO_HASH, data_hash=keccak256(data), updates=1, issued=1, burned=0,
        supply=before.header.supply + 1,
    )  # fmt: skip
    whole = batch_hash(header, chain_id=deployment.chain_id, ledger=deployment.ledger)
    false = Batch(header, 1, 1, data, whole, "sealed")
    assert shop.send("settler", deployment.ledger, make_settle_call(false)).status == 1


def test_take_over__logs_kept_back__asks_again(restored: Restored) -> None:
    restored.spend("R-1")
    restored.back_up()
    restored.shop.run()
    restored.give_back()

    class NoLogs(MeddledRpc):
        def logs(self, *_: object, **__: object) -> list[object]:
            return []

    rpc = NoLogs(restored.shop.rpc, lambda: None)
    with pytest.raises(errors.RpcUnavailable, match="do not lead to the batch"):
        restored.take_over(rpc=rpc)  # type: ignore[arg-type]
    assert restored.shop.states() == ["final"]
