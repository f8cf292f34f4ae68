"""Taking signed transactions: one that a real node would refuse is refused in its words, any other is a block.

eth-tester by itself takes a transaction that was signed for another chain; here it is "invalid chain id for signer".
"""

import secrets

from eth.abc import BlockAPI, ReceiptAPI, SignedTransactionAPI
from eth.chains.base import MiningChain
from eth.vm.forks.prague.constants import STANDARD_TOKEN_COST, TOTAL_COST_FLOOR_PER_TOKEN
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError
from rlp.exceptions import RLPException  # type: ignore[import-untyped]

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.localchain.encode import base_fee
from loyaltychain.localchain.genesis import GAS_LIMIT
from loyaltychain.localchain.refusals import SERVER_ERROR, RefusalError
from loyaltychain.localchain.senders import sender_of


def decode_transaction(chain: MiningChain, raw: bytes) -> SignedTransactionAPI:
    """The signed transaction in ``raw``, of a type and for a chain that are ours.

    Raises:
        RefusalError: it cannot be read, or was signed for another chain.
    """
    if raw[:1] and raw[0] < 0x80 and raw[0] not in (1, 2):
        raise _refused("transaction type not supported")
    try:
        tx = chain.get_vm().get_transaction_builder().decode(raw)
        tx.validate()
        chain_id = tx.chain_id
        sender_of(tx)
    except (RLPException, ValidationError, BadSignature, IndexError, TypeError, ValueError) as error:
        raise _refused(f"invalid transaction: {error}") from error
    if chain_id is None:
        raise _refused("only replay-protected (EIP-155) transactions allowed over RPC")
    if chain_id != chain.chain_id:
        raise _refused("invalid chain id for signer")
    return tx


def check_transaction(chain: MiningChain, tx: SignedTransactionAPI) -> None:
    """Nothing, when the next block can hold ``tx``.

    Raises:
        RefusalError: nonce, gas, fee or balance do not allow it.
    """
    state = chain.get_vm().state
    nonce = state.get_nonce(tx.sender)
    if tx.nonce < nonce:
        raise _refused(f"nonce too low: next nonce {nonce}, tx nonce {tx.nonce}")
    if tx.nonce > nonce:
        raise _refused(f"nonce too high: next nonce {nonce}, tx nonce {tx.nonce}")
    if tx.gas > GAS_LIMIT:
        raise _refused("exceeds block gas limit")
    if tx.gas < max(tx.intrinsic_gas, floor_gas(tx.data)):
        raise _refused(f"intrinsic gas too low: have {tx.gas}, want {max(tx.intrinsic_gas, floor_gas(tx.data))}")
    if tx.max_priority_fee_per_gas > tx.max_fee_per_gas:
        raise _refused("max priority fee per gas higher than max fee per gas")
    fee = base_fee(chain.header)
    if tx.max_fee_per_gas < fee:
        raise _refused(f"max fee per gas less than block base fee: maxFeePerGas: {tx.max_fee_per_gas}, baseFee: {fee}")
    balance, cost = state.get_balance(tx.sender), tx.gas * tx.max_fee_per_gas + tx.value
    if balance < cost:
        raise _refused(f"insufficient funds for gas * price + value: balance {balance}, tx cost {cost}")


def mine(
    chain: MiningChain, transactions: list[SignedTransactionAPI], *, now: UnixSeconds
) -> tuple[BlockAPI, tuple[ReceiptAPI, ...]]:
    """The next block, written to the chain's store. Its time is ``now``, or a second after its parent's if later.

    Raises:
        RefusalError: the EVM's rules do not allow a transaction in a block at all.
    """
    # A random mix hash stands for the beacon chain's randomness, and makes a block that replaces another differ.
    chain.header = chain.header.copy(timestamp=next_time(chain, now), mix_hash=secrets.token_bytes(32))
    try:
        result, receipts, _ = chain.mine_all(transactions)
    except ValidationError as error:
        raise _refused(str(error)) from error
    return result.imported_block, receipts


def next_time(chain: MiningChain, now: UnixSeconds) -> int:
    """The next block's time: ``now``, or a second after its parent's if that is later.

    py-evm prepares the header with a time of its own, read from the system's clock; that one is not used.
    """
    return max(chain.get_canonical_head().timestamp + 1, now)


def floor_gas(content: bytes) -> int:
    """The least gas for a transaction with that much calldata (EIP-7623)."""
    zeros = content.count(0)
    tokens = zeros + STANDARD_TOKEN_COST * (len(content) - zeros)
    return 21_000 + TOTAL_COST_FLOOR_PER_TOKEN * tokens


def _refused(sentence: str) -> RefusalError:
    return RefusalError(SERVER_ERROR, sentence)
