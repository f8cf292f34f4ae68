"""
settle
├── given the next batch
│   ├── it applies every delta, moves the supply and keeps the hash
│   └── it logs the header and the data, which rebuild it
├── given a sender who is not the settler, it refuses
├── given a pause, it refuses before it looks at the batch
├── given a batch id that is not the next (replay, gap, zero), it refuses
├── given another previous hash, it refuses
├── given too many bytes or updates
│   ├── it refuses one above the bound
│   └── it takes the bound itself
├── given totals that are not those of the data, it refuses with the data's
├── given a delta below 0 or above 2^32 - 1, in any lane
│   ├── it refuses and names the member
│   └── it takes the very last point
└── given a refused batch, nothing changed
batchHashOf
├── given the newest 64, it answers
└── given an older or a later one, it refuses
initialize
└── given a fresh ledger, batch 0 is the header of zeros
wordAt, balanceOfMember
└── given a place beyond the last word, one refuses and the other answers 0
"""

import pytest
from eth_abi.abi import decode
from eth_utils.crypto import keccak

from tests.contracts.builders import (
    World,
    act,
    hash_batch,
    make_batch,
    read,
    settle,
    settle_data,
)
from tests.contracts.evm import refused
from tests.contracts.headers import HEADER_TYPES, Header, hash_header, make_header
from tests.contracts.records import LANE_MAX, MEMBER_MAX, narrow

ZERO = bytes(32)
SETTLED = keccak(
    text="BatchSettled(uint32,bytes32,"
    "(uint32,bytes32,bytes32,bytes32,bytes32,bytes32,bytes32,uint64,uint32,uint64,uint64,uint64))"
)
DATA = keccak(text="BatchData(uint32,bytes)")


def balance(world: World, member: int) -> int:
    return int(read(world, "balanceOfMember", member))


def test_initialize__given_a_fresh_ledger__batch_0_is_the_header_of_zeros(world: World) -> None:
    expected = hash_header(world.chain.w3.eth.chain_id, world.ledger, Header().fields())

    assert read(world, "lastBatchId") == 0
    assert read(world, "lastBatchHash", types=("bytes32",)) == expected


def test_settle__given_the_next_batch__applies_it(world: World) -> None:
    settle(world, {1: 5, 7: 70_000, 8: 3, MEMBER_MAX: 9})
    batch, data = make_batch(world, {1: -2, 9: 1, MEMBER_MAX: -9})

    act(world, "settler", "settle", tuple(batch.values()), data)

    assert [balance(world, m) for m in (0, 1, 7, 8, 9, MEMBER_MAX)] == [0, 3, 70_000, 3, 1, 0]
    assert read(world, "wordAt", 0) == (70_000 << 224) | (3 << 32)
    assert read(world, "wordAt", 2**24 - 1) == 0
    assert read(world, "totalSupply") == 70_007
    assert read(world, "lastBatchId") == 2
    assert read(world, "lastBatchHash", types=("bytes32",)) == hash_batch(world, batch, data, supply=70_007)


def test_settle__given_the_next_batch__logs_header_and_data(world: World) -> None:
    batch, data = make_batch(world, {4: 6})

    logs = act(world, "settler", "settle", tuple(batch.values()), data)["logs"]

    batch_id = (1).to_bytes(32, "big")
    assert [[bytes(t) for t in log["topics"]] for log in logs] == [
        [SETTLED, batch_id, hash_batch(world, batch, data, supply=6)],
        [DATA, batch_id],
    ]
    assert decode(HEADER_TYPES, logs[0]["data"]) == make_header(batch, data, 6).fields()
    assert decode(["bytes"], logs[1]["data"]) == (data,)


@pytest.mark.parametrize("person", ["admin", "guardian", "config", "upgrader", "registrar", "stranger"])
def test_settle__given_another_sender__is_refused(world: World, person: str) -> None:
    with refused("NotSettler", world.people[person]):
        settle(world, {1: 1}, sender=person)


def test_settle__given_a_pause__is_refused_first(world: World) -> None:
    act(world, "guardian", "pause")

    with refused("LedgerIsPaused"):
        settle(world, {1: 1}, batchId=9)


@pytest.mark.parametrize("batch_id", [0, 1, 3, 2**32 - 1])
def test_settle__given_a_batch_id_that_is_not_the_next__is_refused(world: World, batch_id: int) -> None:
    settle(world, {1: 1})

    with refused("WrongBatchId", 2, batch_id):
        settle(world, {1: 1}, batchId=batch_id)


def test_settle__given_a_replay__is_refused(world: World) -> None:
    batch, data = make_batch(world, {1: 1})
    act(world, "settler", "settle", tuple(batch.values()), data)

    with refused("WrongBatchId", 2, 1):
        act(world, "settler", "settle", tuple(batch.values()), data)


