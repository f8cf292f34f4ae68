"""Databases for settlement's tests: fresh and migrated, on each engine at hand."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from tests.database import ENGINES, fresh_database
from tests.settlement.ledger_world import LedgerWorld, make_ledger_world


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    database = fresh_database(request.param)
    yield database
    database.dispose()


@pytest.fixture(scope="session")
def one_chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerWorld]:
    """The real contract with two sealed batches waiting, made once a session."""
    ledger = make_ledger_world(tmp_path_factory.mktemp("ledger"))
    yield ledger
    ledger.small.chain.close()


@pytest.fixture
def world(one_chain: LedgerWorld) -> Iterator[LedgerWorld]:
    """It, with chain and database as they were at the start."""
    snapshot = one_chain.small.ask("evm_snapshot")
    one_chain.copy("sealed.db", "now.db")
    yield one_chain
    assert one_chain.small.ask("evm_revert", snapshot) is True
