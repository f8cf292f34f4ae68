"""survive
├── given a batch that a pause has halted, and a worker that is told to retry, killed at each point in turn
│   └── settled once, by one successor; the auditor finds nothing
├── given a signed batch whose nonce was used elsewhere, and a worker that retries once it is told so
│   └── killed at each point in turn: settled once, the old intent was never sent again; the auditor finds nothing
└── given a settler who was exchanged before anything was signed, killed at each point in turn: settled once by the new
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from loyaltychain.chain.devkeys import development_addresses, development_keys
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core import errors
from loyaltychain.worker import run_once
from tests.crash.harness import SimulatedKill, survive
from tests.worker.builders import SALES, MeddledRpc, Original, Shop, deployed_shop, once


@dataclass
class Factory:
    """Makes shops that all begin alike: one chain that is set back, one directory that is copied."""

    prepared: Original
    directory: Path
    snapshot: str = ""
    made: int = 0

    def make(self) -> Shop:
        chain = self.prepared.shop.project
        if self.snapshot:
            assert chain.ask("evm_revert", self.snapshot) is True
        self.snapshot = chain.ask("evm_snapshot")
        self.made += 1
        return self.prepared.copy(self.directory / str(self.made))


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Original]:
    with deployed_shop(tmp_path_factory.mktemp("original") / "shop") as original:
        yield original


@pytest.fixture
def shop(original: Original, tmp_path: Path) -> Iterator[Shop]:
    """A shop with sales, for a test to bring into the state that it is about."""
    with original.copied(tmp_path / "shop") as shop:
        shop.take(SALES)
        yield shop


def halt_by_pause(shop: Shop) -> None:
    meddled: Any = MeddledRpc(shop.rpc, once(lambda: shop.act("guardian", "pause")))
    with pytest.raises(errors.IntentReverted):
        shop.run(rpc=meddled)
    shop.act("config", "unpause")


def sign_and_lose_nonce(shop: Shop) -> None:
    def die() -> None:
        raise SimulatedKill

    meddled: Any = MeddledRpc(shop.rpc, die)
    with suppress(SimulatedKill):
        shop.run(rpc=meddled)
    shop.spend_nonce()
    assert [intent.state for intent in shop.intents()] == ["signed"]


def exchange_settler(shop: Shop) -> None:
    shop.act("guardian", "pause")
    with pytest.raises(errors.LedgerPaused):
        shop.run()
    shop.act("config", "setSettler", development_addresses()[9])
    (shop.home / "keys" / "settler.key").write_text(development_keys()[9], encoding="ascii")
    shop.act("config", "unpause")


def run(shop: Shop, engine: Engine, rpc: Rpc) -> None:
    run_once(shop.open(engine=engine, rpc=rpc))


def run_with_retry(shop: Shop, engine: Engine, rpc: Rpc) -> None:
    run_once(shop.open(engine=engine, rpc=rpc), retry=True)


def run_then_retry(shop: Shop, engine: Engine, rpc: Rpc) -> None:
    """An operator who retries when she is told to."""
    try:
        run_once(shop.open(engine=engine, rpc=rpc))
    except errors.NonceTaken:
        run_once(shop.open(engine=engine, rpc=rpc), retry=True)


def check(shop: Shop) -> None:
    assert (shop.states(), shop.settled()) == (["final"], [1])
    first, second = shop.intents()
    assert (first.id, first.state) == ("settle:1", "reverted")
    assert (second.id, second.state, shop.attempts("settle:1:2")) == ("settle:1:2", "final", 1)


def check_and_audit(shop: Shop) -> None:
    check(shop)
    assert shop.findings() == []


def check_nonces(shop: Shop) -> None:
    check(shop)
    first, second = shop.intents()
    assert (first.is_dead, first.nonce, shop.attempts("settle:1"), second.nonce) == (True, 0, 1, 1)
    assert shop.rpc.nonce(second.signer) == 2


@pytest.mark.slow
def test_survive__retry_after_a_pause__settled_once(shop: Shop, tmp_path: Path) -> None:
    halt_by_pause(shop)

    points = survive(Factory(Original(shop), tmp_path).make, run_with_retry, check_and_audit)

    # Submitted again, signed, sent, broadcast, intent final, batch final, and what the round looks at besides.
    assert points >= 12


@pytest.mark.slow
def test_survive__nonce_used_elsewhere__settled_once(shop: Shop, tmp_path: Path) -> None:
    sign_and_lose_nonce(shop)

    points = survive(Factory(Original(shop), tmp_path).make, run_then_retry, check_nonces)

    # Sent in vain, given up, halted; then as above.
    assert points >= 16


@pytest.mark.slow
def test_survive__settler_exchanged__settled_once_by_the_new(shop: Shop, tmp_path: Path) -> None:
    exchange_settler(shop)

    points = survive(Factory(Original(shop), tmp_path).make, run, check)

    assert points >= 12
