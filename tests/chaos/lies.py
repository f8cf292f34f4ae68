"""What a node may answer that is not so. Each lie is made of the true answer, of which nothing is kept back but this.

A lie takes the request, the true answer, a number of blocks, and a way to ask the node for more.
"""

from collections.abc import Callable
from typing import Any

Ask = Callable[..., Any]
Lie = Callable[[Any, Any, int, Ask], Any]

_TAGS = ("latest", "safe", "finalized")
#: Where in a method's parameters a block stands.
_BLOCK_AT = {"eth_getBlockByNumber": 0, "eth_call": 1, "eth_getCode": 1, "eth_getBalance": 1, "eth_estimateGas": 1,
             "eth_getTransactionCount": 1, "eth_feeHistory": 1, "eth_getStorageAt": 2}  # fmt: skip


def _null(asked: Any, answer: Any, blocks: int, ask: Ask) -> Any:
    return {"jsonrpc": "2.0", "id": asked["id"], "result": None}


def _wrong_id(asked: Any, answer: Any, blocks: int, ask: Ask) -> Any:
    return answer | {"id": asked["id"] + 1}


def _short_logs(asked: Any, answer: Any, blocks: int, ask: Ask) -> Any:
    """A range of logs without its last ones, and without a word of that."""
    if asked["method"] == "eth_getLogs" and answer.get("result"):
        last = answer["result"][-1]["blockNumber"]
        return answer | {"result": [log for log in answer["result"] if log["blockNumber"] != last]}
    return answer


def _other_chain(asked: Any, answer: Any, blocks: int, ask: Ask) -> Any:
    """The same methods, another id and other hashes: what stands behind a name that was pointed elsewhere."""
    match asked["method"]:
        case "eth_chainId" | "net_version":
            return answer | {"result": hex(1 + 1_000_000)}
        case "eth_getBlockByNumber" if answer.get("result"):
            turned = {name: _turned(answer["result"][name]) for name in ("hash", "parentHash")}
            return answer | {"result": answer["result"] | turned}
        case "eth_getCode":
            return answer | {"result": "0x"}
    return answer


def _turned(digest: str) -> str:
    return "0x" + digest[:1:-1]


def _stale(asked: Any, answer: Any, blocks: int, ask: Ask) -> Any:
    """As a node answers that has not heard of the last ``blocks`` blocks; what is sent to it arrives all the same."""
    head = max(int(ask("eth_blockNumber"), 16) - blocks, 0)
    method, params = asked["method"], asked["params"]
    if method == "eth_blockNumber":
        return answer | {"result": hex(head)}
    if method in ("eth_getTransactionReceipt", "eth_getTransactionByHash"):
        found = answer.get("result")
        is_known = found is not None and found["blockNumber"] is not None and int(found["blockNumber"], 16) <= head
        return answer if is_known else _null(asked, answer, blocks, ask)
    if method == "eth_getLogs":
        return answer | {"result": [log for log in answer["result"] if int(log["blockNumber"], 16) <= head]}
    place = _BLOCK_AT.get(method)
    if place is None or len(params) <= place:
        return answer
    wanted = params[place]
    if wanted in _TAGS:
        number = (
            head
            if wanted == "latest"
            else max(int(ask("eth_getBlockByNumber", wanted, False)["number"], 16) - blocks, 0)
        )
        return {
            "jsonrpc": "2.0",
            "id": asked["id"],
            "result": ask(method, *params[:place], hex(number), *params[place + 1 :]),
        }
    return _null(asked, answer, blocks, ask) if int(wanted, 16) > head else answer


LIES: dict[str, Lie] = {
    "null": _null,
    "wrong_id": _wrong_id,
    "short_logs": _short_logs,
    "other_chain": _other_chain,
    "stale": _stale,
}
