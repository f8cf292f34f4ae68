"""Web3Rpc, the same on each kind of node
├── block, code, storage, nonce, balance, fees, receipt, transaction
│   └── it answers what is there, pinned where asked
├── call, estimate_gas
│   ├── it answers
│   └── when the chain refuses: Reverted with the bytes
├── logs
│   ├── it answers them in chain order over any width
│   └── when asked for no address, or an empty range: none
└── send_raw
    ├── when the node has it already: it is content
    ├── when the nonce is used: maybe sent
    └── when the node will never take it: SendRefused with its words
"""

import time

import pytest
from eth_abi.abi import encode

from loyaltychain.chain.rpc import Log, Transaction, Web3Rpc
from loyaltychain.core.errors import Reverted, RpcUnavailable, SendRefused
from loyaltychain.localchain.local_chain import LocalChain
from loyaltychain.localchain.provider import InProcessProvider
from tests.chain.conftest import Node
from tests.localchain.builders import (
    BREAKER,
    COUNT_TOPIC,
    COUNTER,
    DEV_ADDRESS,
    GAS_LOVER,
    REVERTER,
    STRANGER,
    Signed,
    creation_of,
)


def test_block__given_numbers__answers_linked_blocks(node: Node) -> None:
    receipt = node.send(STRANGER)

    head = node.rpc.block("latest")
    parent = node.rpc.block(head.number - 1)

    assert (head.number, head.hash) == (receipt.block_number, receipt.block_hash)
    assert (head.parent_hash, parent.number) == (parent.hash, head.number - 1)
    assert head.timestamp > parent.timestamp - 1
    assert node.rpc.block(head.number) == head


def test_block__given_a_number_that_does_not_exist__raises(node: Node) -> None:
    with pytest.raises(RpcUnavailable, match="does not have this block"):
        node.rpc.block(1_000_000)


def test_receipt__given_a_creation__has_its_address(node: Node) -> None:
    receipt = node.send(None, creation_of(COUNTER))

    assert receipt.status == 1
    assert receipt.contract_address is not None
    assert node.rpc.code(receipt.contract_address) == COUNTER
    assert node.rpc.code(receipt.contract_address, block=receipt.block_number - 1) == b""
    assert 50_000 < receipt.gas_used < 70_000


def test_receipt_and_transaction__given_an_unknown_hash__are_none(node: Node) -> None:
    assert node.rpc.receipt(b"\x11" * 32) is None
    assert node.rpc.transaction(b"\x11" * 32) is None


def test_transaction__given_a_creation_and_a_call__answers_what_was_signed(node: Node) -> None:
    nonce = node.rpc.nonce(DEV_ADDRESS)
    created = node.send(None, creation_of(COUNTER))
    called = node.send(created.contract_address, b"\x01\x02")

    found = [node.rpc.transaction(receipt.tx_hash) for receipt in (created, called)]

    assert found == [
        Transaction(
            receipt.tx_hash, DEV_ADDRESS.lower(), target, content, number, receipt.block_number, receipt.block_hash
        )
        for receipt, target, content, number in (
            (created, None, creation_of(COUNTER), nonce),
            (called, created.contract_address, b"\x01\x02", nonce + 1),
        )
    ]


def test_receipt__given_a_reverting_transaction__has_status_0(node: Node) -> None:
    reverter = node.deploy(REVERTER)

    receipt = node.send(reverter, b"no")

    assert (receipt.status, receipt.contract_address) == (0, None)


def test_storage__pinned__answers_that_blocks_word(node: Node) -> None:
    counter = node.deploy(COUNTER)
    first, second = node.send(counter), node.send(counter)

    words = [node.rpc.storage(counter, 0, block=receipt.block_number) for receipt in (first, second)]

    assert words == [(1).to_bytes(32), (2).to_bytes(32)]
    assert node.rpc.storage(counter, 0) == words[1]
    assert node.rpc.storage(counter, 2**256 - 1) == bytes(32)


def test_nonce_and_balance__after_a_transfer__have_moved(node: Node) -> None:
    nonce, before = node.rpc.nonce(DEV_ADDRESS), node.rpc.balance(STRANGER)

    node.send(STRANGER, value=5)

    assert (node.rpc.nonce(DEV_ADDRESS), node.rpc.balance(STRANGER)) == (nonce + 1, before + 5)


def test_fees__at_the_head__suffice_for_a_transaction(node: Node) -> None:
    fees = node.rpc.fees()

    receipt = node.send(STRANGER, max_fee=fees.base_fee + fees.tip, tip=fees.tip)

    assert fees.base_fee > 0
    assert receipt.status == 1


