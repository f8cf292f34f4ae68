"""publish
├── given the programme in force: it sends nothing
├── given a changed programme: it counts from the position after the newest entry
├── given a programme changed twice before any entry: the newest counts, and the audit is clean
├── given other rules under a published version: it refuses, and sends nothing
├── given caps that the guardian has lowered since: it publishes all the same
├── when killed anywhere and started again, also with other rules: registry and database agree, nothing counts twice
└── given a database from before the publication: it is taken over from the chain
check_in_force
├── given a publication that was begun and not finished: no entry is made, and it says what to do
└── given rules that are not in force: it says what to do
"""

import itertools
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from loyaltychain.audit.run import run_audit
from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import encode_call
from loyaltychain.chain.rpc import Rpc
from loyaltychain.chain.tables import publications
from loyaltychain.core import errors
from loyaltychain.db.engine import reading
from loyaltychain.deploy.plan import caps_tuple
from loyaltychain.events.ingest import ingest_file
from loyaltychain.events.map import packaged_map
from loyaltychain.worker import run_once
from tests.crash.harness import SimulatedKill, start
from tests.deploy.test_readback import act
from tests.projects import NOW, DeployedOnce, ProjectWorld, deployed_once, run_deploy, run_publish


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeployedOnce]:
    with deployed_once(tmp_path_factory.mktemp("deployed") / "project") as once:
        yield once


@pytest.fixture
def deployed(once: DeployedOnce, tmp_path: Path) -> Iterator[ProjectWorld]:
    with once.copied(tmp_path / "project") as world:
        yield world


