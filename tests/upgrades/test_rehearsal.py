"""rehearse_upgrade: the whole upgrade where nobody sees it
├── on a copy of the local chain: nothing differs, the audit has nothing new to say, the chain itself has no new block
├── on a fork by anvil: the same
├── where neither is to be had: the new code is asked in the proxy's place
├── given code that answers otherwise: each answer is named
└── given an initialiser that fails: refused with its reason
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from loyaltychain.core import errors
from loyaltychain.deploy.candidate import Candidate
from loyaltychain.deploy.upgrade import encode_initialiser
from loyaltychain.rehearsal.run import Rehearsal, rehearse_upgrade
from loyaltychain.wiring import World, open_world
from tests.anvil import running_anvil
from tests.projects import ProjectWorld, fixed_clock, new_project, project_world, run_deploy
from tests.upgrades.variants import candidate
from tests.upgrades.world import settle

MEMBERS = range(1, 20)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[ProjectWorld]:
    with project_world(tmp_path / "project") as world:
        run_deploy(world.open())
        yield world


def rehearse(world: World, code: Candidate, call: bytes = b"", *, rpc_url: str | None = None) -> Rehearsal:
    return rehearse_upgrade(world.rpc, world.manifest, code, call, members=MEMBERS, rpc_url=rpc_url)


def test_rehearse__local_chain__leaves_no_trace(project: ProjectWorld) -> None:
    world, code = project.open(), candidate("LedgerV2")
    settle(world, {1: 250, 9: 7})
    head = world.rpc.block("latest")

    report = rehearse(world, code, encode_initialiser(code, "initializeV2", [3]))

    assert (report.ground, report.different, report.audit_before) == ("a copy of the local chain", {}, [])
    assert report.audit_after == ["implementation-foreign"]
    assert report.is_clean
    assert report.asked > len(MEMBERS)
    assert world.rpc.block("latest") == head


def test_rehearse__an_initialiser_that_fails__is_refused(project: ProjectWorld) -> None:
    world, code = project.open(), candidate("LedgerV2")

    with pytest.raises(errors.Reverted):
        rehearse(world, code, bytes.fromhex("12345678"))


def test_rehearse__code_that_answers_otherwise__names_the_answer(project: ProjectWorld) -> None:
    report = rehearse(project.open(), candidate("Forgetful"))

    assert not report.is_clean
    assert set(report.different) == {"count()"}


def test_rehearse__a_chain_by_url__is_forked_or_asked_with_overrides(tmp_path: Path) -> None:
    with running_anvil() as node:
        world = open_world(new_project(tmp_path / "project"), rpc=node.rpc, clock=fixed_clock)
        run_deploy(world)
        head = world.rpc.block("latest")

        forked = rehearse(world, candidate("RegistryV2"), rpc_url=node.url)
        asked = rehearse(world, candidate("RegistryV2"))
        wrong = rehearse(world, candidate("Forgetful"))

        assert (forked.ground, forked.different, forked.new_findings) == ("a fork by anvil", {}, [])
        assert forked.audit_after == ["implementation-foreign"]
        assert (asked.ground[:27], asked.different, asked.audit_after) == ("calls with state overrides;", {}, None)
        assert set(wrong.different) == {"count()"}
        assert world.rpc.block("latest") == head
