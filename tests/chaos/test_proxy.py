"""Proxy
├── given no rule: the node's own answer
├── given a rule for a fault: that fault, as often as it says, and then the truth again
├── given a stale node: it knows no newer block, receipt, log or state, and still takes what is sent
├── given short logs: the last block's are missing
└── given rules over HTTP: they count, and are shown with how often each was applied
"""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.anvil import Anvil, running_anvil
from tests.chaos.proxy import Proxy, Rule


@pytest.fixture(scope="module")
def node() -> Iterator[Anvil]:
    with running_anvil("--no-mining", "--slots-in-an-epoch", "1") as node:
        for _ in range(10):
            node.ask("evm_mine")
        yield node


@pytest.fixture
def proxy(node: Anvil) -> Iterator[Proxy]:
    proxy = Proxy(node.url)
    yield proxy
    proxy.close()


def asked(proxy: Proxy, method: str, *params: object) -> Any:
    """The answer as it stands, whatever it is."""
    body = json.dumps({"jsonrpc": "2.0", "id": 7, "method": method, "params": params}).encode()
    request = urllib.request.Request(proxy.url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def send(node: Anvil, proxy: Proxy, data: str) -> str:
    """A creation of this code, in a block of its own; returns its hash."""
    sender = node.ask("eth_accounts")[0]
    found = asked(proxy, "eth_sendTransaction", {"from": sender, "data": data})["result"]
    node.ask("evm_mine")
    return str(found)


def test_proxy__no_rule__the_nodes_own_answers(node: Anvil, proxy: Proxy) -> None:
    for method, *params in (("eth_chainId",), ("eth_getBlockByNumber", "0x5", False)):
        assert asked(proxy, method, *params) == {"jsonrpc": "2.0", "id": 7, "result": node.ask(method, *params)}


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        ("drop_after_forward", OSError),
        ("hang", OSError),
        ("reset", OSError),
        ("rate_limited", urllib.error.HTTPError),
        ("html", json.JSONDecodeError),
        ("null", {"jsonrpc": "2.0", "id": 7, "result": None}),
        ("wrong_id", {"jsonrpc": "2.0", "id": 8, "result": "0x7a69"}),
    ],
)
def test_proxy__fault_once__once_and_then_the_truth(proxy: Proxy, fault: str, seen: Any) -> None:
    proxy.set_rules([Rule(fault, "eth_chainId", count=1, seconds=0.1)])

    if isinstance(seen, dict):
        assert asked(proxy, "eth_chainId") == seen
    else:
        with pytest.raises(seen):
            asked(proxy, "eth_chainId")
    assert asked(proxy, "eth_chainId") == {"jsonrpc": "2.0", "id": 7, "result": "0x7a69"}


def test_proxy__other_chain__another_id_and_other_blocks(node: Anvil, proxy: Proxy) -> None:
    first = "eth_getBlockByNumber", "0x0", False
    proxy.set_rules([Rule("other_chain", count=2)])

    assert asked(proxy, "eth_chainId")["result"] != hex(node.chain_id)
    assert asked(proxy, *first)["result"]["hash"] != node.ask(*first)["hash"]
    assert asked(proxy, *first)["result"] == node.ask(*first)


def test_proxy__reply_dropped__what_was_sent_has_arrived(node: Anvil, proxy: Proxy) -> None:
    proxy.set_rules([Rule("drop_after_forward", "eth_sendTransaction", count=1)])
    before = int(node.ask("txpool_status")["pending"], 16)

    with pytest.raises(OSError, match="closed connection"):
        send(node, proxy, "0x")
    assert int(node.ask("txpool_status")["pending"], 16) == before + 1
    node.ask("evm_mine")


def test_proxy__stale__knows_nothing_newer_and_takes_what_is_sent(node: Anvil, proxy: Proxy) -> None:
    sender, old = node.ask("eth_accounts")[0], int(node.ask("eth_blockNumber"), 16)
    nonce = "eth_getTransactionCount", sender, "latest"
    before = node.ask(*nonce)
    proxy.set_rules([Rule("stale", blocks=1)])

    sent = send(node, proxy, "0x60006000a060006000f3")  # logs once as it is made
    final = int(node.ask("eth_getBlockByNumber", "finalized", False)["number"], 16)
    query = {"fromBlock": hex(old), "toBlock": hex(old + 1)}
    assert asked(proxy, "eth_blockNumber")["result"] == hex(old)
    assert asked(proxy, "eth_getBlockByNumber", "latest", False)["result"]["number"] == hex(old)
    assert asked(proxy, "eth_getBlockByNumber", "finalized", False)["result"]["number"] == hex(final - 1)
    assert asked(proxy, "eth_getBlockByNumber", hex(old + 1), False)["result"] is None
    assert asked(proxy, *nonce)["result"] == before
    assert asked(proxy, "eth_getTransactionReceipt", sent)["result"] is None
    assert len(asked(proxy, "eth_getLogs", query)["result"]) == len(node.ask("eth_getLogs", query)) - 1

    proxy.set_rules([])
    assert asked(proxy, *nonce)["result"] == hex(int(before, 16) + 1)
    assert asked(proxy, "eth_getTransactionReceipt", sent)["result"]["blockNumber"] == hex(old + 1)


def test_proxy__short_logs__without_the_last_block(node: Anvil, proxy: Proxy) -> None:
    first, second = (node.ask("eth_getTransactionReceipt", send(node, proxy, "0x60006000a060006000f3")) for _ in "12")
    query = {"fromBlock": first["blockNumber"], "toBlock": second["blockNumber"]}
    assert len(asked(proxy, "eth_getLogs", query)["result"]) == 2

    proxy.set_rules([Rule("short_logs")])
    assert [log["blockNumber"] for log in asked(proxy, "eth_getLogs", query)["result"]] == [first["blockNumber"]]


def test_proxy__rules_over_http__count_and_are_shown(proxy: Proxy) -> None:
    rules = json.dumps([{"fault": "null", "method": "eth_chainId", "count": 2}]).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{proxy.url}/rules", rules), timeout=30) as response:
        assert response.status == 200

    assert asked(proxy, "eth_chainId")["result"] is None
    assert asked(proxy, "eth_blockNumber")["result"] is not None
    with urllib.request.urlopen(f"{proxy.url}/rules", timeout=30) as response:
        assert [(rule["fault"], rule["applied"]) for rule in json.load(response)] == [("null", 1)]
