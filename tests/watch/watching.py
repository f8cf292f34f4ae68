"""One watch and what it told; shared by the tests of the watch."""

from collections.abc import Callable
from typing import Any

from loyaltychain.chain.profiles import load_profile
from loyaltychain.chain.signer import PrivateKey
from loyaltychain.watch.calls import Budget
from loyaltychain.watch.notes import Kind, Note
from loyaltychain.watch.run import Watched, watch
from tests.watch.world import STRANGER, Programme

FIRST = {1: 100, 9: 20, 17: 5, 800: 7}
SECOND = {1: -50, 2: 4, 700: 9}
SMALL = Budget(calldata=2_200)  # one or two words a call
POOR = "ab" * 32


class Ended(BaseException):
    """A watch that would go on for ever ends here."""


def look(
    programme: Programme, rpc: Any = None, *, key: str | None = STRANGER, **options: Any
) -> tuple[Watched, list[Note]]:
    """One look with a key, and what was told."""
    notes: list[Note] = []
    watched = run(programme, rpc, key=key, on_note=notes.append, once=True, **options)
    return watched, notes


def run(
    programme: Programme, rpc: Any = None, *, key: str | None, on_note: Callable[[Note], None], **options: Any
) -> Watched:
    return watch(
        rpc or programme.rpc,
        programme.manifest,
        key=None if key is None else PrivateKey(bytes.fromhex(key)),
        on_note=on_note,
        **{"sleep": lambda _: None, "limits": load_profile("local")} | options,
    )


def kinds(notes: list[Note]) -> list[Kind]:
    return [note.kind for note in notes]


def assert_void(programme: Programme) -> None:
    good = programme.headers[-1]
    assert programme.ask("paused")
    assert programme.ask("totalSupply") == good.supply
    assert programme.ask("lastBatchHash") == programme.hash_of(good)


def resume(programme: Programme) -> None:
    programme.act("config", "unpause")
