"""A chain log as a file, so that a stranger can audit without a node.

One JSON object a line: a first line that says which chain, contracts and block, then the logs in chain order.
The file proves itself only as far as the batches' hash chain does; with a node at hand, compare the two.
"""

import json
from pathlib import Path
from typing import Any, Final

from loyaltychain.audit.chain_log import ChainLog, Pin
from loyaltychain.chain.rpc import Log
from loyaltychain.core.errors import InvalidSettings
from loyaltychain.core.hashing import from_hex, to_hex
from loyaltychain.core.json_text import parse_json

FORMAT: Final = "loyaltychain/logs/v1"


def write_log_file(chain_log: ChainLog, path: Path) -> None:
    """Writes the file whole: an older one of that name stays until the new one is complete."""
    header = {
        "format": FORMAT,
        "network": chain_log.network,
        "chain_id": chain_log.chain_id,
        "contracts": chain_log.addresses,
        "first_block": chain_log.first_block,
        "last_block": chain_log.pin.number,
        "last_block_hash": to_hex(chain_log.pin.hash),
        "logs": len(chain_log.logs),
    }
    partial = path.with_name(path.name + ".partial")
    with partial.open("w", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps(header) + "\n")
        file.writelines(json.dumps(_log_document(log)) + "\n" for log in chain_log.logs)
    partial.replace(path)


def read_log_file(path: Path) -> tuple[ChainLog, int]:
    """The chain log in a file, in chain order, and how many logs its first line promises.

    Raises:
        InvalidSettings: there is no such file, or a line of it cannot be read; names the line.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSettings("The log file cannot be read.", file=path.name, reason=str(error)) from error
    records = [_parse_line(path, number, line) for number, line in enumerate(lines, start=1)]
    if not records or records[0].get("format") != FORMAT:
        raise InvalidSettings("This is not a file of chain logs.", file=path.name, expected=FORMAT)
    try:
        header = records[0]
        logs = [_parse_log(record) for record in records[1:]]
        chain_log = ChainLog(
            chain_id=int(header["chain_id"]),
            network=str(header["network"]),
            first_block=int(header["first_block"]),
            pin=Pin(int(header["last_block"]), from_hex(header["last_block_hash"])),
            addresses={str(name): str(address).lower() for name, address in dict(header["contracts"]).items()},
            logs=tuple(sorted(logs, key=lambda log: (log.block_number, log.index))),
        )
        return chain_log, int(header["logs"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidSettings("A line of the log file lacks a field.", file=path.name, reason=repr(error)) from error


def _log_document(log: Log) -> dict[str, object]:
    return {
        "block": log.block_number,
        "block_hash": to_hex(log.block_hash),
        "tx_hash": to_hex(log.tx_hash),
        "index": log.index,
        "address": log.address,
        "topics": [to_hex(topic) for topic in log.topics],
        "data": to_hex(log.data),
    }


def _parse_log(record: dict[str, Any]) -> Log:
    return Log(
        address=str(record["address"]).lower(),
        topics=tuple(from_hex(topic) for topic in record["topics"]),
        data=from_hex(record["data"]),
        block_number=int(record["block"]),
        block_hash=from_hex(record["block_hash"]),
        tx_hash=from_hex(record["tx_hash"]),
        index=int(record["index"]),
    )


def _parse_line(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        record = parse_json(line)
    except ValueError as error:
        raise InvalidSettings("A line of the log file is not JSON.", file=path.name, line=number) from error
    if not isinstance(record, dict):
        raise InvalidSettings("A line of the log file is not an object.", file=path.name, line=number)
    return record
