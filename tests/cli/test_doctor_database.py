"""doctor, about the database
├── given one of this release: so it is said; on PostgreSQL the server's clock too
├── given one of an older release, or of a newer one: said, and left as it is
├── given none: a warning, and none is made
├── given SQLite on a main network: a warning
└── given a server that does not answer: fails
"""

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from loyaltychain.db.engine import open_database, transaction
from loyaltychain.db.migrate import migrate
from loyaltychain.doctor.databases import look_at_database
from tests.cli.doctoring import bad, level
from tests.database import ENGINES, fresh_database, fresh_postgresql_url
from tests.projects import NOW


@pytest.mark.parametrize("engine_name", ENGINES)
def test_look_at_database__migrated__is_of_this_release(engine_name: str) -> None:
    engine = fresh_database(engine_name)

    findings = look_at_database(engine, None, chain_id=None, now=NOW)

    assert (level(findings, "tables"), level(findings, "worker")) == ("ok", "ok")
    assert (len(findings) == 4) == (engine_name == "postgresql")  # the server has a clock of its own
    assert next(finding.found for finding in findings if finding.name == "engine").lower().startswith(engine_name)
    engine.dispose()


@pytest.mark.parametrize("engine_name", ENGINES)
@pytest.mark.parametrize(("revision", "expected"), [("0001", "warn"), ("9999", "fail")])
def test_look_at_database__older_or_newer__is_left_as_it_is(engine_name: str, revision: str, expected: str) -> None:
    engine = fresh_database(engine_name)
    with transaction(engine) as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})

    findings = look_at_database(engine, None, chain_id=None, now=NOW)

    assert level(findings, "tables") == expected
    assert "worker" not in {finding.name for finding in findings}
    with transaction(engine) as tx:
        assert tx.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == revision
    engine.dispose()


def test_look_at_database__never_made__is_not_made(tmp_path: Path) -> None:
    file = tmp_path / "ledger.sqlite3"
    engine = open_database(f"sqlite:///{file}")

    findings = look_at_database(engine, None, chain_id=8453, now=NOW)
    assert [finding.level for finding in findings] == ["warn"]
    assert not file.exists()

    migrate(engine)
    assert level(look_at_database(engine, None, chain_id=8453, now=NOW), "engine") == "warn"
    engine.dispose()


@pytest.mark.skipif("postgresql" not in ENGINES, reason="no PostgreSQL at hand")
def test_look_at_database__server_away__fails() -> None:
    url = make_url(fresh_postgresql_url()).set(database="nowhere_at_all")
    engine = open_database(url.render_as_string(hide_password=False))

    findings = look_at_database(engine, None, chain_id=None, now=NOW)

    assert list(bad(findings)) == ["reached"]
    engine.dispose()
