"""One course of events from one seed: a chain, a node and a program that is killed, then quiet, then the check.

    assert check(follow(seed, ModelPlayer)) == []

The same seed gives the same course for the same player. ``check`` names every promise that was broken.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import blake2b
from random import Random
from typing import Protocol

from loyaltychain.chain.profiles import Profile, load_profile
from loyaltychain.core import errors
from loyaltychain.settlement.types import State
from tests.crash.harness import Fuse, SimulatedKill
from tests.simulation.chain import BASE_FEE, CHAIN_ID, FUNDS, FakeChain, FakeClock, Settlement
from tests.simulation.node import FakeNode

CEILING = 20 * BASE_FEE  # wei a gas
LIMIT = CEILING * 100_000  # wei a batch
QUIET_ROUNDS = 400


class Kill(Fuse):
    """A fuse for all of a player's programs: set before an action, it burns within that one alone."""

    def set(self, points: int | None) -> None:
        self._left = points


class Program(Protocol):
    """A worker between its start and its death."""

    def step(self) -> None: ...
    def retry(self) -> None: ...


class Player(Protocol):
    """A kind of worker with its books, which outlive each of its programs."""

    due: list[Settlement]
    node: FakeNode

    def start(self, fuse: Fuse) -> Program: ...
    def states(self) -> dict[int, State]: ...


@dataclass
class Setting:
    """What a player is put into."""

    rng: Random
    chain: FakeChain
    profile: Profile
    finalized_lag: int


MakePlayer = Callable[[Setting], Player]


def make_setting(seed: int, *, is_guarded: bool | None = None, genesis: bytes = bytes(32)) -> Setting:
    """A chain and its profile. ``is_guarded`` None: the seed decides whether the contract takes a number twice."""
    rng = Random(seed)
    guarded = rng.random() < 0.5 if is_guarded is None else (rng.random(), is_guarded)[1]
    depth, nonce = rng.randint(0, 5), rng.choice((0, 0, 7))
    chain = FakeChain(rng, FakeClock(), depth, genesis, is_guarded=guarded, nonce=nonce)
    lag = rng.randint(0, 3)
    profile = replace(
        load_profile("local"),
        chain_id=CHAIN_ID,
        finality=rng.choice(("depth", "tag", "both")),
        finality_depth=chain.depth,
        min_tip=1,
        max_wei_per_gas=CEILING,
        max_wei_per_batch=LIMIT,
    )
    if profile.finality != "depth":
        profile = replace(profile, finality_tag="finalized")
    return Setting(rng, chain, profile, lag)


def make_batches(rng: Random, genesis: bytes) -> list[Settlement]:
    """One to three batches, each on the one before it."""
    made, prev = [], genesis
    for number in range(1, rng.randint(1, 3) + 1):
        own = blake2b(prev + bytes([number]), digest_size=32).digest()
        made.append(Settlement(number, prev, own, rng.randint(1, 1_000)))
        prev = own
    return made


