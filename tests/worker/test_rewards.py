"""run_once, of a programme that declares rewards

given a deployed programme, and no event yet
    its rewards are in the catalogue after the first round, and after the second one as after the first
    when the next version is deployed and says another price: it is there after the next round
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from loyaltychain.db.engine import reading
from loyaltychain.operations.rewards import list_rewards
from loyaltychain.program.load import template
from tests.projects import project_world, run_deploy
from tests.worker.builders import Shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with project_world(tmp_path / "shop") as project:
        yield Shop(project)


def deploy(shop: Shop, *, version: int, cost: int) -> None:
    """Deploy this version of the template, with a mug that costs so much."""
    text = template("shop").replace("version: 1", f"version: {version}")
    assert f"version: {version}" in text
    text += f"rewards: {{mug: {{name: A mug, cost: {cost}, stock: 20}}}}\n"
    shop.project.project.program_file.write_text(text, encoding="utf-8")
    with shop.opened() as world:
        run_deploy(world)


def catalogue(shop: Shop) -> list[tuple[str, int, int | None]]:
    engine = shop.open_engine()
    with reading(engine) as tx:
        found = [(each.id, each.cost, each.stock) for each in list_rewards(tx)]
    engine.dispose()
    return found


def test_run_once__declared_rewards__are_in_the_catalogue(shop: Shop) -> None:
    deploy(shop, version=1, cost=500)
    for _ in range(2):
        shop.run()
        assert catalogue(shop) == [("mug", 500, 20)]

    deploy(shop, version=2, cost=600)
    shop.run()
    assert catalogue(shop) == [("mug", 600, 20)]
