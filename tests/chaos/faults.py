"""What is done to the chain, to the node's answers, to the database's server and to the leader beside the kills."""

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import text

from loyaltychain.db.engine import Tx
from tests.chaos.crew import Crew
from tests.chaos.ground import FINAL_DEPTH, Ground
from tests.chaos.proxy import Rule, eventually

#: Anything that the worker asks; or what matters most.
_METHODS = ("*", "*", "eth_sendRawTransaction", "eth_getTransactionReceipt", "eth_call", "eth_getTransactionCount")
_GWEI = 10**9

Fault = Callable[[Ground, Crew, random.Random], None]


def _answers(fault: str, *, methods: tuple[str, ...] = _METHODS, most: int = 3) -> Fault:
    """The next few answers are of this kind: who is refused again and again waits twice as long each time."""

    def begin(ground: Ground, crew: Crew, dice: random.Random) -> None:
        count, method = dice.randint(1, most), dice.choice(methods)
        ground.proxy.set_rules(
            [Rule(fault, method, count, blocks=dice.randint(1, FINAL_DEPTH + 4), seconds=dice.uniform(1, 3))]
        )

    return begin


def _spike(ground: Ground, crew: Crew, dice: random.Random) -> None:
    """Gas at once costs so much that no bid may pay for it; it falls by an eighth a block."""
    ground.node.ask("anvil_setNextBlockBaseFeePerGas", hex(dice.randint(500, 2_000) * _GWEI))


def _lose_pool(ground: Ground, crew: Crew, dice: random.Random) -> None:
    ground.node.ask("anvil_dropAllTransactions")


def _stop_leader(ground: Ground, crew: Crew, dice: random.Random) -> None:
    """The leader freezes until another one leads, and wakes up believing that it still does."""
    while len(crew.living()) < 2:  # those that are told where to die may have got there
        crew.start()
    eventually(lambda: crew.leader() in crew.living(), "a worker leads that lives")
    leader = crew.leader()
    assert leader is not None
    with suppress(ProcessLookupError):
        os.kill(leader.pid, signal.SIGSTOP)
        try:
            eventually(
                lambda: crew.supervise() == 0 and crew.leader() != leader,
                "the standby takes over from one that is stopped",
            )
        finally:
            os.kill(leader.pid, signal.SIGCONT)
    time.sleep(dice.uniform(0, 1))


#: By name: everything beside kills and reorganisations.
FAULTS: dict[str, Fault] = {
    "reply dropped": _answers("drop_after_forward", methods=("*", "eth_sendRawTransaction")),
    "null": _answers("null"),
    "wrong id": _answers("wrong_id"),
    "429": _answers("rate_limited"),
    "HTML": _answers("html"),
    "hang": _answers("hang", most=2),
    "reset": _answers("reset"),
    "stale": _answers("stale", methods=("*",), most=40),
    "other chain": _answers("other_chain", methods=("*",)),
    "short logs": _answers("short_logs", methods=("*",), most=40),
    "PostgreSQL restart": lambda ground, crew, dice: ground.server.restart("fast"),
    "PostgreSQL crash": lambda ground, crew, dice: ground.server.kill(),
    "fee spike": _spike,
    "pool lost": _lose_pool,
    "leader stopped": _stop_leader,
}


#: Those after which settlement may halt until an operator has looked: the node contradicted what was final.
LYING = frozenset({"stale", "other chain", "null"})


@dataclass(frozen=True)
class Reorganised:
    """What a reorganisation took away: so many blocks, with something of ours in them or not; and whether that came
    back in another block."""

    depth: int
    has_ours: bool
    is_back: bool

    def __str__(self) -> str:
        ours = ", ours among them" if self.has_ours else ""
        return f"{self.depth} blocks{ours}{', ours in another one now' if self.is_back else ''}"


def reorganise(ground: Ground, crew: Crew, dice: random.Random) -> Reorganised:
    """Take up to as many blocks away as are not final: deep enough for what we have sent, four times of five.

    Half of the time that comes back somewhere else.
    """
    with ground.mining:
        head = int(ground.node.ask("eth_blockNumber"), 16)
        last = _nonce(ground, head)
        hitting = [depth for depth in range(1, FINAL_DEPTH) if _nonce(ground, head - depth) < last]
        depth = dice.choice(hitting) if hitting and dice.random() < 0.8 else dice.randint(1, FINAL_DEPTH - 1)
        nonce = _nonce(ground, head - depth)
        raws = crew.read(lambda tx: _attempts(tx, ground.settler, nonce))
        back = [[dice.choice(raws), dice.randrange(depth)]] if raws and dice.random() < 0.5 else []
        ground.node.ask("anvil_reorg", depth, back)
    return Reorganised(depth, last > nonce, bool(back))


def has_unfinal(ground: Ground) -> bool:
    """Whether something of ours stands in blocks that can still go."""
    head = int(ground.node.ask("eth_blockNumber"), 16)
    return _nonce(ground, head) > _nonce(ground, head - FINAL_DEPTH + 2)


def _nonce(ground: Ground, number: int) -> int:
    return int(ground.node.ask("eth_getTransactionCount", ground.settler, hex(number)), 16)


def _attempts(tx: Tx, signer: str, nonce: int) -> list[str]:
    """What was signed with this nonce, and may stand in the new blocks as well as in the old ones."""
    query = text("SELECT raw FROM attempts a JOIN intents i ON i.id = a.intent_id WHERE i.signer = :s AND i.nonce = :n")
    return list(tx.execute(query, {"s": signer, "n": nonce}).scalars())
