"""deploy
├── given a fresh chain
│   ├── it deploys, wires, hands over and reads back every fact
│   └── when killed anywhere and started again: each contract exists once, and everything reads back
├── given a finished deployment
│   ├── it sends nothing and says so
│   └── when the manifest file is lost: it is written again, the same
├── given another chain: it raises WrongChain and sends nothing
└── given development keys on a real chain: they are refused
publish
├── given the programme in force: it sends nothing
├── given a changed programme: it is published for the position after the newest entry
└── given a programme changed twice before any entry: the newest counts
"""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from loyaltychain.chain.devkeys import development_addresses, refuse_development_keys
from loyaltychain.chain.rpc import Rpc
from loyaltychain.chain.tables import intents
from loyaltychain.core import errors
from loyaltychain.db.engine import reading
from loyaltychain.deploy.manifest import read_manifest
from loyaltychain.deploy.readback import read_back
from loyaltychain.deploy.steps import STEPS
from tests.crash.harness import start
from tests.projects import ProjectWorld, project_world, run_deploy

STRIDE = 23  # prime to the points of one step, so that over the steps each kind of point is hit


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[ProjectWorld]:
    with project_world(tmp_path / "project") as world:
        yield world


def count_nonce(world: ProjectWorld) -> int:
    return world.rpc.nonce(development_addresses()[0])


def test_deploy__fresh_chain__every_fact_reads_back(fresh: ProjectWorld) -> None:
    world = fresh.open()

    deployed, publication = run_deploy(world)

    assert deployed.is_new
    assert publication.is_new
    assert publication.from_position == 1
    assert {check.name for check in deployed.checks if not check.ok} == set()
    assert len(deployed.checks) == 40
    assert read_manifest(fresh.project.manifest_file) == deployed.manifest
    assert count_nonce(fresh) == len(STEPS)


def test_deploy__killed_anywhere__goes_on_and_creates_nothing_twice(tmp_path: Path) -> None:
    def run(world: ProjectWorld, engine: Engine, rpc: Rpc) -> None:
        run_deploy(world.open(engine=engine, rpc=rpc))

    for number in itertools.count():
        with project_world(tmp_path / str(number)) as world:
            was_killed = start(world, run, points=1 + number * STRIDE)
            if was_killed:
                start(world, run, points=None)
            assert count_nonce(world) == len(STEPS), f"killed at point {1 + number * STRIDE}"
            checks = read_back(world.rpc, read_manifest(world.project.manifest_file))
            assert {check.name for check in checks if not check.ok} == set()
        if not was_killed:
            break
    assert number >= 5, "the harness has found almost nothing to kill"


def test_deploy__again__sends_nothing(fresh: ProjectWorld) -> None:
    first, _ = run_deploy(fresh.open())
    block = fresh.rpc.block("latest").number

    second, publication = run_deploy(fresh.open())

    assert (second.is_new, publication.is_new) == (False, False)
    assert second.manifest == first.manifest
    assert fresh.rpc.block("latest").number == block


def test_deploy__manifest_lost__is_written_again(fresh: ProjectWorld) -> None:
    first, _ = run_deploy(fresh.open())
    fresh.project.manifest_file.unlink()

    run_deploy(fresh.open())

    assert read_manifest(fresh.project.manifest_file) == first.manifest


def test_deploy__another_chain__is_refused_and_sends_nothing(fresh: ProjectWorld, tmp_path: Path) -> None:
    run_deploy(fresh.open())
    with project_world(tmp_path / "other") as other:
        world = fresh.open(rpc=other.rpc)

        with pytest.raises(errors.WrongChain, match="begun on the chain with genesis"):
            run_deploy(world)

        assert other.rpc.block("latest").number == 0


def test_refuse_development_keys__real_chain__names_them() -> None:
    with pytest.raises(errors.InvalidSettings, match="Chain 8453 is no development chain"):
        refuse_development_keys(8453, development_addresses()[:2])
    refuse_development_keys(31337, development_addresses())
    refuse_development_keys(8453, ["0x" + "11" * 20])


def edit_program(world: ProjectWorld, *, points: int) -> None:
    file = world.project.program_file
    text = file.read_text(encoding="utf-8")
    start_of = text.index("    points: ")
    end_of = text.index("\n", start_of)
    file.write_text(f"{text[:start_of]}    points: {points}{text[end_of:]}", encoding="utf-8")


def test_publish__changed_twice_before_any_entry__newest_counts(fresh: ProjectWorld) -> None:
    run_deploy(fresh.open())
    edit_program(fresh, points=2)
    run_deploy(fresh.open())
    edit_program(fresh, points=3)

    _, publication = run_deploy(fresh.open())

    assert publication.is_new
    assert publication.digest == fresh.open().program().digest
    assert publication.from_position == 1
    with reading(fresh.open_engine()) as tx:
        published = select(func.count()).select_from(intents).where(intents.c.id.like("publish:%"))
        assert tx.execute(published).scalar_one() == 3
