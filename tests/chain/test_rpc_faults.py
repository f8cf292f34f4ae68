"""Web3Rpc before a lying node; ``test_transport.py`` has the bad connections
├── given an answer that cannot be true
│   └── it raises RpcUnavailable and never answers a number
├── given another request's answer
│   └── it raises RpcUnavailable
├── given a newest block below the final one, or another final one
│   └── it raises RpcUnavailable
├── given a node that bounds its logs
│   └── it asks for less at a time
└── fees
    └── when tips are missing or zero: 0
"""

from collections.abc import Callable
from typing import Any

import pytest

from loyaltychain.chain.rpc import Fees, Rpc, Web3Rpc
from loyaltychain.core.errors import RpcUnavailable
from tests.chain.no_node import ScriptedProvider

ADDRESS = "0x" + "b2" * 20
WORD = "0x" + "11" * 32
OTHER_WORD = "0x" + "22" * 32
RECEIPT = {
    "transactionHash": WORD,
    "blockNumber": "0x5",
    "blockHash": WORD,
    "status": "0x1",
    "gasUsed": "0x5208",
    "contractAddress": None,
}
LOG = {
    "address": ADDRESS,
    "topics": [WORD],
    "data": "0x",
    "blockNumber": "0x5",
    "blockHash": WORD,
    "transactionHash": WORD,
    "logIndex": "0x0",
    "removed": False,
}
BLOCK = {"number": "0x5", "hash": WORD, "parentHash": WORD, "timestamp": "0x64"}


def _says(result: object) -> Web3Rpc:
    return Web3Rpc(ScriptedProvider(lambda request: {"jsonrpc": "2.0", "id": request["id"], "result": result}))


@pytest.mark.parametrize("result", [None, "", "0x", "5", 5, "0xzz", [], {}, True, "0x-5", "0x1_0", "0x 5"])
@pytest.mark.parametrize(
    "read",
    [Rpc.chain_id, lambda rpc: rpc.nonce(ADDRESS), lambda rpc: rpc.balance(ADDRESS), lambda rpc: rpc.block(5)],
)
def test_read__given_no_number__raises(result: object, read: Callable[[Rpc], object]) -> None:
    rpc = _says(result)
    read = Web3Rpc.chain_id if read is Rpc.chain_id else read

    with pytest.raises(RpcUnavailable):
        read(rpc)


@pytest.mark.parametrize("result", [None, "", "0", "0x1", "0x123", 5, "0x" + "11" * 31, "0x" + "11" * 33])
def test_storage__given_no_word__raises(result: object) -> None:
    with pytest.raises(RpcUnavailable, match="makes no sense"):
        _says(result).storage(ADDRESS, 0)


@pytest.mark.parametrize(
    "changes",
    [
        {"transactionHash": OTHER_WORD},
        {"status": "0x2"},
        {"status": None},
        {"blockNumber": "x"},
        {"blockHash": "0x11"},
        {"gasUsed": None},
        {"contractAddress": "0x11"},
    ],
)
def test_receipt__given_a_broken_one__raises(changes: dict[str, object]) -> None:
    with pytest.raises(RpcUnavailable, match="makes no sense"):
        _says(RECEIPT | changes).receipt(bytes.fromhex(WORD[2:]))


@pytest.mark.parametrize("result", [None, RECEIPT | {"blockNumber": None}, RECEIPT | {"blockHash": None}])
def test_receipt__in_no_block_yet__is_none(result: object) -> None:
    assert _says(result).receipt(bytes.fromhex(WORD[2:])) is None


@pytest.mark.parametrize("changes", [{"number": "0x6"}, {"hash": None}, {"parentHash": "0x"}, {"timestamp": -1}])
def test_block__given_a_broken_one__raises(changes: dict[str, object]) -> None:
    with pytest.raises(RpcUnavailable, match="makes no sense"):
        _says(BLOCK | changes).block(5)


@pytest.mark.parametrize(
    "logs",
    [
        None,
        {},
        [LOG | {"removed": True}],
        [LOG | {"address": "0x" + "c3" * 20}],
        [LOG | {"blockNumber": "0xa"}],
        [LOG | {"blockNumber": None}],
        [LOG | {"topics": [WORD] * 5}],
        [LOG, LOG],
        [LOG | {"logIndex": "0x1"}, LOG],
        [LOG, LOG | {"logIndex": "0x1", "blockHash": OTHER_WORD}],
    ],
)
def test_logs__given_what_was_not_asked_for__raises(logs: object) -> None:
    with pytest.raises(RpcUnavailable, match="makes no sense"):
        _says(logs).logs([ADDRESS], first=1, last=9)


