"""The trail, on the chain in process

given a chain that grows and is reorganised to any depth
└── at every block, what was read is what all logs of the chain as it is come to    (seeded walks)
given a head below what was read
├── of a node that is behind: it is told, and nothing is forgotten; after many looks the chain counts as shorter
└── of a chain that was reorganised: what is gone does not count
given logs that were not whole
└── they are asked for again: the newest at once, all of them now and then
"""

import random
from collections.abc import Callable
from typing import Any

import pytest

from loyaltychain.audit.chain_log import Pin, choose_pin, fetch_chain_log
from loyaltychain.audit.manifest import parse_manifest
from loyaltychain.audit.rebuild import rebuild
from loyaltychain.chain.rpc import Log
from loyaltychain.core.errors import RpcUnavailable
from loyaltychain.watch.trail import BEHIND_MAX, READ_ALL_AFTER, Trail
from tests.watch.faults import FaultyRpc
from tests.watch.test_forward import plain
from tests.watch.watching import FIRST, SECOND
from tests.watch.world import NO_TREE, Programme


def rpc_call(programme: Programme, method: str, *params: Any) -> Any:
    return programme.chain.answer({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})["result"]


def head_of(programme: Programme) -> Pin:
    return choose_pin(programme.rpc, finality_depth=0)


def at_once(programme: Programme) -> dict[str, Any]:
    manifest = parse_manifest(programme.manifest)
    log = fetch_chain_log(programme.rpc, manifest, pin=head_of(programme))
    return plain(rebuild(log, mode=manifest.first_mode))


def trail_of(programme: Programme, rpc: Any = None, **options: Any) -> Trail:
    return Trail(rpc or programme.rpc, parse_manifest(programme.manifest), **options)


@pytest.mark.parametrize("seed", range(4))
def test_follow__a_chain_reorganised_to_any_depth__is_all_logs_at_once(programme: Programme, seed: int) -> None:
    draw = random.Random(seed)
    trail = trail_of(programme, anchor_blocks=draw.choice([1, 3, 6]))
    states: list[tuple[str, dict[int, int]]] = []  # a snapshot and the words at it, oldest first
    tallest = 0
    for step in range(24):
        tallest = max(tallest, head_of(programme).number)
        act = draw.choice(["settle", "settle", "lie", "mine", "back", "look", "look"])
        states.append((rpc_call(programme, "evm_snapshot"), dict(programme.words)))
        if act in ("settle", "lie"):
            changes = {"balanceRoot": NO_TREE} if act == "lie" else {}
            programme.settle({draw.randrange(1, 900): step + 1, 1_000 + step: 3}, **changes)
        elif act == "back":
            to = draw.randrange(len(states))
            snapshot, programme.words = states[to]
            rpc_call(programme, "evm_revert", snapshot)
            del states[to:]
            programme.pass_time(1 + step)
            while head_of(programme).number < tallest:  # else the node counts as behind
                rpc_call(programme, "evm_mine")
        elif act == "mine":
            programme.pass_time(12)
        if act in ("look", "back"):
            forward = trail.follow(head_of(programme))
            assert plain(forward.rebuilt()) == at_once(programme), (seed, step)
            trail.keep()


def test_follow__a_node_behind__is_told_and_nothing_is_forgotten(programme: Programme) -> None:
    programme.settle(FIRST)
    trail, before = trail_of(programme), head_of(programme)
    programme.pass_time(12)
    forward = trail.follow(head_of(programme))
    trail.keep()

    for _ in range(BEHIND_MAX):
        with pytest.raises(RpcUnavailable, match="behind"):
            trail.follow(before)
    assert trail.follow(head_of(programme)) is forward

    for _ in range(BEHIND_MAX):
        with pytest.raises(RpcUnavailable, match="behind"):
            trail.follow(before)
    assert trail.follow(before) is not forward


def test_follow__a_shorter_chain_without_what_was_read__is_followed_at_once(programme: Programme) -> None:
    programme.settle(FIRST)
    trail, snapshot = trail_of(programme), rpc_call(programme, "evm_snapshot")
    words = dict(programme.words)
    programme.settle(SECOND)
    programme.pass_time(12)
    trail.follow(head_of(programme))
    trail.keep()

    rpc_call(programme, "evm_revert", snapshot)
    programme.words = words
    programme.settle({5: 5})

    assert plain(trail.follow(head_of(programme)).rebuilt()) == at_once(programme)


def counting(asked: list[int]) -> Callable[..., list[Log]]:
    """A node that notes from which block on it was asked for logs."""

    def logs(truth: Callable[..., list[Log]], *arguments: Any, **options: Any) -> list[Log]:
        asked.append(options["first"])
        return truth(*arguments, **options)

    return logs


def test_follow__new_blocks__asks_for_their_logs_only(programme: Programme) -> None:
    asked: list[int] = []
    trail = trail_of(programme, FaultyRpc(programme.rpc, logs=counting(asked)))
    heads = []
    for deltas in (FIRST, SECOND, {7: 7}):
        programme.settle(deltas)
        heads.append(head_of(programme))
        trail.follow(heads[-1])
        trail.keep()

    assert asked == [programme.manifest["first_block"], heads[0].number + 1, heads[1].number + 1]


def test_doubt__the_newest_logs_are_asked_for_at_once__all_of_them_now_and_then(programme: Programme) -> None:
    asked: list[int] = []
    trail = trail_of(programme, FaultyRpc(programme.rpc, logs=counting(asked)))
    programme.settle(FIRST)
    anchor = head_of(programme)
    trail.follow(anchor)
    trail.keep()
    programme.settle(SECOND)
    asked.clear()

    for _ in range(READ_ALL_AFTER * 2 + 1):
        trail.follow(head_of(programme))
        trail.doubt()

    assert set(asked) == {anchor.number + 1, programme.manifest["first_block"]}
    all_read = [look for look, first in enumerate(asked) if first == programme.manifest["first_block"]]
    assert all_read == [2, 4, 8, 16, 32, 64, 128]
    assert plain(trail.follow(head_of(programme)).rebuilt()) == at_once(programme)
