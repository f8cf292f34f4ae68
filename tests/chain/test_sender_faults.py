"""drive
├── given a send whose answer is lost
│   ├── when the node took it: one effect
│   └── when it did not: sent again, one effect
├── given a node that drops what it takes
│   ├── when it takes the newest at last: replaced on the same nonce, each bid a tenth above the last, one effect
│   └── when an older attempt is mined after all: final all the same, one effect
├── given a node that refuses
│   ├── when the signer's ether has gone: the reason stands there, it goes on once funded
│   ├── when the base fee has risen above the bid: replaced
│   ├── when a replacement is underpriced: the same bytes again, then a higher one
│   └── when for another reason: SendRefused, the reason stands there, nothing is lost
├── given that another intent of the signer is signed during the rehearsal: DatabaseBusy, nothing kept
├── given a chain that forgot final transactions: ChainBehind, nothing is signed
└── given another chain: WrongChain, nothing is signed
"""

from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Engine

from loyaltychain.chain.plan import LOOKS_BEFORE_BUMP, LOOKS_BEFORE_HALT
from loyaltychain.chain.rpc import Fees
from loyaltychain.core import errors
from tests.chain.sending import FaultyRpc, drive, enqueue, make_call, read, read_attempts, refuse
from tests.chain.small_world import GWEI, SmallWorld


@pytest.mark.parametrize("node_took_it", [True, False])
def test_drive__answer_lost__one_effect(world: SmallWorld, engine: Engine, node_took_it: bool) -> None:
    sent: list[bytes] = []

    def send(raw: bytes) -> None:
        sent.append(raw)
        if node_took_it or len(sent) > 1:
            world.rpc.send_raw(raw)
        if len(sent) == 1:
            raise errors.RpcUnavailable("timeout", maybe_sent=True)

    world.sender(engine, rpc=FaultyRpc(world, send)).execute(make_call(world))

    assert world.count() == 1
    assert sent == [read_attempts(engine)[0].raw] * (1 if node_took_it else 2)


def test_drive__node_drops_all__replaced_on_the_same_nonce(world: SmallWorld, engine: Engine) -> None:
    sender = world.sender(engine, rpc=FaultyRpc(world, lambda raw: None))
    with pytest.raises(errors.NotYetFinal):
        sender.execute(make_call(world), max_looks=2 * LOOKS_BEFORE_BUMP + 8)
    attempts = read_attempts(engine)

    outcome = world.sender(engine).execute(make_call(world))

    assert len(attempts) == 3
    for old, new in pairwise(attempts):
        assert new.max_fee * 100 >= old.max_fee * 110
        assert new.tip * 100 >= old.tip * 110
        assert new.gas == old.gas
    assert outcome.tx_hash == attempts[-1].tx_hash
    for attempt in attempts[:2]:  # a node that comes back with the old ones: they are worth nothing now
        with pytest.raises(errors.RpcUnavailable, match="nonce too low"):
            world.rpc.send_raw(attempt.raw)
    assert (world.count(), read(engine).nonce, world.rpc.nonce(world.settler.address)) == (1, 0, 1)


def test_drive__older_attempt_is_mined__final_all_the_same(world: SmallWorld, engine: Engine) -> None:
    deaf = world.sender(engine, rpc=FaultyRpc(world, lambda raw: None))
    with pytest.raises(errors.NotYetFinal):
        deaf.execute(make_call(world), max_looks=LOOKS_BEFORE_BUMP + 4)
    first, second = read_attempts(engine)
    world.rpc.send_raw(first.raw)

    outcome = world.sender(engine).execute(make_call(world))

    assert outcome.tx_hash == first.tx_hash != second.tx_hash
    assert world.count() == 1


def test_drive__ether_gone_after_signing__goes_on_once_funded(world: SmallWorld, engine: Engine) -> None:
    enqueue(engine, make_call(world))
    sender = world.sender(engine)
    assert drive(sender, 1) == ["signed"]
    (attempt,) = read_attempts(engine)
    have = attempt.gas * attempt.max_fee - 5

    poor = FaultyRpc(world, refuse("insufficient funds for gas * price + value"), balance=lambda _: have)
    assert drive(world.sender(engine, rpc=poor), 2) == ["signed", "signed"]
    assert read(engine).reason == f"{world.settler.address} lacks 5 wei"

    assert drive(sender, 2) == ["broadcast", "final"]
    assert (read(engine).reason, world.count()) == (None, 1)


