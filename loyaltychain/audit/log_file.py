"""A chain log as a file, so that a stranger can audit without a node.

One JSON object a line: a first line that says which chain, contracts and block, then the logs in chain order.
The file proves itself only as far as the batches' hash chain does; with a node at hand, compare the two. What it says
of the times of blocks, and of how far the chain stood when it was written, is its maker's word.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from loyaltychain.audit.chain_log import ChainLog, Pin
from loyaltychain.audit.heads import Heads
from loyaltychain.chain.rpc import Log
from loyaltychain.core.errors import InvalidSettings
from loyaltychain.core.hashing import from_hex, to_hex
from loyaltychain.core.json_text import bounded_lines, parse_json

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
        "exported": None if chain_log.heads is None else _heads_document(chain_log.heads),
    }
    partial = path.with_name(path.name + ".partial")
    with partial.open("w", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps(header) + "\n")
        file.writelines(json.dumps(_log_document(log, chain_log.times)) + "\n" for log in chain_log.logs)
    partial.replace(path)


def read_log_file(path: Path) -> tuple[ChainLog, int]:
    """The chain log in a file, in chain order, and how many logs its first line promises.

    Raises:
        InvalidSettings: there is no such file, or a line of it cannot be read; names the line.
    """
    records = _read_records(path)
    header = next(records, {})
    if header.get("format") != FORMAT:
        raise InvalidSettings("This is not a file of chain logs.", file=path.name, expected=FORMAT)
    times: dict[int, int] = {}
    logs: list[Log] = []
    try:
        for record in records:
            logs.append(_parse_log(record))
            if "time" in record:
                times[logs[-1].block_number] = int(record["time"])
        chain_log = ChainLog(
            chain_id=int(header["chain_id"]),
            network=str(header["network"]),
            first_block=int(header["first_block"]),
            pin=Pin(int(header["last_block"]), from_hex(header["last_block_hash"])),
            addresses={str(name): str(address).lower() for name, address in dict(header["contracts"]).items()},
            logs=tuple(sorted(logs, key=lambda log: (log.block_number, log.index))),
            times=times,
            heads=_parse_heads(header.get("exported")),
        )
        return chain_log, int(header["logs"])
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise InvalidSettings("A line of the log file lacks a field.", file=path.name, reason=repr(error)) from error


def _read_records(path: Path) -> Iterator[dict[str, Any]]:
    """The file's lines, one after the other."""
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(bounded_lines(file), start=1):
                yield _parse_line(path, number, line)
    except (OSError, ValueError) as error:
        raise InvalidSettings("The log file cannot be read.", file=path.name, reason=str(error)) from error


def _heads_document(heads: Heads) -> dict[str, object]:
    return {name: value for name, value in asdict(heads).items() if name != "source"}


def _parse_heads(record: Any) -> Heads | None:
    """How far the chain stood when the file was written; None for a file that does not say."""
    if record is None:
        return None
    safe, final = (None if record[name] is None else int(record[name]) for name in ("safe", "final"))
    return Heads(int(record["head"]), safe, final, str(record["by"]), source="file")


def _log_document(log: Log, times: Mapping[int, int]) -> dict[str, object]:
    time = times.get(log.block_number)
    return {
        "block": log.block_number,
        **({} if time is None else {"time": time}),
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
