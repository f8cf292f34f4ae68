"""Nodes: who of several counts, and the blocks that they agree on, over HTTP
├── given a second node that gives no answer that can be read: the first one's counts, the second is left alone for a
│   while, as long as it asks for, and counts again once it is well
├── given one that serves another chain, or fails the check: quarantined, and back when it is right again
│   ├── when all of them do: WrongChain
│   └── when one does and the other cannot be reached: RpcUnavailable
├── given one that is a few blocks late: head, final block, nonces and receipts are as far as both are
├── given one that is late by minutes: behind, and it has no say
├── given one that is below what was final, or older by its time, or has another block there: quarantined
├── given one of tomorrow's blocks: what both have counts, and the honest one is not put out by it
│   └── nor by what the liar called final while it was alone
├── given one that calls its newest block final, beside one that does not know the word: the depth counts too
├── given two chains of blocks under one genesis: no block, receipt or call counts of two nodes
│   └── of three nodes: what two say, and the third is quarantined where that is final
└── what becomes of a node is told once
"""

from collections.abc import Sequence
from typing import Any

import pytest

from loyaltychain.chain.observe import finality_depth
from loyaltychain.chain.rpc import Rpc, Web3Rpc
from loyaltychain.core.errors import InvariantError, RpcUnavailable, WrongChain
from tests.anvil import Anvil
from tests.chain.no_node import WebServer
from tests.chain.several.builders import GENESIS, TAGGED, Hours, Telling, at, mine, send, several, standing, telling
from tests.chaos.proxy import Proxy, Rule


@pytest.mark.parametrize("fault", ["null", "wrong_id", "rate_limited", "html", "hang", "reset", "drop_after_forward"])
def test_nodes__one_gives_no_answer__the_other_counts(node: Anvil, proxy: Proxy, hours: Hours, fault: str) -> None:
    nodes = several(at(proxy.url), node.rpc, hours=hours)
    assert nodes.block("latest") == node.rpc.block("latest")
    proxy.set_rules([Rule(fault, seconds=0.1)])

    for _ in range(3):
        head, final = nodes.block("latest"), nodes.block("finalized")
    assert (head, final) == (node.rpc.block("latest"), node.rpc.block("finalized"))
    assert standing(nodes) == {"a": "unreachable", "b": "alive"}
    assert proxy.shown()[0]["applied"] == 1, "it is not asked again at once"

    hours.now += 1
    nodes.block("latest")
    assert (standing(nodes)["a"], proxy.shown()[0]["applied"]) == ("unreachable", 2)
    proxy.set_rules([])
    hours.now += 1
    nodes.block("latest")
    assert standing(nodes)["a"] == "unreachable", "the second wait is longer"
    hours.now += 1
    nodes.block("latest")
    assert standing(nodes) == {"a": "alive", "b": "alive"}


def test_nodes__one_asks_for_half_a_minute__gets_it(node: Anvil, web: WebServer, hours: Hours) -> None:
    web.status, web.extra = 429, {"Retry-After": "30"}
    nodes = several(at(f"http://127.0.0.1:{web.server_address[1]}"), node.rpc, hours=hours)

    for seconds, asked in ((0, 1), (29, 1), (1, 2)):
        hours.now += seconds
        assert nodes.block("latest") == node.rpc.block("latest")
        assert web.asked == asked


def test_nodes__one_goes_over_to_another_chain__quarantined(node: Anvil, proxy: Proxy, hours: Hours) -> None:
    nodes = several(at(proxy.url), node.rpc, hours=hours)
    assert nodes.chain_id() == node.chain_id
    proxy.set_rules([Rule("other_chain")])

    assert nodes.chain_id() == node.chain_id
    assert nodes.block("latest") == node.rpc.block("latest")
    state = nodes.states()[0]
    assert (state.name, state.state) == ("a", "quarantined")
    assert state.reason is not None and "another chain" in state.reason

    proxy.set_rules([])
    hours.now += 9
    nodes.block("latest")
    assert standing(nodes)["a"] == "quarantined"
    hours.now += 1
    nodes.block("latest")
    assert standing(nodes)["a"] == "alive"


