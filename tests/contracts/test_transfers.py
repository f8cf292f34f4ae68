"""
transfer logs
├── given any sequence of batches, bindings, unbindings and changes of wallet: for every wallet the logs from and to it
│   add up to what balanceOf answers, and every answer is that of a simple model
├── given a batch, it logs each bound wallet's change once, in the members' order, from or to address zero
├── given every size of record, the logged deltas are those of the records
├── given them off, nothing is logged but the batch
└── given them switched, it counts from the next batch on
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from eth_utils.crypto import keccak
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contracts import evm
from tests.contracts.builders import REBIND_DELAY, World, act, make_world, read, settle
from tests.contracts.evm import Refused, rolled_back
from tests.contracts.wallets import FAR, ask, bind_all, consent, eoa, make_contract_wallets, tell

TRANSFER = keccak(text="Transfer(address,address,uint256)")
NOBODY = "0x" + "00" * 20
MEMBERS = (1, 7, 8, 255, 256, 2**27 - 1)
WALLETS = (0, 1, 2)  # of the chain's own accounts


@pytest.fixture(scope="module")
def logging() -> World:
    """A deployment with transfer logs from the beginning; its voucher signer agrees to everything."""
    world = make_world(transfer_logs=True)
    tell(world, "config", "setVoucherSigner", make_contract_wallets(world, 1)[0])
    return world


@pytest.fixture
def world(logging: World) -> Iterator[World]:
    with rolled_back(logging.chain):
        yield logging


def transfers_in(receipt: dict) -> list[tuple[str, str, int]]:
    """(from, to, value) of each Transfer log, addresses in lower case."""
    return [
        (
            "0x" + bytes(log["topics"][1])[12:].hex(),
            "0x" + bytes(log["topics"][2])[12:].hex(),
            int(log["data"].hex(), 16),
        )
        for log in receipt["logs"]
        if bytes(log["topics"][0]) == TRANSFER
    ]


class Model:
    """What the contracts should say: balances, bindings and proposals as plain dictionaries."""

    def __init__(self) -> None:
        self.balances: Counter[int] = Counter()
        self.wallets: dict[int, int] = {}  # member -> wallet
        self.proposed: dict[int, int] = {}
        self.logged: Counter[str] = Counter()

    def log(self, receipt: dict) -> None:
        for source, target, value in transfers_in(receipt):
            assert (source == NOBODY) != (target == NOBODY)
            assert value > 0
            self.logged[source] -= value
            self.logged[target] += value

    def change(self, member: int, wallet: int | None) -> None:
        self.proposed.pop(member, None)
        self.wallets.pop(member, None)
        if wallet is not None:
            self.wallets[member] = wallet

    def shown(self, wallet: int) -> int:
        return sum(self.balances[member] for member, bound in self.wallets.items() if bound == wallet)

    def is_free(self, wallet: int) -> bool:
        return wallet not in self.wallets.values()


def do_settle(world: World, model: Model, deltas: dict[int, int]) -> None:
    fitting = {m: d for m, d in deltas.items() if d and 0 <= model.balances[m] + d < 2**32}
    model.log(settle(world, fitting))
    model.balances.update(fitting)


def attempt(model: Model, *, allowed: bool, call: Callable[[], dict]) -> bool:
    """Make the call, which must succeed exactly if the model says so."""
    try:
        receipt = call()
    except Refused:
        assert not allowed
        return False
    assert allowed
    model.log(receipt)
    return True


def do_bind(world: World, model: Model, member: int, wallet: int) -> None:
    key = eoa(world, wallet)
    allowed = member not in model.wallets and model.is_free(wallet)
    signed = consent(world, member, key)
    call = lambda: tell(world, "stranger", "bind", member, key.address, FAR, b"", signed)  # noqa: E731
    if attempt(model, allowed=allowed, call=call):
        model.change(member, wallet)


def do_leave(world: World, model: Model, wallet: int) -> None:
    member = next((m for m, bound in model.wallets.items() if bound == wallet), None)
    call = lambda: tell(world, eoa(world, wallet).address, "unbind")  # noqa: E731
    if attempt(model, allowed=member is not None, call=call) and member is not None:
        model.change(member, None)


def do_propose(world: World, model: Model, member: int, wallet: int) -> None:
    key = eoa(world, wallet)
    allowed = member in model.wallets and member not in model.proposed and model.is_free(wallet)
    signed = consent(world, member, key)
    call = lambda: tell(world, "registrar", "proposeRebind", member, key.address, FAR, signed)  # noqa: E731
    if attempt(model, allowed=allowed, call=call):
        model.proposed[member] = wallet


def do_execute(world: World, model: Model, member: int) -> None:
    evm.travel(world.chain, seconds=REBIND_DELAY + 1)
    allowed = member in model.proposed and model.is_free(model.proposed[member])
    call = lambda: tell(world, "stranger", "executeRebind", member)  # noqa: E731
    if attempt(model, allowed=allowed, call=call):
        model.change(member, model.proposed[member])


def do_force(world: World, model: Model, member: int) -> None:
    call = lambda: tell(world, "config", "forceUnbind", member)  # noqa: E731
    if attempt(model, allowed=member in model.wallets, call=call):
        model.change(member, None)


def do_object(world: World, model: Model, wallet: int) -> None:
    member = next((m for m, bound in model.wallets.items() if bound == wallet), None)
    call = lambda: tell(world, eoa(world, wallet).address, "objectRebind")  # noqa: E731
    if attempt(model, allowed=member in model.proposed, call=call) and member is not None:
        del model.proposed[member]


members, wallets = st.sampled_from(MEMBERS), st.sampled_from(WALLETS)
deltas = st.dictionaries(members, st.integers(-300, 40_000), max_size=4)
steps = st.one_of(
    st.tuples(st.just(do_settle), deltas),
    st.tuples(st.just(do_bind), members, wallets),
    st.tuples(st.just(do_leave), wallets),
    st.tuples(st.just(do_propose), members, wallets),
    st.tuples(st.just(do_execute), members),
    st.tuples(st.just(do_force), members),
    st.tuples(st.just(do_object), wallets),
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps, min_size=4, max_size=12))
def test_transfers__given_any_sequence__add_up_to_balance_of(logging: World, sequence: list[tuple[Any, ...]]) -> None:
    model = Model()
    with rolled_back(logging.chain):
        for step, *arguments in sequence:
            step(logging, model, *arguments)

        for wallet in WALLETS:
            address = eoa(logging, wallet).address
            shown = read(logging, "balanceOf", address)
            bound = next((m for m, w in model.wallets.items() if w == wallet), 0)
            assert shown == model.shown(wallet) == model.logged[address.lower()]
            assert ask(logging, "memberOf", address, types=("uint32",)) == bound
        for member in MEMBERS:
            wallet = model.wallets.get(member)
            expected = NOBODY if wallet is None else eoa(logging, wallet).address.lower()
            assert ask(logging, "walletOf", member) == expected
            assert read(logging, "balanceOfMember", member) == model.balances[member]


def test_transfers__given_a_batch__logs_each_bound_wallet_once_in_order(world: World) -> None:
    wallets = make_contract_wallets(world, 3)
    bind_all(world, dict(zip((5, 600, 700), wallets, strict=True)))
    first, second, _ = (wallet.lower() for wallet in wallets)

    receipt = settle(world, {4: 1, 5: 20, 6: 3, 600: 7, 601: 2})
    again = settle(world, {5: -20, 600: 1, 601: -2})

    assert transfers_in(receipt) == [(NOBODY, first, 20), (NOBODY, second, 7)]
    assert transfers_in(again) == [(first, NOBODY, 20), (NOBODY, second, 1)]


def test_transfers__given_every_size_of_record__logs_its_delta(world: World) -> None:
    generator = random.Random(3)
    numbers = [1, 2, 255, 256, 257, 511, 512, 768, 100_000, 100_001, 2**27 - 1]
    held = {number: generator.choice([1, 32_767, 32_768, 40_000, 2**32 - 1]) for number in numbers}
    held[2] = 2**32 - 1
    settle(world, held)
    bound = dict(zip(numbers, make_contract_wallets(world, len(numbers)), strict=True))

    bind_all(world, bound)
    assert {number: read(world, "balanceOf", wallet) for number, wallet in bound.items()} == held
    burned = settle(world, {number: -balance for number, balance in held.items()})
    issued = settle(world, held)

    assert transfers_in(burned) == [(bound[n].lower(), NOBODY, held[n]) for n in numbers]
    assert transfers_in(issued) == [(NOBODY, bound[n].lower(), held[n]) for n in numbers]


def test_transfers__given_them_switched__count_from_the_next_batch_on(world: World) -> None:
    (wallet,) = make_contract_wallets(world, 1)
    bind_all(world, {5: wallet})

    (switched,) = act(world, "config", "setTransferLogs", False)["logs"]
    silent = settle(world, {5: 20})
    act(world, "config", "setTransferLogs", True)
    loud = settle(world, {5: 1})

    assert bytes(switched["topics"][0]) == keccak(text="TransferLogsChanged(bool)")
    assert int(switched["data"].hex(), 16) == 0
    assert (transfers_in(silent), len(silent["logs"])) == ([], 2)
    assert transfers_in(loud) == [(NOBODY, wallet.lower(), 1)]
    assert read(world, "transferLogs", types=("bool",)) is True
    assert read(world, "balanceOf", wallet) == 21
