"""run_audit, given words that were synced in root mode, a switch to it, or other settings than the manifest's

given synced words
├── when the ledger stores them
│   └── it finds nothing, however old they are, and the Transfer logs add up
├── when the ledger answers the newest balances instead
│   └── it finds the word and the member
├── when a log of a sync was withheld or invented
│   └── it finds the word, and the Transfer logs that do not fit
└── when a Transfer log was withheld
    └── it finds that
given a ledger in push mode
├── when a switch was proposed
│   └── a warning
├── when it was switched and the manifest says so
│   └── it finds nothing, before and after the first sync
└── when the manifest does not say so
    └── it finds mode and window
given another judge, or another window, than the manifest's
└── it finds them
"""

from collections.abc import Callable
from typing import Any

import pytest

from loyaltychain.audit.balances import balance_in
from loyaltychain.chain.rpc import Log
from loyaltychain.core.errors import InvalidSettings
from loyaltychain.core.hashing import keccak256
from tests.audit.builders import make_log, word
from tests.audit.root_ledger import WINDOW, RootLedger
from tests.audit.scenario import LyingRpc
from tests.audit.test_sabotage_wallets import KEYS, bind

SYNCED, TRANSFER = keccak256(b"WordSynced(uint32,uint32)"), keccak256(b"Transfer(address,address,uint256)")
MEMBER = 1


def synced(root: RootLedger) -> None:
    """Two syncs of word 0, of which a member has a wallet, batches around them, and a word never synced."""
    root.settle({MEMBER: 5, 2: 6, 17: 1})
    root.end_window()
    root.settle({MEMBER: 4, 9: 2})
    root.sync(0, 2, place=1)
    bind(root.scenario, MEMBER, KEYS[1])
    root.end_window()
    root.settle({MEMBER: -1})
    root.sync(0, place=2)
    root.settle({2: 100})


def show(root: RootLedger) -> int:
    """What the wallet shows."""
    call = keccak256(b"balanceOf(address)")[:4] + bytes.fromhex(KEYS[1].address[2:]).rjust(32, b"\x00")
    return int.from_bytes(root.scenario.world.rpc.call(root.scenario.address("PointsLedger"), call))


def test_run_audit__synced_words__are_those_of_their_own_sync(root: RootLedger) -> None:
    synced(root)

    report = root.audit()

    assert report.findings == ()
    assert (show(root), report.supply, report.batches) == (9, 117, 4)
    logs = [log for log in _logs(root) if log.topics[0] == TRANSFER]
    assert [int.from_bytes(log.data) for log in logs] == [5, 4]


