"""What a transaction on a rollup pays for its data on layer 1, asked of the rollup's own contracts.

Two models: OP Stack chains charge wei beside the gas; Arbitrum chains charge gas. Other chains charge nothing.
"""

from dataclasses import dataclass
from typing import Any

from eth_typing import ABI

from loyaltychain.chain.abi import decode_output, encode_call
from loyaltychain.chain.profiles import L1Fee
from loyaltychain.chain.rlp import encode_rlp
from loyaltychain.chain.rpc import Rpc
from loyaltychain.chain.signer import UnsignedTx
from loyaltychain.core.errors import InvalidSettings, Reverted
from loyaltychain.core.hashing import from_hex

#: Predeploys and precompiles: the same address on every chain of their kind.
GAS_PRICE_ORACLE = "0x420000000000000000000000000000000000000f"
NODE_INTERFACE = "0x00000000000000000000000000000000000000c8"
_ARB_SYS = "0x0000000000000000000000000000000000000064"  # has code where NodeInterface, which has none, answers
_NOBODY = "0x" + "00" * 20


def _view(name: str, inputs: list[str], outputs: list[str]) -> ABI:
    return [
        {
            "type": "function",
            "name": name,
            "stateMutability": "view",
            "inputs": [{"name": f"input{number}", "type": kind} for number, kind in enumerate(inputs)],
            "outputs": [{"name": f"output{number}", "type": kind} for number, kind in enumerate(outputs)],
        }
    ]


_L1_FEE = _view("getL1Fee", ["bytes"], ["uint256"])
_L1_FEE_BOUND = _view("getL1FeeUpperBound", ["uint256"], ["uint256"])
_OPERATOR_FEE = _view("getOperatorFee", ["uint256"], ["uint256"])
_L1_GAS = _view("gasEstimateL1Component", ["address", "bool", "bytes"], ["uint64", "uint256", "uint256"])


@dataclass(frozen=True, slots=True)
class DataCost:
    """What comes on top of the execution's gas."""

    gas: int = 0
    wei: int = 0


def data_cost(rpc: Rpc, kind: L1Fee | None, tx: UnsignedTx) -> DataCost:
    """What ``tx`` pays for its data now, at the head.

    Raises:
        InvalidSettings: the chain has no such contract, so its profile names the wrong kind; no fee is assumed.
        RpcUnavailable: the node does not answer.
    """
    if kind is None:
        return DataCost()
    if kind == "arbitrum":
        call = encode_call(_L1_GAS, "gasEstimateL1Component", (tx.target or _NOBODY, tx.target is None, tx.calldata))
        gas, _, _ = _ask(rpc, kind, NODE_INTERFACE, _L1_GAS, "gasEstimateL1Component", call)
        return DataCost(gas=gas)
    call = encode_call(_L1_FEE, "getL1Fee", (serialize(tx),))
    fee = _ask(rpc, kind, GAS_PRICE_ORACLE, _L1_FEE, "getL1Fee", call)
    return DataCost(wei=fee + _operator_fee(rpc, tx.gas))


def data_bound(rpc: Rpc, kind: L1Fee | None, tx: UnsignedTx) -> int:
    """The most wei that ``tx`` can be charged for its data at the head, beside the gas that a node estimates.

    An OP Stack node's estimate leaves the data out, an Arbitrum node's has it as gas. The oracle's bound is by size
    alone (Fjord); an older oracle's fee for these very bytes stands in for it.

    Raises as ``data_cost`` does.
    """
    if kind != "op-stack":
        return 0
    size = len(serialize(tx))
    try:
        raw = rpc.call(GAS_PRICE_ORACLE, encode_call(_L1_FEE_BOUND, "getL1FeeUpperBound", (size,)))
    except Reverted:
        raw = b""
    if not raw:
        return data_cost(rpc, kind, tx).wei
    return int(decode_output(_L1_FEE_BOUND, "getL1FeeUpperBound", raw)) + _operator_fee(rpc, tx.gas)


def detect(rpc: Rpc) -> L1Fee | None:
    """How the chain charges, by the contracts that only chains of one kind have; for a chain without a profile.

    Raises RpcUnavailable.
    """
    if rpc.code(GAS_PRICE_ORACLE):
        return "op-stack"
    return "arbitrum" if rpc.code(_ARB_SYS) else None


def serialize(tx: UnsignedTx) -> bytes:
    """The transaction before its signature (EIP-1559: type 2, then RLP), as it is priced; the oracle adds the rest."""
    target = b"" if tx.target is None else from_hex(tx.target)
    return b"\x02" + encode_rlp([tx.chain_id, tx.nonce, tx.tip, tx.max_fee, tx.gas, target, tx.value, tx.calldata, []])


def _operator_fee(rpc: Rpc, gas: int) -> int:
    """Zero on chains that have not had Isthmus: their oracle does not know the function."""
    try:
        raw = rpc.call(GAS_PRICE_ORACLE, encode_call(_OPERATOR_FEE, "getOperatorFee", (gas,)))
    except Reverted:
        return 0
    return int(decode_output(_OPERATOR_FEE, "getOperatorFee", raw)) if raw else 0


def _ask(rpc: Rpc, kind: str, address: str, abi: ABI, function: str, call: bytes) -> Any:
    try:
        raw = rpc.call(address, call)
    except Reverted:
        raw = b""
    if not raw:
        raise InvalidSettings(
            f"{address} does not answer {function} on this chain, so it charges for data in another way than its "
            f"profile says ({kind}).",
            function=function,
        )
    return decode_output(abi, function, raw)
