"""A chain in this process, and how the tests speak to contracts on it. Knows no sample numbers."""

import ast
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache

import pytest
from eth_abi.abi import decode
from eth_abi.abi import encode as encode_values
from eth_tester import EthereumTester, PyEVMBackend
from eth_tester.exceptions import TransactionFailed
from eth_utils.abi import collapse_if_tuple, function_abi_to_4byte_selector
from web3 import EthereumTesterProvider, Web3
from web3.exceptions import ContractPanicError

from loyaltychain.chain import artifacts

GAS = 200_000_000
ERROR_SOURCES = ("AccessManager", "BatchProofs", "MemberRegistry", "PointsLedger", "PointsProxy", "ProgramRegistry")


class Refused(Exception):
    """The chain refused a call; ``name`` and ``facts`` are the custom error's."""

    def __init__(self, name: str, facts: tuple) -> None:
        super().__init__(name, facts)
        self.name, self.facts = name, facts


@dataclass(frozen=True, slots=True)
class Chain:
    w3: Web3
    tester: EthereumTester
    errors: dict[bytes, tuple[str, list[str]]] = field(default_factory=dict)


def start_chain() -> Chain:
    """A fresh chain whose blocks hold more gas than any test needs."""
    genesis = PyEVMBackend.generate_genesis_params(overrides={"gas_limit": 300_000_000})
    tester = EthereumTester(PyEVMBackend(genesis_parameters=genesis))
    return Chain(Web3(EthereumTesterProvider(tester)), tester, _known_errors())


def _known_errors() -> dict[bytes, tuple[str, list[str]]]:
    return {
        function_abi_to_4byte_selector(element): (element["name"], [collapse_if_tuple(i) for i in element["inputs"]])
        for name in ERROR_SOURCES
        for element in artifacts.load(name).abi
        if element["type"] == "error"
    }


def deploy(chain: Chain, name: str, *arguments: object) -> str:
    """Address of a new contract of this artifact."""
    artifact = artifacts.load(name)
    factory = chain.w3.eth.contract(abi=artifact.abi, bytecode=artifact.creation_code)
    return create(chain, factory.constructor(*arguments).data_in_transaction)


def create(chain: Chain, creation_code: bytes | str) -> str:
    """Address of a contract made by this code. Raises Refused."""
    sender = chain.w3.eth.accounts[0]
    sent = chain.w3.eth.send_transaction({"from": sender, "data": creation_code, "gas": GAS})
    receipt = chain.w3.eth.get_transaction_receipt(sent)
    if receipt["status"] != 1:
        ask(chain, None, creation_code)  # a failed creation does not say why; the same call does
        pytest.fail("the creation fails when it is sent and succeeds when it is asked")
    return receipt["contractAddress"]


def encode(name: str, function: str, *arguments: object) -> str:
    """Calldata of a call of this artifact's function."""
    selector, types = _interface(name, function, len(arguments))
    return "0x" + (selector + encode_values(types, arguments)).hex()


@cache
def _interface(name: str, function: str, count: int) -> tuple[bytes, list[str]]:
    """(selector, types) straight from the artifact: web3's own encoder is many times slower."""
    (found,) = (
        element
        for element in artifacts.load(name).abi
        if element["type"] == "function" and element["name"] == function and len(element["inputs"]) == count
    )
    return function_abi_to_4byte_selector(found), [collapse_if_tuple(value) for value in found["inputs"]]


def ask(chain: Chain, target: str | None, calldata: str | bytes, *, sender: str | None = None) -> bytes:
    """What the call returns, or what a creation (no target) would; nothing changes. Raises Refused."""
    call = {"data": calldata, "gas": GAS, "from": sender or chain.w3.eth.accounts[0]}
    try:
        return bytes(chain.w3.eth.call(call | ({"to": target} if target else {})))
    except TransactionFailed as failure:
        raise _refusal(chain, failure) from failure
    except ContractPanicError as failure:
        raise Refused("Panic", (int(str(failure.data)[-2:], 16),)) from failure


def send(chain: Chain, target: str, calldata: str | bytes, *, sender: str) -> dict:
    """Receipt of the mined call, which succeeded. Raises Refused."""
    sent = chain.w3.eth.send_transaction({"to": target, "data": calldata, "gas": GAS, "from": sender})
    receipt = chain.w3.eth.get_transaction_receipt(sent)
    if receipt["status"] != 1:
        ask(chain, target, calldata, sender=sender)  # a failed transaction does not say why; the same call does
        pytest.fail("the call fails when it is sent and succeeds when it is asked")
    return dict(receipt)


def storage(chain: Chain, target: str, slot: int) -> int:
    """What a storage slot holds."""
    return int.from_bytes(chain.w3.eth.get_storage_at(target, slot))


def _refusal(chain: Chain, failure: TransactionFailed) -> Refused:
    answer = ast.literal_eval(str(failure).removeprefix("execution reverted: "))
    if not answer:
        return Refused("", ())
    name, types = chain.errors[answer[:4]]
    return Refused(name, decode(types, answer[4:]))


@contextmanager
def refused(name: str, *facts: object) -> Iterator[None]:
    """Expect exactly this custom error with exactly these facts."""
    with pytest.raises(Refused) as raised:
        yield
    assert (raised.value.name, _lower(raised.value.facts)) == (name, _lower(facts))


def _lower(facts: Sequence[object]) -> tuple:
    return tuple(fact.lower() if isinstance(fact, str) else fact for fact in facts)


@contextmanager
def rolled_back(chain: Chain) -> Iterator[None]:
    """Whatever happens inside did not happen afterwards."""
    snapshot = chain.tester.take_snapshot()
    try:
        yield
    finally:
        chain.tester.revert_to_snapshot(snapshot)


def now(chain: Chain) -> int:
    """The newest block's time."""
    return int(chain.w3.eth.get_block("latest")["timestamp"])


def travel(chain: Chain, *, seconds: int) -> None:
    """Let the next block come so much later than the newest one."""
    chain.tester.time_travel(now(chain) + seconds)