def test_run_audit__the_newest_balances_answered__are_found(root: RootLedger) -> None:
    synced(root)
    newest = root.last.words
    rpc = root.scenario.world.rpc

    def answer(truth: bytes, target: str | None, calldata: bytes) -> bytes:
        if target is None:
            return b""  # no bulk calls: one by one
        argument = int.from_bytes(calldata[4:36])
        if calldata[:4] == keccak256(b"wordAt(uint32)")[:4]:
            return word(newest.get(argument, 0))
        if calldata[:4] == keccak256(b"balanceOfMember(uint32)")[:4]:
            return word(balance_in(newest.get(argument // 8, 0), argument))
        return truth

    assert root.found(rpc=LyingRpc(rpc, call=answer)) == [
        ("word-synced", "word 0 after batch 2"), ("word-synced", "word 1 after batch 0"),
        ("member-balance", "member 1"), ("member-balance", "member 2"), ("member-balance", "member 9"),
    ]  # fmt: skip


def _logs(root: RootLedger) -> list[Log]:
    rpc = root.scenario.world.rpc
    addresses = [facts["address"] for facts in root.scenario.manifest["contracts"].values()]
    return rpc.logs(addresses, first=0, last=rpc.block("latest").number)


def with_logs(root: RootLedger, change: Callable[[list[Log]], list[Log]]) -> LyingRpc:
    return LyingRpc(root.scenario.world.rpc, logs=lambda truth, *_: change(truth))


def test_run_audit__a_sync_withheld__is_found(root: RootLedger) -> None:
    synced(root)
    last = [log for log in _logs(root) if log.topics[0] == SYNCED][-1]

    found = root.found(rpc=with_logs(root, lambda logs: [log for log in logs if log != last]))

    assert found == [
        ("word-synced", "word 0 after batch 1"), ("member-balance", "member 1"),
        ("transfer-log-mismatch", f"transaction 0x{last.tx_hash.hex()}"),
    ]  # fmt: skip


def test_run_audit__a_sync_invented__is_found(root: RootLedger) -> None:
    synced(root)
    pin = root.scenario.world.rpc.block("latest").number
    invented = make_log(
        "WordSynced(uint32,uint32)", topics=[word(1), word(4)],
        address=root.scenario.address("PointsLedger"), block=pin, index=9,
    )  # fmt: skip

    assert root.found(rpc=with_logs(root, lambda logs: [*logs, invented])) == [
        ("word-synced", "word 1 after batch 4"), ("member-balance", "member 9"),
    ]  # fmt: skip


def test_run_audit__a_transfer_of_a_sync_withheld__is_found(root: RootLedger) -> None:
    synced(root)
    last = [log for log in _logs(root) if log.topics[0] == TRANSFER][-1]

    found = root.found(rpc=with_logs(root, lambda logs: [log for log in logs if log != last]))

    assert found == [("transfer-log-mismatch", f"transaction 0x{last.tx_hash.hex()}")]


def propose(push: RootLedger) -> None:
    push.settle({1: 5, 2: 6, 17: 1})
    push.settle({1: 2})
    push.role("guardian", "pause")
    push.role("config", "proposeRootMode", push.last.header.fields(), WINDOW)


def as_switched(push: RootLedger) -> dict[str, Any]:
    """The manifest after the switch."""
    return push.scenario.manifest | {"mode": "root", "challenge_window": WINDOW}


def test_run_audit__a_switch_proposed__is_a_warning(push: RootLedger) -> None:
    propose(push)

    assert push.found() == [("switch-pending", "PointsLedger"), ("paused", "PointsLedger")]


def test_run_audit__a_ledger_that_was_switched__is_clean(push: RootLedger) -> None:
    propose(push)
    push.role("deployer", "countWords", 0, 4, [bytes(32)] * 22)
    push.end_window()
    push.role("deployer", "activateRootMode")
    push.role("config", "unpause")
    push.settle({17: 3})

    before = push.audit(manifest=as_switched(push))
    push.end_window()
    push.settle({1: 1})
    push.sync(2, place=3)
    after = push.audit(manifest=as_switched(push))

    assert (before.findings, before.mode, before.pending, before.batches) == ((), "root", 1, 3)
    assert (after.findings, after.pending, after.supply) == ((), 1, 18)
    assert push.found() == [
        ("ledger-mode", "PointsLedger"), ("ledger-mode", "PointsLedger, seconds of the window"),
    ]  # fmt: skip


def test_run_audit__another_window_than_the_manifests__is_found(root: RootLedger) -> None:
    manifest = root.scenario.manifest
    first = manifest["deployed"]

    assert root.found(manifest=manifest | {"challenge_window": 60}) == [
        ("ledger-mode", "PointsLedger, seconds of the window")
    ]
    assert root.found(manifest=manifest | {"deployed": first | {"challenge_window": 60}}) == [
        ("creation-foreign", f"PointsLedger at {root.scenario.address('PointsLedger')}")
    ]


def test_run_audit__the_contracts_final_batch_is_another__is_found(root: RootLedger) -> None:
    root.settle({1: 5})
    root.end_window()
    root.settle({1: 5})
    asked = keccak256(b"lastFinalId()")[:4]
    lying = LyingRpc(root.scenario.world.rpc, call=lambda truth, _, data: word(2) if data[:4] == asked else truth)

    assert root.found(rpc=lying) == [("last-final", "PointsLedger")]


def test_run_audit__another_judge__is_found(root: RootLedger) -> None:
    asked = keccak256(b"batchProofs()")[:4]
    lying = LyingRpc(root.scenario.world.rpc, call=lambda truth, _, data: word(9) if data[:4] == asked else truth)

    assert root.found(rpc=lying) == [("batch-proofs", "PointsLedger")]


def test_run_audit__a_judge_of_foreign_code__is_found(root: RootLedger) -> None:
    address = root.scenario.address("BatchProofs")
    lying = LyingRpc(root.scenario.world.rpc, code=lambda truth, asked, *_: truth + b"\x00" * (asked == address))

    assert root.found(rpc=lying)[0] == ("proofs-foreign", f"BatchProofs at {address}")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mode": "pull"}, "a mode that there is not"),
        ({"mode": "root", "challenge_window": 0}, "does not fit its mode"),
        ({"mode": "push", "challenge_window": 60}, "does not fit its mode"),
        ({"challenge_window": "60"}, "lacks a number"),
    ],
)
def test_run_audit__a_manifest_with_another_mode__is_refused(
    root: RootLedger, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidSettings, match=message):
        root.audit(manifest=root.scenario.manifest | changes)
