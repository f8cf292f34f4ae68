"""How an owner of the database would forge an award: everything off chain that hangs on it is computed anew."""

import hashlib
import json
import sqlite3
from contextlib import closing

import eth_abi
from Crypto.Hash import SHA256
from Crypto.Protocol.KDF import HKDF

from loyaltychain.core.hashing import from_hex, keccak256, to_hex
from tests.audit.scenario import Scenario


def forge_amount(scenario: Scenario, entry_id: str, amount: int) -> None:
    """Gives an entry another amount, consistently in postings, digests, chain, volumes and receipts."""
    scenario.edit(
        f"UPDATE entries SET postings = json_set(postings, '$[0].amount', {amount}) WHERE id = '{entry_id}'",
        f"UPDATE receipts SET amount = {amount} WHERE entry_id = '{entry_id}'",
    )
    with closing(sqlite3.connect(scenario.world.engine.url.database or "")) as connection:
        connection.row_factory = sqlite3.Row
        _redo_digest(connection, entry_id)
        _redo_chain(connection)
        _redo_volumes(connection)
        _redo_leaf(connection, scenario, entry_id)
        connection.commit()


def _redo_digest(connection: sqlite3.Connection, entry_id: str) -> None:
    entry = connection.execute("SELECT * FROM entries WHERE id = ?", (entry_id,)).fetchone()
    document = {name: entry[name] for name in ("id", "kind", "member", "cause", "rule", "program", "occurred_at")} | {
        "postings": json.loads(entry["postings"])
    }
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    digest = "0x" + hashlib.sha256(text.encode()).hexdigest()
    connection.execute("UPDATE entries SET digest = ? WHERE id = ?", (digest, entry_id))
    connection.execute("UPDATE receipts SET entry_digest = ? WHERE entry_id = ?", (digest, entry_id))


def _redo_chain(connection: sqlite3.Connection) -> None:
    head = bytes(32)
    query = "SELECT position, recorded_at, digest FROM entries ORDER BY position"
    for position, recorded_at, digest in connection.execute(query).fetchall():
        head = hashlib.sha256(
            head + position.to_bytes(8, "big") + recorded_at.to_bytes(8, "big") + from_hex(digest)
        ).digest()
        connection.execute("UPDATE entries SET head = ? WHERE position = ?", (to_hex(head), position))


def _redo_volumes(connection: sqlite3.Connection) -> None:
    for column, side in (("total_in", "destination"), ("total_out", "source")):
        connection.execute(
            f"UPDATE volumes SET {column} = (SELECT COALESCE(SUM(amount), 0) FROM postings"
            f" WHERE {side} = volumes.account AND unit = volumes.unit)"
        )


def _redo_leaf(connection: sqlite3.Connection, scenario: Scenario, entry_id: str) -> None:
    row = connection.execute(
        "SELECT r.*, k.key FROM receipts r JOIN receipt_keys k ON k.member = r.member WHERE entry_id = ?", (entry_id,)
    ).fetchone()
    digest = from_hex(row["entry_digest"])
    salt = HKDF(from_hex(row["key"]), 32, b"", SHA256, 1, b"loyaltychain/receipt/v1" + digest + row["unit"].encode())
    types = ["uint256", "address", "uint32", "uint32", "uint32", "string", "int256", "bytes32", "bytes32"]
    values = [
        scenario.manifest["chain_id"], scenario.address("PointsLedger"), row["batch"], row["index"], row["member"],
        row["unit"], row["amount"], digest, salt,
    ]  # fmt: skip
    leaf = keccak256(keccak256(eth_abi.encode(types, values)))
    connection.execute(
        "UPDATE receipts SET salt = ?, leaf = ? WHERE entry_id = ?", (to_hex(salt), to_hex(leaf), entry_id)
    )
