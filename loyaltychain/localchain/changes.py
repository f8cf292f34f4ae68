"""The JSON-RPC methods of the local chain that write: transactions, time, snapshots.

Each runs inside one transaction of the chain file. The chain object is opened anew after it.
"""

from collections.abc import Sequence

from eth.abc import SignedTransactionAPI
from eth.constants import GENESIS_PARENT_HASH
from eth_typing import Hash32

from loyaltychain.core.hashing import to_hex
from loyaltychain.localchain.encode import log_rows, quantity
from loyaltychain.localchain.look_up import World, find_transaction, head
from loyaltychain.localchain.methods import Method
from loyaltychain.localchain.mine import check_transaction, decode_transaction, mine
from loyaltychain.localchain.params import invalid, parse_bytes, parse_quantity, take
from loyaltychain.localchain.refusals import SERVER_ERROR, RefusalError

CLOCK_OFFSET = "clock_offset"  # seconds that evm_increaseTime added, in the store's settings

Params = Sequence[object]


def _send_raw_transaction(world: World, params: Params) -> str:
    (content,) = take(params, least=1, most=1)
    tx = decode_transaction(world.chain, parse_bytes(content))
    if find_transaction(world, tx.hash) is not None:
        raise RefusalError(SERVER_ERROR, "already known")
    check_transaction(world.chain, tx)
    _mine_one(world, [tx])
    return to_hex(tx.hash)


def _mine_one(world: World, transactions: list[SignedTransactionAPI]) -> None:
    block, receipts = mine(world.chain, transactions, now=world.now)
    count = 0
    for index, (tx, receipt) in enumerate(zip(transactions, receipts, strict=True)):
        rows = log_rows(tx, block.header, index=index, receipt=receipt, logs_before=count)
        world.store.insert_logs(rows)
        count += len(rows)


def _mine(world: World, params: Params) -> str:
    take(params, least=0, most=0)
    _mine_one(world, [])
    return "0x0"


def _increase_time(world: World, params: Params) -> str:
    (seconds,) = take(params, least=1, most=1)
    offset = world.store.setting(CLOCK_OFFSET, 0) + parse_quantity(seconds)
    if offset >= 2**32:
        raise invalid("the chain's time would leave 32 bits")
    world.store.set_setting(CLOCK_OFFSET, offset)
    return quantity(offset)


def _snapshot(world: World, params: Params) -> str:
    take(params, least=0, most=0)
    return quantity(world.store.insert_snapshot(head(world).hash))


def _revert(world: World, params: Params) -> bool:
    (snapshot,) = take(params, least=1, most=1)
    number = parse_quantity(snapshot)
    block_hash = world.store.read_snapshot(number) if number < 2**63 else None
    if block_hash is None:
        return False
    header = world.chain.get_block_header_by_hash(Hash32(block_hash))
    chaindb = world.chain.chaindb
    # eth-tester's own way back (PyEVMBackend.revert_to_snapshot); py-evm has no public one.
    chaindb._set_as_canonical_chain_head(chaindb.db, header, GENESIS_PARENT_HASH)  # type: ignore[attr-defined]
    world.store.forget_logs(header.block_number)
    world.store.forget_snapshots(number)
    return True


WRITES: dict[str, Method] = {
    "eth_sendRawTransaction": _send_raw_transaction,
    "evm_increaseTime": _increase_time,
    "evm_mine": _mine,
    "evm_revert": _revert,
    "evm_snapshot": _snapshot,
}
