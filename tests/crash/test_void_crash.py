"""survive, on a ledger in root mode whose first batch was voided
├── given a foreign batch in place of ours: killed at each point in turn, its entries are settled once
├── given one of our own with another one signed behind it: likewise, once an engineer lets it go on
└── killed at any points, start after start: the same
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from loyaltychain.chain.rpc import Rpc
from loyaltychain.core import errors
from loyaltychain.db.engine import reading
from loyaltychain.settlement import store
from loyaltychain.settlement.confirm import confirm_step
from loyaltychain.settlement.contract import read_ledger
from loyaltychain.settlement.guard import check_chain
from loyaltychain.settlement.seal import seal_step
from loyaltychain.settlement.submit import submit_step
from loyaltychain.settlement.voids import end_void_step, follow_voids, resume
from tests.chain.small_world import NOW
from tests.crash.harness import survive, survive_schedule
from tests.crash.test_settlement_crash import Factory, SettlingWorld
from tests.settlement.books import book, join
from tests.settlement.builders import earn, redeem
from tests.settlement.ledger_world import LedgerWorld
from tests.settlement.root_world import challenge, make_root_world, seal_falsely, settle, settle_foreign, states

WHOLE = {1: 5, 2: 30, 9: 40_000}


def void_foreign(ledger: LedgerWorld) -> None:
    """Two sealed batches of ours; on chain somebody else's false one, voided. The pause is over."""
    ledger.copy("sealed.db", "begin.db")
    engine = ledger.open("begin.db")
    with reading(engine) as tx:
        first = store.batches_in_state(tx, "sealed")[0]
    engine.dispose()
    challenge(ledger, settle_foreign(ledger, first))
    ledger.administrate("unpause")


def void_own(ledger: LedgerWorld) -> None:
    """A false batch of ours, settled and voided, and one behind it that was signed meanwhile."""
    ledger.copy("empty.db", "begin.db")
    engine = ledger.open("begin.db")
    join(engine, [1, 2, 9])
    book(engine, earn("a", 1, 12), earn("b", 2, 30))
    false = seal_falsely(engine, ledger.deployment)
    settle(ledger, engine)
    book(engine, redeem("c", 1, 7), earn("d", 9, 40_000))
    assert seal_step(engine, ledger.deployment, now=NOW) is not None
    assert submit_step(engine, ledger.deployment, settler=ledger.settler, now=NOW) is not None
    confirm_step(ledger.sender(engine), ledger.deployment)
    engine.dispose()
    challenge(ledger, false)
    ledger.administrate("unpause")


@dataclass
class Begun:
    """Worlds that all begin in one of these ways."""

    factory: Factory

    def make(self) -> SettlingWorld:
        return self.factory.make(database="begin.db")


@pytest.fixture(scope="module", params=[void_foreign, void_own])
def begun(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Begun]:
    ledger = make_root_world(tmp_path_factory.mktemp("voided"))
    prepare: Callable[[LedgerWorld], None] = request.param
    prepare(ledger)
    yield Begun(Factory(ledger))
    ledger.small.chain.close()


def run(world: SettlingWorld, engine: Engine, rpc: Rpc) -> None:
    """What the worker does, with an engineer who lets it go on, until nothing is left."""
    ledger = world.ledger
    deployment, sender = ledger.deployment, ledger.sender(engine, rpc=rpc)
    while True:
        try:
            follow_voids(engine, rpc, deployment, depth=0)
        except errors.OwnBatchVoided:
            resume(engine, now=NOW)
            continue
        check_chain(engine, rpc, deployment)
        while end_void_step(sender, deployment) is not None:
            pass
        sealed = seal_step(engine, deployment, now=NOW)
        submitted = submit_step(engine, deployment, settler=ledger.settler, now=NOW)
        if confirm_step(sender, deployment) is None and sealed is None and submitted is None:
            return


def check(world: SettlingWorld) -> None:
    """The first batch is void, the second holds everything, once; the chain has the same supply."""
    engine = world.open_engine()
    with reading(engine) as tx:
        balances = {member: each for member, each in store.settled_balances(tx, 10**6).items() if each}
        last = store.last_batch(tx)
    found = states(engine)
    engine.dispose()
    assert found == {1: "void", 2: "final"}
    assert balances == WHOLE
    assert last is not None
    assert (last.from_position, last.to_position, last.header.supply) == (1, 4, sum(WHOLE.values()))
    assert world.ledger.settled()[1:] == [(2, last.hash)]
    assert read_ledger(world.rpc, world.ledger.deployment, "totalSupply") == sum(WHOLE.values())


def test_survive__a_void__entries_settled_once(begun: Begun) -> None:
    # Void written down, batch behind it forgotten, new one sealed, submitted, signed, sent, broadcast, final, final.
    assert survive(begun.make, run, check) >= 2 * 9


@settings(deadline=None, max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kills=st.lists(st.integers(1, 12), max_size=5))
def test_survive__a_void_killed_again_and_again__entries_settled_once(begun: Begun, kills: list[int]) -> None:
    survive_schedule(begun.make(), run, check, kills=kills)
