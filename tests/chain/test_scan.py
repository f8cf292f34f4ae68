"""scan
├── given a range of one chain: as Rpc.logs says
├── given a reorganisation while it reads, of its end or of the chain below: RpcUnavailable
├── given a log of a fork's block, or a block that does not hang on its neighbour: RpcUnavailable
└── given no block: no log, and nothing is asked
"""

from collections.abc import Iterator
from typing import Any

import pytest

from loyaltychain.chain.rpc import Web3Rpc
from loyaltychain.chain.scan import scan
from loyaltychain.core.errors import RpcUnavailable
from tests.anvil import Anvil, running_anvil
from tests.chain.several.builders import LOGGING, Telling

_WORD = "0x" + "66" * 32


@pytest.fixture
def node() -> Iterator[Anvil]:
    """Six blocks, the last two with a log each."""
    with running_anvil("--no-mining") as node:
        node.ask("anvil_mine", hex(4))
        for _ in range(2):
            node.ask("eth_sendTransaction", {"from": node.ask("eth_accounts")[0], "data": LOGGING, "gas": hex(90_000)})
            node.ask("evm_mine")
        yield node


def creations(node: Anvil) -> list[str]:
    blocks = [node.ask("eth_getBlockByNumber", hex(number), False) for number in (5, 6)]
    receipts = [node.ask("eth_getTransactionReceipt", block["transactions"][0]) for block in blocks]
    return [receipt["contractAddress"] for receipt in receipts]


def test_scan__one_chain__its_logs(node: Anvil) -> None:
    addresses = creations(node)
    provider = Telling(node.url)

    found = scan(Web3Rpc(provider, log_range=2), addresses, first=1, last=6)
    assert [log.block_number for log in found] == [5, 6]
    assert found == node.rpc.logs(addresses, first=1, last=6)
    assert provider.asked.count("eth_getLogs") == 3

    provider.asked.clear()
    assert scan(Web3Rpc(provider), addresses, first=7, last=6) == []
    assert provider.asked == []


def test_scan__reorganised_while_it_reads__raises(node: Anvil) -> None:
    def reorganise(logs: Any, _: Any) -> Any:
        node.ask("anvil_reorg", 3, [])
        return logs

    with pytest.raises(RpcUnavailable, match="not of one chain"):
        scan(Web3Rpc(Telling(node.url, eth_getLogs=reorganise)), creations(node), first=1, last=6)


@pytest.mark.parametrize(
    "twists",
    [
        {"eth_getLogs": lambda logs, _: [logs[0] | {"blockHash": _WORD}, *logs[1:]]},
        {"eth_getBlockByNumber": lambda block, _: block | ({"parentHash": _WORD} if block["number"] == "0x6" else {})},
    ],
)
def test_scan__of_a_fork__raises(node: Anvil, twists: Any) -> None:
    with pytest.raises(RpcUnavailable, match="not of one chain"):
        scan(Web3Rpc(Telling(node.url, **twists)), creations(node), first=1, last=6)