@pytest.mark.parametrize("prev_hash", [ZERO, b"\xff" * 32])
def test_settle__given_another_previous_hash__is_refused(world: World, prev_hash: bytes) -> None:
    last = read(world, "lastBatchHash", types=("bytes32",))

    with refused("WrongPrevHash", last, prev_hash):
        settle(world, {1: 1}, prevHash=prev_hash)


def test_settle__given_data_above_the_bound__is_refused(world: World) -> None:
    with refused("DataTooLong", 32_769, 32_768):
        settle_data(world, bytes(32_769))


def test_settle__given_data_at_the_bound__is_read(world: World) -> None:
    with refused("MalformedData", 0):
        settle_data(world, bytes(32_768))


def test_settle__given_updates_above_the_bound__is_refused(world: World) -> None:
    with refused("TooManyUpdates", 10_001, 10_000):
        settle(world, {1: 1}, updates=10_001)


def test_settle__given_updates_at_the_bound__settles(world: World) -> None:
    settle(world, dict.fromkeys(range(1, 10_001), 2))

    assert read(world, "totalSupply") == 20_000
    assert balance(world, 10_000) == 2


@pytest.mark.parametrize("wrong", [{"updates": 1}, {"issued": 6}, {"burned": 1}, {"updates": 3}, {"issued": 0}])
def test_settle__given_other_totals__is_refused(world: World, wrong: dict[str, int]) -> None:
    settle(world, {1: 10})

    with refused("WrongTotals", 2, 5, 2):
        settle(world, {1: -2, 2: 5}, **wrong)


@pytest.mark.parametrize("lane", range(8))
def test_settle__given_a_delta_below_0__names_the_member(world: World, lane: int) -> None:
    settle(world, dict.fromkeys(range(16, 24), 1))

    with refused("BalanceTooLow", 16 + lane, 1, -2):
        settle(world, {16 + lane: -2})


@pytest.mark.parametrize("lane", range(8))
def test_settle__given_a_delta_above_the_lane__names_the_member(world: World, lane: int) -> None:
    settle(world, {16 + lane: LANE_MAX - 1})

    with refused("BalanceTooHigh", 16 + lane, LANE_MAX - 1, 2):
        settle(world, {16 + lane: 2})


@pytest.mark.parametrize("lane", range(8))
def test_settle__given_an_overflow_within_a_full_word__names_the_member(world: World, lane: int) -> None:
    settle(world, {16 + lane: LANE_MAX - 1})

    with refused("BalanceTooHigh", 16 + lane, LANE_MAX - 1, 2):
        settle(world, dict.fromkeys(range(16, 24), 2))


@pytest.mark.parametrize("lane", range(8))
def test_settle__given_the_last_point_of_a_lane__takes_and_returns_it(world: World, lane: int) -> None:
    settle(world, dict.fromkeys(range(16, 24), LANE_MAX - 1))
    settle(world, dict.fromkeys(range(16, 24), 1))

    settle(world, {16 + lane: -LANE_MAX})

    word = (2**256 - 1) & ~(LANE_MAX << (32 * lane))
    assert read(world, "wordAt", 2) == word
    assert [balance(world, m) for m in (15, 16 + lane, 24)] == [0, 0, 0]
    assert read(world, "totalSupply") == 7 * LANE_MAX


def test_settle__given_a_refused_batch__changes_nothing(world: World) -> None:
    settle(world, {3: 5})
    before = read(world, "lastBatchHash", types=("bytes32",))

    with refused("BalanceTooLow", 11, 0, -1):
        settle_data(world, b"\x01" + narrow(3, 1) + narrow(8, -1))

    assert (balance(world, 3), read(world, "totalSupply"), read(world, "lastBatchId")) == (5, 5, 1)
    assert read(world, "lastBatchHash", types=("bytes32",)) == before


def test_settle__given_no_updates__still_chains(world: World) -> None:
    batch, data = make_batch(world)

    act(world, "settler", "settle", tuple(batch.values()), data)

    assert data == b"\x01"
    assert read(world, "lastBatchHash", types=("bytes32",)) == hash_batch(world, batch, data, supply=0)


def test_batch_hash_of__given_the_newest_64__answers_and_refuses_the_others(world: World) -> None:
    hashes = [read(world, "lastBatchHash", types=("bytes32",))]
    for _ in range(66):
        settle(world, {})
        hashes.append(read(world, "lastBatchHash", types=("bytes32",)))

    assert [read(world, "batchHashOf", n, types=("bytes32",)) for n in range(3, 67)] == hashes[3:]
    for unknown in (0, 2, 67):
        with refused("UnknownBatch", unknown, 3, 66):
            read(world, "batchHashOf", unknown)


def test_word_at__given_a_place_beyond_the_last__is_refused(world: World) -> None:
    with refused("UnknownWord", 2**24, 2**24):
        read(world, "wordAt", 2**24)

    assert balance(world, MEMBER_MAX + 1) == 0
    assert balance(world, 2**32 - 1) == 0