def test_nodes__all_on_another_chain__wrong_chain(node: Anvil, proxy: Proxy, hours: Hours) -> None:
    proxy.set_rules([Rule("other_chain")])
    nodes = several(at(proxy.url), at(proxy.url), hours=hours)

    with pytest.raises(WrongChain, match="another chain"):
        nodes.block("latest")

    nodes = several(at(proxy.url), Web3Rpc.connect("http://127.0.0.1:9", rests=False), hours=hours)
    with pytest.raises(RpcUnavailable, match="No node") as caught:
        nodes.chain_id()
    assert "a: quarantined" in str(caught.value)
    assert "b: unreachable" in str(caught.value)


@pytest.mark.parametrize("trouble", [WrongChain, InvariantError])
def test_nodes__one_fails_the_check__has_no_say(node: Anvil, hours: Hours, trouble: type[InvariantError]) -> None:
    strange = telling(node.url, eth_getCode=lambda *_: "0x")
    address = node.ask("eth_accounts")[0]
    node.ask("anvil_setCode", address, "0x00")

    def check(rpc: Rpc) -> None:
        if not rpc.code(address):
            raise trouble("There is no contract.")

    nodes = several(strange, node.rpc, hours=hours, check=check)
    assert nodes.code(address, block=nodes.block("latest").number) == b"\x00"
    assert standing(nodes) == {"a": "quarantined", "b": "alive"}
    node.ask("anvil_setCode", address, "0x")


def test_nodes__one_a_few_blocks_late__as_far_as_both(node: Anvil, proxy: Proxy, hours: Hours) -> None:
    nodes = several(at(proxy.url), node.rpc, hours=hours)
    sender, old = node.ask("eth_accounts")[0], node.rpc.block("latest").number
    used = nodes.nonce(sender)
    proxy.set_rules([Rule("stale", blocks=1)])

    tx_hash = send(node)

    assert nodes.block("latest").number == old
    assert nodes.block("finalized").number == node.rpc.block("finalized").number - 1
    assert nodes.nonce(sender) == used
    assert nodes.receipt(tx_hash) is None
    with pytest.raises(RpcUnavailable, match="Only one of the nodes"):
        nodes.block(old + 1)
    assert standing(nodes) == {"a": "alive", "b": "alive"}
    proxy.set_rules([])
    assert nodes.block("latest").number == old + 1
    assert nodes.receipt(tx_hash) == node.rpc.receipt(tx_hash) is not None
    assert nodes.transaction(tx_hash) == node.rpc.transaction(tx_hash)


def test_nodes__one_minutes_late__behind(node: Anvil, proxy: Proxy, hours: Hours) -> None:
    """Fifty blocks of two seconds; what was final before is kept below them."""
    mine(node, 60)
    proxy.set_rules([Rule("stale", blocks=50)])
    hours.now = node.rpc.block("latest").timestamp
    nodes = several(at(proxy.url), node.rpc, hours=hours)

    assert nodes.block("latest") == node.rpc.block("latest")
    assert nodes.block("finalized") == node.rpc.block("finalized")
    assert standing(nodes) == {"a": "behind", "b": "alive"}
    assert nodes.states()[0].reason == "its newest block is 100 s behind another node's"

    nodes.block("latest")
    assert standing(nodes)["a"] == "behind", "what one alone calls final puts no other one out"
    proxy.set_rules([])
    nodes.block("latest")
    assert standing(nodes) == {"a": "alive", "b": "alive"}


def _older(block: Any, params: Sequence[Any]) -> Any:
    return block | {"timestamp": hex(GENESIS - 1)} if params[0] == "latest" else block


def _of_another_hash(block: Any, params: Sequence[Any]) -> Any:
    return block | {"hash": "0x" + "77" * 32} if params[0] not in ("latest", "0x0") else block


@pytest.mark.parametrize(
    ("twist", "words"), [(_older, "is older by its time"), (_of_another_hash, "it has another block")]
)
def test_nodes__one_contradicts_what_was_final__quarantined(node: Anvil, hours: Hours, twist: Any, words: str) -> None:
    liar = Telling(node.url)
    nodes = several(Web3Rpc(liar), node.rpc, hours=hours)
    final = nodes.block("finalized")
    liar.twists["eth_getBlockByNumber"] = twist

    nodes.block("latest")
    assert nodes.block(final.number) == final
    state = nodes.states()[0]
    assert (state.state, words in str(state.reason)) == ("quarantined", True), state


