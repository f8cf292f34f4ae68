"""A database that was restored from a backup
├── given a backup of a moment ago, with nothing settled since
│   ├── the worker signs nothing before it was held against its chain, and `verify` says so and ends that
│   ├── then it goes on as if nothing had been: balances, roots and the audit are those of an undisturbed shop
│   └── roots and totals of what was backed up are the same, restored
└── given an old backup: the chain is ahead of it, and it signs nothing, before and after `verify`
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from loyaltychain.actions.log import read_actions
from loyaltychain.config.project import open_project
from loyaltychain.core import errors
from loyaltychain.db.backup import restore, write_backup
from loyaltychain.db.engine import Tx, open_database, reading
from loyaltychain.db.restores import unreconciled
from loyaltychain.ledger.tables import volumes
from loyaltychain.reports.proving import prove_restored
from loyaltychain.settlement.reconcile import reconcile
from loyaltychain.settlement.tables import batches
from tests.projects import NOW
from tests.worker.builders import MORE, SALES, Shop


def back_up(shop: Shop, file: Path) -> None:
    engine = shop.open_engine()
    write_backup(engine, file, now=NOW)
    engine.dispose()


def give_back(shop: Shop, file: Path) -> None:
    """Restore into a new file and name it in the project's configuration, as an operator does."""
    name = f"{file.stem}.sqlite3"
    engine = open_database(f"sqlite:///{shop.home / name}")
    restore(engine, file, now=NOW, prove=lambda tx: prove_restored(tx, actor="eve", reason="a drill", at=NOW))
    engine.dispose()
    settings = shop.home / "loyaltychain.toml"
    text = settings.read_text(encoding="utf-8")
    assert 'sqlite:///ledger.sqlite3"' in text
    settings.write_text(text.replace("sqlite:///ledger.sqlite3", f"sqlite:///{name}"), encoding="utf-8")
    shop.project = replace(shop.project, project=open_project(shop.home, {}))


def verify(shop: Shop) -> bool:
    world = shop.open()
    try:
        return reconcile(world.engine, world.rpc, world.deployment, actor="eve", now=NOW)
    finally:
        world.engine.dispose()


def totals(shop: Shop) -> dict[str, Any]:
    """Every account's total, and every batch's roots."""
    engine = shop.open_engine()
    with reading(engine) as tx:
        found = {
            "volumes": [tuple(row) for row in tx.execute(select(volumes).order_by(volumes.c.account, volumes.c.unit))],
            "batches": [tuple(row) for row in tx.execute(select(batches).order_by(batches.c.id))],
        }
    engine.dispose()
    return found


def subjects(tx: Tx) -> list[str]:
    return [action.action for action in read_actions(tx)]


def test_restored__nothing_settled_since__goes_on_after_verify(shop: Shop, tmp_path: Path) -> None:
    shop.take(SALES)
    shop.run()
    before = totals(shop)
    back_up(shop, tmp_path / "night.backup")
    give_back(shop, tmp_path / "night.backup")
    assert totals(shop) == before

    shop.take(MORE, "more.csv")
    with pytest.raises(errors.NotReconciled, match="loyaltychain reconcile"):
        shop.run()
    assert shop.states() == ["final"]
    assert verify(shop)
    assert not verify(shop)  # it was said already
    assert shop.run().batches == 1
    assert shop.states() == ["final", "final"]
    assert shop.findings() == []
    engine = shop.open_engine()
    with reading(engine) as tx:
        assert unreconciled(tx) is None
        assert subjects(tx) == ["restore.reconcile", "restore"]
    engine.dispose()


def test_restored__an_old_backup__signs_nothing(shop: Shop, tmp_path: Path) -> None:
    shop.take(SALES)
    shop.run()
    back_up(shop, tmp_path / "old.backup")
    shop.take(MORE, "more.csv")
    shop.run()
    give_back(shop, tmp_path / "old.backup")

    with pytest.raises(errors.NotReconciled):
        shop.run()
    with pytest.raises(errors.ChainAhead, match="restored from an old copy"):
        verify(shop)
    with pytest.raises(errors.NotReconciled):
        shop.run()
    assert shop.states() == ["final"]
