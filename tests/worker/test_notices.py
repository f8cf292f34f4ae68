"""run_once, of a programme whose points run out with inactivity

given members who have been inactive for long
    their notices are written in the same round; nothing runs out before one is sent
    when one is sent: her points run out notice_days later and are burned with the next batch, the other's are not
        the auditor finds nothing
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from loyaltychain.db.engine import reading, transaction
from loyaltychain.operations.notices import list_notices, mark_sent
from loyaltychain.program.load import template
from loyaltychain.worker import RunReport, run_once
from tests.projects import NOW, project_world, run_deploy
from tests.worker.builders import SALES, Shop

DAY = 86_400


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with project_world(tmp_path / "shop") as project:
        text = template("shop") + "expiry: {inactivity: {days: 100, notice_days: 30}}\n"
        project.project.program_file.write_text(text, encoding="utf-8")
        world = project.open()
        run_deploy(world)
        world.engine.dispose()
        yield Shop(project)


def run_at(shop: Shop, days: int) -> RunReport:
    world = replace(shop.open(), clock=lambda: NOW + days * DAY)
    try:
        return run_once(world)
    finally:
        world.engine.dispose()


def test_run_once__inactive_members__told_first_and_burned_after(shop: Shop) -> None:
    shop.take(SALES)
    assert run_at(shop, 0).issued == 42
    assert run_at(shop, 29).expired == 0

    engine = shop.open_engine()
    with reading(engine) as tx:
        told = {each.member_id: each for each in list_notices(tx, "due", now=NOW)}
    with transaction(engine) as tx:
        assert mark_sent(tx, told["ann"].id, now=NOW).at == NOW + 30 * DAY
    engine.dispose()
    assert {member: each.points for member, each in told.items()} == {"ann": 12, "bob": 30}

    report = run_at(shop, 30)

    assert (report.expired, report.batches, report.updates) == (12, 1, 1)
    assert run_at(shop, 200).expired == 0
    assert shop.findings() == []