@pytest.mark.parametrize(
    "respond",
    [
        lambda request: {"jsonrpc": "2.0", "id": request["id"] + 1, "result": "0x1"},
        lambda _: {"jsonrpc": "2.0", "id": None, "result": "0x1"},
        lambda _: {"jsonrpc": "2.0", "result": "0x1"},
        lambda request: {"jsonrpc": "2.0", "id": request["id"]},
        lambda request: {"jsonrpc": "2.0", "id": request["id"] + 1, "error": {"code": 3, "message": "reverted"}},
        lambda _: [],
        lambda _: None,
    ],
)
def test_ask__given_another_requests_answer__raises(respond: Callable[[dict[str, Any]], object]) -> None:
    rpc = Web3Rpc(ScriptedProvider(respond))

    with pytest.raises(RpcUnavailable, match="makes no sense"):
        rpc.chain_id()
    with pytest.raises(RpcUnavailable) as sent:
        rpc.send_raw(b"\x02")
    assert sent.value.context["maybe_sent"] is True


def test_ask__many_times__numbers_its_requests() -> None:
    provider = ScriptedProvider(lambda request: {"jsonrpc": "2.0", "id": request["id"], "result": "0x1"})
    rpc = Web3Rpc(provider)

    answers = [rpc.chain_id() for _ in range(3)]

    assert answers == [1, 1, 1]
    assert [request["id"] for request in provider.asked] == [1, 2, 3]
    assert provider.global_ccip_read_enabled is False


def test_logs__given_a_node_that_bounds_them__asks_for_less_at_a_time() -> None:
    def respond(request: dict[str, Any]) -> object:
        (query,) = request["params"]
        first, last = int(query["fromBlock"], 16), int(query["toBlock"], 16)
        if last - first >= 3:
            return {"jsonrpc": "2.0", "id": request["id"], "error": {"code": -32005, "message": "limit exceeded"}}
        logs = [LOG | {"blockNumber": hex(number), "blockHash": WORD} for number in range(first, last + 1)]
        return {"jsonrpc": "2.0", "id": request["id"], "result": logs}

    found = Web3Rpc(ScriptedProvider(respond), log_range=10).logs([ADDRESS], first=5, last=30)

    assert [log.block_number for log in found] == list(range(5, 31))


def test_logs__given_a_node_that_never_answers_them__raises() -> None:
    provider = ScriptedProvider(
        lambda request: {"jsonrpc": "2.0", "id": request["id"], "error": {"code": -32000, "message": "pruned"}}
    )

    with pytest.raises(RpcUnavailable, match="pruned"):
        Web3Rpc(provider).logs([ADDRESS], first=0, last=1_999)
    assert len(provider.asked) < 15


@pytest.mark.parametrize(
    ("final", "later", "words"),
    [
        (BLOCK, BLOCK | {"number": "0x4"}, "was final before"),
        (BLOCK, BLOCK | {"hash": OTHER_WORD}, "another block 5"),
        (BLOCK, BLOCK | {"number": "0x6", "timestamp": "0x63"}, "older by its time"),
        (BLOCK, BLOCK | {"number": "0x6", "timestamp": "0x64"}, None),
        (BLOCK, BLOCK, None),
    ],
)
def test_block__beside_what_was_final__raises_if_it_cannot_be(final: Any, later: Any, words: str | None) -> None:
    def respond(request: dict[str, Any]) -> object:
        result = final if request["params"][0] == "finalized" else later
        return {"jsonrpc": "2.0", "id": request["id"], "result": result}

    rpc = Web3Rpc(ScriptedProvider(respond))
    rpc.block("finalized")
    if words is None:
        assert rpc.block("latest").number in (5, 6)
        return
    with pytest.raises(RpcUnavailable, match=words):
        rpc.block("latest")


@pytest.mark.parametrize(
    ("reward", "tip"),
    [
        ([["0x1"], ["0x5"], ["0x3"]], 3),
        ([["0x0"], ["0x0"]], 0),
        ([[], [], ["0x7"]], 7),
        ([], 0),
        (None, 0),
    ],
)
def test_fees__given_some_tips__takes_the_median_of_those_that_are(reward: object, tip: int) -> None:
    rpc = _says({"baseFeePerGas": ["0x7", "0x9"], "gasUsedRatio": [0.5], "reward": reward})

    assert rpc.fees() == Fees(base_fee=9, tip=tip)


def test_fees__given_no_base_fee__raises() -> None:
    with pytest.raises(RpcUnavailable, match="makes no sense"):
        _says({"baseFeePerGas": [], "reward": []}).fees()
