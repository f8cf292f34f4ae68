"""Kills a program at every line that matters, starts it again, and looks at what became of the world.

The lines that matter are the durable ones: each commit of a writing transaction and each transaction sent, just before
and just after. Between two of them a kill leaves the same world behind as at the next one.

    survived = survive(make_world, run, check)

``make_world`` gives a fresh world each time; ``run(world, engine, rpc)`` is the program, from its start to its end;
``check(world)`` asserts what must hold afterwards, whatever happened.
"""

import itertools
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine, event

from loyaltychain.chain.rpc import Rpc
from loyaltychain.db.engine import is_read_only


class SimulatedKill(BaseException):
    """The program is dead. Not an Exception: no handler of its own may run on, as none does after ``kill -9``."""


class World(Protocol):
    """What outlives a program: a database that can be opened again, and a chain."""

    def open_engine(self) -> Engine: ...
    @property
    def rpc(self) -> Rpc: ...


W = TypeVar("W", bound=World)
Run = Callable[[W, Engine, Rpc], None]


class Fuse:
    """Burns down by one at each point where the program may die, and kills it at the last."""

    def __init__(self, points: int | None) -> None:
        """``points`` None: never."""
        self._left = points

    def burn(self) -> None:
        if self._left is None:
            return
        self._left -= 1
        if self._left <= 0:
            raise SimulatedKill


class KillableRpc:
    """The same chain; the program may die just before and just after it sends."""

    def __init__(self, rpc: Rpc, fuse: Fuse) -> None:
        self._rpc = rpc
        self._fuse = fuse

    def send_raw(self, raw: bytes) -> None:
        self._fuse.burn()
        self._rpc.send_raw(raw)
        self._fuse.burn()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rpc, name)


def arm(engine: Engine, fuse: Fuse) -> None:
    """Let the program die just before and just after each commit of a transaction that may have written."""
    commit = engine.dialect.do_commit
    writing: list[bool] = []

    def note(tx: Connection) -> None:
        writing.append(not is_read_only(tx))

    def commit_or_die(connection: Any) -> None:
        is_write = bool(writing) and writing.pop()
        if is_write:
            fuse.burn()
        commit(connection)
        if is_write:
            fuse.burn()

    event.listen(engine, "commit", note)
    engine.dialect.do_commit = commit_or_die  # type: ignore[method-assign]


def start(world: W, run: Run[W], *, points: int | None) -> bool:
    """Run the program once from its start; True if it died at its ``points``-th point."""
    engine, fuse = world.open_engine(), Fuse(points)
    arm(engine, fuse)
    try:
        run(world, engine, KillableRpc(world.rpc, fuse))  # type: ignore[arg-type] # __getattr__ has the rest
    except SimulatedKill:
        return True
    finally:
        engine.dispose()
    return False


def survive(make_world: Callable[[], W], run: Run[W], check: Callable[[W], None]) -> int:
    """Kill the program at its first point, its second, and so on until it has no more; returns how many there were.

    After each kill it is started once more and left alone; ``check`` then looks at the world.
    """
    for points in itertools.count(1):
        world = make_world()
        was_killed = start(world, run, points=points)
        if was_killed:
            start(world, run, points=None)
        check(world)
        if not was_killed:
            return points - 1
    raise AssertionError("unreachable: the count has no end")


def survive_schedule(world: W, run: Run[W], check: Callable[[W], None], *, kills: Sequence[int]) -> None:
    """Kill start after start, each at its own point, then leave the program alone."""
    for points in kills:
        start(world, run, points=points)
    start(world, run, points=None)
    check(world)
