"""work: the worker that goes on until it is stopped
├── given events that come in while it runs: decided on and settled
├── given a node that hangs in the middle of a settlement
│   ├── events are decided on meanwhile
│   └── when it is stopped: it ends with what hangs left behind, and the next one settles everything once
├── given a settlement that halts: deciding goes on, settling is not tried again by itself
│   └── when it is started with a retry: the batch is sent once more, and settled once
├── given a fault of the program in settling: settling halts and says so, deciding goes on
├── given a node that is gone: both are noted, and it goes on by itself when the node is back
└── given the loss of its leadership: it writes nothing more until it leads again
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.db.engine import reading
from loyaltychain.db.leader import leader_of
from loyaltychain.settlement.standing import Standing, read_standing
from loyaltychain.worker.loop import Ended, Lead, Orders, work
from loyaltychain.worker.report import RunReport
from loyaltychain.worker.threads import Task
from tests.worker.builders import MORE, SALES, MeddledRpc, Shop, once


def eventually(condition: Callable[[], object]) -> None:
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it never came to be")


class Node:
    """A node that can hang, be gone, and be asked by one thread at a time."""

    def __init__(self, rpc: Any) -> None:
        self._rpc, self._turn = rpc, threading.Lock()
        self.is_open, self.is_gone, self.hangs = threading.Event(), False, threading.Event()
        self.is_open.set()

    def __getattr__(self, name: str) -> Any:
        def ask(*arguments: Any, **options: Any) -> Any:
            if not self.is_open.is_set():
                self.hangs.set()
                self.is_open.wait()
            if self.is_gone:
                raise errors.RpcUnavailable(method=name)
            with self._turn:
                return getattr(self._rpc, name)(*arguments, **options)

        return ask


class Fixed:
    """Always leads, until it is told otherwise."""

    def __init__(self) -> None:
        self.is_lost = False

    def lead(self, stopping: threading.Event, say: Callable[[str], None]) -> bool:
        return not stopping.is_set()

    def is_over(self) -> bool:
        return self.is_lost

    def fence(self, engine: Engine) -> Engine:
        return engine


class Running:
    """A worker at work in a thread, and what it told."""

    def __init__(self, shop: Shop, node: Any, *, lead: Lead | None = None, retry: bool = False) -> None:
        self.stopping, self.reports, self.shop = threading.Event(), list[RunReport](), shop
        world = replace(shop.open(rpc=node), clock=shop.project.open().clock)
        orders = Orders(retry=retry, settle_every=0, say=lambda _: None, on_report=self.reports.append)
        self.task: Task[Ended] = Task(lambda: work(world, lead or Fixed(), orders, self.stopping))
        self.task.start()

    def standing(self) -> Standing | None:
        engine = self.shop.open_engine()
        with reading(engine) as tx:
            found = read_standing(tx, "local")
        engine.dispose()
        return found

    def is_settling(self, state: str) -> bool:
        found = self.standing()
        return found is not None and found.settling.state == state

    def decided(self) -> int:
        return sum(report.events for report in list(self.reports))

    def settled(self) -> int:
        return sum(report.batches for report in list(self.reports))

    def stop(self) -> Ended:
        self.stopping.set()
        self.task.join(60)
        assert not self.task.is_alive(), "it does not end"
        return self.task.result()


@contextmanager
def running(shop: Shop, node: Any, *, lead: Lead | None = None, retry: bool = False) -> Iterator[Running]:
    worker = Running(shop, node, lead=lead, retry=retry)
    try:
        yield worker
    finally:
        if isinstance(node, Node):
            node.is_open.set()
        worker.stopping.set()
        worker.task.join(60)


def test_work__events_come_in__decided_and_settled(shop: Shop) -> None:
    with running(shop, Node(shop.rpc)) as worker:
        shop.take(SALES)
        eventually(lambda: worker.settled() == 1)
        shop.take(MORE, "more.csv")
        eventually(lambda: worker.settled() == 2)
        ended = worker.stop()

    assert (ended.report.events, ended.report.batches, ended.is_hanging) == (3, 2, False)
    assert (shop.settled(), shop.findings()) == ([1, 2], [])


def test_work__node_hangs__decides_on_and_ends_when_stopped(shop: Shop) -> None:
    shop.take(SALES)
    node = Node(shop.rpc)
    meddled: Any = MeddledRpc(node, once(node.is_open.clear))  # type: ignore[arg-type]  # it hangs before it is sent
    with running(shop, meddled) as worker:
        assert node.hangs.wait(60)
        shop.take(MORE, "more.csv")
        eventually(lambda: worker.decided() == 3)
        ended = worker.stop()
        assert (ended.is_hanging, shop.states()) == (True, ["submitted"])
        node.is_gone = True  # what hung comes to nothing
        node.is_open.set()

    report = shop.run()

    assert (report.batches, shop.settled(), shop.findings()) == (2, [1, 2], [])


def test_work__settlement_halts__decides_on_and_is_not_tried_again(shop: Shop) -> None:
    shop.take(SALES)
    meddled: Any = MeddledRpc(Node(shop.rpc), once(shop.spend_nonce))  # type: ignore[arg-type]
    with running(shop, meddled) as worker:
        eventually(lambda: worker.is_settling("halted"))
        shop.take(MORE, "more.csv")
        eventually(lambda: worker.decided() == 3)
        ended = worker.stop()
    found = worker.standing()
    assert found is not None
    assert (found.settling.code, found.deciding.state) == ("NonceTaken", "on")
    assert "settlement is halted" in (ended.report.waiting_for or "")
    assert (shop.states(), shop.attempts("settle:1")) == (["halted"], 1)

    with running(shop, Node(shop.rpc), retry=True) as worker:
        eventually(lambda: worker.settled() == 2)

    assert (shop.states(), shop.settled(), shop.findings()) == (["final", "final"], [1, 2], [])


class Broken(Node):
    """Its answers break what reads them."""

    def fees(self) -> None:
        raise KeyError("a bug")


def test_work__fault_of_the_program_in_settling__decides_on(shop: Shop, capfd: pytest.CaptureFixture[str]) -> None:
    shop.take(SALES)
    with running(shop, Broken(shop.rpc)) as worker:
        eventually(lambda: worker.is_settling("halted"))
        shop.take(MORE, "more.csv")
        eventually(lambda: worker.decided() == 3)
        found = worker.standing()
    assert found is not None and "This is a bug in loyaltychain: KeyError" in (found.settling.reason or "")
    assert "KeyError" in capfd.readouterr().err
    assert shop.run().batches == 2


def test_work__node_is_gone_and_back__goes_on_by_itself(shop: Shop) -> None:
    node = Node(shop.rpc)
    node.is_gone = True
    with running(shop, node) as worker:
        shop.take(SALES)
        eventually(lambda: worker.is_settling("waiting"))
        found = worker.standing()
        assert found is not None
        eventually(lambda: (now := worker.standing()) and now.deciding.code == "ChainUnseen")
        assert worker.decided() == 0
        node.is_gone = False
        eventually(lambda: worker.settled() == 1)
        eventually(lambda: worker.is_settling("on"))
    assert shop.findings() == []


def test_work__leadership_is_lost__nothing_is_written_until_it_leads_again(shop: Shop) -> None:
    engine = shop.open_engine()
    clock = shop.project.open().clock
    with leader_of(engine, clock=clock) as leader, running(shop, Node(shop.rpc), lead=leader) as worker:
        shop.take(SALES)
        eventually(lambda: worker.settled() == 1)
        first = leader.epoch
        with leader_of(engine, clock=clock) as operator:
            assert operator.take_from(seconds=30)
            shop.take(MORE, "more.csv")
            time.sleep(2)
            assert (worker.decided(), leader.epoch) == (2, None)
        eventually(lambda: worker.settled() == 2)
        assert first is not None and leader.epoch is not None and leader.epoch > first
    engine.dispose()
    assert (shop.settled(), shop.findings()) == ([1, 2], [])
