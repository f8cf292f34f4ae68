"""What nodes say to a transaction that is sent
├── judge_send
│   ├── given each sentence of each client, as it writes it: its class
│   ├── given a node's whole answer: the class of the longest known sentence in it
│   └── given anything else: unknown
├── clients
│   ├── given the table: each client has a source, and each sentence one meaning in all of them
│   └── given the clients that public chains run: each of them is there, with every class
└── drive, given a node that answers so over its wire, and takes the transaction or not
    ├── when it has it, may have it, or nobody knows: the same bytes, one effect
    ├── when it asks for more: replaced on the same nonce, one effect
    ├── when the signer cannot pay, it says: waits, and goes on with the same bytes
    └── when it never takes them: SendRefused, the reason stands there, nothing is lost
"""

from typing import Any

import pytest
from sqlalchemy import Engine
from web3.types import RPCEndpoint, RPCResponse

from loyaltychain.chain.rpc import Web3Rpc
from loyaltychain.chain.send_errors import SendClass, clients, judge_send
from loyaltychain.core import errors
from loyaltychain.localchain.provider import InProcessProvider
from tests.chain.sending import drive, enqueue, make_call, read, read_attempts
from tests.chain.small_world import SmallWorld

SENTENCES = [(client.name, sentence, kind) for client in clients() for sentence, kind in client.sentences.items()]
CLASSES: tuple[SendClass, ...] = ("has-it", "maybe-sent", "re-price", "park", "fatal")

#: Whole answers, as nodes give them.
ANSWERS: list[tuple[str, SendClass]] = [
    ("already known", "has-it"),
    ("ALREADY_EXISTS: already known", "has-it"),
    ("INTERNAL_ERROR: existing tx with same hash", "has-it"),
    ("Known transaction", "has-it"),
    ("transaction already imported", "has-it"),
    ("nonce too low: next nonce 5, tx nonce 3", "maybe-sent"),
    ("nonce too high: next nonce 5, tx nonce 6", "maybe-sent"),
    ("OldNonce, Current nonce: 5, nonce of rejected tx: 3", "maybe-sent"),
    ("replacement transaction underpriced", "maybe-sent"),
    ("Tx: [0x01] insufficient gas price to replace existing transaction", "maybe-sent"),
    ("invalid transaction nonce", "maybe-sent"),
    ("Invalid transaction nonce: Expected 1, but got 0", "maybe-sent"),
    ("Transaction nonce is too distant from current sender nonce", "maybe-sent"),
    ("transaction underpriced: gas tip cap 1, minimum needed 25000000000", "re-price"),
    (
        "FeeTooLow, MaxFeePerGas too low. MaxFeePerGas: 1, BaseFee: 7, MaxPriorityFeePerGas:1, Block number: 5",
        "re-price",
    ),
    ("max fee per gas less than block base fee: address 0x01, maxFeePerGas: 1, baseFee: 7", "re-price"),
    ("Gas price below current base fee", "re-price"),
    ("Insufficient funds for gas * price + value", "park"),
    ("insufficient funds for gas * price + value: balance 1, tx cost 5, overshot 4", "park"),
    ("Upfront cost exceeds account balance", "park"),
    ("invalid chain id for signer", "fatal"),
    ("invalid sender", "fatal"),
    ("intrinsic gas too low: have 1, want 21000", "fatal"),
    ("intrinsic gas too high -- tx.gas_limit > env.block.gas_limit", "fatal"),
    ("transaction gas limit too high (cap: 16777216, tx: 20000000)", "fatal"),
    ("max priority fee per gas higher than max fee per gas", "fatal"),
    ("tx fee (1.20 ether) exceeds the configured cap (1.00 ether)", "fatal"),
    ("internal error", "unknown"),
    ("request rate exceeded", "unknown"),
    ("daily request count exceeded, request rate limited", "unknown"),
    ("execution aborted (timeout = 5s)", "unknown"),
    ("", "unknown"),
]


