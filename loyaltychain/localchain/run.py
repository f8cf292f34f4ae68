"""Running calls without a transaction: ``eth_call`` and ``eth_estimateGas``. Leaves no trace in the chain."""

from dataclasses import dataclass
from typing import cast

from eth.abc import BlockHeaderAPI, ComputationAPI, SignedTransactionAPI
from eth.chains.base import MiningChain
from eth.exceptions import OutOfGas, Revert
from eth.vm.chain_context import ChainContext
from eth.vm.spoof import SpoofTransaction
from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_typing import Address
from eth_utils.exceptions import ValidationError

from loyaltychain.core.hashing import to_hex
from loyaltychain.localchain.genesis import GAS_LIMIT
from loyaltychain.localchain.mine import floor_gas
from loyaltychain.localchain.params import parse_address, parse_bytes, parse_object, parse_quantity
from loyaltychain.localchain.refusals import REVERTED, SERVER_ERROR, RefusalError

_ERROR_STRING = bytes.fromhex("08c379a0")  # Error(string)


@dataclass(frozen=True, slots=True)
class Call:
    """What would be called, by whom."""

    sender: Address
    target: bytes  # empty: a creation
    content: bytes
    value: int
    gas: int


def parse_call(value: object) -> Call:
    """The call object of ``eth_call`` and ``eth_estimateGas``. Its fees are ignored: a call costs nothing."""
    fields = parse_object(value)
    content = fields.get("input", fields.get("data"))
    return Call(
        sender=Address(parse_address(fields["from"]) if fields.get("from") is not None else bytes(20)),
        target=parse_address(fields["to"]) if fields.get("to") is not None else b"",
        content=b"" if content is None else parse_bytes(content),
        value=parse_quantity(fields.get("value", 0)),
        gas=min(parse_quantity(fields.get("gas", GAS_LIMIT)), GAS_LIMIT),
    )


def run_call(chain: MiningChain, header: BlockHeaderAPI, call: Call) -> bytes:
    """What the call returns in a block with this header.

    Raises:
        RefusalError: it reverts, or fails otherwise.
    """
    return _checked(_execute(chain, header, call, gas=call.gas)).output


def estimate(chain: MiningChain, header: BlockHeaderAPI, call: Call) -> int:
    """Gas with which the transaction succeeds, at most 1.6 % and 2,300 above the least.

    Runs it once with all the gas; what it used, and a 64th more for calls within calls (EIP-150), nearly always
    suffices, so that a large batch is run twice and not fifteen times. Bisects when it does not.

    Raises:
        RefusalError: it fails however much gas it gets.
    """
    whole = _checked(_execute(chain, header, call, gas=call.gas))
    spent = call.gas - whole.get_gas_remaining()
    least = max(spent, floor_gas(call.content))
    enough = min(call.gas, (least + 2_300) * 64 // 63)
    if not _execute(chain, header, call, gas=enough).is_error:
        return enough
    low, high = enough, call.gas
    while (high - low) * 64 > high:
        middle = (low + high) // 2
        if _execute(chain, header, call, gas=middle).is_error:
            low = middle
        else:
            high = middle
    return high


def _execute(chain: MiningChain, header: BlockHeaderAPI, call: Call, *, gas: int) -> ComputationAPI:
    vm = chain.get_vm(header)
    free_header = header.copy(base_fee_per_gas=0)
    state = vm.build_state(chain.chaindb.db, free_header, ChainContext(chain.chain_id), vm.previous_hashes or ())
    unsigned = vm.get_transaction_builder().new_unsigned_dynamic_fee_transaction(  # type: ignore[attr-defined]
        chain_id=chain.chain_id,
        nonce=state.get_nonce(call.sender),
        max_priority_fee_per_gas=0,
        max_fee_per_gas=0,
        gas=gas,
        to=call.target,
        value=call.value,
        data=call.content,
        access_list=(),
    )
    try:
        spoofed = cast(SignedTransactionAPI, SpoofTransaction(unsigned, from_=call.sender))  # as py-evm itself does
        return state.apply_transaction(spoofed)
    except ValidationError as error:
        raise RefusalError(SERVER_ERROR, _plain(str(error))) from error


def _plain(sentence: str) -> str:
    return "insufficient funds for transfer" if "enough balance" in sentence else sentence


def _checked(computation: ComputationAPI) -> ComputationAPI:
    if not computation.is_error:
        return computation
    error = computation.error
    if isinstance(error, Revert):
        raise RefusalError(REVERTED, _revert_sentence(computation.output), revert=to_hex(computation.output)) from error
    if isinstance(error, OutOfGas):
        raise RefusalError(SERVER_ERROR, "out of gas") from error
    raise RefusalError(SERVER_ERROR, f"{type(error).__name__}: {error}") from error


def _revert_sentence(output: bytes) -> str:
    if output[:4] == _ERROR_STRING:
        try:
            return f"execution reverted: {decode(['string'], output[4:])[0]}"
        except (DecodingError, UnicodeDecodeError):
            return "execution reverted"
    return "execution reverted"
