"""``eth_getLogs``: from the index of logs, so that a range of a million blocks costs no more than its logs."""

from loyaltychain.localchain.look_up import World, find_header_by_hash, head
from loyaltychain.localchain.params import invalid, parse_addresses, parse_block, parse_hash, parse_topics
from loyaltychain.localchain.refusals import SERVER_ERROR, RefusalError
from loyaltychain.localchain.store import LogRow


def read_filtered(world: World, content: dict[str, object]) -> list[LogRow]:
    """The logs that a filter object asks for, in chain order.

    Raises:
        RefusalError: a filter that cannot be read, or a block hash that the chain does not have.
    """
    first, last = _range(world, content)
    topics = parse_topics(content.get("topics"))
    rows = world.store.read_logs(first=first, last=last, addresses=parse_addresses(content.get("address")))
    return [row for row in rows if _fits(row, topics)]


def _range(world: World, content: dict[str, object]) -> tuple[int, int]:
    newest = head(world).block_number
    if content.get("blockHash") is not None:
        if content.keys() & {"fromBlock", "toBlock"}:
            raise invalid("blockHash excludes fromBlock and toBlock")
        header = find_header_by_hash(world, parse_hash(content["blockHash"]))
        if header is None:
            raise RefusalError(SERVER_ERROR, "unknown block")
        return header.block_number, header.block_number
    first, last = parse_block(content.get("fromBlock")), parse_block(content.get("toBlock"))
    return (newest if first is None else first), (newest if last is None else min(last, newest))


def _fits(row: LogRow, topics: list[list[bytes]]) -> bool:
    words = [row.topics[start : start + 32] for start in range(0, len(row.topics), 32)]
    return len(words) >= len(topics) and all(
        not wanted or word in wanted for word, wanted in zip(words, topics, strict=False)
    )
