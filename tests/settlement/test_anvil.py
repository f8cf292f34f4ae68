"""A batch on its way, on anvil, where blocks and pools go wrong as they do on public chains
├── given that the pool drops what was sent, and the program starts anew: the same bytes again, one effect
├── given a reorganisation of 1 to 5 blocks over a mined settlement
│   └── the same bytes again, one effect, and nothing new in ledger and receipts
├── given a settlement that failed in its block, and a reorganisation that takes the failure away
│   └── it counts for nothing: the same bytes settle it
├── given that only the failure stays: final, halted with the decoded reason, and a retry settles it once
└── given a base fee a thousand times as high: no bid above the ceiling, and it settles once that is over
"""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from loyaltychain.chain import outbox
from loyaltychain.chain.intents import Attempt
from loyaltychain.chain.plan import AT_THE_CEILING
from loyaltychain.chain.profiles import Profile, load_profile
from loyaltychain.chain.rpc import Receipt
from loyaltychain.chain.sender import Sender
from loyaltychain.chain.settlement_log import read_transitions
from loyaltychain.core import errors
from loyaltychain.db.engine import reading
from loyaltychain.ledger.tables import entries
from loyaltychain.settlement import store
from loyaltychain.settlement.confirm import Confirmed, confirm_step
from loyaltychain.settlement.submit import retry_step, submit_step
from loyaltychain.settlement.tables import receipts
from tests.anvil import running_anvil
from tests.chain.small_world import GWEI, NOW, OWNER, SETTLER, SmallWorld, furnish
from tests.settlement.ledger_world import BALANCES, LedgerWorld, make_ledger_world, remember, seal_two

DEPTH = 6  # blocks that make final here: one more than is ever reorganised


class AnvilWorld(SmallWorld):
    """The small world on anvil, whose blocks come a moment later than the answer to what is sent."""

    @property
    def profile(self) -> Profile:
        return load_profile("anvil")

    def ask(self, method: str, *params: object) -> Any:
        return self.chain.ask(method, *params)

    def receipt_of(self, tx_hash: bytes) -> Receipt:
        deadline = time.monotonic() + 10
        while (receipt := self.rpc.receipt(tx_hash)) is None:
            assert time.monotonic() < deadline, "no receipt in ten seconds"
            time.sleep(0.02)
        return receipt


@pytest.fixture(scope="module")
def one_chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerWorld]:
    with running_anvil("--timestamp", str(NOW), "--hardfork", "prague") as anvil:
        small = furnish(AnvilWorld(anvil, anvil.rpc, OWNER, SETTLER))  # type: ignore[arg-type]  # it answers as one does
        world = make_ledger_world(tmp_path_factory.mktemp("anvil"), small=small)
        mine(world, DEPTH)  # the contracts are final
        yield world


@pytest.fixture
def books(engine: Engine, world: LedgerWorld) -> Engine:
    """Two sealed batches, the first one submitted and signed."""
    remember(engine, world.deployment)
    seal_two(engine, world.deployment)
    submit_step(engine, world.deployment, settler=world.settler, now=NOW)
    return engine


def start(world: LedgerWorld, books: Engine, **changes: Any) -> Sender:
    """The settler's sender just after its program's start."""
    sender = world.sender(books, depth=DEPTH)
    sender.profile = replace(sender.profile, **changes)
    return sender


def step(world: LedgerWorld, sender: Sender, times: int = 1) -> list[str]:
    return [confirmed(world, sender).intent_state for _ in range(times)]


def confirmed(world: LedgerWorld, sender: Sender) -> Confirmed:
    found = confirm_step(sender, world.deployment)
    assert found is not None
    return found


def attempts(books: Engine, intent: str = "settle:1") -> list[Attempt]:
    with reading(books) as tx:
        return outbox.read_attempts(tx, intent)


def mine(world: LedgerWorld, blocks: int = 1) -> None:
    world.small.ask("anvil_mine", hex(blocks))


def await_pool(world: LedgerWorld, *, pending: int) -> None:
    deadline = time.monotonic() + 10
    while int(world.small.ask("txpool_status")["pending"], 16) != pending:
        assert time.monotonic() < deadline, world.small.ask("txpool_status")
        time.sleep(0.02)


def finish(world: LedgerWorld, sender: Sender) -> Confirmed:
    """Let blocks come until the batch is final."""
    for _ in range(40):
        found = confirmed(world, sender)
        if found.state == "final":
            return found
        mine(world)
    raise AssertionError("not final in forty looks")


def rows(books: Engine) -> tuple[int, ...]:
    with reading(books) as tx:
        return tuple(tx.execute(select(func.count()).select_from(table)).scalar_one() for table in (entries, receipts))


