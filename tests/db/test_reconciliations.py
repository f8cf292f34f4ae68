"""insert_reconciliation

given a comparison that found a difference
├── when a clean one of an earlier block comes later: it is refused, and the difference counts
└── when a clean one of the same block, or a later one, comes: it counts
"""

from dataclasses import replace

import pytest

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.errors import DatabaseBusy
from loyaltychain.db.engine import reading, transaction
from loyaltychain.db.reconciliations import (
    Difference,
    Points,
    Reconciliation,
    insert_reconciliation,
    last_reconciliation,
)
from tests.database import ENGINES, fresh_database

CLEAN = Reconciliation(
    network="local", at=UnixSeconds(1_800_000_000), actor="worker", block_number=9, block_hash=bytes(32), batches=1,
    members=1, supply=Points(7, 7, 7), count=0, members_off=0, differences=(), off=(),
)  # fmt: skip
OFF = replace(CLEAN, actor="eve", count=1, differences=(Difference("chain", "batch-unknown", "batch 9", "a", "b"),))


@pytest.mark.parametrize("engine", ENGINES)
def test_insert_reconciliation__an_older_look__hides_no_difference(engine: str) -> None:
    database = fresh_database(engine)
    try:
        with transaction(database) as tx:
            insert_reconciliation(tx, OFF)
        with pytest.raises(DatabaseBusy, match="compare again"), transaction(database) as tx:
            insert_reconciliation(tx, replace(CLEAN, block_number=8))
        with reading(database) as tx:
            assert (found := last_reconciliation(tx, "local")) is not None and not found.is_clean
        for later in (CLEAN, replace(OFF, block_number=8), replace(CLEAN, block_number=10)):
            with transaction(database) as tx:
                insert_reconciliation(tx, later)
    finally:
        database.dispose()
