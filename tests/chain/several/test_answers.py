"""Nodes: receipts, logs, calls and sends of several
├── receipts: a fork's is none, also where a node keeps it; one that a node alone has is no answer
├── transactions: one that is told differently, or kept back, is no answer; of three nodes, what two say
├── logs that one of them keeps back: no answer; of three nodes, what two say
│   └── of one that has not come so far: it has no say
├── a call is asked of two at one block, and a node without that state has no say
├── balance, fees, rehearsals and estimates: the worse one of two, of three no liar's
└── sends go to all: one that takes it is enough; taken and refused for good is counted
"""

import pytest
from eth_account import Account

from loyaltychain.chain.rpc import Rpc, Web3Rpc
from loyaltychain.core.errors import Reverted, RpcUnavailable, SendRefused
from loyaltychain.core.hashing import keccak256
from tests.anvil import Anvil
from tests.chain.several.builders import LOGGING, Hours, Telling, at, mine, send, several, standing, telling
from tests.chaos.proxy import Proxy, Rule


def test_receipt__of_a_fork_that_one_keeps__the_canonical_one(node: Anvil, hours: Hours) -> None:
    tx_hash = send(node)
    kept = node.ask("eth_getTransactionReceipt", "0x" + tx_hash.hex())
    orphan = kept | {"blockHash": "0x" + "66" * 32}
    keeper = Telling(node.url, eth_getTransactionReceipt=lambda *_: orphan)
    nodes = several(Web3Rpc(keeper), node.rpc, hours=hours)

    assert nodes.receipt(tx_hash) == node.rpc.receipt(tx_hash)
    both = several(Web3Rpc(keeper), Web3Rpc(keeper), hours=hours)
    found = both.receipt(tx_hash)
    assert found is not None and found.block_hash == b"\x66" * 32, "observe compares it with the canonical block"
    keeper.twists["eth_getTransactionReceipt"] = lambda found, _: None if found is None else orphan
    never = several(Web3Rpc(keeper), telling(node.url, eth_getTransactionReceipt=lambda *_: None), hours=hours)
    with pytest.raises(RpcUnavailable, match="do not agree"):
        several(node.rpc, telling(node.url, eth_getTransactionReceipt=lambda *_: None), hours=hours).receipt(tx_hash)
    assert never.receipt(tx_hash) is None


@pytest.mark.parametrize("changes", [{"status": "0x0"}, {"gasUsed": "0x1"}])
def test_receipt__told_differently__no_answer(node: Anvil, hours: Hours, changes: dict[str, str]) -> None:
    tx_hash = send(node)
    liar = telling(node.url, eth_getTransactionReceipt=lambda receipt, _: receipt | changes)

    with pytest.raises(RpcUnavailable, match="do not agree about a receipt"):
        several(liar, node.rpc, hours=hours).receipt(tx_hash)
    assert several(liar, node.rpc, node.rpc, hours=hours).receipt(tx_hash) == node.rpc.receipt(tx_hash)


@pytest.mark.parametrize("changes", [{"nonce": hex(1_000)}, {"from": "0x" + "55" * 20}, None])
def test_transaction__told_differently__no_answer(node: Anvil, hours: Hours, changes: dict[str, str] | None) -> None:
    tx_hash = send(node)
    liar = telling(node.url, eth_getTransactionByHash=lambda found, _: changes and found | changes)

    with pytest.raises(RpcUnavailable, match="do not agree about a transaction"):
        several(liar, node.rpc, hours=hours).transaction(tx_hash)
    assert several(liar, node.rpc, node.rpc, hours=hours).transaction(tx_hash) == node.rpc.transaction(tx_hash)


