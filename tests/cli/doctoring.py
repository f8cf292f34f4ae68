"""What the doctor's tests share: a deployed project, a node under a public network's id, and how findings are read."""

from collections.abc import Iterator

import pytest

from loyaltychain.doctor.finding import Finding
from tests.anvil import Anvil, running_anvil
from tests.projects import ProjectWorld, project_world, run_deploy


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProjectWorld]:
    """A deployed project, which tests leave as they found it."""
    with project_world(tmp_path_factory.mktemp("doctor") / "shop") as world:
        run_deploy(world.open())
        yield world


@pytest.fixture(scope="module")
def node() -> Iterator[Anvil]:
    """A development node under a public network's id, 64 blocks long, whose tags lag as they do in public."""
    with running_anvil("--chain-id", "11155420", "--slots-in-an-epoch", "2") as anvil:
        anvil.ask("anvil_mine", hex(64), hex(2))
        yield anvil


def bad(findings: list[Finding]) -> dict[str, str]:
    """What fails, by name; each says what to do."""
    assert all(finding.mend for finding in findings if finding.level != "ok")
    return {finding.name: finding.found for finding in findings if finding.level == "fail"}


def level(findings: list[Finding], name: str) -> str:
    return next(finding.level for finding in findings if finding.name.endswith(name))
