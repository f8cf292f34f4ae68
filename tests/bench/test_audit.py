"""bench audit, on a small load

given a programme whose books were written in bulk
├── the audit finds nothing, and the plain libraries come to the same root
└── when a receipt's amount was changed: no figure is given
"""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from loyaltychain.bench.audit import verify
from loyaltychain.bench.audit_load import make_load
from loyaltychain.core.errors import InvariantError

MEMBERS = 300


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("load") / "load"
    assert list(make_load(folder, n=MEMBERS)) == [MEMBERS]
    return folder


def test_verify__a_true_load__gives_figures_and_finds_nothing_until_a_receipt_is_changed(load: Path) -> None:
    verified = verify(load, MEMBERS)

    assert verified.n == MEMBERS
    assert 0 < verified.idle_mb <= verified.peak_mb
    with closing(sqlite3.connect(load / "home" / "ledger.sqlite3")) as books:
        books.execute("DROP TRIGGER no_update_receipts")
        assert books.execute("UPDATE receipts SET amount = amount + 1 WHERE member = 7").rowcount == 1
        books.commit()
    with pytest.raises(InvariantError, match="receipt-amount"):
        verify(load, MEMBERS)
