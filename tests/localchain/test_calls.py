"""eth_call, eth_estimateGas, eth_getLogs, eth_feeHistory on the local chain
├── call
│   ├── it answers without a trace
│   ├── when pinned to an old block: it sees that block's state and time
│   ├── at the head: it sees now
│   ├── when the contract reverts: code 3 with the revert bytes, and the words of Error(string)
│   └── when the contract breaks: an error without data
├── estimate
│   ├── it suffices, and is close to what is used
│   └── when only much gas will do: it still suffices
├── logs
│   ├── it filters by address, topics and blocks
│   └── when asked badly: it refuses
└── fee history
    └── it gives the next base fee, and tips when asked for
"""

import pytest
from eth_abi.abi import encode

from tests.localchain.asking import START, Asker
from tests.localchain.builders import BREAKER, COUNT_TOPIC, COUNTER, DEV_ADDRESS, GAS_LOVER, REVERTER, STRANGER, TELLER


def test_call__given_a_counter__answers_without_a_trace(local: Asker) -> None:
    counter = local.deploy(COUNTER)

    answers = [local.number("eth_call", {"to": counter, "from": STRANGER}, "latest") for _ in range(2)]

    assert (answers, local.count(counter), local.number("eth_blockNumber")) == ([1, 1], 0, 1)


def test_call__pinned_to_an_old_block__sees_its_state_and_time(local: Asker) -> None:
    counter, teller = local.deploy(COUNTER), local.deploy(TELLER)
    for seconds in (100, 200, 300):
        local.clock.now = START + seconds
        local.send(counter)

    told = local.ask("eth_call", {"to": teller}, "0x4")

    assert [local.count(counter, hex(number)) for number in (2, 3, 4, 5)] == [0, 1, 2, 3]
    assert local.number("eth_call", {"to": counter}, "0x4") == 3
    assert (int(told[2:66], 16) - START, int(told[66:], 16)) == (200, 4)


def test_call__at_the_head__sees_now(local: Asker) -> None:
    teller = local.deploy(TELLER)
    local.clock.now = START + 5_000

    told = local.ask("eth_call", {"to": teller}, "latest")

    assert (int(told[2:66], 16) - START, int(told[66:], 16)) == (5_000, 2)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "execution reverted"),
        (bytes.fromhex("deadbeef"), "execution reverted"),
        (bytes.fromhex("08c379a0") + encode(["string"], ["too late"]), "execution reverted: too late"),
        (bytes.fromhex("08c379a0") + b"\xff", "execution reverted"),
    ],
)
def test_call__given_a_revert__answers_its_bytes(local: Asker, content: bytes, words: str) -> None:
    reverter = local.deploy(REVERTER)
    call = {"to": reverter, "data": "0x" + content.hex()}

    refusals = [local.refusal("eth_call", call, "latest"), local.refusal("eth_estimateGas", call)]

    assert refusals == [{"code": 3, "message": words, "data": "0x" + content.hex()}] * 2


def test_call__given_an_invalid_opcode__answers_without_bytes(local: Asker) -> None:
    breaker = local.deploy(BREAKER)

    refusal = local.refusal("eth_call", {"to": breaker, "gas": "0x30d40"}, "latest")

    assert (refusal["code"], refusal["message"][:18], "data" in refusal) == (-32000, "InvalidInstruction", False)


def test_call__given_more_value_than_the_sender_has__says_so(local: Asker) -> None:
    call = {"to": STRANGER, "from": STRANGER, "value": "0x1"}

    assert local.refusal("eth_call", call)["message"] == "insufficient funds for transfer"


def test_estimate__given_a_counter__suffices_and_is_close(local: Asker) -> None:
    counter = local.deploy(COUNTER)

    gas = local.number("eth_estimateGas", {"to": counter, "from": DEV_ADDRESS})

    receipt = local.ask("eth_getTransactionReceipt", local.send(counter, gas=gas))
    used = int(receipt["gasUsed"], 16)
    assert receipt["status"] == "0x1"
    assert used <= gas <= used * 1.02 + 2_400


def test_estimate__given_a_contract_that_wants_much_gas__suffices(local: Asker) -> None:
    lover = local.deploy(GAS_LOVER)

    gas = local.number("eth_estimateGas", {"to": lover, "from": DEV_ADDRESS})

    assert 1_021_000 <= gas <= 1_040_000
    assert local.ask("eth_getTransactionReceipt", local.send(lover, gas=gas))["status"] == "0x1"


def test_logs__given_filters__answers_what_fits(local: Asker) -> None:
    first, second = local.deploy(COUNTER), local.deploy(COUNTER)
    for counter in (first, second, first):  # blocks 3, 4, 5
        local.send(counter)
    topic = "0x" + COUNT_TOPIC.hex()
    other = "0x" + bytes(32).hex()

    def blocks(**content: object) -> list[int]:
        return [int(log["blockNumber"], 16) for log in local.ask("eth_getLogs", content)]

    whole = {"fromBlock": "0x0", "toBlock": "latest"}
    assert blocks(**whole) == [3, 4, 5]
    assert blocks(address=first, **whole) == [3, 5]
    assert blocks(address=[first, second], **whole) == [3, 4, 5]
    assert blocks(address=[STRANGER], **whole) == []
    assert blocks(fromBlock="0x4", toBlock="0x4") == [4]
    assert blocks(fromBlock="earliest", toBlock="0xffffff") == [3, 4, 5]
    assert blocks(fromBlock="0x6", toBlock="0x9") == []
    assert blocks() == [5]
    assert blocks(topics=[topic], **whole) == [3, 4, 5]
    assert blocks(topics=[[other, topic]], **whole) == [3, 4, 5]
    assert blocks(topics=[other], **whole) == []
    assert blocks(topics=[None], **whole) == [3, 4, 5]
    assert blocks(topics=[None, None], **whole) == []
    assert blocks(blockHash=local.ask("eth_getBlockByNumber", "0x4", False)["hash"]) == [4]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("all", -32602),
        ({"address": "0x12"}, -32602),
        ({"topics": "0x00"}, -32602),
        ({"topics": [None] * 5}, -32602),
        ({"blockHash": "0x" + "11" * 32}, -32000),
        ({"blockHash": "0x" + "11" * 32, "fromBlock": "0x0"}, -32602),
    ],
)
def test_logs__asked_badly__refuses(local: Asker, content: object, code: int) -> None:
    assert local.refusal("eth_getLogs", content)["code"] == code


def test_fee_history__given_blocks__gives_the_next_base_fee_and_tips(local: Asker) -> None:
    for _ in range(3):
        local.send(STRANGER)

    history = local.ask("eth_feeHistory", "0x2", "latest", [50])

    fees = [local.ask("eth_getBlockByNumber", hex(number), False)["baseFeePerGas"] for number in (2, 3)]
    assert (history["oldestBlock"], history["baseFeePerGas"][:2], len(history["baseFeePerGas"])) == ("0x2", fees, 3)
    assert history["reward"] == [["0x3b9aca00"]] * 2
    assert int(history["baseFeePerGas"][2], 16) < int(fees[1], 16)
    assert "reward" not in local.ask("eth_feeHistory", "0x400", "0x0")