def test_nodes__one_tells_of_tomorrows_blocks__what_both_have_counts(node: Anvil, hours: Hours) -> None:
    def ahead(block: Any, params: Sequence[Any]) -> Any:
        blocks = {"latest": 1000, "finalized": 900}.get(params[0])
        if blocks is None:
            return block
        real = node.rpc.block("latest")
        return block | {"number": hex(real.number + blocks), "timestamp": hex(real.timestamp + 10 * blocks)}

    nodes = several(telling(node.url, eth_getBlockByNumber=ahead), node.rpc, hours=hours)

    for _ in range(2):
        head = nodes.block("latest")
        assert head == node.rpc.block("latest")
        assert nodes.block("finalized") == node.rpc.block("finalized")
        assert finality_depth(nodes, TAGGED, head=head.number) == 4
    assert standing(nodes) == {"a": "alive", "b": "alive"}


def test_nodes__alone_with_a_false_final_block__the_other_is_not_put_out_for_good(
    node: Anvil, proxy: Proxy, hours: Hours
) -> None:
    def ahead(block: Any, params: Sequence[Any]) -> Any:
        return (
            block | {"number": hex(10**9), "hash": "0x" + "77" * 32} if params[0] in ("latest", "finalized") else block
        )

    nodes = several(telling(node.url, eth_getBlockByNumber=ahead), at(proxy.url), hours=hours)
    proxy.set_rules([Rule("reset")])
    assert nodes.block("finalized").number == 10**9, "one that is alone is believed"
    assert standing(nodes) == {"a": "alive", "b": "unreachable"}

    proxy.set_rules([])
    hours.now += 2
    assert nodes.block("latest") == node.rpc.block("latest")
    assert standing(nodes)["b"] == "alive"


def test_nodes__one_does_not_know_the_tag__the_depth_counts_too(node: Anvil, hours: Hours) -> None:
    def new(block: Any, params: Sequence[Any]) -> Any:
        return node.ask("eth_getBlockByNumber", "latest", False) if params[0] == "finalized" else block

    def ignorant(block: Any, params: Sequence[Any]) -> Any:
        return {"code": -32602, "message": "unknown block tag"} if params[0] == "finalized" else block

    liar, other = telling(node.url, eth_getBlockByNumber=new), telling(node.url, eth_getBlockByNumber=ignorant)
    head = node.rpc.block("latest").number
    for nodes in (
        several(liar, other, hours=hours, finality_depth=7),
        several(other, liar, hours=hours, finality_depth=7),
    ):
        assert nodes.block("finalized") == node.rpc.block(head - 7)
    assert several(node.rpc, other, hours=hours, finality_depth=2).block("finalized") == node.rpc.block("finalized")


def test_nodes__two_chains_of_blocks__nothing_counts(node: Anvil, fork: Anvil, hours: Hours) -> None:
    assert node.rpc.block(0) == fork.rpc.block(0)
    hours.now = min(node.rpc.block("latest").timestamp, fork.rpc.block("latest").timestamp)
    nodes = several(node.rpc, fork.rpc, hours=hours)
    common = min(node.rpc.block("latest").number, fork.rpc.block("latest").number)

    assert nodes.block(0) == node.rpc.block(0)
    for read in ("latest", "finalized", common):
        with pytest.raises(RpcUnavailable, match="do not agree about block"):
            nodes.block(read)  # type: ignore[arg-type]


def test_nodes__two_against_one__two_count(node: Anvil, fork: Anvil, hours: Hours) -> None:
    fork.ask("anvil_mine", hex(node.rpc.block("latest").number))
    hours.now = min(node.rpc.block("latest").timestamp, fork.rpc.block("latest").timestamp)
    nodes = several(node.rpc, fork.rpc, node.rpc, hours=hours)

    head, final = nodes.block("latest"), nodes.block("finalized")
    assert nodes.block(final.number) == final
    assert nodes.block(final.number).hash == node.rpc.block(final.number).hash
    assert head.hash == node.rpc.block(head.number).hash
    assert standing(nodes) == {"a": "alive", "b": "quarantined", "c": "alive"}


def test_on_change__each_state__is_told_once(node: Anvil, proxy: Proxy, hours: Hours) -> None:
    told: list[str] = []
    nodes = several(at(proxy.url), node.rpc, hours=hours)
    nodes.on_change(told.append)
    for rules in ([], [Rule("html")], []):
        proxy.set_rules(rules)
        hours.now += 1
        for _ in range(2):
            nodes.block("latest")
    assert [each.split(":")[0] for each in told] == ["Node a is unreachable", "Node a is alive."]
