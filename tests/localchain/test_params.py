"""answer: given parameters that are not what a method takes, it refuses them in words and never raises."""

import pytest

from loyaltychain.localchain.local_chain import LocalChain

CRUEL = ["0x-1", "0x 1", "0x1_0", "0x" + "f" * 65, -1, 2**256, [], {}, True, 1.5, "", "0x", "latestt", [[]]]


@pytest.mark.parametrize("value", CRUEL, ids=repr)
@pytest.mark.parametrize(
    ("method", "place"),
    [("eth_getBlockByNumber", 0), ("eth_getBalance", 1), ("eth_getStorageAt", 1), ("evm_revert", 0),
     ("evm_increaseTime", 0), ("eth_call", 1), ("eth_call", 0), ("eth_getLogs", 0)],
)  # fmt: skip
def test_answer__parameters_of_another_kind__are_refused(method: str, place: int, value: object) -> None:
    chain = LocalChain(None)
    params: list[object] = {"eth_getBalance": ["0x" + "11" * 20], "eth_getStorageAt": ["0x" + "11" * 20]}.get(
        method, []
    )
    params = [*[*params, *([{}] if method == "eth_call" and place == 1 else [])][:place], value]

    answer = chain.answer({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})

    assert answer["id"] == 1
    assert ("result" in answer) != ("error" in answer)
    chain.close()


def test_answer__snapshot_beyond_any_number__is_not_known() -> None:
    chain = LocalChain(None)

    answer = chain.answer({"jsonrpc": "2.0", "id": 1, "method": "evm_revert", "params": ["0x" + "f" * 64]})

    assert answer["result"] is False
    chain.close()
