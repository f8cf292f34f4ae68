"""check_delays

given acts of roles that have to wait
├── when they were scheduled and waited
│   └── nothing is found
├── when one was scheduled for too early, or executed before it was due
│   └── it is found; not where the times of blocks are not known
├── when one was done without a schedule, or an execution has none
│   └── it is found
└── when one is scheduled and not done
    ├── it is named as pending, unless it was cancelled or has expired
    └── what it does not need is not asked of roles without a delay
"""

from collections.abc import Mapping
from dataclasses import replace

import eth_abi
import pytest

from loyaltychain.audit.block_times import BlockTimes
from loyaltychain.audit.check_delays import EXPIRATION, check_delays
from loyaltychain.audit.log_shapes import Fact, read_log
from loyaltychain.audit.manifest import ACCESS, LEDGER, MEMBERS, PROOFS, REGISTRY, Manifest, WalletSettings
from loyaltychain.chain.rpc import Log
from loyaltychain.core.hashing import keccak256
from tests.audit import builders
from tests.audit.builders import address_word, make_log, word
from tests.audit.test_caps import CAPS, caps_log

CONFIG, GUARDIAN = 2, 1
DELAY = 100
HOLDER, STRANGER = "0x" + "b1" * 20, "0x" + "b2" * 20
ADDRESSES = {LEDGER: builders.LEDGER, REGISTRY: builders.REGISTRY, ACCESS: builders.ACCESS,
             MEMBERS: "0x" + "4e" * 20, PROOFS: "0x" + "5e" * 20}  # fmt: skip
MANIFEST = Manifest(
    network="local", chain_id=builders.CHAIN_ID, genesis_hash=bytes(32), instance_id=bytes(32), first_block=1,
    addresses=ADDRESSES, implementations={}, holders={}, settler=STRANGER, delays={}, caps={},
    wallets=WalletSettings(STRANGER, 0, False),
)  # fmt: skip
SET_SETTLER = keccak256(b"setSettler(address)")[:4]
CALL = SET_SETTLER + address_word(STRANGER)
OPERATION = keccak256(eth_abi.encode(["address", "address", "bytes"], [HOLDER, builders.LEDGER, CALL]))


def manager_log(signature: str, *topics: bytes, data: bytes = b"", block: int) -> Log:
    return make_log(signature, topics=topics, data=data, address=builders.ACCESS, block=block)


def granted(role: int, holder: str, delay: int, *, block: int) -> Log:
    data = eth_abi.encode(["uint32", "uint48", "bool"], [delay, 0, True])
    topics = (word(role), address_word(holder))
    return manager_log("RoleGranted(uint64,address,uint32,uint48,bool)", *topics, data=data, block=block)


def wired(selector: bytes, role: int, *, block: int = 3) -> Log:
    topics = (address_word(builders.LEDGER), word(role))
    data = selector.ljust(32, b"\x00")
    return manager_log("TargetFunctionRoleUpdated(address,bytes4,uint64)", *topics, data=data, block=block)


def scheduled(*, due: int, block: int, nonce: int = 1) -> Log:
    data = eth_abi.encode(["uint48", "address", "address", "bytes"], [due, HOLDER, builders.LEDGER, CALL])
    signature = "OperationScheduled(bytes32,uint32,uint48,address,address,bytes)"
    return manager_log(signature, OPERATION, word(nonce), data=data, block=block)


def ended(how: str, *, block: int, nonce: int = 1) -> Log:
    return manager_log(f"Operation{how}(bytes32,uint32)", OPERATION, word(nonce), block=block)


def settler_set(*, block: int) -> Log:
    topics = [address_word(HOLDER), address_word(STRANGER)]
    return make_log("SettlerChanged(address,address)", topics=topics, block=block, index=1)


#: The manager, two roles and the ledger as they are deployed: CONFIG has a delay, GUARDIAN has none.
BEGIN = (
    granted(CONFIG, HOLDER, DELAY, block=3),
    granted(GUARDIAN, STRANGER, 0, block=3),
    wired(SET_SETTLER, CONFIG),
    make_log("SettlerChanged(address,address)", topics=[address_word("0x" + "00" * 20), address_word(HOLDER)], block=4),
)


