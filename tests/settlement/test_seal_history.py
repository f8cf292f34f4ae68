"""seal_step, over a life of the books
├── given a kill at any commit: the rerun gives the same batches, byte for byte
└── given any history, sealed at any moments by one process: batches rebuild the ledger's balances, receipts add up,
    the data alone gives the roots
"""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event

from loyaltychain.settlement import balance_tree, codec
from loyaltychain.settlement.header import genesis_hash
from loyaltychain.settlement.kept import BalanceKeeper
from loyaltychain.settlement.types import Batch, Receipt
from loyaltychain.settlement.words import pack
from tests.database import fresh_database
from tests.settlement.books import book, holdings, join, seal, seal_all, stored
from tests.settlement.builders import DEPLOYMENT, NEXT_PROGRAM, PROGRAM, badge, earn, hold, redeem

GENESIS = genesis_hash(chain_id=DEPLOYMENT.chain_id, ledger=DEPLOYMENT.ledger)


class SimulatedKill(BaseException):
    """The process ends here."""


def test_seal_step__kill_at_any_commit__rerun_gives_the_same_batches(engine: Engine) -> None:
    undisturbed = _write_three_batches_worth(engine)
    seal_all(engine)

    kills = 0
    while _is_killed_at_commit(kills + 1, world := _write_three_batches_worth(fresh_database(engine.dialect.name))):
        kills += 1
        assert len(stored(world)) == kills - 1
        seal_all(world)
        assert stored(world) == stored(undisturbed)
        world.dispose()

    assert len(stored(undisturbed)) == 3
    assert kills == 4  # one a batch, and one when nothing was left to seal
    assert stored(world) == stored(undisturbed)
    world.dispose()


def _write_three_batches_worth(engine: Engine) -> Engine:
    join(engine, [1, 2])
    book(engine, earn("a", 1, 10), earn("b", 2, 20), earn("c", 1, 1, program=NEXT_PROGRAM), redeem("d", 2, 20))
    return engine


def _is_killed_at_commit(number: int, engine: Engine) -> bool:
    """Seal everything, but die when commit ``number`` begins. False if there are fewer commits that write."""
    commits = 0

    def die(_connection: object) -> None:
        nonlocal commits
        commits += 1
        if commits == number:
            raise SimulatedKill

    event.listen(engine, "commit", die)
    try:
        seal_all(engine)
    except SimulatedKill:
        return True
    finally:
        event.remove(engine, "commit", die)
    return False


kinds = st.sampled_from(["earn", "redeem", "hold", "badge", "seal", "next programme"])
actions = st.lists(st.tuples(kinds, st.sampled_from([1, 2, 9, 700]), st.integers(1, 50_000)), max_size=25)


@settings(deadline=None, max_examples=25)
@given(actions, st.integers(1, 4), st.integers(11, 40))
def test_seal_step__any_history__batches_rebuild_the_ledger(
    history: list[tuple[str, int, int]], max_updates: int, max_bytes: int
) -> None:
    engine = fresh_database("sqlite")
    numbers = [1, 2, 9, 700]
    join(engine, numbers)
    _live(engine, history, limits={"max_updates": max_updates, "max_bytes": max_bytes})

    batches = stored(engine)

    assert _rebuild(batches) == holdings(engine, numbers)
    positions = [place for batch, _, _ in batches for place in range(batch.from_position, batch.to_position + 1)]
    assert positions == list(range(1, len(positions) + 1))
    for batch, updates, receipts in batches:
        assert len(updates) <= max_updates
        assert len(batch.data) <= max_bytes
        totals = Counter[int]()
        for receipt in receipts:
            totals[receipt.member] += receipt.amount
        assert {member: total for member, total in totals.items() if total} == updates
    engine.dispose()


def _live(engine: Engine, history: list[tuple[str, int, int]], *, limits: dict[str, int]) -> None:
    """Play the history; then let everybody earn once more, so that nothing waits, and seal to the end."""
    free: Counter[int] = Counter()
    program = PROGRAM
    keeper = BalanceKeeper()
    for place, (kind, member, amount) in enumerate([*history, *(("earn", number, 1) for number in (1, 2, 9, 700))]):
        name = f"e{place}"
        if kind == "seal":
            seal(engine, keeper=keeper, **limits)
        elif kind == "next programme":
            program = NEXT_PROGRAM if program == PROGRAM else PROGRAM
        elif kind == "badge":
            book(engine, badge(name, member, program=program))
        elif kind == "earn":
            free[member] += amount
            book(engine, earn(name, member, amount, program=program))
        elif free[member]:
            amount = min(amount, free[member])
            free[member] -= amount
            book(engine, {"redeem": redeem, "hold": hold}[kind](name, member, amount, program=program))
    seal_all(engine, keeper=keeper, **limits)


def _rebuild(batches: list[tuple[Batch, dict[int, int], list[Receipt]]]) -> dict[int, int]:
    """Balances from the batches' data alone, each root and link proven on the way."""
    balances: Counter[int] = Counter()
    before = GENESIS
    for number, (batch, _, _) in enumerate(batches, start=1):
        for member, delta in codec.decode(batch.data):
            balances[member] += delta
        assert batch.header.batch_id == number
        assert batch.header.prev_hash == before
        assert batch.header.balance_root == balance_tree.root(pack(balances))
        before = batch.hash
    return {member: balance for member, balance in balances.items() if balance}