class BlamingNode(InProcessProvider):
    """The local chain behind a node that answers ``words`` to the first ``times`` transactions sent."""

    def __init__(self, world: SmallWorld, words: str, *, takes_it: bool, times: int = 1) -> None:
        super().__init__(world.chain)
        self.words, self.takes_it, self.times = words, takes_it, times

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        if method != "eth_sendRawTransaction" or self.times == 0:
            return super().make_request(method, params)
        self.times -= 1
        number = self.decode_rpc_response(self.encode_rpc_request(method, params))["id"]
        if self.takes_it:
            super().make_request(method, params)
        return {"jsonrpc": "2.0", "id": number, "error": {"code": -32000, "message": self.words}}


def of_classes(*kinds: str) -> list[str]:
    return [words for words, kind in ANSWERS if kind in kinds]


@pytest.mark.parametrize(("client", "sentence", "kind"), SENTENCES)
def test_judge_send__each_sentence_of_each_client__its_class(client: str, sentence: str, kind: SendClass) -> None:
    assert judge_send(sentence.upper()) == kind
    assert judge_send(f"{client}: {sentence} (12)") == kind


@pytest.mark.parametrize(("words", "kind"), ANSWERS)
def test_judge_send__a_nodes_whole_answer__its_class(words: str, kind: SendClass) -> None:
    assert judge_send(words) == kind


def test_clients__the_table__sources_and_one_meaning_each() -> None:
    meanings: dict[str, set[str]] = {}
    for _, sentence, kind in SENTENCES:
        meanings.setdefault(sentence, set()).add(kind)

    assert {sentence: kinds for sentence, kinds in meanings.items() if len(kinds) > 1} == {}
    assert all(sentence == sentence.lower() for sentence in meanings)
    assert all(client.source.strip() for client in clients())


def test_clients__public_chains__each_is_there_with_every_class() -> None:
    names = {"geth", "op-geth", "bor", "nitro", "erigon", "nethermind", "besu", "reth", "anvil", "eth-tester"}

    assert {client.name for client in clients()} == names
    missing = [(client.name, kind) for client in clients() for kind in CLASSES if kind not in client.sentences.values()]
    assert missing == []


@pytest.mark.parametrize("takes_it", [True, False])
@pytest.mark.parametrize("words", of_classes("has-it", "maybe-sent", "unknown"))
def test_drive__maybe_sent__same_bytes_and_one_effect(
    world: SmallWorld, engine: Engine, words: str, takes_it: bool
) -> None:
    rpc = Web3Rpc(BlamingNode(world, words, takes_it=takes_it))

    world.sender(engine, rpc=rpc).execute(make_call(world))

    assert (world.count(), len(read_attempts(engine)), read(engine).nonce) == (1, 1, 0)


@pytest.mark.parametrize("words", of_classes("re-price"))
def test_drive__re_price__replaced_and_one_effect(world: SmallWorld, engine: Engine, words: str) -> None:
    rpc = Web3Rpc(BlamingNode(world, words, takes_it=False))

    world.sender(engine, rpc=rpc).execute(make_call(world))

    first, second = read_attempts(engine)
    assert second.max_fee * 100 >= first.max_fee * 110
    assert (world.count(), read(engine).nonce) == (1, 0)


@pytest.mark.parametrize("words", of_classes("park"))
def test_drive__park__waits_and_goes_on_with_the_same_bytes(world: SmallWorld, engine: Engine, words: str) -> None:
    enqueue(engine, make_call(world))
    sender = world.sender(engine, rpc=Web3Rpc(BlamingNode(world, words, takes_it=False, times=3)))

    assert drive(sender, 4) == ["signed"] * 4
    assert words in (read(engine).reason or "")
    assert drive(sender, 2) == ["broadcast", "final"]
    assert (world.count(), len(read_attempts(engine))) == (1, 1)


@pytest.mark.parametrize("words", of_classes("fatal"))
def test_drive__fatal__raised_and_nothing_lost(world: SmallWorld, engine: Engine, words: str) -> None:
    enqueue(engine, make_call(world))
    sender = world.sender(engine, rpc=Web3Rpc(BlamingNode(world, words, takes_it=False)))
    assert drive(sender, 1) == ["signed"]

    with pytest.raises(errors.SendRefused):
        sender.drive("settle:1")

    assert words in (read(engine).reason or "")
    assert drive(sender, 2) == ["broadcast", "final"]
    assert (world.count(), len(read_attempts(engine))) == (1, 1)