class Course:
    """Faults, then quiet."""

    def __init__(self, setting: Setting, player: Player) -> None:
        self.rng = setting.rng
        self.chain = setting.chain
        self.player = player
        self._program: Program | None = None
        self._kill = Kill(None)
        self.gaps_filled = 0
        self._foreign = 2  # transactions of somebody else, at most
        player.node.happen = self._move_chain

    def disturb(self) -> None:
        """Faults of each kind, in any order, the program at work and dying among them."""
        for _ in range(self.rng.randint(10, 70)):
            if self.rng.random() < 0.6:
                self._run(kill_at=self.rng.randint(1, 5) if self.rng.random() < 0.2 else None)
            else:
                self._move_chain()
                self._move_world()

    def calm_down(self) -> None:
        """No more faults, and an operator at hand: until all is final, or for long enough."""
        chain, node = self.chain, self.player.node
        node.is_calm = True
        node.thaw()
        chain.base_fee, chain.is_paused = BASE_FEE * self.rng.choice((1, 1, 3)), False
        chain.set_balance(FUNDS)
        for _ in range(QUIET_ROUNDS):
            if set(self.player.states().values()) == {"final"}:
                break
            self._run(kill_at=None, is_watched=True)
            chain.add_block()
        for _ in range(chain.depth + 4):
            chain.add_block()  # what is still on its way somewhere arrives

    def _run(self, *, kill_at: int | None, is_watched: bool = False) -> None:
        """One action of the program, which is started anew where it died or gave up."""
        self._kill.set(kill_at)
        try:
            if self._program is None:
                self._program = self.player.start(self._kill)
                if is_watched or self.rng.random() < 0.5:
                    self._program.retry()
            self._program.step()
        except SimulatedKill:
            self._program = None
        except errors.InvariantError as trouble:
            self._program = None
            if is_watched and isinstance(trouble, errors.ChainBehind):
                self._fill_gap()
        except errors.RetryableError:
            pass

    def _fill_gap(self) -> None:
        """The operator's way out where the chain has lost a nonce below ours for good: any transaction on it."""
        if self.chain.state.nonce not in self.chain.pool:
            self.gaps_filled += 1
            self.chain.use_key()

    def _move_chain(self) -> None:
        if self.rng.random() < 0.8:
            self.chain.add_block(is_empty=self.rng.random() < 0.3)
        else:
            self.chain.reorganise(self.rng.randint(1, self.chain.depth + 1), keeps=0.6)

    def _move_world(self) -> None:
        chain, rng = self.chain, self.rng
        match rng.randint(0, 11):
            case 0:
                chain.pool.clear()
            case 1:
                self.player.node.freeze()
            case 2 | 3:
                self.player.node.thaw()
            case 4:
                chain.base_fee = BASE_FEE * rng.choice((1, 2, 3, 8, 30, 1_000))
            case 5:
                chain.base_fee = BASE_FEE
            case 6:
                chain.set_balance(rng.choice((0, 50_000 * BASE_FEE * 3, FUNDS)))
            case 7:
                chain.set_balance(FUNDS)
            case 8:
                chain.is_paused = rng.random() < 0.4
            case 9 if self._foreign and rng.random() < 0.5:
                self._foreign -= 1
                chain.use_key()
            case _:
                chain.clock.now += rng.choice((1, 60, 3_600))  # no block comes


def follow(seed: int, make_player: MakePlayer, *, is_guarded: bool | None = None, genesis: bytes = bytes(32)) -> Course:
    """The whole course of a seed. ``genesis``: what the first batch names as the one before it."""
    setting = make_setting(seed, is_guarded=is_guarded, genesis=genesis)
    course = Course(setting, make_player(setting))
    course.disturb()
    course.calm_down()
    return course


def check(course: Course) -> list[str]:
    """The promises that were broken, each by its name and what is seen instead; empty when all were kept."""
    chain, player = course.chain, course.player
    due, states = player.due, player.states()
    booked = [batch for batch in due if states[batch.number] == "final"]
    broken = []
    if chain.state.points != (expected := sum(batch.points for batch in due)):
        name = "doubled" if chain.state.points > expected else "lost"
        broken.append(f"{name}: {chain.state.points} points on chain, {expected} in the batches")
    for batch in due:
        found = [tx.content for tx in chain.ours(batch.number)]
        if found != [batch]:
            broken.append(f"once: batch {batch.number} was settled by {len(found)} transactions")
        if batch not in booked and found:
            broken.append(f"booked: batch {batch.number} is on chain, and {states[batch.number]} in the books")
        if batch in booked and not found:
            broken.append(f"booked: batch {batch.number} is final in the books, and not on chain")
        if batch not in booked:
            broken.append(f"progress: batch {batch.number} is {states[batch.number]} long after the last fault")
    broken += [f"nonce: {fault}" for fault in chain.nonce_faults]
    for tx in chain.sent.values():
        if tx.max_fee > CEILING or tx.gas * tx.max_fee > LIMIT or tx.tip > tx.max_fee:
            broken.append(f"ceiling: {tx.max_fee} wei a gas were offered")
    return broken
