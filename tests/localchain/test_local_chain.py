"""LocalChain
├── begun
│   ├── it has a funded development account and one block
│   └── it differs from every other chain by its genesis
├── given a transaction
│   ├── it makes one block of it, with its receipt
│   ├── it records a revert as status 0
│   ├── it stamps the block with now, or a second after its parent
│   └── when a real node would refuse it: it refuses in that node's words and changes nothing
├── given evm_increaseTime
│   └── it moves all later blocks
├── given evm_snapshot and evm_revert
│   ├── it takes back blocks, receipts, logs, nonces
│   ├── it takes the same bytes again
│   ├── when nothing has that number: it answers false
│   └── whatever the order of sends and reverts: it agrees with a list
└── given a broken request
    └── it says what is wrong
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.localchain.asking import START, Asker, opened
from tests.localchain.builders import (
    CHAIN_ID,
    COUNT_TOPIC,
    COUNTER,
    DEV_ADDRESS,
    REVERTER,
    STRANGER,
    sign,
    sign_legacy,
)


def test_local_chain__begun__has_one_block_and_a_funded_account(local: Asker) -> None:
    block = local.ask("eth_getBlockByNumber", "latest", False)

    assert (block["number"], block["timestamp"], block["gasLimit"]) == ("0x0", hex(START), hex(300_000_000))
    assert local.number("eth_getBalance", DEV_ADDRESS, "latest") == 10**24
    assert local.number("eth_chainId") == CHAIN_ID
    assert local.ask("net_version") == str(CHAIN_ID)


def test_local_chain__begun_twice__differs_by_its_genesis(local: Asker) -> None:
    with opened(None) as other:
        hashes = {asker.ask("eth_getBlockByNumber", "0x0", False)["hash"] for asker in (local, other)}

    assert len(hashes) == 2


def test_local_chain__given_a_transaction__makes_a_block_of_it(local: Asker) -> None:
    counter = local.deploy(COUNTER)

    tx_hash = local.send(counter)

    receipt = local.ask("eth_getTransactionReceipt", tx_hash)
    block = local.ask("eth_getBlockByNumber", "latest", False)
    assert (receipt["status"], receipt["blockNumber"], receipt["contractAddress"]) == ("0x1", "0x2", None)
    assert (block["transactions"], block["hash"]) == ([tx_hash], receipt["blockHash"])
    assert receipt["logs"] == [
        {
            "address": counter,
            "topics": ["0x" + COUNT_TOPIC.hex()],
            "data": "0x" + (1).to_bytes(32).hex(),
            "blockNumber": "0x2",
            "blockHash": block["hash"],
            "transactionHash": tx_hash,
            "transactionIndex": "0x0",
            "logIndex": "0x0",
            "removed": False,
        }
    ]
    transaction = local.ask("eth_getTransactionByHash", tx_hash)
    assert (transaction["from"], transaction["to"], transaction["nonce"]) == (DEV_ADDRESS, counter, "0x1")
    assert local.ask("eth_getBlockByHash", block["hash"], True)["transactions"] == [transaction]


def test_local_chain__given_a_reverting_transaction__records_status_0(local: Asker) -> None:
    reverter = local.deploy(REVERTER)

    receipt = local.ask("eth_getTransactionReceipt", local.send(reverter, b"no"))

    assert (receipt["status"], receipt["logs"], local.nonce()) == ("0x0", [], 2)


def test_local_chain__given_transactions_in_time__stamps_now_or_a_second_after_the_parent(local: Asker) -> None:
    for now in (START + 100, START + 100, START + 50, START + 200):
        local.clock.now = now
        local.send(STRANGER)

    stamps = [local.ask("eth_getBlockByNumber", hex(number), False)["timestamp"] for number in range(1, 5)]
    assert [int(stamp, 16) - START for stamp in stamps] == [100, 101, 102, 200]


NOT_OURS = b"\x03" + sign(0, STRANGER).raw[1:]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (sign(0, STRANGER).raw, "already known"),
        (sign(0, STRANGER, value=1).raw, "nonce too low: next nonce 1, tx nonce 0"),
        (sign(2, STRANGER).raw, "nonce too high: next nonce 1, tx nonce 2"),
        (sign(1, STRANGER, chain_id=1).raw, "invalid chain id for signer"),
        (sign_legacy(1, STRANGER, chain_id=1).raw, "invalid chain id for signer"),
        (sign_legacy(1, STRANGER, chain_id=None).raw, "only replay-protected (EIP-155) transactions allowed over RPC"),
        (sign(1, STRANGER, gas=20_999).raw, "intrinsic gas too low: have 20999, want 21000"),
        (sign(1, STRANGER, b"\x01" * 100, gas=24_999).raw, "intrinsic gas too low: have 24999, want 25000"),
        (sign(1, STRANGER, gas=300_000_001).raw, "exceeds block gas limit"),
        (sign(1, STRANGER, max_fee=1, tip=1).raw, "max fee per gas less than block base fee"),
        (sign(1, STRANGER, max_fee=10**9, tip=2 * 10**9).raw, "max priority fee per gas higher than max fee per gas"),
        (sign(1, STRANGER, value=10**24).raw, "insufficient funds for gas * price + value"),
        (NOT_OURS, "transaction type not supported"),
        (b"", "invalid transaction"),
        (b"\x02", "invalid transaction"),
        (b"\xc0", "invalid transaction"),
        (b"\x02\xf8" + bytes(50), "invalid transaction"),
    ],
)
def test_local_chain__given_what_a_node_refuses__refuses_and_changes_nothing(
    local: Asker, raw: bytes, words: str
) -> None:
    local.send(STRANGER)
    before = local.ask("eth_getBlockByNumber", "latest", False)

    refusal = local.refusal("eth_sendRawTransaction", "0x" + raw.hex())

    assert refusal["code"] == -32000
    assert refusal["message"].startswith(words)
    assert local.ask("eth_getBlockByNumber", "latest", False) == before
    assert local.nonce() == 1


def test_local_chain__given_a_legacy_transaction_for_it__takes_it(local: Asker) -> None:
    signed = sign_legacy(0, STRANGER, chain_id=CHAIN_ID)

    tx_hash = local.ask("eth_sendRawTransaction", "0x" + signed.raw.hex())

    assert tx_hash == "0x" + signed.tx_hash.hex()
    assert local.ask("eth_getTransactionByHash", tx_hash)["type"] == "0x0"
    assert local.number("eth_getBalance", STRANGER, "latest") == 1


def test_local_chain__given_more_time__moves_all_later_blocks(local: Asker) -> None:
    assert local.ask("evm_increaseTime", hex(3_600)) == hex(3_600)
    local.ask("evm_mine")
    local.ask("evm_mine")

    stamps = [local.ask("eth_getBlockByNumber", hex(number), False)["timestamp"] for number in (1, 2)]
    assert [int(stamp, 16) - START for stamp in stamps] == [3_600, 3_601]


def test_local_chain__given_a_revert__takes_back_blocks_receipts_logs_and_nonces(local: Asker) -> None:
    counter = local.deploy(COUNTER)
    kept = local.send(counter)
    head = local.ask("eth_getBlockByNumber", "latest", False)
    snapshot = local.ask("evm_snapshot")
    lost = [local.send(counter) for _ in range(3)]
    lost_block = local.ask("eth_getBlockByNumber", "latest", False)

    assert local.ask("evm_revert", snapshot) is True

    assert local.ask("eth_getBlockByNumber", "latest", False) == head
    assert local.ask("eth_getBlockByNumber", lost_block["number"], False) is None
    assert local.ask("eth_getBlockByHash", lost_block["hash"], False) is None
    assert [local.ask("eth_getTransactionReceipt", tx_hash) for tx_hash in lost] == [None] * 3
    assert local.ask("eth_getTransactionReceipt", kept)["blockHash"] == head["hash"]
    assert (local.nonce(), local.count(counter)) == (2, 1)
    logs = local.ask("eth_getLogs", {"fromBlock": "0x0", "toBlock": "latest"})
    assert [log["transactionHash"] for log in logs] == [kept]


def test_local_chain__given_the_same_bytes_after_a_revert__takes_them_into_another_block(local: Asker) -> None:
    signed = sign(0, STRANGER)
    snapshot = local.ask("evm_snapshot")
    tx_hash = local.ask("eth_sendRawTransaction", "0x" + signed.raw.hex())
    first = local.ask("eth_getTransactionReceipt", tx_hash)
    local.ask("evm_revert", snapshot)

    assert local.ask("eth_sendRawTransaction", "0x" + signed.raw.hex()) == tx_hash

    second = local.ask("eth_getTransactionReceipt", tx_hash)
    assert (second["blockNumber"], second["status"]) == (first["blockNumber"], "0x1")
    assert second["blockHash"] != first["blockHash"]


def test_local_chain__given_an_unknown_snapshot__answers_false(local: Asker) -> None:
    snapshot = local.ask("evm_snapshot")
    local.ask("evm_revert", snapshot)

    assert local.ask("evm_revert", snapshot) is False
    assert local.ask("evm_revert", "0x63") is False


@settings(deadline=None, max_examples=12)
@given(st.lists(st.sampled_from(["send", "send", "refused", "snapshot", "revert"]), max_size=14))
def test_local_chain__whatever_the_order_of_sends_and_reverts__agrees_with_a_list(acts: list[str]) -> None:
    with opened(None) as local:
        counter = local.deploy(COUNTER)
        sent: list[str] = []
        snapshots: list[tuple[str, int]] = []
        for act in acts:
            if act == "send":
                sent.append(local.send(counter))
            elif act == "refused":
                local.refusal("eth_sendRawTransaction", "0x" + sign(local.nonce() + 1, counter).raw.hex())
            elif act == "snapshot":
                snapshots.append((local.ask("evm_snapshot"), len(sent)))
            elif snapshots:
                number, length = snapshots.pop()
                assert local.ask("evm_revert", number) is True
                del sent[length:]

        logs = local.ask("eth_getLogs", {"address": counter, "fromBlock": "0x0", "toBlock": "latest"})
        assert [log["transactionHash"] for log in logs] == sent
        assert (local.count(counter), local.nonce()) == (len(sent), len(sent) + 1)
        assert local.number("eth_blockNumber") == len(sent) + 1


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ("text", -32600),
        ([], -32600),
        ({}, -32600),
        ({"jsonrpc": "1.0", "id": 1, "method": "eth_chainId", "params": []}, -32600),
        ({"jsonrpc": "2.0", "method": "eth_chainId", "params": []}, -32600),
        ({"jsonrpc": "2.0", "id": 1, "method": 5, "params": []}, -32600),
        ({"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": {}}, -32600),
        ({"jsonrpc": "2.0", "id": 1, "method": "eth_sign", "params": []}, -32601),
        ({"jsonrpc": "2.0", "id": 1, "method": "eth_getBalance", "params": []}, -32602),
        ({"jsonrpc": "2.0", "id": 1, "method": "eth_getBalance", "params": ["0x12", "latest"]}, -32602),
        ({"jsonrpc": "2.0", "id": 1, "method": "eth_getBalance", "params": [STRANGER, "newest"]}, -32602),
        ({"jsonrpc": "2.0", "id": 1, "method": "eth_getBalance", "params": [STRANGER, "0x1"]}, -32000),
        ({"jsonrpc": "2.0", "id": 1, "method": "eth_getStorageAt", "params": [STRANGER, hex(2**256)]}, -32602),
        ({"jsonrpc": "2.0", "id": 1, "method": "eth_sendRawTransaction", "params": ["zz"]}, -32602),
        ({"jsonrpc": "2.0", "id": 1, "method": "evm_increaseTime", "params": ["0xffffffff1"]}, -32602),
    ],
)
def test_local_chain__given_a_broken_request__says_what_is_wrong(local: Asker, request_: object, code: int) -> None:
    response = local.chain.answer(request_)

    assert response["jsonrpc"] == "2.0"
    assert "result" not in response
    error = response["error"]
    assert isinstance(error, dict)
    assert error["code"] == code
