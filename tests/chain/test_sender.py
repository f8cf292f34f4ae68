"""execute
├── given a call: it happens once, and the outcome says where
├── given the same call again, by another sender: the same outcome, nothing new on chain
├── given a creation: the outcome names the contract
├── given the same id for another call: IdempotencyConflict
├── given a call that would revert
│   ├── when rehearsed: Reverted with the decoded reason, parked, no nonce taken
│   └── when it would succeed later: the next call goes through
├── given a signer without enough ether: parked with what is missing to the wei; goes on once funded
├── given a call that reverts in its block: IntentReverted with the decoded reason, again at each call
├── given that it needs more gas than the chain allows: parked
├── given a chain that never mines: NotYetFinal after so many looks, and the next call goes on
└── given a signer without a key: SendRefused, nothing kept
drive
├── given a new intent: one action a call, signed bytes on disk before anything is sent
├── given two intents of a signer: the second waits for the end of the first, nonces are contiguous
└── given depth
    ├── when mined and not deep: mined, whatever its status, and final once deep
    ├── when a reorganisation takes its block: the same bytes are sent again, one effect
    └── when a reorganisation turns a failure into a success: it is final as a success
"""

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from loyaltychain.chain.rpc import Fees
from loyaltychain.chain.sender import Outcome
from loyaltychain.core import errors
from tests.chain.sending import FaultyRpc, drive, enqueue, make_call, read, read_attempts
from tests.chain.small_world import CALL, CREATE_COUNTER, FUNDS, GWEI, SmallWorld


def test_execute__call__happens_once(world: SmallWorld, engine: Engine) -> None:
    outcome = world.sender(engine).execute(make_call(world))

    assert world.count() == 1
    (attempt,) = read_attempts(engine)
    receipt = world.rpc.receipt(attempt.tx_hash)
    assert receipt is not None
    assert outcome == Outcome(
        "settle:1", attempt.tx_hash, receipt.block_number, receipt.block_hash, receipt.gas_used, None
    )
    assert read(engine).state == "final"


def test_execute__again_after_restart__same_outcome(world: SmallWorld, engine: Engine) -> None:
    first = world.sender(engine).execute(make_call(world))

    second = world.sender(engine).execute(make_call(world))

    assert second == first
    assert world.count() == 1


def test_execute__creation__names_the_contract(world: SmallWorld, engine: Engine) -> None:
    outcome = world.sender(engine).execute(make_call(world, target=None, calldata=CREATE_COUNTER))

    assert outcome.contract_address is not None
    assert world.rpc.code(outcome.contract_address) == world.rpc.code(world.counter)
    assert outcome.contract_address == read(engine).contract_address


def test_execute__id_used_for_another_call__conflict(world: SmallWorld, engine: Engine) -> None:
    world.sender(engine).execute(make_call(world))

    with pytest.raises(errors.IdempotencyConflict, match="settle:1"):
        world.sender(engine).execute(make_call(world, target=world.gate))


def test_execute__would_revert__parked_without_nonce(world: SmallWorld, engine: Engine) -> None:
    world.act(world.owner, world.gate, CALL)

    with pytest.raises(errors.Reverted, match=r"Closed\(\)"):
        world.sender(engine).execute(make_call(world, target=world.gate))

    parked = read(engine)
    assert (parked.state, parked.reason, parked.nonce) == ("parked", "Closed()", None)
    assert world.rpc.nonce(world.settler.address) == 0


def test_execute__would_succeed_later__goes_through(world: SmallWorld, engine: Engine) -> None:
    before = world.ask("evm_snapshot")
    world.act(world.owner, world.gate, CALL)
    with pytest.raises(errors.Reverted):
        world.sender(engine).execute(make_call(world, target=world.gate))
    world.ask("evm_revert", before)

    world.sender(engine).execute(make_call(world, target=world.gate))

    assert int.from_bytes(world.rpc.storage(world.gate, 0)) == 1
    assert read(engine).reason is None