def check(
    *logs: Log, now: int | None = 1_000, times: Mapping[int, int] | None = None
) -> tuple[list[tuple[str, str]], int]:
    """(code, actual) of each finding, and how many operations are pending. A block's time is its number."""
    read = [read_log(log) for log in (*BEGIN, *logs)]
    facts = [fact for fact in read if isinstance(fact, Fact)]
    assert len(facts) == len(read)
    known = {log.block_number: log.block_number for log in (*BEGIN, *logs)} if times is None else times
    findings, pending = check_delays(facts, MANIFEST, BlockTimes(None, known), now=now)
    return [(finding.code, finding.actual) for finding in findings], len(pending)


def test_check_delays__an_act_that_waited__finds_nothing() -> None:
    assert check(scheduled(due=150, block=50), ended("Executed", block=150), settler_set(block=150)) == ([], 0)


def test_check_delays__a_schedule_for_too_early__is_found() -> None:
    logs = (scheduled(due=149, block=50), ended("Executed", block=149), settler_set(block=149))

    assert check(*logs) == ([("operation-early", "1970-01-01T00:02:29Z")], 0)
    assert check(*logs, times={}) == ([], 0), "nobody knows when"


def test_check_delays__executed_before_it_was_due__is_found() -> None:
    logs = (scheduled(due=150, block=50), ended("Executed", block=149), settler_set(block=149))

    assert check(*logs) == ([("operation-early", "1970-01-01T00:02:29Z")], 0)


def test_check_delays__an_act_without_a_schedule__is_found() -> None:
    assert check(settler_set(block=50)) == ([("operation-unscheduled", "neither")], 0)


def test_check_delays__an_act_in_another_transaction_than_its_execution__is_found() -> None:
    logs = (scheduled(due=150, block=50), ended("Executed", block=150), settler_set(block=151))

    assert check(*logs) == ([("operation-unscheduled", "neither")], 0)


def test_check_delays__an_execution_of_nothing__is_found() -> None:
    assert check(ended("Executed", block=50)) == ([("operation-unscheduled", "nothing")], 0)
    again = (scheduled(due=150, block=50), ended("Executed", block=150), ended("Executed", block=151))
    assert check(*again) == ([("operation-unscheduled", "nothing")], 0)


@pytest.mark.parametrize(("now", "count"), [(60, 1), (None, 1), (149 + EXPIRATION, 1), (150 + EXPIRATION, 0)])
def test_check_delays__what_is_scheduled__is_named_until_it_expires(now: int | None, count: int) -> None:
    found, pending = check(scheduled(due=150, block=50), now=now)

    assert (found, pending) == ([("operation-pending", "due 1970-01-01T00:02:30Z")] * count, count)


def test_check_delays__what_was_cancelled__is_not_pending() -> None:
    assert check(scheduled(due=150, block=50), ended("Canceled", block=60)) == ([], 0)


def test_check_delays__caps__may_be_lowered_at_once_and_not_raised() -> None:
    kind = "(uint48,uint48,uint48,uint48,uint32,uint64)"
    wiring = (
        wired(keccak256(f"raiseCaps({kind})".encode())[:4], CONFIG),
        wired(keccak256(f"lowerCaps({kind})".encode())[:4], GUARDIAN),
    )
    lower = CAPS | {"supplyCap": 5, "periodSeconds": 2_000}

    assert check(*wiring, caps_log(CAPS, lower, block=50)) == ([], 0)
    assert check(*wiring, caps_log(lower, CAPS, block=50)) == ([("operation-unscheduled", "neither")], 0)


def test_check_delays__a_grant_by_a_delayed_admin__needs_a_schedule() -> None:
    admin = granted(0, HOLDER, DELAY, block=5)

    found, _ = check(admin, granted(CONFIG, STRANGER, 0, block=50))

    assert found == [("operation-unscheduled", "neither")]


def test_check_delays__logs_of_strangers__are_passed_over() -> None:
    foreign = replace(settler_set(block=50), address="0x" + "77" * 20)

    assert check(foreign) == ([], 0)