def edit_program(world: ProjectWorld, *, points: int, version: int | None = None) -> None:
    """Other rules, under a version of their own unless one is given."""
    file = world.project.program_file
    text = re.sub(r"^    points: \d+", f"    points: {points}", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    file.write_text(
        re.sub(r"^version: \d+", f"version: {version or points}", text, flags=re.MULTILINE), encoding="utf-8"
    )


def buy(world: ProjectWorld, order: str) -> None:
    """One purchase of 10 pounds, taken and worked off."""
    file = world.project.home / f"{order}.csv"
    file.write_text(f"order_id,customer,kind,at,total,points\n{order},ann,sale,2026-01-05T10:00:00Z,10.00,\n", "utf-8")
    opened = world.open()
    ingest_file(opened.engine, file, format="csv", event_map=packaged_map("simulated_shop"), received_at=NOW,
                rejects=file.with_suffix(".rejects"))  # fmt: skip
    run_once(opened)


def is_refused(world: ProjectWorld, order: str) -> bool:
    """Whether the purchase was refused because a publication is not finished."""
    try:
        buy(world, order)
    except errors.ProgramNotPublished as refusal:
        return "run `loyaltychain deploy` to finish it" in refusal.message
    return False


def rows(world: ProjectWorld) -> list[tuple[int, int, str]]:
    with reading(world.open_engine()) as tx:
        query = select(publications.c.number, publications.c.from_position, publications.c.digest)
        return [(row[0], row[1], row[2]) for row in tx.execute(query.order_by(publications.c.number))]


def on_chain(world: ProjectWorld) -> list[tuple[int, str]]:
    """(from position, digest) of every publication, as the registry answers."""
    abi = artifacts.load("ProgramRegistry").abi
    registry = world.open().manifest["contracts"]["ProgramRegistry"]["address"]
    count = int.from_bytes(world.rpc.call(registry, encode_call(abi, "count", ())))
    answers = [world.rpc.call(registry, encode_call(abi, "at", (index,))) for index in range(count)]
    return [(int.from_bytes(answer[32:64]), "0x" + answer[:32].hex()) for answer in answers]


def audit_codes(world: ProjectWorld) -> list[str]:
    opened = world.open()
    report = run_audit(opened.rpc, opened.manifest, clock=time.monotonic, database=opened.engine)
    return [finding.code for finding in report.findings]


def agreed(world: ProjectWorld) -> bool:
    return [(position, digest) for _, position, digest in rows(world)] == on_chain(world)


def test_publish__in_force__sends_nothing(deployed: ProjectWorld) -> None:
    block = deployed.rpc.block("latest").number

    publication, is_new = run_publish(deployed.open())

    assert (publication.number, is_new, deployed.rpc.block("latest").number) == (1, False, block)


def test_publish__changed_after_entries__counts_from_the_next_position(deployed: ProjectWorld) -> None:
    buy(deployed, "S-1")
    edit_program(deployed, points=2)

    publication, is_new = run_publish(deployed.open())

    assert (publication.number, publication.from_position, is_new) == (2, 2, True)
    assert agreed(deployed)
    kept = deployed.project.program_archive / f"{publication.digest.hex()}.json"
    assert kept.read_text(encoding="utf-8").startswith('{"currency":"GBP"')


def test_publish__changed_twice_before_any_entry__newest_counts(deployed: ProjectWorld) -> None:
    for points in (2, 3):
        edit_program(deployed, points=points)
        publication, _ = run_publish(deployed.open())

    assert (publication.number, publication.from_position) == (3, 1)
    assert publication.digest == deployed.open().program().digest
    assert agreed(deployed)
    buy(deployed, "S-1")
    assert audit_codes(deployed) == []


def test_publish__other_rules_under_a_published_version__refused_and_nothing_sent(deployed: ProjectWorld) -> None:
    block = deployed.rpc.block("latest").number
    edit_program(deployed, points=2, version=1)

    with pytest.raises(errors.InvalidProgram, match="raise `version` above it"):
        run_publish(deployed.open())

    assert deployed.rpc.block("latest").number == block


def test_publish__caps_lowered_since__publishes_all_the_same(deployed: ProjectWorld) -> None:
    world = deployed.open()
    ledger = world.manifest["contracts"]["PointsLedger"]["address"]
    lower = caps_tuple({**world.manifest["caps"], "issuePerBatch": 5})
    act(world, "guardian", ledger, encode_call(artifacts.load("PointsLedger").abi, "lowerCaps", (lower,)))
    edit_program(deployed, points=2)

    done = run_deploy(deployed.open())

    assert [check.name for check in done.deployed.checks if not check.ok] == ["caps"]
    assert (done.is_published_now, done.publication.number) == (True, 2)


def test_publish__killed_anywhere_then_other_rules__registry_and_database_agree(
    once: DeployedOnce, tmp_path: Path
) -> None:
    def run(world: ProjectWorld, engine: Engine, rpc: Rpc) -> None:
        run_publish(world.open(engine=engine, rpc=rpc))

    for points in itertools.count(1):
        with once.copied(tmp_path / str(points)) as world:
            edit_program(world, points=2)
            was_killed = start(world, run, points=points)
            # After the kill the operator changes her mind once more.
            edit_program(world, points=3)
            start(world, run, points=None)

            assert agreed(world), f"killed at point {points}"
            assert world.open().program().digest.hex() == rows(world)[-1][2][2:]
            buy(world, "S-1")
        if not was_killed:
            break
    assert points > 6, "the harness has found almost nothing to kill"


def test_check_in_force__begun_and_not_finished__no_entry_is_made(deployed: ProjectWorld) -> None:
    old = deployed.project.program_file.read_text(encoding="utf-8")
    edit_program(deployed, points=2)

    def run(world: ProjectWorld, engine: Engine, rpc: Rpc) -> None:
        run_publish(world.open(engine=engine, rpc=rpc))

    stopped = 0
    for points in itertools.count(1):
        if not start(deployed, run, points=points):
            break
        deployed.project.program_file.write_text(old, encoding="utf-8")
        stopped += is_refused(deployed, f"S-{points}")
        edit_program(deployed, points=2)

    assert stopped >= 2
    assert agreed(deployed)


def test_publish__database_from_before__is_taken_over_from_the_chain(deployed: ProjectWorld, tmp_path: Path) -> None:
    database = deployed.project.home / "ledger.sqlite3"
    for end in ("", "-wal", "-shm"):
        if (source := database.with_name(database.name + end)).exists():
            shutil.copy(source, tmp_path / f"old{end}")
    edit_program(deployed, points=2)
    run_publish(deployed.open())
    newer = rows(deployed)
    for end in ("", "-wal", "-shm"):
        database.with_name(database.name + end).unlink(missing_ok=True)
        if (tmp_path / f"old{end}").exists():
            shutil.copy(tmp_path / f"old{end}", database.with_name(database.name + end))
    assert len(rows(deployed)) == 1
    with pytest.raises(errors.ProgramNotPublished, match="begun and not finished"):
        run_once(deployed.open())

    _, is_new = run_publish(deployed.open())

    assert (is_new, rows(deployed)) == (False, newer)


def test_check_in_force__other_rules__says_what_to_do(deployed: ProjectWorld) -> None:
    edit_program(deployed, points=2)

    with pytest.raises(errors.ProgramNotPublished, match="Run `loyaltychain deploy` to publish it"):
        run_once(deployed.open())


def test_harness__its_kill__is_no_error_of_ours() -> None:
    assert not issubclass(SimulatedKill, Exception)