def test_drive__outbid_by_the_base_fee__replaced(world: SmallWorld, engine: Engine) -> None:
    enqueue(engine, make_call(world))
    assert drive(world.sender(engine), 1) == ["signed"]
    (first,) = read_attempts(engine)

    risen = FaultyRpc(
        world,
        refuse("max fee per gas less than block base fee"),
        fees=lambda: Fees(base_fee=first.max_fee + 1, tip=1),
    )
    assert drive(world.sender(engine, rpc=risen), 2) == ["signed", "signed"]

    bids = [(attempt.max_fee, attempt.tip) for attempt in read_attempts(engine)]
    assert bids == [(first.max_fee, GWEI), (2 * (first.max_fee + 1) + 1, GWEI * 11 // 10)]
    assert drive(world.sender(engine), 2) == ["broadcast", "final"]
    assert world.count() == 1


def test_drive__refused_for_another_reason__raised_and_kept(world: SmallWorld, engine: Engine) -> None:
    enqueue(engine, make_call(world))
    sender = world.sender(engine, rpc=FaultyRpc(world, refuse("exceeds block gas limit")))
    assert drive(sender, 1) == ["signed"]

    with pytest.raises(errors.SendRefused, match="exceeds block gas limit"):
        sender.drive("settle:1")

    assert read(engine).state == "signed"
    assert "exceeds block gas limit" in (read(engine).reason or "")
    assert drive(world.sender(engine), 2) == ["broadcast", "final"]


def test_drive__chain_forgot_final_transactions__chain_behind(world: SmallWorld, engine: Engine) -> None:
    before = world.ask("evm_snapshot")
    world.sender(engine).execute(make_call(world, 1))
    world.ask("evm_revert", before)
    enqueue(engine, make_call(world, 2))
    sender = world.sender(engine)

    assert drive(sender, LOOKS_BEFORE_HALT - 1, number=2) == ["pending"] * (LOOKS_BEFORE_HALT - 1)
    with pytest.raises(errors.ChainBehind, match="settle:2"):
        sender.drive("settle:2")

    assert read_attempts(engine, 2) == []


def test_drive__another_chain__wrong_chain(world: SmallWorld, engine: Engine) -> None:
    enqueue(engine, make_call(world, chain_id=world.chain_id + 1))

    with pytest.raises(errors.WrongChain, match=f"actual: {world.chain_id}"):
        world.sender(engine).drive("settle:1")

    assert read_attempts(engine) == []


def test_drive__underpriced_replacement__same_bytes_then_higher(world: SmallWorld, engine: Engine) -> None:
    enqueue(engine, make_call(world))
    choosy = world.sender(engine, rpc=FaultyRpc(world, refuse("replacement transaction underpriced")))

    seen = drive(choosy, LOOKS_BEFORE_BUMP + 3)

    assert seen[:3] == ["signed", "broadcast", "broadcast"]
    bids = [attempt.max_fee for attempt in read_attempts(engine)]
    assert len(bids) == 2
    assert bids[1] * 100 >= bids[0] * 110
    world.sender(engine).execute(make_call(world))
    assert world.count() == 1


def test_drive__another_intent_signed_meanwhile__busy(world: SmallWorld, engine: Engine) -> None:
    enqueue(engine, make_call(world, 1), make_call(world, 2))

    def estimate(*call: Any, **names: Any) -> int:
        assert drive(world.sender(engine), 1, number=1) == ["signed"]
        return world.rpc.estimate_gas(*call, **names)

    with pytest.raises(errors.DatabaseBusy, match="another intent in flight"):
        world.sender(engine, rpc=FaultyRpc(world, estimate_gas=estimate)).drive("settle:2")

    assert (read(engine, 1).nonce, read(engine, 2).nonce) == (0, None)
    assert read_attempts(engine, 2) == []
