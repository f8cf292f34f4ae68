"""Ledger, batches, chain and supply held against each other, on each database at hand

compare
├── given books of two settled batches, a third one on its way, points that are held and entries that wait
│   └── finds nothing
├── given a drift of one unit
│   ├── in the database: entry, total, lot, hold, update, receipt, a batch's row: is found at its place
│   └── on the chain, by another settler: is found, with the member's number and the three figures
├── given an entry that was changed with its total, so that no sum differs: is found
└── given a batch that is settled and not in a final block yet: finds nothing
Settler, the day after
├── compares by itself, and once
├── given a node that keeps its logs back: settles on, and compares later
└── when something differs
    ├── what is on its way goes to its end, and nothing is sealed behind it
    ├── the member's points are frozen: neither redeemed, held, committed nor merged; a hold can be released
    ├── status raises the alarm
    └── and a later comparison finds nothing: it seals again, and she can spend
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from loyaltychain.audit.findings import CODES
from loyaltychain.audit.heads import FinalityRule
from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx, reading, transaction
from loyaltychain.db.reconciliations import Points, Reconciliation, last_reconciliation
from loyaltychain.operations.holds import commit, hold, release
from loyaltychain.operations.merge import merge
from loyaltychain.operations.redeem import redeem
from loyaltychain.settlement.blocking import ADVICE, DAY, why_blocked
from loyaltychain.settlement.lag import find_alarms, read_lag
from loyaltychain.worker import rounds, run_once
from loyaltychain.worker.reconciliation import PLACES, compare, reconcile
from tests.database import ENGINES, fresh_database
from tests.projects import NOW
from tests.worker.builders import MORE, SALES, Original, Shop, deployed_shop
from tests.worker.tampering import changed, drop_triggers, execute, fill, settle_falsely

FIRST, SECOND = MemberNumber(1), MemberNumber(2)
TOMORROW = UnixSeconds(NOW + DAY)
LOT_CODES = {"lot-mismatch", "hold-mismatch", "stray-lot", "lot-moves", "expired-mismatch", "redemption-mismatch",
             "debt-above-zero", "supply-differs"}  # fmt: skip


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Two batches are final; ann redeemed a point, and one of bob's is held; cay's are not in a batch yet."""
    with deployed_shop(tmp_path_factory.mktemp("settled") / "shop") as original:
        shop = original.shop
        shop.take(SALES)
        shop.run()
        engine = shop.open_engine()
        with transaction(engine) as tx:
            redeem(tx, source="shop", id_="R-1", member=FIRST, points=1, now=NOW)
            hold(tx, source="shop", id_="H-1", member=SECOND, points=1, seconds=7 * DAY, now=NOW)
        shop.run()
        shop.take(MORE, "more.csv")
        engine.dispose()
        yield shop


@pytest.fixture(params=ENGINES, scope="module")
def books(request: pytest.FixtureRequest, settled: Shop) -> Iterator[Engine]:
    """Its rows, in a database of this kind, without triggers; not to be left changed."""
    database = fresh_database(request.param)
    fill(settled, database)
    drop_triggers(database)
    yield database
    database.dispose()


def look(shop: Shop, database: Engine, *, depth: int = 0) -> Reconciliation:
    manifest = shop.project.open().manifest
    rule = FinalityRule(None, depth)
    return compare(database, shop.rpc, manifest, rule=rule, actor="eve", now=NOW)


def places(found: Reconciliation) -> set[tuple[str, str]]:
    return {(each.place, each.code) for each in found.differences}


def test_places__each_code__is_one_that_exists_and_has_advice() -> None:
    assert set(PLACES) <= set(CODES) | LOT_CODES
    assert set(PLACES.values()) | {"members"} == set(ADVICE)


def test_compare__true_books__finds_nothing(settled: Shop, books: Engine) -> None:
    found = look(settled, books)

    assert (found.differences, found.off, found.count) == ((), (), 0)
    assert found.supply == Points(41, 41, 41)
    assert (found.batches, found.members) == (2, 2)


AVAILABLE = "account = 'member:1:available' AND unit = 'points'"


