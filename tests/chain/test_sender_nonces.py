"""drive, by what was seen of a nonce so far: when to go on waiting, and when to give up
├── given a table of schedules: no answer of a node, and no number of looks, ends an intent by itself
│   ├── when nothing strange is seen, however often it is sent, refused or not found: never given up
│   ├── when the nonce is used by nobody we know, in blocks that become final: given up after three looks
│   ├── when one of our attempts is mined: never given up, whatever is seen of the nonce
│   └── when that one is reorganised away: what was counted before is forgotten, and counted anew
└── given that the count of looks is lost in a restart: it is counted anew

The cases are those of op-service's transaction manager (send_state_test.go), which counts "nonce too low" answers.
Here the chain itself is asked for the nonce, and an answer is never more than a reason to look.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import pytest
from sqlalchemy import Engine

from loyaltychain.chain.facts import Block, Receipt
from loyaltychain.chain.sender import Sender
from loyaltychain.core import errors
from tests.chain.sending import drive, enqueue, make_call, read, read_attempts
from tests.chain.small_world import SmallWorld

Step = Literal["fine", "used", "mined", "unmined", "lost", "restart"]
DEPTH = 2  # blocks that make final: as many as come with three looks


class Seen:
    """A node on the small chain that shows one attempt and its nonce as a schedule says; each look finds a new head."""

    def __init__(self, world: SmallWorld) -> None:
        self._world = world
        self.step: Step = "fine"
        self.hash = b""

    def show(self, step: Step) -> None:
        self.step = step
        self._world.ask("evm_mine")

    def nonce(self, address: str) -> int:
        return int(self.step in ("used", "mined", "lost"))

    def receipt(self, tx_hash: bytes) -> Receipt | None:
        if self.step != "mined" or tx_hash != self.hash:
            return None
        head: Block = self._world.rpc.block("latest")
        return Receipt(tx_hash, head.number, head.hash, 1, 40_000, None)

    def send_raw(self, raw: bytes) -> None:
        if self.step == "fine":
            return
        raise errors.RpcUnavailable(reason="nonce too low", maybe_sent=True)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world.rpc, name)


CASES: list[tuple[str, Sequence[Step], bool]] = [
    ("just signed", (), False),
    ("sent three times", ("fine",) * 3, False),
    ("sent for hours", ("fine",) * 30, False),
    ("used, seen once", ("used",), False),
    ("used, seen twice", ("fine", "used", "used"), False),
    ("used, seen three times", ("fine", "used", "used", "used"), True),
    ("used before it was ever sent, seen three times", ("used",) * 3, False),  # the first look sends all the same
    ("used before it was ever sent, seen once more", ("used",) * 4, True),
    ("used, in order, and used again", ("fine", "used", "used", "fine", "fine", "used", "used"), False),
    ("used, in order, and used for good", ("fine", "used", "used", "fine", "used", "used", "used"), True),
    ("mined after it looked lost", ("fine", "used", "used", "mined"), False),
    ("mined, and its nonce is used for that", ("mined",) * 12, False),
    ("mined, then reorganised away", ("used", "used", "mined", "unmined", "used", "used"), False),
    ("mined, reorganised away, and used by another", ("mined", "unmined", *("used",) * 5), True),
    ("reorganised away twice", ("mined", "unmined", "mined", "unmined", "used", "used"), False),
    ("reorganised away, the receipt gone first", ("mined", "lost", "lost", "mined"), False),
    ("used, and a restart before the last look", ("fine", "used", "used", "restart", "used", "used"), False),
    ("used, and used for good after a restart", ("fine", "used", "used", "restart", "used", "used", "used"), True),
]


@pytest.mark.parametrize(("schedule", "gives_up"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_drive__any_schedule__given_up_only_by_a_final_proof(
    world: SmallWorld, engine: Engine, schedule: Sequence[Step], gives_up: bool
) -> None:
    node: Any = Seen(world)

    def start() -> Sender:
        sender = world.sender(engine, rpc=node)
        # A depth that a receipt at the head never reaches, so that nothing here ends as a success.
        sender.profile = replace(sender.profile, finality_depth=DEPTH)
        return sender

    sender = start()
    enqueue(engine, make_call(world))
    assert drive(sender, 1) == ["signed"]
    node.hash = read_attempts(engine)[0].tx_hash

    for step in schedule:
        if step == "restart":
            sender = start()
            continue
        node.show(step)
        drive(sender, 1)

    intent = read(engine)
    assert (intent.state == "reverted", intent.is_dead) == (gives_up, gives_up)
    assert {attempt.intent_id for attempt in read_attempts(engine)} == {"settle:1"}
    assert intent.nonce == 0
