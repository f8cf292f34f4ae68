"""Deciding without the chain, and settling what came together meanwhile
├── given a node that is gone: events are decided on by what the chain said last, and settled later in one batch
│   └── when members redeem what is not settled yet: the batch settles the difference
├── given a chain that is another one: events are decided on, nothing is signed
├── given a halted batch: events are decided on; the reason stands in status until a retry settles everything
├── given a chain that is silent: nothing is signed, and what was signed is not bid higher, until blocks come
├── given a ledger that is paused for long: one batch waits, and all that comes in meanwhile is in the next
├── given dear gas: nothing is sealed before the price is calm, or patience is at its end
└── it does not decide
    ├── when the chain was never asked what it allows
    ├── when the rules of the file were never seen in force
    ├── when what was seen is of other contracts
    └── when the database was restored and not held against its chain
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading, transaction
from loyaltychain.settlement.lag import find_alarms, read_lag
from loyaltychain.settlement.standing import Standing, read_standing, worker_state
from loyaltychain.status import read_status
from loyaltychain.worker import RunReport, run_once
from tests.projects import NOW
from tests.worker.builders import MORE, SALES, GoneRpc, MeddledRpc, Shop, once
from tests.worker.test_restored import back_up, give_back

LATER = "S-4,ann,sale,2026-01-07T09:00:00Z,10.00,\nR-4,bob,redeem,2026-01-07T10:00:00Z,,20\n"


def gone() -> Any:
    return GoneRpc()


def standing(shop: Shop) -> Standing:
    engine = shop.open_engine()
    with reading(engine) as tx:
        found = read_standing(tx, "local")
    engine.dispose()
    assert found is not None
    return found


def figures(shop: Shop) -> tuple[int, int]:
    """(events that wait, points that are decided and not settled)."""
    status = read_status(shop.project.project)
    return status["events_waiting"], status["points_accrued"]


def run_at(shop: Shop, seconds: int, *, rpc: Any = None, **profile: Any) -> RunReport:
    world = replace(shop.open(rpc=rpc, **profile), clock=lambda: UnixSeconds(NOW + seconds))
    try:
        return run_once(world)
    finally:
        world.engine.dispose()


def test_outage__node_is_gone__decided_now_and_settled_later_in_one_batch(shop: Shop) -> None:
    shop.take(SALES)
    shop.run()
    assert figures(shop) == (0, 0)

    for number, rows in enumerate((MORE, LATER)):
        shop.take(rows, f"{number}.csv")
        with pytest.raises(errors.RpcUnavailable):
            shop.run(rpc=gone())
    assert figures(shop) == (0, 5 + 10 - 20)
    assert (standing(shop).settling.state, standing(shop).settling.code) == ("waiting", "RpcUnavailable")
    assert shop.states() == ["final"]

    report = shop.run()

    assert (report.batches, shop.states(), shop.settled(), shop.findings()) == (1, ["final"] * 2, [1, 2], [])
    assert figures(shop) == (0, 0)
    assert (standing(shop).settling.state, standing(shop).settling.reason) == ("on", None)


class OtherChain:
    """A node of another chain."""

    def __init__(self, shop: Shop) -> None:
        self._rpc = shop.rpc

    def chain_id(self) -> int:
        return 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rpc, name)


def test_outage__another_chain__decided_and_nothing_signed(shop: Shop) -> None:
    shop.take(SALES)
    shop.run()
    shop.take(MORE, "more.csv")

    other: Any = OtherChain(shop)
    with pytest.raises(errors.WrongChain):
        shop.run(rpc=other)

    assert figures(shop) == (0, 5)
    assert (shop.states(), standing(shop).settling.state, standing(shop).settling.code) == (
        ["final"], "halted", "WrongChain")  # fmt: skip
    assert shop.run().batches == 1


def test_outage__halted_batch__decided_and_settled_after_a_retry(shop: Shop) -> None:
    shop.take(SALES)
    with pytest.raises(errors.NonceTaken):
        shop.run(rpc=MeddledRpc(shop.rpc, once(shop.spend_nonce)))  # type: ignore[arg-type]
    shop.take(MORE, "more.csv")
    with pytest.raises(errors.NonceTaken):
        shop.run()
    assert figures(shop) == (0, 12 + 30 + 5)
    halted = standing(shop).settling
    assert (halted.state, halted.code) == ("halted", "NonceTaken")
    assert "run --retry" in (halted.reason or "")
    status = read_status(shop.project.project)
    assert (status["worker"]["settling"]["code"], "settlement-halted" in status["alarms"]) == ("NonceTaken", True)

    report = shop.run(retry=True)

    assert (report.batches, shop.settled(), shop.findings(), figures(shop)) == (2, [1, 2], [], (0, 0))
    assert standing(shop).settling.state == "on"


def test_outage__silent_chain__nothing_is_signed_until_blocks_come(shop: Shop) -> None:
    shop.take(SALES)
    head = shop.rpc.block("latest").timestamp
    silent = head - NOW + 41

    paused = run_at(shop, silent, head_alarm=40)

    assert (paused.events, paused.batches, shop.states()) == (2, 0, [])
    assert (paused.waiting_for or "").startswith("the chain is silent: its newest block is 41 s old")
    engine = shop.open_engine()
    with reading(engine) as tx:
        lag, found = read_lag(tx, "local", now=UnixSeconds(NOW + silent))
    engine.dispose()
    assert lag.chain_head_seconds == 41
    assert "settlement-paused" in find_alarms(lag, found, shop.project.project.settings.api.ready)
    assert run_at(shop, head - NOW + 40, head_alarm=40).batches == 1
    assert shop.states() == ["final"]


def test_outage__silent_chain__what_is_on_its_way_is_left_alone(shop: Shop) -> None:
    shop.take(SALES)
    shop.run(finality_depth=3)
    assert shop.states() == ["submitted"]
    before = shop.intents()

    paused = run_at(shop, shop.rpc.block("latest").timestamp - NOW + 41, head_alarm=40)

    assert (paused.batches, shop.intents(), shop.attempts("settle:1")) == (0, before, 1)


def test_outage__long_pause__what_comes_in_meanwhile_is_one_batch(shop: Shop) -> None:
    shop.act("guardian", "pause")
    for number in range(4):
        shop.take(f"S-{number},m{number},sale,2026-01-05T09:00:00Z,3.00,\n", f"{number}.csv")
        with pytest.raises(errors.LedgerPaused):
            shop.run()
    assert (shop.states(), figures(shop)) == (["submitted"], (0, 12))
    shop.act("config", "unpause")

    report = shop.run()

    assert (report.batches, report.updates, shop.settled(), shop.findings()) == (2, 4, [1, 2], [])


def test_outage__dear_gas__waits_for_a_calm_price_or_the_end_of_patience(shop: Shop) -> None:
    settings = shop.home / "loyaltychain.toml"
    text = settings.read_text("utf-8")
    assert "# calm_wei_per_gas" in text
    patient = replace_gas(shop, calm_wei_per_gas=1, patience_seconds=100)
    shop.take(SALES)

    dear = run_world(patient, 99)
    assert (dear.events, dear.batches, shop.states()) == (2, 0, [])
    assert (dear.waiting_for or "").startswith("cheaper gas: it costs ")
    shop.take(MORE, "more.csv")
    settled = run_world(patient, 199)

    assert (settled.batches, shop.states()) == (1, ["final"])
    assert shop.findings() == []


def replace_gas(shop: Shop, **gas: int) -> Shop:
    project = shop.project.project
    settings = project.settings.model_copy(update={"gas": project.settings.gas.model_copy(update=gas)})
    return Shop(replace(shop.project, project=replace(project, settings=settings)))


def run_world(shop: Shop, seconds: int) -> RunReport:
    return run_at(shop, seconds)


def test_decide__chain_never_asked__waits_for_it(shop: Shop) -> None:
    shop.take(SALES)
    with pytest.raises(errors.RpcUnavailable):
        shop.run(rpc=gone())

    assert figures(shop)[0] == 2
    assert standing(shop).deciding.code == "ChainUnseen"


def test_decide__rules_never_seen_in_force__makes_no_entry(shop: Shop) -> None:
    shop.take(SALES)
    shop.run()
    file = shop.project.project.program_file
    file.write_text(file.read_text("utf-8").replace("version: 1", "version: 2"), encoding="utf-8")
    shop.take(MORE, "more.csv")

    with pytest.raises(errors.RpcUnavailable):
        shop.run(rpc=gone())
    assert (figures(shop)[0], standing(shop).deciding.code) == (1, "ProgramNotPublished")
    with pytest.raises(errors.ProgramNotPublished):
        shop.run()
    assert figures(shop)[0] == 1


def test_decide__seen_of_other_contracts__counts_for_nothing(shop: Shop) -> None:
    shop.take(SALES)
    shop.run()
    engine = shop.open_engine()
    with transaction(engine) as tx:
        tx.execute(worker_state.update().values(deployment="0x" + "00" * 32))
    engine.dispose()
    shop.take(MORE, "more.csv")

    with pytest.raises(errors.RpcUnavailable):
        shop.run(rpc=gone())

    assert (figures(shop)[0], standing(shop).known) == (1, None)


def test_decide__restored_database__makes_no_entry(shop: Shop, tmp_path: Path) -> None:
    shop.take(SALES)
    shop.run()
    back_up(shop, tmp_path / "night.backup")
    give_back(shop, tmp_path / "night.backup")
    shop.take(MORE, "more.csv")

    with pytest.raises(errors.NotReconciled):
        shop.run()

    assert figures(shop)[0] == 1
