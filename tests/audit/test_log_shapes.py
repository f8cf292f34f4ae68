"""read_log

given a log
├── when its first topic is unknown, or it has none
│   └── it answers nothing
├── when it is a known one
│   └── it answers name, place and values
└── when it starts like a known one
    ├── when a topic is missing, its content is cut, too long, or its bytes are padded with anything
    │   └── it is unreadable, with the reason
    └── when a value does not fit its type
        └── it is unreadable, with the reason
"""

from dataclasses import replace

import eth_abi
import pytest

from loyaltychain.audit.log_shapes import SHAPES, Fact, Place, Unreadable, read_log
from loyaltychain.chain import artifacts
from tests.audit.builders import (
    ACCESS,
    LEDGER,
    PROGRAM,
    REGISTRY,
    address_word,
    make_header,
    make_log,
    publication_log,
    settled_logs,
    word,
)

PLACE = Place(10, 0, word(10), word(1010))


def test_read_log__unknown_or_anonymous__answers_nothing() -> None:
    assert read_log(make_log("Approval(address,address,uint256)")) is None
    assert read_log(replace(publication_log(), topics=())) is None


def test_read_log__a_settled_batch__answers_its_header_and_content() -> None:
    settled, content = (read_log(log) for log in settled_logs(make_header(), b"\x01\x05\x00\x0a", block=10))

    assert isinstance(settled, Fact)
    assert (settled.name, settled.address, settled.place) == ("BatchSettled", LEDGER, PLACE)
    assert settled.numbers == {
        "id": 1, "batch_id": 1, "time": 1767225600, "updates": 2, "issued": 30, "burned": 4, "supply": 126,
    }  # fmt: skip
    assert settled.octets["data_hash"] == b"\x06" * 32
    assert isinstance(content, Fact)
    assert (content.numbers, content.octets) == ({"id": 1}, {"content": b"\x01\x05\x00\x0a"})


def test_read_log__a_publication__answers_hash_position_and_index() -> None:
    fact = read_log(publication_log(position=9, index=1))

    assert isinstance(fact, Fact)
    assert fact.address == REGISTRY
    assert (fact.octets, fact.numbers) == ({"hash": PROGRAM}, {"from_position": 9, "index": 1})


def test_read_log__a_granted_role__answers_whom_and_how() -> None:
    signature = "RoleGranted(uint64,address,uint32,uint48,bool)"
    content = eth_abi.encode(["uint32", "uint48", "bool"], [60, 1767225600, True])

    fact = read_log(make_log(signature, topics=[word(3), address_word(LEDGER)], data=content, address=ACCESS))

    assert isinstance(fact, Fact)
    assert fact.numbers == {"role": 3, "delay": 60, "since": 1767225600, "is_new": 1}
    assert fact.addresses == {"account": LEDGER}


def test_read_log__a_function_role__answers_the_selector() -> None:
    signature = "TargetFunctionRoleUpdated(address,bytes4,uint64)"
    selector = b"\xaa\xbb\xcc\xdd"

    fact = read_log(make_log(signature, topics=[address_word(LEDGER), word(2)], data=selector.ljust(32, b"\x00")))

    assert isinstance(fact, Fact)
    assert (fact.octets, fact.numbers, fact.addresses) == ({"selector": selector}, {"role": 2}, {"target": LEDGER})


@pytest.mark.parametrize("cut", [0, 31, 32, 12 * 32 - 1, 12 * 32 + 1, 13 * 32])
def test_read_log__a_header_of_another_length__is_unreadable(cut: int) -> None:
    settled = settled_logs(make_header(), b"\x01", block=10)[0]

    fact = read_log(replace(settled, data=(settled.data + bytes(32))[:cut]))

    assert fact == Unreadable("BatchSettled", LEDGER, PLACE, f"{cut} bytes of content")


def test_read_log__a_topic_missing__is_unreadable() -> None:
    settled = settled_logs(make_header(), b"\x01", block=10)[0]

    fact = read_log(replace(settled, topics=settled.topics[:2]))

    assert fact == Unreadable("BatchSettled", LEDGER, PLACE, "2 topics")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        word(32),
        word(32) + word(3) + b"\x01\x02\x03".ljust(31, b"\x00"),
        word(32) + word(3) + b"\x01\x02\x03".ljust(32, b"\x07"),
        word(32) + word(3) + b"\x01\x02\x03".ljust(64, b"\x00"),
        word(64) + word(3) + b"\x01\x02\x03".ljust(32, b"\x00"),
        word(32) + word(2**255) + b"\x01\x02\x03".ljust(32, b"\x00"),
    ],
)
def test_read_log__bytes_encoded_otherwise__are_unreadable(content: bytes) -> None:
    log = replace(settled_logs(make_header(), b"\x01", block=10)[1], data=content, index=0)

    fact = read_log(log)

    assert fact == Unreadable("BatchData", LEDGER, PLACE, "its bytes are not encoded as they should be")


@pytest.mark.parametrize(
    ("topics", "name", "kind"),
    [
        ([word(2**64), address_word(LEDGER)], "role", "uint64"),
        ([word(1), word(2**160)], "account", "address"),
    ],
)
def test_read_log__a_value_out_of_range__is_unreadable(topics: list[bytes], name: str, kind: str) -> None:
    fact = read_log(make_log("RoleRevoked(uint64,address)", topics=topics))

    assert isinstance(fact, Unreadable)
    assert fact.reason.startswith(f"{name} is no {kind}: 0x")


def test_read_log__a_bool_of_two__is_unreadable() -> None:
    fact = read_log(make_log("TargetClosed(address,bool)", topics=[address_word(LEDGER)], data=word(2)))

    assert isinstance(fact, Unreadable)
    assert fact.reason == "closed is no bool: 0x" + "0" * 63 + "2"


ROOT_LOGS = [
    ("BatchVoided(uint32,uint32,address,uint8)", [word(3), word(5), address_word(LEDGER)], word(2),
     {"from": 3, "to": 5, "fraud": 2}),
    ("Retraced(uint32,address,uint32,bytes32)", [word(3), address_word(LEDGER)], word(9) + PROGRAM,
     {"id": 3, "next_word": 9}),
    ("WordSynced(uint32,uint32)", [word(7), word(3)], b"", {"index": 7, "id": 3}),
    ("RootModeProposed(uint32,bytes32,uint32)", [word(3)], PROGRAM + word(60), {"id": 3, "challenge_window": 60}),
    ("WordsCounted(bytes32,uint256)", [], PROGRAM + word(2**40), {"contest_end": 2**40}),
    ("RootModeCancelled(uint32,address)", [word(7), address_word(LEDGER)], b"", {"index": 7}),
    ("RootModeActivated(uint32,bytes32)", [word(3)], PROGRAM, {"id": 3}),
]  # fmt: skip


@pytest.mark.parametrize(("signature", "topics", "data", "numbers"), ROOT_LOGS)
def test_read_log__a_log_of_root_mode__answers_its_values(
    signature: str, topics: list[bytes], data: bytes, numbers: dict[str, int]
) -> None:
    fact = read_log(make_log(signature, topics=topics, data=data))

    assert isinstance(fact, Fact)
    assert (fact.name, fact.numbers) == (signature.partition("(")[0], numbers)


def test_shapes__every_log_of_the_ledger__is_known() -> None:
    known = {shape.name for shape in SHAPES}
    logged = {str(item["name"]) for item in artifacts.load("PointsLedger").abi if item["type"] == "event"}

    assert logged - known == {"Initialized"}
