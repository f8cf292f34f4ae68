"""A project's rows in another database, and rows changed past the program."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import Engine, text

from loyaltychain.core.hashing import ZERO_HASH, keccak256
from loyaltychain.db.engine import reading
from loyaltychain.db.tables import metadata
from loyaltychain.settlement import codec, store
from loyaltychain.settlement.header import batch_hash
from loyaltychain.settlement.submit import make_settle_call
from loyaltychain.settlement.types import Batch
from tests.worker.builders import Shop


def fill(shop: Shop, database: Engine) -> None:
    engine = shop.open_engine()
    with reading(engine) as source, database.begin() as target:
        for table in metadata.sorted_tables:
            rows = [dict(row) for row in source.execute(table.select()).mappings()]
            if rows and table.name != "api_secrets":  # each database has made its own
                target.execute(table.insert(), rows)
    engine.dispose()


def drop_triggers(database: Engine) -> None:
    with database.begin() as tx:
        if database.dialect.name == "postgresql":
            for table in metadata.sorted_tables:
                tx.execute(text(f"ALTER TABLE {table.name} DISABLE TRIGGER USER"))
            return
        for name in tx.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all():
            tx.execute(text(f'DROP TRIGGER "{name}"'))


def execute(database: Engine, *statements: str) -> None:
    with database.begin() as tx:
        for statement in statements:
            assert tx.exec_driver_sql(statement).rowcount == 1, statement


@contextmanager
def changed(database: Engine, *changes: tuple[str, str, str]) -> Iterator[None]:
    """A column of one row, (table, column, where), is larger by one meanwhile."""
    execute(
        database, *(f"UPDATE {table} SET {column} = {column} + 1 WHERE {where}" for table, column, where in changes)
    )
    yield
    execute(
        database, *(f"UPDATE {table} SET {column} = {column} - 1 WHERE {where}" for table, column, where in changes)
    )


def settle_falsely(shop: Shop) -> None:
    """Somebody has the settler's key, and gives member 1 a point."""
    with shop.opened() as world, reading(world.engine) as tx:
        deployment, before = world.deployment, store.last_final(tx)
    assert before is not None
    data = codec.encode({1: 1})
    header = replace(
        before.header, batch_id=before.header.batch_id + 1, prev_hash=before.hash, ledger_head=keccak256(b"theirs"),
        receipt_root=ZERO_HASH, data_hash=keccak256(data), updates=1, issued=1, burned=0,
        supply=before.header.supply + 1,
    )  # fmt: skip
    whole = batch_hash(header, chain_id=deployment.chain_id, ledger=deployment.ledger)
    receipt = shop.send("settler", deployment.ledger, make_settle_call(Batch(header, 1, 1, data, whole, "sealed")))
    assert receipt.status == 1