@pytest.mark.parametrize(
    ("changes", "expected", "off"),
    [
        ([("volumes", "total_in", AVAILABLE)], ("ledger", "volume"), Points(12, 11, 11)),
        ([("lots", "remaining", "member = 1")], ("ledger", "lot-moves"), None),
        ([("holds", "amount", "id = 'shop/H-1'")], ("ledger", "hold-mismatch"), None),
        ([("redemptions", "amount", "entry_id = 'redeem:shop/R-1'")], ("ledger", "redemption-mismatch"), None),
        ([("batch_updates", "delta", "batch = 1 AND member = 1")], ("batches", "update-row"), Points(11, 12, 11)),
        ([("receipts", "amount", 'batch = 1 AND "index" = 0')], ("batches", "receipt-amount"), None),
        ([("batches", "supply", "id = 2")], ("batches", "batch-row"), None),
        ([("batches", "issued", "id = 1")], ("batches", "batch-row"), None),
    ],
)  # fmt: skip
def test_compare__one_unit_too_many_in_the_database__is_found_there(
    settled: Shop, books: Engine, changes: list[tuple[str, str, str]], expected: tuple[str, str], off: Points | None
) -> None:
    with changed(books, *changes):
        found = look(settled, books)

    assert expected in places(found)
    assert {each.member: each.points for each in found.off} == ({} if off is None else {FIRST: off})
    assert found.count == len(found.differences) + len(found.off)
    assert look(settled, books).is_clean


def test_compare__an_entry_and_its_total__are_found(settled: Shop, books: Engine) -> None:
    wider, narrower = "'\"amount\":12,', '\"amount\":13,'", "'\"amount\":13,', '\"amount\":12,'"
    swap = "UPDATE entries SET postings = replace(postings, {}) WHERE position = 1"
    totals = [("volumes", "total_in", AVAILABLE), ("volumes", "total_out", "account = 'program:issued'")]
    execute(books, swap.format(wider))
    with changed(books, *totals):
        found = look(settled, books)
    execute(books, swap.format(narrower))

    assert {("ledger", "entry-digest"), ("batches", "batch-delta")} <= places(found)
    assert [(each.member, each.points) for each in found.off] == [(FIRST, Points(12, 11, 11))]
    assert look(settled, books).is_clean


@pytest.mark.parametrize("where", ["id = 'redeem:shop/R-1'", "position = (SELECT MAX(position) FROM entries)"])
def test_compare__an_entry_that_cannot_be_read__is_found(settled: Shop, books: Engine, where: str) -> None:
    execute(books, f"UPDATE entries SET postings = 'x' || postings WHERE {where}")
    found = look(settled, books)
    execute(books, f"UPDATE entries SET postings = substr(postings, 2) WHERE {where}")

    assert ("ledger", "entry-digest") in places(found)
    assert look(settled, books).is_clean


def test_compare__a_point_on_chain_by_another_settler__says_who_and_how_many(settled: Shop, books: Engine) -> None:
    snapshot = settled.project.ask("evm_snapshot")
    settle_falsely(settled)
    not_final, found = look(settled, books, depth=1), look(settled, books)
    settled.project.ask("evm_revert", snapshot)

    assert not_final.is_clean
    assert ("chain", "batch-unknown") in places(found)
    assert [(each.member, each.points) for each in found.off] == [(FIRST, Points(11, 11, 12))]
    assert found.supply == Points(41, 41, 42)
    assert {each.code for each in found.differences if each.place == "supply"} == {"supply-differs"}


@pytest.fixture
def shop(settled: Shop, tmp_path: Path) -> Iterator[Shop]:
    """A copy of it, without triggers, for the worker to go on with."""
    with Original(settled).copied(tmp_path / "shop") as copy:
        engine = copy.open_engine()
        drop_triggers(engine)
        engine.dispose()
        yield copy


def run(shop: Shop, *, now: UnixSeconds = TOMORROW, **changes: Any) -> str | None:
    """One start of the worker at this time; what it waits for."""
    world = replace(shop.open(**changes), clock=lambda: now)
    try:
        return run_once(world).waiting_for
    finally:
        world.engine.dispose()


def records(shop: Shop) -> list[Reconciliation | None]:
    """The newest one, of as many as there are."""
    engine = shop.open_engine()
    with reading(engine) as tx:
        count = tx.execute(text("SELECT COUNT(*) FROM reconciliations")).scalar_one()
        last = last_reconciliation(tx, "local")
    engine.dispose()
    return [last] * count


