"""run_demo in a database of its own

given PostgreSQL: the simulated shop comes to the same figures as on SQLite, and the kept project goes on in it
given a database that holds members: it raises ProjectExists, and writes nothing
"""

from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from loyaltychain.config.project import open_project
from loyaltychain.core import errors
from loyaltychain.db.engine import transaction
from loyaltychain.db.migrate import open_migrated
from loyaltychain.demo.play import Play, simulated
from loyaltychain.demo.run import run_demo
from loyaltychain.demo.shop import Shop
from loyaltychain.events.tables import members
from tests.database import ENGINES, fresh_postgresql_url


def play(folder: Path) -> Play:
    return simulated(Shop(), folder=folder)


@pytest.mark.skipif("postgresql" not in ENGINES, reason="there is no PostgreSQL")
def test_run_demo__postgresql__same_figures(tmp_path) -> None:
    url = make_url(fresh_postgresql_url()).update_query_dict({"schema": "corner"}).render_as_string(hide_password=False)
    here = run_demo(None, make_play=play, on_step=lambda *_: None)
    there = run_demo(tmp_path / "kept", make_play=play, on_step=lambda *_: None, database=url)
    timing = {"seconds", "peak_mb"}
    assert {k: v for k, v in there.document().items() if k not in timing} == {
        k: v for k, v in here.document().items() if k not in timing
    }
    assert there.is_clean
    assert open_project(tmp_path / "kept", {}).database_url == url
    assert not list((tmp_path / "kept").glob("*.sqlite3"))


@pytest.mark.parametrize("kind", ENGINES)
def test_run_demo__database_with_members__raises_project_exists(tmp_path, kind) -> None:
    url = f"sqlite:///{tmp_path / 'points.db'}" if kind == "sqlite" else fresh_postgresql_url()
    engine = open_migrated(url)
    with transaction(engine) as tx:
        tx.execute(members.insert(), [{"number": 1, "member_id": "ann", "joined_at": 1}])
    engine.dispose()
    with pytest.raises(errors.ProjectExists, match="holds members already"):
        run_demo(tmp_path / "kept", make_play=play, on_step=lambda *_: None, database=url)
    assert not (tmp_path / "kept").exists()
