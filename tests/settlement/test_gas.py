"""gas_bound
├── given any batch, into fresh words or into known ones: enough as the limit of its transaction on the real contract
├── given batches into fresh words: at most 1.7 times what the contract takes, which is one full word's
├── given the largest batches: enough, and at most 1.6 times what the contract takes
├── given transfer logs and members who all have wallets, side by side or far apart: enough
└── in root mode
    ├── given any batch, into a fresh ledger or a seasoned one: enough, and at most twice what the contract takes
    ├── given the largest batches: enough
    └── given as many batches as the history holds, and more: enough, where one becomes a checkpoint too
"""

from collections.abc import Iterator, Mapping

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from loyaltychain.settlement.codec import encode
from loyaltychain.settlement.gas import DATA_BYTES_MAX, gas_bound
from loyaltychain.settlement.types import Mode
from tests.contracts import evm
from tests.contracts.builders import World, act, make_batch, make_world
from tests.contracts.rooted import make_root_world
from tests.contracts.wallets import bind_all, make_contract_wallets, tell

FIRST = 80  # member from which on no word was ever written


@pytest.fixture(scope="module")
def world() -> World:
    return make_world()


@pytest.fixture(scope="module")
def seasoned() -> World:
    """A ledger whose own slots were all written before, the 64 kept hashes included: its batches cost least."""
    world = make_world()
    for _ in range(65):
        settle(world, {})
    return world


@pytest.fixture(scope="module")
def rooted() -> World:
    return make_root_world(challenge_window=1)


@pytest.fixture(scope="module")
def seasoned_root() -> World:
    """As ``seasoned``, in root mode."""
    world = make_root_world(challenge_window=1)
    for _ in range(66):
        settle(world, {}, mode="root")
    return world


def bound_of(deltas: Mapping[int, int], *, transfer_logs: bool = False, mode: Mode = "push") -> int:
    words = len({member // 8 for member in deltas})
    return gas_bound(words=words, updates=len(deltas), transfer_logs=transfer_logs, mode=mode)


def settle(world: World, deltas: Mapping[int, int], *, transfer_logs: bool = False, mode: Mode = "push") -> int:
    """What settling takes, when the bound is all that may be taken. The data are what the codec chooses."""
    batch, _ = make_batch(world, deltas)
    data = encode(deltas, mode=mode)
    sent = world.chain.w3.eth.send_transaction(
        {
            "from": world.people["settler"],
            "to": world.ledger,
            "data": evm.encode("PointsLedger", "settle", tuple(batch.values()), data),
            "gas": bound_of(deltas, transfer_logs=transfer_logs, mode=mode),
        }
    )
    receipt = world.chain.w3.eth.get_transaction_receipt(sent)
    assert receipt["status"] == 1, (len(deltas), bound_of(deltas), receipt["gasUsed"])
    return int(receipt["gasUsed"])


gaps = st.one_of(st.just(1), st.integers(1, 9), st.integers(1, 5_000))
amounts = st.one_of(st.integers(1, 40), st.integers(-40, 40), st.just(0x7777), st.integers(0x8000, 0x7FFFFFF))
#: (gap to the member before, first credit, later change): the later one is cut to what she has.
members = st.lists(st.tuples(gaps, amounts.map(lambda amount: abs(amount) or 1), amounts), min_size=1, max_size=400)
runs = st.tuples(st.integers(1, 400), gaps, st.integers(1, 0x7FFFFFF)).map(lambda run: [(run[1], run[2], -1)] * run[0])


# Not shrunk: a smaller failure tells no more.
@settings(deadline=None, max_examples=12, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(changes=st.one_of(members, runs), is_seasoned=st.booleans())
@example(changes=[(0, 0x7777, -1)] + [(1, 0x7777, -1)] * 7, is_seasoned=True)  # all of a word: the least for an update
def test_gas_bound__fresh_words_then_known_ones__enough_and_near(
    world: World, seasoned: World, changes: list[tuple[int, int, int]], is_seasoned: bool
) -> None:
    first, later, member = {}, {}, FIRST
    for gap, credit, change in changes:
        member += gap
        first[member] = credit
        if change:
            later[member] = max(change, -credit)
    chosen = seasoned if is_seasoned else world

    with evm.rolled_back(chosen.chain):
        taken = settle(chosen, first)
        again = settle(chosen, later)

    assert taken <= bound_of(first) <= taken * 17 // 10
    assert again <= bound_of(later)


def largest() -> Iterator[tuple[str, dict[int, int]]]:
    yield "narrow-dense", dict.fromkeys(range(FIRST, FIRST + 10_000), 0x1111)
    yield "narrow-sparse", dict.fromkeys(range(FIRST, FIRST + 48_000, 8), 0x1111)
    yield "wide-dense", dict.fromkeys(range(FIRST, FIRST + 3_276), 0x11111111)
    yield "wide-sparse", dict.fromkeys(range(FIRST, FIRST + 3_276 * 2_000, 2_000), 0x11111111)


@pytest.mark.parametrize("deltas", [pytest.param(deltas, id=name) for name, deltas in largest()])
def test_gas_bound__largest_batches__enough_and_near(world: World, deltas: dict[int, int]) -> None:
    assert len(encode(deltas)) <= DATA_BYTES_MAX

    with evm.rolled_back(world.chain):
        taken = settle(world, deltas)

    assert taken <= bound_of(deltas) <= taken * 16 // 10


@pytest.mark.parametrize("gap", [1, 300, 100_000])
def test_gas_bound__transfer_logs__enough(gap: int) -> None:
    world = make_world()
    signer, *wallets = make_contract_wallets(world, 1 + 300)
    tell(world, "config", "setVoucherSigner", signer)
    act(world, "config", "setTransferLogs", True)
    members = [FIRST + gap * number for number in range(300)]
    bind_all(world, dict(zip(members, wallets, strict=True)))

    for amount in (0x1111111, -0x1111111):
        settle(world, dict.fromkeys(members, amount), transfer_logs=True)


@settings(deadline=None, max_examples=12, phases=[Phase.reuse, Phase.generate])
@given(changes=st.one_of(members, runs), is_seasoned=st.booleans())
def test_gas_bound__root_mode__enough_and_near(
    rooted: World, seasoned_root: World, changes: list[tuple[int, int, int]], is_seasoned: bool
) -> None:
    deltas, member = {}, 0
    for gap, credit, _ in changes:
        member += gap
        deltas[member] = credit
    chosen = seasoned_root if is_seasoned else rooted

    with evm.rolled_back(chosen.chain):
        taken = settle(chosen, deltas, mode="root")

    assert taken <= bound_of(deltas, mode="root")
    assert is_seasoned or bound_of(deltas, mode="root") <= taken * 5 // 2  # 2.08 was seen of small batches


@pytest.mark.parametrize("deltas", [pytest.param(deltas, id=name) for name, deltas in largest()])
def test_gas_bound__root_mode_largest_batches__enough(rooted: World, deltas: dict[int, int]) -> None:
    with evm.rolled_back(rooted.chain):
        taken = settle(rooted, deltas, mode="root")

    assert taken <= bound_of(deltas, mode="root")


def test_gas_bound__root_mode_more_batches_than_the_history_holds__enough(rooted: World) -> None:
    with evm.rolled_back(rooted.chain):
        for number in range(1, 67):
            settle(rooted, {number: 1}, mode="root")
