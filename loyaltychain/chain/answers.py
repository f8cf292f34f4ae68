"""Reading a node's answers: JSON to values, and nothing that cannot be true gets through.

Pure. Nodes and what stands between (balancers, caches, proxies) answer null, empty texts, other requests' answers;
each of these must end as RpcUnavailable, never as a number.
"""

import re

from loyaltychain.chain.facts import Block, Fees, Log, Receipt, Transaction
from loyaltychain.core.errors import RpcUnavailable

Json = dict[str, object]

_QUANTITY = re.compile(r"0x[0-9a-fA-F]+")  # int() takes signs, blanks and underscores as well


def nonsense(what: str, value: object) -> RpcUnavailable:
    """The error for an answer that cannot be true."""
    return RpcUnavailable("The node's answer makes no sense.", expected=what, answer=repr(value)[:200])


def parse_number(value: object) -> int:
    """A quantity: ``0x`` and hex digits."""
    if isinstance(value, str) and _QUANTITY.fullmatch(value):
        return int(value, 16)
    raise nonsense("a quantity", value)


def parse_bytes(value: object, *, size: int | None = None) -> bytes:
    """Hex data; exactly ``size`` bytes of it when given."""
    if not isinstance(value, str) or not value.startswith("0x"):
        raise nonsense("hex data", value)
    try:
        content = bytes.fromhex(value[2:])
    except ValueError as error:
        raise nonsense("hex data", value) from error
    if size is not None and len(content) != size:
        raise nonsense(f"{size} bytes", value)
    return content


def parse_hash(value: object) -> bytes:
    """32 bytes."""
    return parse_bytes(value, size=32)


def parse_address(value: object) -> str:
    """An address, in lower case."""
    return "0x" + parse_bytes(value, size=20).hex()


def parse_object(value: object) -> Json:
    """A JSON object."""
    if not isinstance(value, dict):
        raise nonsense("an object", value)
    return value


def parse_list(value: object) -> list[object]:
    """A JSON array."""
    if not isinstance(value, list):
        raise nonsense("a list", value)
    return value


def parse_block(value: object, *, number: int | None) -> Block:
    """A block; the one of that number, when given."""
    content = parse_object(value)
    block = Block(
        number=parse_number(content.get("number")),
        hash=parse_hash(content.get("hash")),
        parent_hash=parse_hash(content.get("parentHash")),
        timestamp=parse_number(content.get("timestamp")),
        gas_limit=parse_number(content.get("gasLimit", "0x0")),
    )
    if number is not None and block.number != number:
        raise nonsense(f"block {number}", block.number)
    return block


def parse_receipt(value: object, *, tx_hash: bytes) -> Receipt | None:
    """The receipt of that transaction; None for null, and for one that is in no block yet."""
    if value is None:
        return None
    content = parse_object(value)
    if content.get("blockNumber") is None or content.get("blockHash") is None:
        return None
    created = content.get("contractAddress")
    receipt = Receipt(
        tx_hash=parse_hash(content.get("transactionHash")),
        block_number=parse_number(content["blockNumber"]),
        block_hash=parse_hash(content["blockHash"]),
        status=parse_number(content.get("status")),
        gas_used=parse_number(content.get("gasUsed")),
        contract_address=None if created is None else parse_address(created),
    )
    if receipt.tx_hash != tx_hash or receipt.status not in (0, 1):
        raise nonsense("the receipt of that transaction", value)
    return receipt


def parse_transaction(value: object, *, tx_hash: bytes) -> Transaction | None:
    """The transaction of that hash; None for null, and for one that is in no block yet."""
    if value is None:
        return None
    content = parse_object(value)
    if content.get("blockNumber") is None or content.get("blockHash") is None:
        return None
    target = content.get("to")
    transaction = Transaction(
        tx_hash=parse_hash(content.get("hash")),
        sender=parse_address(content.get("from")),
        target=None if target is None else parse_address(target),
        input=parse_bytes(content.get("input")),
        nonce=parse_number(content.get("nonce")),
        block_number=parse_number(content["blockNumber"]),
        block_hash=parse_hash(content["blockHash"]),
    )
    if transaction.tx_hash != tx_hash:
        raise nonsense("that transaction", value)
    return transaction


def parse_log(value: object) -> Log:
    """A log in a block."""
    content = parse_object(value)
    topics = tuple(parse_hash(topic) for topic in parse_list(content.get("topics")))
    if content.get("removed", False) is not False or len(topics) > 4:
        raise nonsense("a canonical log", value)
    return Log(
        address=parse_address(content.get("address")),
        topics=topics,
        data=parse_bytes(content.get("data")),
        block_number=parse_number(content.get("blockNumber")),
        block_hash=parse_hash(content.get("blockHash")),
        tx_hash=parse_hash(content.get("transactionHash")),
        index=parse_number(content.get("logIndex")),
    )


def parse_logs(value: object, *, addresses: frozenset[str], first: int, last: int) -> list[Log]:
    """Logs of these contracts in that range, in chain order, each of one block hash per block."""
    logs = [parse_log(item) for item in parse_list(value)]
    hashes: dict[int, bytes] = {}
    place = (-1, -1)
    for log in logs:
        if log.address not in addresses or not first <= log.block_number <= last:
            raise nonsense("logs that were asked for", (log.address, log.block_number))
        if (log.block_number, log.index) <= place:
            raise nonsense("logs in chain order", (log.block_number, log.index))
        if hashes.setdefault(log.block_number, log.block_hash) != log.block_hash:
            raise nonsense("one hash per block", log.block_number)
        place = (log.block_number, log.index)
    return logs


def parse_fees(value: object) -> Fees:
    """Fees from an ``eth_feeHistory``: the next block's base fee, and the median of the recent tips.

    Blocks without transactions report a tip of 0 or none at all; with nothing to go by the tip is 0.
    """
    content = parse_object(value)
    base_fees = [parse_number(item) for item in parse_list(content.get("baseFeePerGas"))]
    if not base_fees:
        raise nonsense("base fees", value)
    rewards = [parse_list(item) for item in parse_list(content.get("reward") or [])]
    tips = sorted(tip for tip in (parse_number(item[0]) for item in rewards if item) if tip > 0)
    return Fees(base_fee=base_fees[-1], tip=tips[len(tips) // 2] if tips else 0)