def test_call__given_a_counter__answers_at_the_head_and_pinned(node: Node) -> None:
    counter = node.deploy(COUNTER)
    first = node.send(counter)
    node.send(counter)

    answers = [node.rpc.call(counter, b""), node.rpc.call(counter, b"", block=first.block_number)]

    assert answers == [(3).to_bytes(32), (2).to_bytes(32)]
    assert node.rpc.call(counter, b"", sender=STRANGER) == (3).to_bytes(32)
    assert node.rpc.call(None, creation_of(COUNTER)) == COUNTER


@pytest.mark.parametrize(
    "content",
    [b"", bytes.fromhex("deadbeef") + bytes(32), bytes.fromhex("08c379a0") + encode(["string"], ["too late"])],
)
def test_call__given_a_revert__raises_with_its_bytes(node: Node, content: bytes) -> None:
    reverter = node.deploy(REVERTER)

    with pytest.raises(Reverted) as called:
        node.rpc.call(reverter, content)
    with pytest.raises(Reverted) as estimated:
        node.rpc.estimate_gas(reverter, content, sender=DEV_ADDRESS)

    assert called.value.context["data"] == "0x" + content.hex()
    assert estimated.value.context["data"] == "0x" + content.hex()


def test_call__given_an_invalid_opcode__raises_reverted_without_bytes(node: Node) -> None:
    breaker = node.deploy(BREAKER)

    with pytest.raises(Reverted) as called:
        node.rpc.call(breaker, b"")

    assert called.value.context["data"] == "0x"


@pytest.mark.parametrize("runtime", [COUNTER, GAS_LOVER])
def test_estimate_gas__given_a_call__suffices(node: Node, runtime: bytes) -> None:
    contract = node.deploy(runtime)

    gas = node.rpc.estimate_gas(contract, b"", sender=DEV_ADDRESS)

    assert node.send(contract, gas=gas).status == 1


def test_logs__given_ranges__answers_them_in_chain_order(node: Node) -> None:
    one, other = node.deploy(COUNTER), node.deploy(COUNTER)
    receipts = [node.send(counter) for counter in (one, other, one)]
    expected = [
        Log(counter, (COUNT_TOPIC,), count.to_bytes(32), receipt.block_number, receipt.block_hash, receipt.tx_hash, 0)
        for counter, count, receipt in zip((one, other, one), (1, 1, 2), receipts, strict=True)
    ]
    first, last = receipts[0].block_number, receipts[-1].block_number

    assert node.rpc.logs([one, other.upper().replace("0X", "0x")], first=first, last=last) == expected
    assert node.rpc.logs([one], first=0, last=last) == [expected[0], expected[2]]
    assert node.rpc.logs([one], first=first + 1, last=last - 1) == []
    assert node.rpc.logs([], first=0, last=last) == []
    assert node.rpc.logs([one], first=last + 1, last=last) == []


def test_logs__given_a_range_wider_than_one_query__answers_all() -> None:
    chain = LocalChain(None)
    node = Node(Web3Rpc(InProcessProvider(chain), log_range=2), 131_277_322_940_537)
    counter = node.deploy(COUNTER)
    blocks = [node.send(counter).block_number for _ in range(6)]

    found = node.rpc.logs([counter], first=0, last=blocks[-1] + 5)

    assert [log.block_number for log in found] == blocks
    chain.close()


def test_send_raw__sent_twice__takes_effect_once(node: Node) -> None:
    signed = node.signed(STRANGER, value=1)
    before = node.rpc.balance(STRANGER)
    node.rpc.send_raw(signed.raw)

    maybe_sent = _maybe_sent(node, signed)

    # anvil calls the nonce of a mined transaction too low, also its own
    assert maybe_sent in (None, True)
    while node.rpc.receipt(signed.tx_hash) is None:  # anvil answers before it has mined
        time.sleep(0.05)
    assert node.rpc.balance(STRANGER) == before + 1


def test_send_raw__given_a_used_nonce__says_maybe(node: Node) -> None:
    nonce = node.rpc.nonce(DEV_ADDRESS)
    node.send(STRANGER)

    with pytest.raises(RpcUnavailable) as unclear:
        node.rpc.send_raw(node.signed(STRANGER, nonce=nonce, value=3).raw)

    assert unclear.value.context["maybe_sent"] is True


@pytest.mark.parametrize(
    "changes",
    [
        {"chain_id": 1},
        {"value": 10**30},
        {"gas": 20_000},
        {"max_fee": 1, "tip": 1},
        {"max_fee": 10**10, "tip": 10**11},
        {"gas": 10**9},
    ],
)
def test_send_raw__given_what_no_node_takes__is_refused(node: Node, changes: dict[str, int]) -> None:
    with pytest.raises(SendRefused) as refused:
        node.rpc.send_raw(node.signed(STRANGER, **changes).raw)

    assert len(str(refused.value.context["reason"])) > 10


def _maybe_sent(node: Node, signed: Signed) -> object:
    """None when the node is content, else what the error says."""
    try:
        node.rpc.send_raw(signed.raw)
    except RpcUnavailable as unclear:
        return unclear.context["maybe_sent"]
    return None