def test_logs__kept_back_by_one__no_answer(node: Anvil, proxy: Proxy, hours: Hours) -> None:
    first, _ = send(node), send(node)
    receipt = node.rpc.receipt(first)
    assert receipt is not None and receipt.contract_address is not None
    address, last = receipt.contract_address, receipt.block_number
    mine(node, 10)
    proxy.set_rules([Rule("short_logs")])

    two = several(at(proxy.url), node.rpc, hours=hours)
    two.block("finalized")
    with pytest.raises(RpcUnavailable, match="do not agree about the logs"):
        two.logs([address], first=0, last=last)
    three = several(at(proxy.url), node.rpc, node.rpc, hours=hours)
    three.block("finalized")
    assert [log.block_number for log in three.logs([address], first=0, last=last)] == [last]
    assert standing(three) == {"a": "quarantined", "b": "alive", "c": "alive"}
    assert three.logs([address], first=2, last=1) == []


def test_logs__one_has_not_come_so_far__has_no_say(node: Anvil, proxy: Proxy, hours: Hours) -> None:
    receipt = node.rpc.receipt(send(node))
    assert receipt is not None and receipt.contract_address is not None
    nodes = several(at(proxy.url), node.rpc, hours=hours)
    nodes.block("latest")
    proxy.set_rules([Rule("stale", blocks=1)])

    found = nodes.logs([receipt.contract_address], first=0, last=receipt.block_number)
    assert [log.block_number for log in found] == [receipt.block_number]


def test_call__pinned__asked_of_two(node: Anvil, hours: Hours) -> None:
    head = node.rpc.block("latest").number
    liar = telling(node.url, eth_call=lambda *_: "0x01", eth_getStorageAt=lambda *_: "0x" + "01" * 32)
    code = bytes.fromhex("5f5ff3")  # returns nothing
    nodes = several(liar, node.rpc, hours=hours)

    sender = node.ask("eth_accounts")[0]
    assert nodes.call(None, code, sender=sender) == b"\x01", "a rehearsal need not be the same"
    with pytest.raises(RpcUnavailable, match="do not agree about a call"):
        nodes.call(None, code)
    with pytest.raises(RpcUnavailable, match="do not agree about a call"):
        nodes.call(None, code, block=head)
    with pytest.raises(RpcUnavailable, match="do not agree about a slot"):
        nodes.storage("0x" + "11" * 20, 0, block=head)
    pruned = telling(node.url, eth_call=lambda *_: {"code": -32000, "message": "missing trie node"})
    assert several(pruned, node.rpc, hours=hours).call(None, code, block=head) == b""
    with pytest.raises(RpcUnavailable, match="missing trie node"):
        several(pruned, pruned, hours=hours).call(None, code, block=head)
    both = several(node.rpc, node.rpc, hours=hours)
    with pytest.raises(Reverted):
        both.call(None, bytes.fromhex("5f5ffd"), block=head)
    assert (both.call(None, code, block=head), both.code("0x" + "11" * 20, block=head)) == (b"", b"")


def _signed(node: Anvil) -> bytes:
    """A transfer of nothing, signed, from an account that was given ether."""
    account = Account.create()
    node.ask("anvil_setBalance", account.address, hex(10**18))
    fields = {"type": 2, "to": "0x" + "11" * 20, "value": 0, "nonce": 0, "gas": 21_000, "chainId": node.chain_id}
    signed = account.sign_transaction(fields | {"maxFeePerGas": 10**10, "maxPriorityFeePerGas": 1})
    return bytes(signed.raw_transaction)


@pytest.mark.parametrize("fault", ["hang", "null", "rate_limited", "drop_after_forward"])
def test_send_raw__one_takes_it__is_enough(node: Anvil, proxy: Proxy, hours: Hours, fault: str) -> None:
    nodes = several(at(proxy.url), node.rpc, hours=hours)
    nodes.block("latest")
    proxy.set_rules([Rule(fault, seconds=0.1)])
    raw = _signed(node)

    nodes.send_raw(raw)
    nodes.send_raw(raw)  # they have it

    mine(node)
    receipt = several(node.rpc, node.rpc, hours=hours).receipt(keccak256(raw))
    assert receipt is not None and receipt.status == 1


