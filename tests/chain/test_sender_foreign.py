"""drive, with a key that others use too
├── given that somebody else uses the key
│   ├── when before it ever signed: it signs on top
│   ├── when while nothing was on its way, and others may: it signs on top
│   ├── when while nothing was on its way, and nobody else may
│   │   ├── when it is final: given up unsigned, with the reason; what comes next goes on behind it
│   │   ├── when it is not final yet: nothing is signed, and says what it waits for
│   │   ├── when it is reorganised away: signs as if it had never been
│   │   └── when it comes between the look and the signature: nothing is signed
│   ├── when after signing: given up after several looks, with the reason, and execute raises NonceTaken
│   ├── when it was given up: it is never sent again, and the signer's next intent goes on
│   ├── when in a block that is not final: given up once it is
│   ├── when the node has a tag for what is final: given up once the tag has passed that block, whatever the depth
│   └── when that block is reorganised away: it counts anew
├── given that our own attempt is seen late: final, and not given up
└── given that the key was exchanged while a replacement is due: what was signed is sent, nothing new is signed
"""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine

from loyaltychain.chain.plan import FOREIGN, LOOKS_BEFORE_BUMP, LOOKS_BEFORE_HALT
from loyaltychain.chain.rpc import Block
from loyaltychain.chain.sender import Sender
from loyaltychain.core import errors
from tests.chain.sending import FaultyRpc, drive, enqueue, make_call, read, read_attempts
from tests.chain.small_world import CALL, NOW, SmallWorld


def drive_alone(sender: Sender, times: int, number: int = 1) -> list[str]:
    """As ``drive``, with a key that nobody else may use."""
    return [sender.drive(f"settle:{number}", is_exclusive=True).state for _ in range(times)]


def test_drive__key_used_elsewhere_before_it_ever_signed__signs_on_top(world: SmallWorld, engine: Engine) -> None:
    world.act(world.settler, world.counter, CALL)
    enqueue(engine, make_call(world))

    assert drive_alone(world.sender(engine), 3) == ["signed", "broadcast", "final"]

    assert (read(engine).nonce, world.count()) == (1, 2)


def test_drive__shared_key_used_while_idle__signs_on_top(world: SmallWorld, engine: Engine) -> None:
    world.sender(engine).execute(make_call(world, 1))
    world.act(world.settler, world.counter, CALL)

    world.sender(engine).execute(make_call(world, 2))

    assert (read(engine, 2).nonce, world.count()) == (2, 3)


def test_drive__own_key_used_while_idle__given_up_unsigned_and_the_next_goes_on(
    world: SmallWorld, engine: Engine
) -> None:
    world.sender(engine).execute(make_call(world, 1))
    for _ in range(2):
        world.act(world.settler, world.gate, CALL)
    enqueue(engine, make_call(world, 2), make_call(world, 3))
    sender = world.sender(engine)

    assert drive_alone(sender, LOOKS_BEFORE_HALT - 1, number=2) == ["pending"] * (LOOKS_BEFORE_HALT - 1)
    assert read(engine, 2).reason == FOREIGN
    assert drive_alone(sender, 2, number=2) == ["reverted", "reverted"]

    intent, block = read(engine, 2), world.rpc.block("latest").number
    signer = world.settler.address.lower()
    told = f"nonce 1 of {signer} was used by a transaction that is not ours, in block {block} or before"
    assert (intent.is_dead, intent.nonce, intent.reason, read_attempts(engine, 2)) == (True, None, told, [])
    assert world.rpc.nonce(signer) == 3
    assert drive_alone(sender, 3, number=3) == ["signed", "broadcast", "final"]
    assert (read(engine, 3).nonce, world.count()) == (3, 2)


def test_drive__own_key_used_while_idle_in_a_young_block__nothing_signed_until_it_is_final(
    world: SmallWorld, engine: Engine
) -> None:
    world.sender(engine).execute(make_call(world, 1))
    world.act(world.settler, world.gate, CALL)
    enqueue(engine, make_call(world, 2))
    sender = world.sender(engine, depth=2)

    assert drive_alone(sender, 8, number=2) == ["pending"] * 8
    assert read(engine, 2).reason == FOREIGN
    world.ask("evm_mine")
    world.ask("evm_mine")
    assert drive_alone(sender, 1, number=2) == ["reverted"]


def test_drive__own_key_used_while_idle_and_reorganised_away__signs_as_if_it_had_never_been(
    world: SmallWorld, engine: Engine
) -> None:
    world.sender(engine).execute(make_call(world, 1))
    before = world.ask("evm_snapshot")
    world.act(world.settler, world.gate, CALL)
    enqueue(engine, make_call(world, 2))
    sender = world.sender(engine, depth=2)
    assert drive_alone(sender, 5, number=2) == ["pending"] * 5

    world.ask("evm_revert", before)
    world.ask("evm_mine")

    assert drive_alone(sender, 1, number=2) == ["signed"]
    assert (read(engine, 2).nonce, read(engine, 2).reason) == (1, None)


def test_drive__own_key_used_between_look_and_signature__nothing_signed(world: SmallWorld, engine: Engine) -> None:
    world.sender(engine).execute(make_call(world, 1))
    enqueue(engine, make_call(world, 2))

    def estimate(*call: Any, **names: Any) -> int:
        world.act(world.settler, world.gate, CALL)
        return world.rpc.estimate_gas(*call, **names)

    sender = world.sender(engine, rpc=FaultyRpc(world, estimate_gas=estimate))

    assert drive_alone(sender, 1, number=2) == ["pending"]
    assert read_attempts(engine, 2) == []


