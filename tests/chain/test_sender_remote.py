"""Sender with a signer that takes its time, as one a network away does
├── given another process that signs with the same key meanwhile: the bytes are forgotten, and the next look goes on
└── given no signature: SignerUnavailable, nothing is kept, and the next look goes on
"""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from loyaltychain.chain.sender import Sender
from loyaltychain.chain.signer import SignedTx, UnsignedTx
from loyaltychain.core import errors
from tests.chain.sending import enqueue, make_call, read, read_attempts
from tests.chain.small_world import CLOSED, NOW, SmallWorld


class SlowSigner:
    """The settler's signer; ``meanwhile`` happens while it signs, the first time."""

    def __init__(self, world: SmallWorld, meanwhile: Callable[[], object]) -> None:
        self.address = world.settler.address
        self.signed: list[SignedTx] = []
        self._signer = world.signer()
        self._meanwhile = [meanwhile]

    def sign(self, tx: UnsignedTx) -> SignedTx:
        self.signed.append(self._signer.sign(tx))
        if self._meanwhile:
            self._meanwhile.pop()()
        return self.signed[-1]


def sender_of(world: SmallWorld, engine: Engine, signer: SlowSigner) -> Sender:
    return Sender(
        engine, world.rpc, [signer], profile=world.profile, clock=lambda: NOW, abis=[CLOSED], sleep=lambda _: None
    )


def counted(world: SmallWorld) -> int:
    return int.from_bytes(world.rpc.storage(world.counter, 0))


def test_drive__rival_signs_meanwhile__bytes_forgotten(world: SmallWorld, engine: Engine) -> None:
    enqueue(engine, make_call(world))
    # It would wait for the database, and fail, if we held a write lock while we sign.
    signer = SlowSigner(world, lambda: world.sender(engine).execute(make_call(world, 2, target=world.gate)))
    sender = sender_of(world, engine, signer)

    with pytest.raises(errors.DatabaseBusy, match="nonce was given"):
        sender.drive("settle:1")

    assert (read(engine).state, read_attempts(engine), counted(world)) == ("pending", [], 0)
    sender.execute(make_call(world))
    assert (counted(world), read(engine).nonce, read(engine, 2).nonce) == (1, 1, 0)
    assert [attempt.tx_hash for attempt in read_attempts(engine)] == [signer.signed[1].tx_hash]
    assert world.rpc.receipt(signer.signed[0].tx_hash) is None


def test_drive__no_signature__nothing_kept(world: SmallWorld, engine: Engine) -> None:
    def fail() -> None:
        raise errors.SignerUnavailable

    enqueue(engine, make_call(world))
    sender = sender_of(world, engine, SlowSigner(world, fail))

    with pytest.raises(errors.SignerUnavailable):
        sender.drive("settle:1")

    assert (read(engine).state, read(engine).nonce, read_attempts(engine)) == ("pending", None, [])
    sender.execute(make_call(world))
    assert counted(world) == 1
