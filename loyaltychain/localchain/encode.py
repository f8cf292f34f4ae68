"""Blocks, transactions, receipts and logs in the shapes of Ethereum's JSON-RPC. Reads nothing itself."""

from collections.abc import Sequence

from eth._utils.address import generate_contract_address
from eth.abc import BlockAPI, BlockHeaderAPI, ReceiptAPI, SignedTransactionAPI

from loyaltychain.core.hashing import to_hex
from loyaltychain.localchain.senders import sender_of
from loyaltychain.localchain.store import LogRow

Json = dict[str, object]


def quantity(value: int) -> str:
    """A number: ``0x`` and hex digits without leading zeros."""
    return hex(value)


def word(value: int) -> bytes:
    """A number as 32 bytes."""
    return value.to_bytes(32, "big")


def encode_block(block: BlockAPI, *, full: bool) -> Json:
    """A block; with its transactions whole, or as hashes."""
    header = block.header
    transactions = [
        encode_transaction(tx, header, index=index) if full else to_hex(tx.hash)
        for index, tx in enumerate(block.transactions)
    ]
    return {
        "number": quantity(header.block_number),
        "hash": to_hex(header.hash),
        "parentHash": to_hex(header.parent_hash),
        "timestamp": quantity(header.timestamp),
        "baseFeePerGas": quantity(base_fee(header)),
        "gasLimit": quantity(header.gas_limit),
        "gasUsed": quantity(header.gas_used),
        "miner": to_hex(header.coinbase),
        "difficulty": quantity(header.difficulty),
        "extraData": to_hex(header.extra_data),
        "logsBloom": to_hex(header.bloom.to_bytes(256, "big")),
        "mixHash": to_hex(header.mix_hash),
        "nonce": to_hex(header.nonce),
        "receiptsRoot": to_hex(header.receipt_root),
        "sha3Uncles": to_hex(header.uncles_hash),
        "stateRoot": to_hex(header.state_root),
        "transactionsRoot": to_hex(header.transaction_root),
        "transactions": transactions,
        "uncles": [],
    }


def encode_transaction(tx: SignedTransactionAPI, header: BlockHeaderAPI, *, index: int) -> Json:
    """A transaction that stands in a block."""
    kind = transaction_kind(tx)
    content: Json = {
        "type": quantity(kind),
        "hash": to_hex(tx.hash),
        "nonce": quantity(tx.nonce),
        "blockHash": to_hex(header.hash),
        "blockNumber": quantity(header.block_number),
        "transactionIndex": quantity(index),
        "from": to_hex(sender_of(tx)),
        "to": to_hex(tx.to) if tx.to else None,
        "value": quantity(tx.value),
        "gas": quantity(tx.gas),
        "gasPrice": quantity(effective_gas_price(tx, header)),
        "input": to_hex(tx.data),
        "r": quantity(tx.r),
        "s": quantity(tx.s),
        "v": quantity(tx.y_parity if kind else tx.v),  # type: ignore[attr-defined]  # py-evm: legacy only
    }
    if tx.chain_id is not None:
        content["chainId"] = quantity(tx.chain_id)
    if kind == 2:
        content["maxFeePerGas"] = quantity(tx.max_fee_per_gas)
        content["maxPriorityFeePerGas"] = quantity(tx.max_priority_fee_per_gas)
    if kind:
        content["yParity"] = content["v"]
        content["accessList"] = [
            {"address": to_hex(address), "storageKeys": [to_hex(word(slot)) for slot in slots]}
            for address, slots in tx.access_list
        ]
    return content


def encode_receipt(
    tx: SignedTransactionAPI, header: BlockHeaderAPI, *, index: int, receipts: Sequence[ReceiptAPI]
) -> Json:
    """The receipt of the block's transaction number ``index``; ``receipts`` are the block's, up to that one."""
    receipt = receipts[index]
    gas_before = receipts[index - 1].gas_used if index else 0
    logs_before = sum(len(earlier.logs) for earlier in receipts[:index])
    rows = log_rows(tx, header, index=index, receipt=receipt, logs_before=logs_before)
    return {
        "type": quantity(transaction_kind(tx)),
        "transactionHash": to_hex(tx.hash),
        "transactionIndex": quantity(index),
        "blockHash": to_hex(header.hash),
        "blockNumber": quantity(header.block_number),
        "from": to_hex(sender_of(tx)),
        "to": to_hex(tx.to) if tx.to else None,
        "contractAddress": None if tx.to else to_hex(generate_contract_address(sender_of(tx), tx.nonce)),
        "cumulativeGasUsed": quantity(receipt.gas_used),
        "gasUsed": quantity(receipt.gas_used - gas_before),
        "effectiveGasPrice": quantity(effective_gas_price(tx, header)),
        "status": quantity(int.from_bytes(receipt.state_root, "big")),
        "logsBloom": to_hex(receipt.bloom.to_bytes(256, "big")),
        "logs": [encode_log(row) for row in rows],
    }


def log_rows(
    tx: SignedTransactionAPI, header: BlockHeaderAPI, *, index: int, receipt: ReceiptAPI, logs_before: int
) -> list[LogRow]:
    """The logs of one transaction, numbered through its block."""
    return [
        LogRow(
            block_number=header.block_number,
            log_index=logs_before + place,
            address=log.address,
            topics=b"".join(word(topic) for topic in log.topics),
            data=log.data,
            block_hash=header.hash,
            tx_hash=tx.hash,
            tx_index=index,
        )
        for place, log in enumerate(receipt.logs)
    ]


def encode_log(row: LogRow) -> Json:
    """A log."""
    return {
        "address": to_hex(row.address),
        "topics": [to_hex(row.topics[start : start + 32]) for start in range(0, len(row.topics), 32)],
        "data": to_hex(row.data),
        "blockNumber": quantity(row.block_number),
        "blockHash": to_hex(row.block_hash),
        "transactionHash": to_hex(row.tx_hash),
        "transactionIndex": quantity(row.tx_index),
        "logIndex": quantity(row.log_index),
        "removed": False,
    }


def base_fee(header: BlockHeaderAPI) -> int:
    """Wei a gas that the block burns. Every block here has one: the chain begins by Prague's rules."""
    fee = header.base_fee_per_gas
    assert fee is not None
    return fee


def transaction_kind(tx: SignedTransactionAPI) -> int:
    """The EIP-2718 type; 0 for legacy transactions."""
    return getattr(tx, "type_id", None) or 0


def effective_gas_price(tx: SignedTransactionAPI, header: BlockHeaderAPI) -> int:
    """What a unit of gas cost in that block, in wei. (py-evm gives legacy transactions equal fee fields.)"""
    return min(tx.max_fee_per_gas, tx.max_priority_fee_per_gas + base_fee(header))