def test_execute__too_little_ether__parked_until_funded(world: SmallWorld, engine: Engine) -> None:
    world.act(world.settler, world.owner.address, value=FUNDS - 500_000 * 3 * GWEI)
    have = world.rpc.balance(world.settler.address)
    tip = world.rpc.fees().tip
    dear = FaultyRpc(world, fees=lambda: Fees(base_fee=45 * GWEI, tip=tip))
    sender = world.sender(engine, rpc=dear)

    with pytest.raises(errors.Reverted, match="lacks"):
        sender.execute(make_call(world))

    estimate = world.rpc.estimate_gas(world.counter, CALL, sender=world.settler.address)
    limit = -(-estimate * 5 // 4)
    missing = limit * (90 * GWEI + tip) - have
    reason = f"{world.settler.address} lacks {missing} wei for {limit} gas at {90 * GWEI + tip} wei each"
    assert (read(engine).state, read(engine).reason) == ("parked", reason)
    world.act(world.owner, world.settler.address, value=missing)
    assert sender.execute(make_call(world)).gas_used <= estimate
    assert world.count() == 1


def test_execute__reverts_in_its_block__intent_reverted(world: SmallWorld, engine: Engine) -> None:
    enqueue(engine, make_call(world, target=world.gate))
    assert drive(world.sender(engine), 1) == ["signed"]
    world.act(world.owner, world.gate, CALL)

    for _ in range(2):
        with pytest.raises(errors.IntentReverted, match=r"Closed\(\)"):
            world.sender(engine).execute(make_call(world, target=world.gate))

    assert (read(engine).state, read(engine).reason) == ("reverted", "Closed()")
    assert world.rpc.nonce(world.settler.address) == 1


def test_execute__too_much_gas__parked(world: SmallWorld, engine: Engine) -> None:
    sender = world.sender(engine)
    sender.profile = replace(world.profile, tx_gas_cap=30_000)
    needed = world.rpc.estimate_gas(world.counter, CALL, sender=world.settler.address)

    with pytest.raises(errors.Reverted, match=f"needs {needed} gas, the chain allows 30000"):
        sender.execute(make_call(world))

    assert world.count() == 0


def test_execute__never_mined__not_yet_final_then_goes_on(world: SmallWorld, engine: Engine) -> None:
    deaf = FaultyRpc(world, lambda raw: None)

    with pytest.raises(errors.NotYetFinal, match="looks: 5"):
        world.sender(engine, rpc=deaf).execute(make_call(world), max_looks=5)

    world.sender(engine).execute(make_call(world))
    assert world.count() == 1
    assert len(read_attempts(engine)) == 1


def test_execute__no_key__refused(world: SmallWorld, engine: Engine) -> None:
    with pytest.raises(errors.SendRefused, match="No key"):
        world.sender(engine).execute(make_call(world, signer=world.owner.address))

    assert read(engine).state == "pending"
    assert read_attempts(engine) == []


def test_drive__new_intent__one_action_a_call(world: SmallWorld, engine: Engine) -> None:
    enqueue(engine, make_call(world))
    sender = world.sender(engine)
    seen = []

    for _ in range(4):
        intent = sender.drive("settle:1")
        seen.append((intent.state, len(read_attempts(engine)), world.count()))

    assert seen == [("signed", 1, 0), ("broadcast", 1, 1), ("final", 1, 1), ("final", 1, 1)]


def test_drive__two_intents__one_nonce_in_flight(world: SmallWorld, engine: Engine) -> None:
    enqueue(engine, make_call(world, 1), make_call(world, 2))
    sender = world.sender(engine)

    assert drive(sender, 1, number=1) == ["signed"]
    assert drive(sender, 2, number=2) == ["pending", "pending"]
    assert drive(sender, 2, number=1) == ["broadcast", "final"]
    assert drive(sender, 3, number=2) == ["signed", "broadcast", "final"]
    assert (read(engine, 1).nonce, read(engine, 2).nonce, world.count()) == (0, 1, 2)


@pytest.mark.parametrize(("fails", "end"), [(False, "final"), (True, "reverted")])
def test_drive__not_deep__mined_then_final(world: SmallWorld, engine: Engine, fails: bool, end: str) -> None:
    enqueue(engine, make_call(world, target=world.gate))
    sender = world.sender(engine, depth=2)
    assert drive(sender, 1) == ["signed"]
    if fails:
        world.act(world.owner, world.gate, CALL)

    seen = drive(sender, 3)
    world.ask("evm_mine")
    seen += drive(sender, 1)
    world.ask("evm_mine")
    seen += drive(sender, 1)

    assert seen == ["broadcast", "mined", "mined", "mined", end]
    assert read(engine).reason == ("Closed()" if fails else None)


def test_drive__reorganised__same_bytes_one_effect(world: SmallWorld, engine: Engine) -> None:
    enqueue(engine, make_call(world))
    sender = world.sender(engine, depth=1)
    assert drive(sender, 1) == ["signed"]
    before = world.ask("evm_snapshot")
    assert drive(sender, 2) == ["broadcast", "mined"]
    lost = read(engine)

    world.ask("evm_revert", before)
    assert drive(sender, 2) == ["broadcast", "mined"]
    found = read(engine)
    world.ask("evm_mine")
    assert drive(sender, 1) == ["final"]

    assert found.tx_hash == lost.tx_hash
    assert found.block_hash != lost.block_hash
    assert (world.count(), len(read_attempts(engine))) == (1, 1)


def test_drive__failure_reorganised_away__final_as_success(world: SmallWorld, engine: Engine) -> None:
    enqueue(engine, make_call(world, target=world.gate))
    sender = world.sender(engine, depth=1)
    assert drive(sender, 1) == ["signed"]
    before = world.ask("evm_snapshot")
    world.act(world.owner, world.gate, CALL)
    assert drive(sender, 2) == ["broadcast", "mined"]

    world.ask("evm_revert", before)
    assert drive(sender, 2) == ["broadcast", "mined"]
    world.ask("evm_mine")

    assert drive(sender, 1) == ["final"]
