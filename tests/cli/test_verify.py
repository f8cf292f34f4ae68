"""verify, verify --accept, wallet voucher
├── given an empty database, or an old one: what `run` says; a worker that settles meanwhile is none
└── given another chain: WrongChain, and the manifest stays as it was
check_books: given batches settled on another network: InvalidSettings
"""

# ruff: noqa: F811  fixtures are named where they are used

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import String, insert

from loyaltychain.chain.facts import Block
from loyaltychain.chain.rpc import Rpc
from loyaltychain.cli.networks import check_books, check_same_books
from loyaltychain.core.errors import InvalidSettings
from loyaltychain.db.engine import transaction
from loyaltychain.events.ingest import ingest_file
from loyaltychain.events.map import packaged_map
from loyaltychain.localchain import process
from loyaltychain.settlement.tables import batches
from loyaltychain.worker import run_once
from tests.anvil import running_anvil
from tests.cli.test_commands import Speaker, home, speaker  # noqa: F401  fixtures
from tests.cli.test_networks import LOCAL, on
from tests.projects import NOW, ProjectWorld, project_world, run_deploy

URL = "http://127.0.0.1:9"


@pytest.fixture
def served(speaker: Speaker) -> Iterator[str]:
    """The URL of the project's local chain, served for this test."""
    assert speaker.say("chain", "start")[0] == 0
    yield process.find(Path.cwd()).url
    assert speaker.say("chain", "stop")[0] == 0


@pytest.mark.slow
def test_verify_accept__another_chain__refused_and_nothing_written(
    speaker: Speaker, served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert speaker.say("deploy")[0] == 0
    orders = "order_id,customer,kind,at,total,points\nS-1,ann,sale,2026-01-05T10:00:00Z,15.30,\n"
    Path("orders.csv").write_text(orders, encoding="utf-8")
    assert speaker.say("ingest", "orders.csv", "--map", "simulated_shop")[0] == 0
    before = Path("deployments/local.json").read_bytes()
    with running_anvil("--chain-id", str(LOCAL)) as node:
        monkeypatch.setenv("LOYALTYCHAIN_RPC", node.url)

        code, error = speaker.error("verify", "--accept")
        voucher_code, voucher = speaker.error("wallet", "voucher", "--member", "ann", "--wallet", "0x" + "99" * 20)
        cancel_code, cancelled = speaker.error("wallet", "cancel", "--member", "ann")

    assert (code, error["code"], voucher_code, voucher["code"]) == (4, "WrongChain", 4, "WrongChain")
    assert (cancel_code, cancelled["code"]) == (4, "WrongChain")
    assert Path("deployments/local.json").read_bytes() == before


@pytest.mark.slow
def test_verify__another_database__says_what_run_says(
    speaker: Speaker, served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert speaker.say("deploy")[0] == 0
    with closing(sqlite3.connect("ledger.sqlite3")) as books:  # with what its log holds
        books.execute("VACUUM INTO 'old.sqlite3'")
    orders = "order_id,customer,kind,at,total,points\nS-1,ann,sale,2026-01-05T10:00:00Z,15.30,\n"
    Path("orders.csv").write_text(orders, encoding="utf-8")
    assert speaker.say("ingest", "orders.csv", "--map", "simulated_shop")[0] == 0
    code, out = speaker.say("run", "--once", "--json")
    assert code == 0, out
    assert speaker.say("verify")[0] == 0

    found = []
    for name in ("new.sqlite3", "old.sqlite3"):
        monkeypatch.setenv("LOYALTYCHAIN_DATABASE", f"sqlite:///{Path.cwd() / name}")
        refused = speaker.error("verify")
        assert refused == speaker.error("run", "--once")
        found.append((refused[0], refused[1]["code"]))

    assert found == [(2, "NotDeployed"), (4, "ChainAhead")]


class Busy:
    """A node that lets something happen when the newest block is first asked for."""

    def __init__(self, rpc: Rpc, act: Callable[[], object]) -> None:
        self._rpc, self._acts = rpc, [act]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rpc, name)

    def block(self, which: int | str) -> Block:
        if which == "latest" and self._acts:
            self._acts.pop()()
        return self._rpc.block(which)


def test_check_same_books__worker_settles_meanwhile__looks_again(tmp_path: Path) -> None:
    with project_world(tmp_path / "shop") as shop:
        run_deploy(shop.open())
        file = tmp_path / "orders.csv"
        file.write_text("order_id,customer,kind,at,total,points\nS-1,ann,sale,2026-01-05T10:00:00Z,15.30,\n")
        ingest_file(shop.open_engine(), file, format="csv", event_map=packaged_map("simulated_shop"), received_at=NOW,
                    rejects=tmp_path / "rejects.csv")  # fmt: skip
        settled = []

        check_same_books(shop.open(rpc=Busy(shop.rpc, lambda: settled.append(run_once(shop.open()).batches))))

    assert settled == [1]


@pytest.fixture
def settled(tmp_path: Path) -> Iterator[ProjectWorld]:
    with project_world(tmp_path / "settled") as world:
        run_deploy(world.open())
        yield world


def test_check_books__batches_elsewhere__refused(settled: ProjectWorld) -> None:
    world = settled.open()
    elsewhere = replace(world, project=on(world.project, "base-sepolia"))
    check_books(world)
    check_books(elsewhere)  # deployed elsewhere, but nothing settled yet: a rehearsal

    with transaction(world.engine) as tx:
        texts = {column.name: "0x00" for column in batches.columns if isinstance(column.type, String)}
        numbers = {column.name: 1 for column in batches.columns if column.name not in texts}
        tx.execute(insert(batches).values(texts | numbers | {"state": "final"}))

    check_books(world)
    with pytest.raises(InvalidSettings, match="settled on local"):
        check_books(elsewhere)
