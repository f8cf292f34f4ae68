"""deploy
├── given a fresh chain
│   ├── it deploys, wires, hands over and reads back every fact
│   └── when killed anywhere and started again: each contract exists once, and everything reads back
├── given a finished deployment
│   ├── it sends nothing and says so
│   ├── when the manifest file is lost: it is written again, the same
│   ├── when the plan file is lost: nothing changes, and nothing is sent
│   └── when the database is lost: it refuses, and the manifest stays as it was
├── given another chain: it raises WrongChain and sends nothing
└── given development keys on a real chain: they are refused
keep_plan: given two roles with one key, it refuses before anything is sent
"""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from loyaltychain.chain.devkeys import development_addresses, refuse_development_keys
from loyaltychain.chain.rpc import Rpc
from loyaltychain.config.project import open_project
from loyaltychain.core import errors
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

    done = run_deploy(world)

    deployed = done.deployed
    assert (deployed.is_new, done.is_published_now) == (True, True)
    assert (done.publication.number, done.publication.from_position) == (1, 1)
    assert {check.name for check in deployed.checks if not check.ok} == set()
    names = [check.name for check in deployed.checks]
    assert len(names) == len(set(names))
    assert {"genesis hash", "caps", "settler", "PointsLedger ERC-1967 slot", "role of PointsLedger.pause"} <= set(names)
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
    first = run_deploy(fresh.open()).deployed
    block = fresh.rpc.block("latest").number

    second = run_deploy(fresh.open())

    assert (second.deployed.is_new, second.is_published_now) == (False, False)
    assert second.deployed.manifest == first.manifest
    assert [check.name for check in second.deployed.checks if not check.ok] == []
    assert fresh.rpc.block("latest").number == block


def test_deploy__manifest_lost__is_written_again(fresh: ProjectWorld) -> None:
    first = run_deploy(fresh.open()).deployed
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


def test_keep_plan__two_roles_with_one_key__are_refused_before_anything_is_sent(fresh: ProjectWorld) -> None:
    shared = fresh.project.key_file("deployer").read_text(encoding="ascii")
    fresh.project.key_file("admin").write_text(shared, encoding="ascii")

    with pytest.raises(errors.InvalidSettings, match="Two roles have the same key"):
        run_deploy(fresh.open())

    assert fresh.rpc.block("latest").number == 0
    assert not fresh.project.plan_file.exists()


def test_keep_plan__vouchers_signed_with_the_settlers_key__refused(fresh: ProjectWorld) -> None:
    settings = fresh.project.home / "loyaltychain.toml"
    hot = fresh.open().address("settler")
    text = settings.read_text(encoding="utf-8").replace("[wallets]\n", f'[wallets]\nvoucher_signer = "{hot}"\n')
    settings.write_text(text, encoding="utf-8")

    with pytest.raises(errors.InvalidSettings, match="Two roles have the same key") as refused:
        run_deploy(replace(fresh, project=open_project(fresh.project.home, {})).open())

    assert refused.value.context["roles"] == [["settler", "voucher signer"]]


def test_deploy__plan_lost__nothing_changes(fresh: ProjectWorld) -> None:
    first = run_deploy(fresh.open()).deployed
    block = fresh.rpc.block("latest").number
    fresh.project.plan_file.unlink()

    again = run_deploy(fresh.open()).deployed

    assert (again.is_new, again.manifest, fresh.rpc.block("latest").number) == (False, first.manifest, block)


def test_deploy__database_lost__refuses_and_keeps_the_manifest(fresh: ProjectWorld) -> None:
    manifest = run_deploy(fresh.open()).deployed.manifest
    block = fresh.rpc.block("latest").number
    for file in fresh.project.home.glob("ledger.sqlite3*"):
        file.unlink()

    with pytest.raises(errors.InvalidSettings, match="Restore the database from a backup"):
        run_deploy(fresh.open())

    assert read_manifest(fresh.project.manifest_file) == manifest
    assert fresh.rpc.block("latest").number == block


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"network": "local"'])
def test_keep_plan__file_that_was_cut__says_what_to_do(fresh: ProjectWorld, content: str) -> None:
    fresh.project.plan_file.parent.mkdir()
    fresh.project.plan_file.write_text(content, encoding="utf-8")

    with pytest.raises(errors.InvalidSettings, match="restore it from a backup"):
        run_deploy(fresh.open())