def test_settler__a_day_after_the_first_batch__compares_once(shop: Shop) -> None:
    run(shop, now=UnixSeconds(TOMORROW - 1))
    assert records(shop) == []
    assert run(shop) is None
    assert run(shop, now=UnixSeconds(TOMORROW + DAY - 1)) is None
    [kept] = records(shop)
    assert kept is not None and (kept.is_clean, kept.actor, kept.at, kept.batches) == (True, "worker", TOMORROW, 3)
    run(shop, now=UnixSeconds(TOMORROW + DAY))
    assert len(records(shop)) == 2


def test_settler__no_logs_today__settles_on_and_compares_later(shop: Shop) -> None:
    class NoLogs:
        def logs(self, *_: object, **__: object) -> None:
            raise errors.RpcUnavailable(method="eth_getLogs")

        def __getattr__(self, name: str) -> Any:
            return getattr(shop.rpc, name)

    assert run(shop, rpc=NoLogs()) is None
    assert (shop.states(), records(shop)) == (["final"] * 3, [])


def test_settler__one_unit_off__seals_nothing_until_it_is_clean(shop: Shop) -> None:
    engine = shop.open_engine()
    with changed(engine, ("batch_updates", "delta", "batch = 1 AND member = 1")):
        reason = run(shop)
        assert reason is not None and "found 2 differences (batches, members' points)" in reason
        assert "loyaltychain reconcile" in reason
        assert run(shop) == reason
        assert (shop.states(), len(records(shop))) == (["final"] * 2, 1)
    with reading(engine) as tx:
        lag, standing = read_lag(tx, "local", now=TOMORROW)
        assert find_alarms(lag, standing, shop.open().project.settings.api.ready) == ["reconciliation-differs"]
        assert why_blocked(tx, "elsewhere") is None
    world = shop.open(engine=engine)
    assert reconcile(world, actor="eve").is_clean
    assert run(shop) is None
    assert shop.states() == ["final"] * 3
    engine.dispose()


def test_settler__a_batch_on_its_way__goes_to_its_end(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "LOOKS_MAX", 3)
    assert run(shop, now=NOW, finality_depth=1) is not None  # sent, and not final yet
    assert shop.states() == ["final", "final", "submitted"]
    engine = shop.open_engine()
    with changed(engine, ("lots", "remaining", "member = 1")):
        assert not reconcile(shop.open(engine=engine), actor="eve").is_clean
        shop.project.ask("evm_mine")
        reason = run(shop)
    assert shop.states() == ["final"] * 3
    assert reason is not None and "nothing is sealed" in reason
    engine.dispose()


@pytest.mark.parametrize("kind", ENGINES)
def test_frozen__her_points__can_only_be_given_back(shop: Shop, kind: str) -> None:
    engine = fresh_database(kind)
    fill(shop, engine)
    drop_triggers(engine)
    with transaction(engine) as tx:
        hold(tx, source="shop", id_="H-2", member=FIRST, points=1, now=NOW)
    world = shop.open(engine=engine)
    with changed(engine, ("batch_updates", "delta", "batch = 1 AND member = 1")):
        assert not reconcile(world, actor="eve").is_clean
    for spend in spendings():
        with pytest.raises(errors.PointsFrozen, match="loyaltychain reconcile"), transaction(engine) as tx:
            spend(tx)
    with transaction(engine) as tx:
        redeem(tx, source="shop", id_="R-9", member=SECOND, points=1, now=NOW)  # nothing of his differs
        release(tx, source="shop", id_="H-2", now=NOW)
    assert reconcile(world, actor="eve").is_clean
    with transaction(engine) as tx:
        redeem(tx, source="shop", id_="R-2", member=FIRST, points=1, now=NOW)
    engine.dispose()


def spendings() -> list[Callable[[Tx], object]]:
    """Each way to let go of ann's points."""
    return [
        lambda tx: redeem(tx, source="shop", id_="R-2", member=FIRST, points=1, now=NOW),
        lambda tx: hold(tx, source="shop", id_="H-3", member=FIRST, points=1, now=NOW),
        lambda tx: commit(tx, source="shop", id_="H-2", now=NOW),
        lambda tx: merge(tx, merged=FIRST, survivor=SECOND, reason="one", actor="eve", now=NOW),
    ]
