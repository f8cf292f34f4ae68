"""The watch, on the real contract
├── given true batches: nothing is sent
├── given a false batch
│   ├── with a stranger's key: it is void, and all behind it; supply and hash are those before
│   ├── without a key: it is told what would be sent, and nothing is
│   ├── whose window is over: it is told, and nothing is sent; nobody can tell of what hangs on it, and that is told
│   ├── killed between two calls: the next watcher goes on where the first one stopped
│   ├── voided by somebody else meanwhile: nothing more is sent
│   └── with a key that has no money: it is told
├── given two false batches, one after the other is void: both fall
└── given push mode: there is nothing to challenge, and roots are told all the same
"""

from collections.abc import Callable
from typing import Any

import pytest

from loyaltychain.chain.signer import PrivateKey
from loyaltychain.core import errors
from loyaltychain.watch.notes import Kind, Note
from tests.watch.faults import FaultyRpc, Killed, dying_after
from tests.watch.watching import FIRST, POOR, SECOND, SMALL, Ended, assert_void, kinds, look, resume, run
from tests.watch.world import NO_TREE, STRANGER, WINDOW, Programme, build


def test_true_batches__nothing_is_sent(programme: Programme) -> None:
    programme.settle(FIRST)
    programme.settle(SECOND)
    nonce = programme.nonce()

    watched, notes = look(programme)

    assert [(v.batch_id, v.is_true, v.is_pending) for v in watched.sight.verdicts] == [(1, True, True), (2, True, True)]
    assert kinds(notes) == [Kind.LOOKED]
    assert watched.lies == ()
    assert programme.nonce() == nonce


@pytest.mark.parametrize(
    "changes",
    [
        {"balanceRoot": NO_TREE},
        {"issued": 14},
        {"data": b"\x01\x00"},
        {"data": b"\x01\x01\x80\x00", "updates": 1, "issued": 0, "burned": 2**15},
    ],
    ids=["root", "totals", "data", "lane"],
)
def test_false_batch__with_a_strangers_key__is_void(programme: Programme, changes: dict[str, Any]) -> None:
    programme.settle({member: balance + 2**15 for member, balance in FIRST.items() if member != 1} | FIRST)
    programme.settle({2: 10**6})
    programme.settle(SECOND, **changes)
    programme.settle({5: 3}, balanceRoot=bytes(32))  # hangs on it

    watched, notes = look(programme)

    assert_void(programme)
    assert list(dict.fromkeys(kinds(notes))) == [Kind.LOOKED, Kind.FALSE, Kind.SENT, Kind.VOID]
    assert watched.voided[0] == 3
    assert [(void.first, void.last) for void in watched.sight.rebuilt.voids] == [(3, 4)]
    assert watched.sight.is_paused


def test_false_batch__without_a_key__tells_what_would_be_sent(programme: Programme) -> None:
    programme.settle(FIRST)
    programme.settle(SECOND, balanceRoot=NO_TREE)

    watched, notes = look(programme, key=None, budget=SMALL)

    (lie,) = [note for note in notes if note.kind is Kind.FALSE]
    assert lie.facts["batch"] == 2
    assert lie.facts["final_at"] == programme.ask("settledAt", 2) + WINDOW
    assert sum(call["words"] for call in lie.facts["calls"]) == 2
    assert (len(watched.lies), watched.voided) == (1, ())
    assert programme.ask("lastBatchId") == 2
    assert not programme.ask("paused")


def test_false_batch__after_its_window__is_told(programme: Programme) -> None:
    programme.settle(FIRST)
    programme.settle(SECOND, balanceRoot=NO_TREE)
    programme.pass_time(2 * WINDOW)
    nonce = programme.nonce()

    watched, notes = look(programme)

    (lie,) = [note for note in notes if note.kind is Kind.FALSE]
    assert "stands for ever" in lie.text
    assert [(v.batch_id, v.is_true, v.is_pending) for v in watched.sight.false] == [(2, False, False)]
    assert programme.nonce() == nonce

    programme.settle({5: 3}, balanceRoot=NO_TREE)
    watched, notes = look(programme)

    assert [v.batch_id for v in watched.sight.unjudged] == [3]
    assert Kind.UNJUDGED in kinds(notes)
    assert programme.nonce() == nonce


def test_false_batch__killed_between_two_calls__the_next_one_goes_on(programme: Programme) -> None:
    programme.settle(FIRST)
    programme.settle(SECOND | {40: 1, 5_000: 2}, balanceRoot=NO_TREE)
    with pytest.raises(Killed):
        look(programme, FaultyRpc(programme.rpc, send_raw=dying_after(1)), budget=SMALL)
    after = programme.ask("retracing", 2, PrivateKey(bytes.fromhex(STRANGER)).address)[0]
    assert after > 0

    _, notes = look(programme, budget=SMALL)

    assert_void(programme)
    sent = [note.facts for note in notes if note.kind is Kind.SENT]
    assert sum(call["words"] for call in sent) < 4  # not those of the first watcher again
    assert sent[0]["next_word"] > after


def test_false_batch__voided_by_somebody_else__nothing_more_is_sent(programme: Programme) -> None:
    programme.settle(FIRST)
    programme.settle(SECOND, balanceRoot=NO_TREE)

    def outrun(estimate: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        if programme.nonce(programme.keys["admin"]) == admin:
            run(programme, key=programme.keys["admin"], on_note=lambda _: None, once=True)
        return estimate(*arguments, **options)

    admin, nonce = programme.nonce(programme.keys["admin"]), programme.nonce()
    watched, notes = look(programme, FaultyRpc(programme.rpc, estimate_gas=outrun))

    assert_void(programme)
    assert Kind.SENT not in kinds(notes)
    assert programme.nonce() == nonce
    assert watched.voided == (2,)


def test_false_batch__a_key_without_money__is_told(programme: Programme) -> None:
    programme.settle(FIRST, balanceRoot=NO_TREE)

    with pytest.raises(errors.InsufficientFunds):
        look(programme, key=POOR)

    assert programme.ask("lastBatchId") == 1
    assert not programme.ask("paused")


def test_two_lies__one_after_the_other__both_fall(programme: Programme) -> None:
    programme.settle(FIRST)
    told: list[Note] = []

    def work(_: float) -> None:
        voids = sum(note.kind is Kind.VOID for note in told)
        if voids == 2:
            raise Ended
        if programme.ask("paused"):
            resume(programme)
        programme.settle(SECOND, balanceRoot=NO_TREE)

    with pytest.raises(Ended):
        run(programme, key=STRANGER, on_note=told.append, sleep=work)

    assert_void(programme)
    assert [note.facts["batch"] for note in told if note.kind is Kind.VOID] == [2, 3]


def test_push_mode__nothing_to_challenge(tmp_path_factory: pytest.TempPathFactory) -> None:
    programme = build(tmp_path_factory.mktemp("push"), mode="push")
    programme.settle(FIRST)
    programme.settle(SECOND, balanceRoot=NO_TREE)
    nonce = programme.nonce()

    watched, notes = look(programme)

    assert "nothing to challenge" in notes[-1].text
    assert [(v.batch_id, v.is_true, v.is_pending) for v in watched.sight.verdicts] == [
        (1, True, False),
        (2, False, False),
    ]
    assert programme.nonce() == nonce
    programme.chain.close()
