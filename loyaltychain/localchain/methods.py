"""The JSON-RPC methods of the local chain that read. Each takes a ``World`` and the request's parameters."""

from collections.abc import Callable, Sequence

from eth_typing import Address

import loyaltychain
from loyaltychain.core.hashing import to_hex
from loyaltychain.localchain.encode import (
    base_fee,
    encode_block,
    encode_log,
    encode_receipt,
    encode_transaction,
    quantity,
    word,
)
from loyaltychain.localchain.filters import read_filtered
from loyaltychain.localchain.look_up import (
    World,
    block_of,
    find_header,
    find_header_by_hash,
    find_transaction,
    head,
    pinned_header,
    state_at,
)
from loyaltychain.localchain.mine import next_time
from loyaltychain.localchain.params import (
    invalid,
    parse_address,
    parse_block,
    parse_hash,
    parse_object,
    parse_quantity,
    take,
)
from loyaltychain.localchain.run import estimate, parse_call, run_call

Params = Sequence[object]
Method = Callable[[World, Params], object]

_TIP = 1_000_000_000  # wei a gas; blocks are never full, so any would do


def _chain_id(world: World, params: Params) -> str:
    return quantity(world.chain.chain_id)


def _net_version(world: World, params: Params) -> str:
    return str(world.chain.chain_id)


def _client_version(world: World, params: Params) -> str:
    return f"loyaltychain/{loyaltychain.__version__}/eth-tester"


def _accounts(world: World, params: Params) -> list[str]:
    return []  # signs for nobody


def _block_number(world: World, params: Params) -> str:
    return quantity(head(world).block_number)


def _block_by_number(world: World, params: Params) -> object:
    number, full = take(params, least=1, most=2)
    header = find_header(world, parse_block(number))
    return None if header is None else encode_block(block_of(world, header), full=full is True)


def _block_by_hash(world: World, params: Params) -> object:
    block_hash, full = take(params, least=1, most=2)
    header = find_header_by_hash(world, parse_hash(block_hash))
    return None if header is None else encode_block(block_of(world, header), full=full is True)


def _code(world: World, params: Params) -> str:
    address, number = take(params, least=1, most=2)
    return to_hex(state_at(world, parse_block(number)).get_code(Address(parse_address(address))))


def _storage_at(world: World, params: Params) -> str:
    address, slot, number = take(params, least=2, most=3)
    if (place := parse_quantity(slot)) >= 2**256:
        raise invalid("a storage slot has 256 bits")
    return to_hex(word(state_at(world, parse_block(number)).get_storage(Address(parse_address(address)), place)))


def _balance(world: World, params: Params) -> str:
    address, number = take(params, least=1, most=2)
    return quantity(state_at(world, parse_block(number)).get_balance(Address(parse_address(address))))


def _transaction_count(world: World, params: Params) -> str:
    address, number = take(params, least=1, most=2)
    return quantity(state_at(world, parse_block(number)).get_nonce(Address(parse_address(address))))


def _call(world: World, params: Params) -> str:
    call, number = take(params, least=1, most=2)
    place = parse_block(number)
    if place is None:
        # As the next block would run it: where blocks come only with transactions, the head's own time may be days old.
        header = world.chain.header.copy(timestamp=next_time(world.chain, world.now))
    else:
        header = pinned_header(world, place)
    return to_hex(run_call(world.chain, header, parse_call(call)))


def _estimate_gas(world: World, params: Params) -> str:
    call, number = take(params, least=1, most=2)
    if parse_block(number) is not None:
        raise invalid("gas is estimated at the head only")
    header = world.chain.header.copy(timestamp=next_time(world.chain, world.now))
    return quantity(estimate(world.chain, header, parse_call(call)))


def _logs(world: World, params: Params) -> list[object]:
    (content,) = take(params, least=1, most=1)
    return [encode_log(row) for row in read_filtered(world, parse_object(content))]


def _transaction_by_hash(world: World, params: Params) -> object:
    (tx_hash,) = take(params, least=1, most=1)
    found = find_transaction(world, parse_hash(tx_hash))
    if found is None:
        return None
    header, tx, index = found
    return encode_transaction(tx, header, index=index)


def _transaction_receipt(world: World, params: Params) -> object:
    (tx_hash,) = take(params, least=1, most=1)
    found = find_transaction(world, parse_hash(tx_hash))
    if found is None:
        return None
    header, tx, index = found
    receipts = block_of(world, header).get_receipts(world.chain.chaindb)
    return encode_receipt(tx, header, index=index, receipts=receipts)


def _gas_price(world: World, params: Params) -> str:
    return quantity(base_fee(world.chain.header) + _TIP)


def _tip(world: World, params: Params) -> str:
    return quantity(_TIP)


def _fee_history(world: World, params: Params) -> object:
    count_, newest, percentiles = take(params, least=2, most=3)
    last = pinned_header(world, parse_block(newest))
    count = min(max(1, parse_quantity(count_)), 1_024, last.block_number + 1)
    first = last.block_number - count + 1
    headers = [pinned_header(world, number) for number in range(first, last.block_number + 1)]
    after = world.chain.create_header_from_parent(last)
    answer: dict[str, object] = {
        "oldestBlock": quantity(first),
        "baseFeePerGas": [quantity(base_fee(header)) for header in (*headers, after)],
        # The one float: the protocol wants it, and nothing is computed from it.
        "gasUsedRatio": [header.gas_used / header.gas_limit for header in headers],
    }
    if isinstance(percentiles, list) and percentiles:
        answer["reward"] = [[quantity(_TIP)] * len(percentiles) for _ in headers]
    return answer


def _state(world: World, params: Params) -> str:
    """Not of the standard: the chain's file, so that something can be tried on a copy of it."""
    take(params, least=0, most=0)
    return to_hex(world.store.copy())


READS: dict[str, Method] = {
    "eth_accounts": _accounts,
    "eth_blockNumber": _block_number,
    "eth_call": _call,
    "eth_chainId": _chain_id,
    "eth_estimateGas": _estimate_gas,
    "eth_feeHistory": _fee_history,
    "eth_gasPrice": _gas_price,
    "eth_getBalance": _balance,
    "eth_getBlockByHash": _block_by_hash,
    "eth_getBlockByNumber": _block_by_number,
    "eth_getCode": _code,
    "eth_getLogs": _logs,
    "eth_getStorageAt": _storage_at,
    "eth_getTransactionByHash": _transaction_by_hash,
    "eth_getTransactionCount": _transaction_count,
    "eth_getTransactionReceipt": _transaction_receipt,
    "eth_maxPriorityFeePerGas": _tip,
    "loyaltychain_state": _state,
    "net_version": _net_version,
    "web3_clientVersion": _client_version,
}