def test_confirm_step__dropped_by_the_pool_and_started_anew__same_bytes(world: LedgerWorld, books: Engine) -> None:
    world.small.ask("evm_setAutomine", False)
    try:
        assert step(world, start(world, books), 2) == ["signed", "broadcast"]
        (attempt,) = attempts(books)
        await_pool(world, pending=1)
        world.small.ask("anvil_dropTransaction", "0x" + attempt.tx_hash.hex())
        await_pool(world, pending=0)

        sender = start(world, books)
        assert step(world, sender, 5) == ["broadcast"] * 5

        await_pool(world, pending=1)
        done = finish(world, sender)
    finally:
        world.small.ask("evm_setAutomine", True)

    assert (attempts(books), done.batch_id) == ([attempt], 1)
    assert world.rpc.receipt(attempt.tx_hash) is not None
    assert (len(world.settled()), world.balances([*BALANCES[0]])) == (1, BALANCES[0])


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5])
def test_confirm_step__reorganised_away__same_bytes_one_effect_and_nothing_new(
    world: LedgerWorld, books: Engine, depth: int
) -> None:
    before = rows(books)
    sender = start(world, books)
    step(world, sender, 2)
    (attempt,) = attempts(books)
    world.small.receipt_of(attempt.tx_hash)
    if depth > 1:
        mine(world, depth - 1)
    assert step(world, sender) == ["mined"]

    world.small.ask("anvil_reorg", depth, [])
    assert world.rpc.receipt(attempt.tx_hash) is None
    assert world.settled() == []
    assert step(world, sender) == ["broadcast"]
    finish(world, sender)

    assert attempts(books) == [attempt]
    assert world.settled() == [(1, read_hash(books))]
    assert (rows(books), world.balances([*BALANCES[0]])) == (before, BALANCES[0])
    with reading(books) as tx:
        ways = [(line.was, line.became) for line in read_transitions(tx, "intent", "settle:1")]
    assert ways.count(("mined", "broadcast")) == 1


def read_hash(books: Engine, number: int = 1) -> bytes:
    with reading(books) as tx:
        batch = store.read_batch(tx, number)
    assert batch is not None
    return batch.hash


def fail_in_a_block(world: LedgerWorld, books: Engine) -> Sender:
    """Signed, then paused, then mined with status 0."""
    sender = start(world, books)
    assert step(world, sender) == ["signed"]
    world.administrate("pause")
    assert step(world, sender) == ["broadcast"]
    (attempt,) = attempts(books)
    assert world.small.receipt_of(attempt.tx_hash).status == 0
    assert step(world, sender, 2) == ["mined", "mined"]
    return sender


def test_confirm_step__failure_reorganised_away__counts_for_nothing(world: LedgerWorld, books: Engine) -> None:
    sender = fail_in_a_block(world, books)

    world.small.ask("anvil_reorg", 1, [])
    world.administrate("unpause")
    finish(world, sender)

    assert (len(attempts(books)), world.settled()) == (1, [(1, read_hash(books))])
    assert world.balances([*BALANCES[0]]) == BALANCES[0]


def test_confirm_step__failure_stays__halted_with_the_reason_and_retried(world: LedgerWorld, books: Engine) -> None:
    sender = fail_in_a_block(world, books)

    with pytest.raises(errors.IntentReverted, match=r"LedgerIsPaused\(\)"):
        finish(world, sender)
    with reading(books) as tx:
        lines = read_transitions(tx, "batch", "1")
    assert lines[-1].became == "halted"
    assert "LedgerIsPaused()" in (lines[-1].reason or "")
    world.administrate("unpause")
    assert retry_step(books, world.rpc, world.deployment, settler=world.settler, now=NOW) is not None
    finish(world, sender)

    assert world.settled() == [(1, read_hash(books))]
    assert world.balances([*BALANCES[0]]) == BALANCES[0]


def test_confirm_step__base_fee_a_thousandfold__under_the_ceiling_and_settles_later(
    world: LedgerWorld, books: Engine
) -> None:
    ceiling = 5 * GWEI
    sender = start(world, books, max_wei_per_gas=ceiling)
    balance = world.rpc.balance(world.settler)
    assert step(world, sender) == ["signed"]
    (first,) = attempts(books)
    world.small.ask("evm_setAutomine", False)
    try:
        world.small.ask("anvil_setNextBlockBaseFeePerGas", hex(1_000 * GWEI))
        mine(world)
        assert world.rpc.fees().base_fee > 800 * GWEI
        assert step(world, sender, 20) == ["signed"] * 20
        reason = confirmed(world, sender).reason or ""
        assert "max fee per gas less than block base fee" in reason
        assert attempts(books) == [first]

        world.small.ask("anvil_setNextBlockBaseFeePerGas", hex(GWEI))
        mine(world)
        finish(world, sender)
    finally:
        world.small.ask("evm_setAutomine", True)

    made = attempts(books)
    assert max(attempt.max_fee for attempt in made) <= ceiling
    assert balance - world.rpc.balance(world.settler) <= ceiling * made[0].gas
    assert (world.settled(), world.balances([*BALANCES[0]])) == ([(1, read_hash(books))], BALANCES[0])


def test_confirm_step__base_fee_above_the_ceiling_before_signing__waits_and_says_why(
    world: LedgerWorld, books: Engine
) -> None:
    sender = start(world, books, max_wei_per_gas=5 * GWEI)
    world.small.ask("evm_setAutomine", False)
    try:
        world.small.ask("anvil_setNextBlockBaseFeePerGas", hex(1_000 * GWEI))
        mine(world)
        waiting = [confirmed(world, sender) for _ in range(3)]
        assert {(each.intent_state, each.reason) for each in waiting[1:]} == {("pending", AT_THE_CEILING)}
        assert attempts(books) == []
        world.small.ask("anvil_setNextBlockBaseFeePerGas", hex(GWEI))
        mine(world)
        finish(world, sender)
    finally:
        world.small.ask("evm_setAutomine", True)

    assert world.settled() == [(1, read_hash(books))]
