"""serialize: given any fields, its hash is the one that gets signed
data_cost
├── given a chain that charges nothing: nothing is asked
├── given an OP Stack chain: its oracle's fee for the unsigned bytes, and the operator's fee
├── given an OP Stack chain from before the operator's fee: the oracle's fee alone
├── given an Arbitrum chain: gas, for calls and for creations
└── given a chain without such a contract: InvalidSettings, never zero
data_bound
├── given an OP Stack chain: the oracle's bound for the unsigned bytes' number, and the operator's fee
├── given one from before Fjord: the oracle's fee for these bytes
├── given an Arbitrum chain, or one that charges nothing: nothing, since the node's estimate has it or there is none
└── given no such contract: InvalidSettings, never zero
detect: given the contracts of an OP Stack chain, of an Arbitrum chain, or neither, it says which
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from eth_account.typed_transactions import TypedTransaction
from hypothesis import given
from hypothesis import strategies as st

from loyaltychain.chain.l1_fee import (
    GAS_PRICE_ORACLE,
    NODE_INTERFACE,
    DataCost,
    data_bound,
    data_cost,
    detect,
    serialize,
)
from loyaltychain.chain.profiles import L1Fee
from loyaltychain.chain.signer import UnsignedTx
from loyaltychain.core.errors import InvalidSettings
from loyaltychain.core.hashing import keccak256, to_hex
from tests.anvil import Anvil, running_anvil
from tests.chain.conftest import Node

CALL = UnsignedTx(84532, 7, "0x" + "11" * 20, b"\x01\x02\x03\x04" + bytes(60), gas=90_000, max_fee=2_000, tip=10)
#: Answers every call with the size of its calldata, in three words.
MEASURES = "0x365f5236602052366040526060" + "5ff3"
#: Answers every call with the word after its selector.
ANSWERS_ITS_WORD = "0x" + "600435" + "5f52" + "60205ff3"
#: The same for getL1Fee alone (selector 49948e0e); reverts for all else.
MEASURES_L1_FEE_ONLY = "0x5f3560e01c6349948e0e14601157" + "5f5ffd" + "5b" + "365f5260205ff3"


@pytest.fixture(scope="module")
def rollup() -> Iterator[Anvil]:
    with running_anvil() as node:
        yield node


def call_size(payload: int) -> int:
    """Calldata of a function with one ``bytes``: selector, offset, length, padded content."""
    return 4 + 32 + 32 + (payload + 31) // 32 * 32


@given(
    nonce=st.integers(0, 2**32),
    gas=st.integers(0, 2**40),
    fee=st.integers(0, 2**80),
    calldata=st.binary(max_size=300),
    target=st.none() | st.binary(min_size=20, max_size=20),
)
def test_serialize__any_fields__its_hash_is_signed(
    nonce: int, gas: int, fee: int, calldata: bytes, target: bytes | None
) -> None:
    tx = UnsignedTx(84532, nonce, None if target is None else to_hex(target), calldata, gas, fee, fee // 2)
    fields = {"type": 2, "chainId": 84532, "nonce": nonce, "gas": gas, "maxFeePerGas": fee, "value": 0,
              "maxPriorityFeePerGas": fee // 2, "data": to_hex(calldata), "to": target or b""}  # fmt: skip

    assert keccak256(serialize(tx)) == bytes(TypedTransaction.from_dict(fields).hash())


def test_data_cost__chain_that_charges_nothing__is_nothing(in_process: Node) -> None:
    assert data_cost(in_process.rpc, None, CALL) == DataCost()


def test_data_cost__op_stack__oracle_and_operator(rollup: Anvil) -> None:
    rollup.ask("anvil_setCode", GAS_PRICE_ORACLE, MEASURES)

    cost = data_cost(rollup.rpc, "op-stack", CALL)

    assert cost == DataCost(wei=call_size(len(serialize(CALL))) + 36)


def test_data_cost__op_stack_before_isthmus__oracle_alone(rollup: Anvil) -> None:
    rollup.ask("anvil_setCode", GAS_PRICE_ORACLE, MEASURES_L1_FEE_ONLY)

    assert data_cost(rollup.rpc, "op-stack", CALL) == DataCost(wei=call_size(len(serialize(CALL))))


@pytest.mark.parametrize("target", [CALL.target, None])
def test_data_cost__arbitrum__is_gas(rollup: Anvil, target: str | None) -> None:
    rollup.ask("anvil_setCode", NODE_INTERFACE, MEASURES)

    cost = data_cost(rollup.rpc, "arbitrum", replace(CALL, target=target))

    assert cost == DataCost(gas=64 + call_size(len(CALL.calldata)))


@pytest.mark.parametrize("kind", ["op-stack", "arbitrum"])
def test_data_cost__no_such_contract__is_refused(in_process: Node, kind: L1Fee) -> None:
    with pytest.raises(InvalidSettings, match="does not answer"):
        data_cost(in_process.rpc, kind, CALL)


def test_data_bound__op_stack__bound_by_size_and_operator(rollup: Anvil) -> None:
    rollup.ask("anvil_setCode", GAS_PRICE_ORACLE, ANSWERS_ITS_WORD)

    assert data_bound(rollup.rpc, "op-stack", CALL) == len(serialize(CALL)) + CALL.gas


def test_data_bound__before_fjord__fee_of_these_bytes(rollup: Anvil) -> None:
    rollup.ask("anvil_setCode", GAS_PRICE_ORACLE, MEASURES_L1_FEE_ONLY)

    assert data_bound(rollup.rpc, "op-stack", CALL) == data_cost(rollup.rpc, "op-stack", CALL).wei > 0


@pytest.mark.parametrize("kind", ["arbitrum", None])
def test_data_bound__not_beside_the_gas__nothing(in_process: Node, kind: L1Fee | None) -> None:
    assert data_bound(in_process.rpc, kind, CALL) == 0


def test_data_bound__no_such_contract__is_refused(in_process: Node) -> None:
    with pytest.raises(InvalidSettings, match="does not answer"):
        data_bound(in_process.rpc, "op-stack", CALL)


def test_detect__contracts_of_each_kind__says_which() -> None:
    with running_anvil() as node:
        assert detect(node.rpc) is None
        node.ask("anvil_setCode", "0x" + "00" * 19 + "64", "0xfe")
        assert detect(node.rpc) == "arbitrum"
        node.ask("anvil_setCode", GAS_PRICE_ORACLE, MEASURES)
        assert detect(node.rpc) == "op-stack"
