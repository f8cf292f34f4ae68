"""What the sender's tests share: intents on the small world, a look into the outbox, and bad lines to the chain."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine

from loyaltychain.chain import outbox
from loyaltychain.chain.intents import Attempt, Intent, NewIntent
from loyaltychain.chain.send_errors import REFUSALS, judge_send
from loyaltychain.chain.sender import Sender
from loyaltychain.core import errors
from loyaltychain.db.engine import reading, transaction
from tests.chain.small_world import CALL, NOW, SmallWorld


class FaultyRpc:
    """The real chain behind a bad line: ``send`` decides what becomes of each transaction."""

    def __init__(self, world: SmallWorld, send: Any = None, **answers: Any) -> None:
        self._world = world
        self._send = send
        self._answers = answers

    def send_raw(self, raw: bytes) -> None:
        if self._send is None:
            self._world.rpc.send_raw(raw)
        else:
            self._send(raw)

    def __getattr__(self, name: str) -> Any:
        return self._answers.get(name) or getattr(self._world.rpc, name)


def make_call(world: SmallWorld, number: int = 1, **changes: Any) -> NewIntent:
    fields: dict[str, Any] = {
        "id": f"settle:{number}",
        "chain_id": world.chain_id,
        "signer": world.settler.address,
        "target": world.counter,
        "calldata": CALL,
    }
    return NewIntent(**fields | changes)


def enqueue(engine: Engine, *wanted: NewIntent) -> None:
    with transaction(engine) as tx:
        for intent in wanted:
            outbox.enqueue(tx, intent, now=NOW)


def read(engine: Engine, number: int = 1) -> Intent:
    with reading(engine) as tx:
        return outbox.read_intent(tx, f"settle:{number}")


def read_attempts(engine: Engine, number: int = 1) -> list[Attempt]:
    with reading(engine) as tx:
        return outbox.read_attempts(tx, f"settle:{number}")


def drive(sender: Sender, times: int, number: int = 1) -> list[str]:
    return [sender.drive(f"settle:{number}").state for _ in range(times)]


def refuse(reason: str) -> Callable[[bytes], None]:
    """A node that says this to whatever is sent, as ``Web3Rpc`` hands it on."""

    def send(raw: bytes) -> None:
        kind = judge_send(reason)
        if kind in REFUSALS:
            raise errors.SendRefused(reason=reason, kind=kind)
        raise errors.RpcUnavailable(reason=reason, maybe_sent=True)

    return send