def test_drive__key_used_elsewhere_after_signing__nonce_taken(world: SmallWorld, engine: Engine) -> None:
    enqueue(engine, make_call(world))
    sender = world.sender(engine)
    assert drive(sender, 1) == ["signed"]
    world.act(world.settler, world.gate, CALL)

    assert drive(sender, LOOKS_BEFORE_HALT) == ["broadcast"] * LOOKS_BEFORE_HALT
    assert drive(sender, 2) == ["reverted", "reverted"]

    intent = read(engine)
    address = world.settler.address.lower()
    block = world.rpc.block("latest").number
    assert (intent.is_dead, intent.tx_hash, intent.block_number) == (True, None, None)
    told = f"nonce 0 of {address} was used by a transaction that is not ours, in block {block} or before"
    assert intent.reason == told
    assert (world.count(), world.rpc.nonce(world.settler.address), len(read_attempts(engine))) == (0, 1, 1)
    for start in (sender, world.sender(engine)):
        with pytest.raises(errors.NonceTaken) as caught:
            start.execute(make_call(world))
        assert (caught.value.context["nonce"], caught.value.context["reason"]) == (0, told)


def test_drive__nonce_taken__never_sent_again_and_the_next_goes_on(world: SmallWorld, engine: Engine) -> None:
    enqueue(engine, make_call(world, 1), make_call(world, 2))
    sent: list[bytes] = []

    def send(raw: bytes) -> None:
        sent.append(raw)
        world.rpc.send_raw(raw)

    sender = world.sender(engine, rpc=FaultyRpc(world, send))
    assert drive(sender, 1) == ["signed"]
    world.act(world.settler, world.gate, CALL)
    assert drive(sender, LOOKS_BEFORE_HALT + 1)[-1] == "reverted"
    before = len(sent)

    assert drive(sender, 5) == ["reverted"] * 5

    assert len(sent) == before
    assert drive(sender, 3, number=2) == ["signed", "broadcast", "final"]
    assert (read(engine, 2).nonce, world.count()) == (1, 1)


def test_drive__nonce_taken_in_a_block_above_the_tag__given_up_once_the_tag_has_passed(
    world: SmallWorld, engine: Engine
) -> None:
    enqueue(engine, make_call(world))
    final = 0

    def block(number: int | str) -> Block:
        return world.rpc.block(final if number == "finalized" else number)  # type: ignore[arg-type]

    sender = world.sender(engine, rpc=FaultyRpc(world, block=block), depth=1)  # type: ignore[arg-type]
    sender.profile = replace(sender.profile, finality_tag="finalized")
    assert drive(sender, 1) == ["signed"]
    world.act(world.settler, world.gate, CALL)
    for _ in range(3):
        world.ask("evm_mine")
        assert drive(sender, 2) == ["broadcast"] * 2

    final = world.rpc.block("latest").number

    assert drive(sender, 1) == ["reverted"]
    assert read(engine).is_dead


def test_drive__nonce_taken_in_a_young_block__given_up_once_that_is_final(world: SmallWorld, engine: Engine) -> None:
    enqueue(engine, make_call(world))
    sender = world.sender(engine, depth=3)
    assert drive(sender, 1) == ["signed"]
    world.act(world.settler, world.gate, CALL)
    assert drive(sender, 6) == ["broadcast"] * 6

    seen = []
    for _ in range(3):
        world.ask("evm_mine")
        seen += drive(sender, 1)

    assert seen == ["broadcast", "broadcast", "reverted"]


def test_drive__foreign_transaction_reorganised_away__not_given_up_and_one_effect(
    world: SmallWorld, engine: Engine
) -> None:
    enqueue(engine, make_call(world))
    sender = world.sender(engine, depth=2)
    assert drive(sender, 1) == ["signed"]
    before = world.ask("evm_snapshot")
    world.act(world.settler, world.gate, CALL)
    assert drive(sender, LOOKS_BEFORE_HALT + 2) == ["broadcast"] * (LOOKS_BEFORE_HALT + 2)

    # The chain takes the foreign transaction back, and has it again in a later block: two blocks on top of the first
    # place prove nothing.
    world.ask("evm_revert", before)
    world.ask("evm_mine")
    world.act(world.settler, world.gate, CALL)
    world.ask("evm_mine")
    world.ask("evm_mine")
    # From the new place on, it counts anew.
    seen = drive(sender, 2)
    world.ask("evm_mine")
    world.ask("evm_mine")
    seen += drive(sender, 1)

    assert seen == ["broadcast", "broadcast", "reverted"]


def test_drive__our_own_attempt_seen_late__final_and_not_given_up(world: SmallWorld, engine: Engine) -> None:
    enqueue(engine, make_call(world))
    blind = world.sender(engine, rpc=FaultyRpc(world, receipt=lambda _: None))
    assert drive(blind, LOOKS_BEFORE_HALT + 1) == ["signed"] + ["broadcast"] * LOOKS_BEFORE_HALT
    assert world.count() == 1

    assert drive(world.sender(engine), 1) == ["final"]


def test_drive__key_exchanged_while_a_replacement_is_due__sends_what_was_signed(
    world: SmallWorld, engine: Engine
) -> None:
    enqueue(engine, make_call(world))
    assert drive(world.sender(engine, rpc=FaultyRpc(world, lambda _: None)), 2) == ["signed", "broadcast"]
    sent: list[bytes] = []
    stranger = Sender(
        engine,
        FaultyRpc(world, sent.append),  # type: ignore[arg-type]  # __getattr__ has the rest
        [world.signer(world.owner)],
        profile=world.profile,
        clock=lambda: NOW,
        abis=[],
    )

    assert drive(stranger, LOOKS_BEFORE_BUMP + 3) == ["broadcast"] * (LOOKS_BEFORE_BUMP + 3)

    (attempt,) = read_attempts(engine)
    assert set(sent) == {attempt.raw}