def test_send_raw__taken_and_refused_for_good__counted_and_told(node: Anvil, hours: Hours) -> None:
    for_good = {"code": -32000, "message": "invalid sender"}
    too_low = {"code": -32000, "message": "transaction underpriced"}
    told: list[str] = []
    liar = Telling(node.url, eth_sendRawTransaction=lambda *_: for_good)
    nodes = several(Web3Rpc(liar), node.rpc, hours=hours)
    nodes.on_change(told.append)

    nodes.send_raw(_signed(node))

    assert (nodes.contradictions, len(told)) == (1, 1)
    assert told[0].startswith("Node a refused for good what another node took")
    liar.twists["eth_sendRawTransaction"] = lambda *_: too_low
    nodes.send_raw(_signed(node))
    assert nodes.contradictions == 1
    with pytest.raises(SendRefused) as refused:
        several(Web3Rpc(liar), hours=hours).send_raw(_signed(node))
    assert refused.value.context["kind"] == "re-price"


def test_send_raw__refused_here_and_unclear_there__maybe_sent(node: Anvil, proxy: Proxy, hours: Hours) -> None:
    liar = telling(node.url, eth_sendRawTransaction=lambda *_: {"code": -32000, "message": "invalid sender"})
    nodes = several(liar, at(proxy.url), hours=hours)
    nodes.block("latest")
    proxy.set_rules([Rule("drop_after_forward")])

    with pytest.raises(RpcUnavailable) as unclear:
        nodes.send_raw(_signed(node))
    assert unclear.value.context["maybe_sent"] is True


def test_ask__what_the_first_one_does_not_know__is_asked_of_the_next(node: Anvil, hours: Hours) -> None:
    unknown = telling(node.url, web3_clientVersion=lambda *_: {"code": -32601, "message": "method not found"})
    nodes = several(unknown, node.rpc, hours=hours)

    assert str(nodes.ask("web3_clientVersion")).startswith("anvil")
    assert nodes.balance("0x" + "11" * 20) == 0
    assert nodes.fees() == node.rpc.fees()
    assert nodes.estimate_gas(None, b"", sender=node.ask("eth_accounts")[0]) > 21_000


_LIES = [
    ("eth_estimateGas", hex(21_000), hex(10**9)),
    ("eth_estimateGas", hex(21_000), {"code": 3, "message": "execution reverted"}),
    ("eth_getBalance", hex(10**30), "0x0"),
    ("eth_feeHistory", "0x0", hex(10**15)),
]


@pytest.mark.parametrize(("method", "better", "worse"), _LIES)
def test_weighed__one_lies__costs_a_wait_at_most(
    node: Anvil, hours: Hours, method: str, better: str, worse: str | dict[str, object]
) -> None:
    account, data = node.ask("eth_accounts")[0], bytes.fromhex(LOGGING[2:])

    def ask(*rpcs: Rpc) -> object:
        nodes = several(*rpcs, hours=hours)
        if method == "eth_getBalance":
            return nodes.balance(account)
        if method == "eth_feeHistory":
            return nodes.fees()
        return nodes.estimate_gas(None, data, sender=account)

    def lying(said: object) -> Rpc:
        if method == "eth_feeHistory":
            return telling(node.url, eth_feeHistory=lambda told, _: told | {"baseFeePerGas": [said], "reward": []})
        return telling(node.url, **{method: lambda *_: said})

    truth = ask(node.rpc)
    for liar in (lying(better), lying(worse)):
        assert ask(liar, node.rpc, node.rpc) == ask(node.rpc, node.rpc, liar) == truth
    assert ask(lying(better), node.rpc) == ask(node.rpc, lying(better)) == truth
    if isinstance(worse, dict):
        with pytest.raises(Reverted):
            ask(node.rpc, lying(worse))
    else:
        assert ask(node.rpc, lying(worse)) != truth
