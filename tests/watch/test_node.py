"""The watch, with a node that does not do as it should
├── given a node that fails: it is told and asked again; given one that never answers: a watch of one look ends
├── given a node that keeps logs back, or makes some up: it is told, and nothing is sent
├── given a node that says, after a while, that the ledger has another window: it is told, and the watch goes on
├── given a node whose logs have a false batch of which its ledger says that it does not stand: told, not spun upon
├── given a chain that is reorganised: the logs that are gone do not count
├── given a node that swallows a transaction: it is sent again at a higher bid
└── given a chain that allows less gas than was thought: the calls are cut smaller
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from loyaltychain.audit.log_shapes import SHAPES
from loyaltychain.core import errors
from loyaltychain.core.hashing import keccak256
from loyaltychain.watch.notes import Kind, Note
from tests.watch.faults import FaultyRpc, failing
from tests.watch.watching import FIRST, SECOND, Ended, assert_void, kinds, look, run
from tests.watch.world import NO_TREE, STRANGER, Programme, rolled_back


@pytest.mark.parametrize("method", ["block", "logs", "call", "estimate_gas", "nonce", "fees", "send_raw", "receipt"])
def test_failing_node__is_asked_again(programme: Programme, method: str) -> None:
    programme.settle(FIRST)
    programme.settle(SECOND, balanceRoot=NO_TREE)

    _, notes = look(programme, FaultyRpc(programme.rpc, **{method: failing(2)}))

    assert_void(programme)
    assert Kind.VOID in kinds(notes)


def test_dead_node__a_watch_of_one_look_ends(programme: Programme) -> None:
    with pytest.raises(errors.RpcUnavailable):
        look(programme, FaultyRpc(programme.rpc, block=failing(1_000)))


def without(kind: str) -> Callable[..., Any]:
    """A node that leaves out the newest log of that kind."""
    topic = next(shape.topic for shape in SHAPES if shape.name == kind)

    def logs(truth: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        served = truth(*arguments, **options)
        newest = max(log.block_number for log in served if log.topics[0] == topic)
        return [log for log in served if log.topics[0] != topic or log.block_number != newest]

    return logs


@pytest.mark.parametrize("kind", ["BatchSettled", "BatchData"])
def test_logs_kept_back__are_told(programme: Programme, kind: str) -> None:
    programme.settle(FIRST)
    programme.settle(SECOND)
    told: list[Note] = []

    with pytest.raises(errors.RpcUnavailable, match="another node"):
        run(
            programme, FaultyRpc(programme.rpc, logs=without(kind)), key=STRANGER, on_note=told.append, once=True
        )  # fmt: skip

    assert Kind.WITHHELD in kinds(told)
    assert Kind.SENT not in kinds(told)


def test_logs_made_up__are_told(programme: Programme) -> None:
    programme.settle(FIRST)
    programme.settle(SECOND)
    told: list[Note] = []

    def logs(truth: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        topic = next(shape.topic for shape in SHAPES if shape.name == "BatchData")
        served = truth(*arguments, **options)
        return [replace(log, data=log.data[:66] + b"\x99" + log.data[67:]) if log.topics[0] == topic else log
                for log in served]  # fmt: skip

    with pytest.raises(errors.RpcUnavailable, match="another node"):
        run(programme, FaultyRpc(programme.rpc, logs=logs), key=STRANGER, on_note=told.append, once=True)

    assert Kind.WITHHELD in kinds(told)
    assert Kind.SENT not in kinds(told)


def test_logs_kept_back_for_a_while__are_asked_for_again(programme: Programme) -> None:
    programme.settle(FIRST)
    programme.settle(SECOND, balanceRoot=NO_TREE)
    told: list[Note] = []
    rounds = 0

    def logs(truth: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        return truth(*arguments, **options) if rounds else without("BatchData")(truth, *arguments, **options)

    def work(_: float) -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 3:
            raise Ended

    with pytest.raises(Ended):
        run(programme, FaultyRpc(programme.rpc, logs=logs), key=STRANGER, on_note=told.append, sleep=work)

    assert_void(programme)


def test_another_window__said_by_the_node_after_a_while__the_watch_goes_on(programme: Programme) -> None:
    programme.settle(FIRST)
    told: list[Note] = []
    rounds = 0

    def call(truth: Callable[..., bytes], target: str | None, calldata: bytes, **options: Any) -> bytes:
        is_asked = rounds in (1, 9) and calldata == keccak256(b"challengeWindow()")[:4]
        return bytes(31) + b"\x01" if is_asked else truth(target, calldata, **options)

    def work(_: float) -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 3:
            raise Ended

    rpc = FaultyRpc(programme.rpc, call=call)
    with pytest.raises(Ended):
        run(programme, rpc, key=None, on_note=told.append, sleep=work)
    assert [note.facts.get("error") for note in told if note.kind is Kind.TROUBLE] == ["InvalidSettings"]

    rounds = 9
    with pytest.raises(errors.InvalidSettings, match="challenge window of 1 seconds"):
        run(programme, rpc, key=None, on_note=told.append, sleep=work)


@pytest.mark.parametrize("answer", [None, bytes(32)], ids=["reverts", "another hash"])
def test_batch_that_stands_in_logs_alone__is_told__and_waited_for(programme: Programme, answer: bytes | None) -> None:
    programme.settle(FIRST)
    programme.settle(SECOND, balanceRoot=NO_TREE)
    nonce = programme.nonce()
    told: list[Note] = []
    asked = waits = 0

    def call(truth: Callable[..., bytes], target: str | None, calldata: bytes, **options: Any) -> bytes:
        nonlocal asked
        if calldata[:4] != keccak256(b"batchHashOf(uint32)")[:4]:
            return truth(target, calldata, **options)
        asked += 1
        assert asked <= 5, "asked again and again without a wait"
        if answer is None:
            raise errors.Reverted(data="0x", reason="unknown batch")
        return answer

    def work(_: float) -> None:
        nonlocal waits
        waits += 1
        if waits == 2:
            raise Ended

    with pytest.raises(Ended):
        run(programme, FaultyRpc(programme.rpc, call=call), key=STRANGER, on_note=told.append, sleep=work)

    assert asked == 2  # once a round
    (alarm,) = [note for note in told if note.kind is Kind.NOT_VOID]
    assert alarm.document()["level"] == "alarm"
    assert "ask another node" in alarm.text
    assert not {Kind.SENT, Kind.VOID, Kind.CLEARED} & set(kinds(told))
    assert programme.nonce() == nonce

    watched, _ = look(programme)
    assert_void(programme)
    assert watched.voided == (2,)


def test_reorganised_chain__what_is_gone_does_not_count(programme: Programme) -> None:
    programme.settle(FIRST)
    told: list[Note] = []
    with rolled_back(programme) as branch:
        branch.settle(SECOND, balanceRoot=NO_TREE)
        watched, _ = look(branch, key=None)
        assert len(watched.lies) == 1
    rounds = 0

    def work(_: float) -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 1:
            branch.chain.answer({"jsonrpc": "2.0", "id": 1, "method": "evm_revert", "params": [snapshot]})
            programme.settle(SECOND)
            return
        raise Ended

    snapshot = programme.chain.answer({"jsonrpc": "2.0", "id": 1, "method": "evm_snapshot", "params": []})["result"]
    programme.settle(SECOND, balanceRoot=NO_TREE)
    with pytest.raises(Ended):
        run(programme, key=None, on_note=told.append, sleep=work)

    assert kinds(told)[-1] is Kind.LOOKED
    assert all(batch["true"] for batch in told[-1].facts["batches"])


def test_bump__a_transaction_that_stays_away__is_replaced(programme: Programme) -> None:
    """The node swallows the first one; the second, at a higher bid, comes in."""
    programme.settle(FIRST, balanceRoot=NO_TREE)
    swallowed: list[bytes] = []

    def send_raw(truth: Callable[[bytes], None], raw: bytes) -> None:
        if swallowed:
            truth(raw)
        else:
            swallowed.append(raw)

    look(programme, FaultyRpc(programme.rpc, send_raw=send_raw))

    assert len(swallowed) == 1
    assert_void(programme)


def test_retracing__that_needs_too_much_gas__is_cut_in_half(programme: Programme) -> None:
    """Whatever the bound says, the chain's own estimate decides."""
    programme.settle(FIRST)
    programme.settle(SECOND | {40: 1, 5_000: 2}, balanceRoot=NO_TREE)

    def estimate_gas(truth: Callable[..., int], target: str, calldata: bytes, *, sender: str) -> int:
        if len(calldata) > 2_300:
            raise errors.Reverted(data="0x", reason="out of gas")
        return truth(target, calldata, sender=sender)

    _, notes = look(programme, FaultyRpc(programme.rpc, estimate_gas=estimate_gas))

    assert_void(programme)
    assert len([note for note in notes if note.kind is Kind.SENT]) > 1
